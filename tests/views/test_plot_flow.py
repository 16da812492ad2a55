"""The picture of a network's flow: every number where there is room, folded layers counted, stages that only add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from tests.views.test_network import worked
from tests.views.tools import named

from downslope import data, nn, optim, plot, runs
from downslope.errors import SettingError
from downslope.views import network_view, one_step
from downslope.views.plot.flow_pen import NEGATIVE, POSITIVE, stages

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, of
# severity 1: what red-blind and green-blind readers see of linear red, green and blue.
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def said(ax: Any, gid: str) -> list[str]:
    return [words.get_text() for words in named(ax, gid)]


def overlaps(ax: Any, gids: tuple[str, ...]) -> list[tuple[str, str]]:
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    texts = [words for gid in gids for words in named(ax, gid)]
    boxes = [words.get_window_extent() for words in texts]
    return [
        (texts[i].get_text(), texts[j].get_text())
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i].padded(-1).overlaps(boxes[j].padded(-1))
    ]


def test_of_a_network_of_two_by_two_every_number_is_written_and_none_lies_on_another() -> None:
    ax = plot.flow(worked())
    assert said(ax, "value") == ["0.05", "0.1", "0.5933", "0.5969", "0.7514", "0.7729"]
    assert said(ax, "error") == ["0.03635", "0.04137", "0.7414", "−0.2171"]
    assert said(ax, "weight") == [f"w {w}" for w in (0.15, 0.25, 0.2, 0.3, 0.4, 0.5, 0.45, 0.55)]
    assert said(ax, "gradient")[4:] == ["g 0.08217", "g −0.0226", "g 0.08267", "g −0.02274"]
    assert said(ax, "loss") == ["0.2984"]
    assert said(ax, "target") == ["target 0.01", "target 0.99"]
    assert overlaps(ax, ("value", "error", "weight", "gradient", "target", "unit", "equation")) == []


def test_the_update_of_the_weight_that_moves_most_is_written_as_an_equation() -> None:
    lines = said(plot.flow(worked()), "equation")
    assert lines[0].endswith("sum of weight × dL/dz = 0.45 × 0.1385 + 0.55 × (−0.0381) = 0.04137")
    assert lines[1].endswith("value of h[1] × dL/dz of output[0] = 0.5969 × 0.1385 = 0.08267")
    assert lines[2].endswith("w − rate × gradient = 0.45 − 0.5 × 0.08267 = 0.4087")


def test_an_optimizer_that_does_more_than_the_gradient_is_not_written_as_if_it_did_not() -> None:
    step = runs.train(nn.mlp([2, 2, 1]), _dots(), optimizer=optim.adam(0.1), steps=3).at(3)
    lines = said(plot.flow(step), "equation")
    assert "rate × gradient" not in lines[-1]
    assert "w + update" in lines[-1]
    assert "summed over the 32 rows" in lines[-2]


def test_a_large_network_is_folded_without_numbers_on_its_edges_and_its_units_do_not_overlap() -> None:
    step = runs.train(nn.mlp([64, 32, 10]), data.digits(), optimizer=optim.adam(0.01), steps=3).at(3)
    ax = plot.flow(step)
    assert said(ax, "folded") == ["+ 52 more of 64", "+ 20 more of 32"]
    assert said(ax, "weight") == []
    assert len(named(ax, "wire1")[0].get_segments()) == 12 * 12
    assert len(said(ax, "value")) == 34
    assert overlaps(ax, ("value", "error", "folded")) == []


def test_stages_go_forward_to_the_loss_and_back_and_each_adds_numbers_and_takes_none() -> None:
    view = worked()
    assert stages(view) == ["input", "forward 1", "forward 2", "loss", "backward 2", "backward 1", "update"]
    counts = []
    for stage in range(7):
        ax = plot.flow(view, stage=stage)
        counts.append([len(said(ax, gid)) for gid in ("value", "loss", "error", "gradient")])
    assert counts == [[2, 0, 0, 0], [4, 0, 0, 0], [6, 0, 0, 0], [6, 1, 0, 0], [6, 1, 2, 4], [6, 1, 4, 8], [6, 1, 4, 8]]
    assert said(plot.flow(view, stage=6), "gradient")[4] == "→ 0.3589"


def test_edges_are_green_above_0_and_purple_below_and_weights_may_colour_them_too() -> None:
    view = worked()
    wire = named(plot.flow(view), "wire2")[0]
    for colour, gradient in zip(wire.get_colors(), np.array(view.wires[1].gradients).ravel(), strict=True):
        is_green = colour[1] > max(colour[0], colour[2])
        assert is_green == (gradient > 0)
    weights = named(plot.flow(view, colour="weight"), "wire2")[0].get_colors()
    assert all(colour[1] > colour[0] for colour in weights)  # every weight of the example is above 0
    with pytest.raises(SettingError, match="flow-colour"):
        plot.flow(view, colour="gradients")  # type: ignore[arg-type]  # a misspelt word


@pytest.mark.parametrize("kind", ["protan", "deutan"])
@pytest.mark.parametrize("dark", [False, True])
def test_the_two_colours_of_edges_differ_in_blueness_for_colour_blind_readers(kind: str, dark: bool) -> None:
    def linear(colour: str) -> Any:
        part = np.array(to_rgb(colour))
        return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)

    seen = [np.clip(np.array(BLIND[kind]) @ linear(colour[dark]), 0, 1) for colour in (NEGATIVE, POSITIVE)]
    blueness = [colour[2] - (colour[0] + colour[1]) / 2 for colour in seen]
    assert blueness[0] > 0 > blueness[1]


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_into_the_axes_that_is_given_with_letters_that_fit_it(dark: bool) -> None:
    whole = Figure(figsize=(9, 4))
    left, right = whole.subplots(1, 2)
    step = one_step(nn.mlp([1, 1]), {"dense1": {"w": [[2.0]], "b": [0.5]}}, [3.0], [1.0], loss=nn.mse)
    assert plot.flow(step, left, dark=dark) is left
    assert plot.draw(worked(), right, dark=dark) is right
    alone = plot.flow(worked())
    assert named(right, "value")[0].get_fontsize() < 0.6 * named(alone, "value")[0].get_fontsize()
    assert whole.get_facecolor()[0] == (1.0 if not dark else pytest.approx(0.078, abs=0.01))


def test_a_layer_without_a_matrix_is_an_arrow_with_its_kind() -> None:
    model = nn.Model((1, 4, 4), (nn.conv2d(2, 3), nn.flatten(), nn.dense(1)))
    step = one_step(model, model.init(0), np.ones((3, 1, 4, 4)), np.zeros((3, 1)), loss=nn.mse)
    ax = plot.flow(step)
    words = [text.get_text() for text in ax.texts]
    assert {"conv", "flatten"} <= set(words)
    assert len(named(ax, "wire3")) == 1


def test_what_is_not_finite_is_a_cross_and_is_told_below() -> None:
    params = {"dense1": {"w": [[np.nan], [1.0]], "b": [0.0]}}
    ax = plot.flow(network_view(one_step(nn.mlp([2, 1]), params, [1.0, 2.0], [1.0], loss=nn.mse)))
    assert said(ax, "weight") == ["w ×", "w 1"]
    assert said(ax, "loss") == ["×"]
    assert any("NaN or infinite" in words for words in said(ax, "legend"))


def _dots() -> Any:
    x = np.random.default_rng(0).normal(size=(40, 2))
    return data.arrays(x, x[:, 0] * x[:, 1])
