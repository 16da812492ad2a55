"""Every preset shows what it says: it is trained, and what happens is measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from downslope.lab import build
from downslope.lab.answer import VIEWS, answer
from downslope.lab.presets import PRESETS, presets_view
from downslope.lab.protocol import Query
from downslope.lab.settings import Settings
from downslope.lab.source import OneRun
from downslope.runs import Run, train
from downslope.views.payload import DescentView, PathView


@cache
def run(id: str) -> Run:
    """The run of a preset of page "network", as long as it is to be played."""
    settings = PRESETS[id].settings
    assert isinstance(settings, Settings)
    data = build.data(settings.data, lambda id, options: None)
    return train(**{**build.training(settings, data), "steps": PRESETS[id].play, "dialect": "in place"})


@cache
def path(id: str) -> PathView:
    """The descent of a preset of page "surface"."""
    source: Any = object()
    found = answer(source, Query("descent", args=msgspec.to_builtins(PRESETS[id].settings)))
    assert isinstance(found, DescentView)
    return found.paths[0]


def last(id: str, steps: int = 20) -> float:
    """Mean loss of the last steps."""
    return float(np.mean(run(id).loss[-steps:]))


def held(id: str) -> Any:
    return run(id).metrics["held_out_loss"]


def accuracy(id: str) -> float:
    return run(id).metric[1]


def read(id: str, instrument: str, step: int = -1, **settings: Any) -> Any:
    return run(id).ask(instrument, [step], **settings).values[0]


def gradient(id: str, layer: str, step: int = 1) -> float:
    return float(np.linalg.norm(run(id).at(step).grads[f"{layer}.w"]))


def value(id: str) -> float:
    found = path(id).values[-1]
    assert found is not None
    return found


def wander(id: str) -> float:
    """How far the path still goes in its last hundred steps."""
    points = np.array(path(id).points[-100:], float)
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def missed(id: str) -> Any:
    """The share of each class that is taken for another."""
    found: Any = answer(OneRun(run(id)), Query("confusion"))
    counts = np.array(found.counts)
    return 1 - np.diag(counts) / counts.sum(axis=1)


def jumps(id: str) -> float:
    return float(np.std(np.diff(run(id).loss[-200:])))


def widths(id: str, layer: str) -> Any:
    return np.ptp(run(id).at(-1).params[f"{layer}.w"], axis=1)


def outlier_share(id: str) -> float:
    """How much of the first gradients comes from the rows that were made outliers."""
    told = run(id).ask("row_blame", [1])
    rows = run(id).data.touched[0].rows
    return float(sum(share for share, row in zip(told.values[0], told.facts["rows"][0], strict=True) if row in rows))


CLAIMS: dict[str, Callable[[], bool]] = {
    "rate_too_large": lambda: run("rate_too_large").failure is not None and run("rate_too_large").loss[5] > 100,
    "rate_right": lambda: bool((np.diff(run("rate_right").loss) < 0).all()),
    "rate_too_small": lambda: (
        last("rate_too_small") > 20 * last("moons_right")
        and float(np.median(read("rate_too_small", "update_ratio")[::2])) < 1e-4
    ),
    "moons_right": lambda: accuracy("moons_right") > 0.97,
    "rate_constant_at_the_end": lambda: (
        np.std(held("rate_constant_at_the_end")[-20:]) > 10 * np.std(held("rate_with_cosine")[-20:])
    ),
    "rate_with_cosine": lambda: held("rate_with_cosine")[-5:].mean() < held("rate_constant_at_the_end")[-20:].mean(),
    "zero_initialisation": lambda: (
        not run("zero_initialisation").at(-1).params["dense1.w"].any() and accuracy("zero_initialisation") <= 0.6
    ),
    "equal_initialisation": lambda: (
        max(widths("equal_initialisation", "dense1").max(), 0) < 1e-5 and widths("moons_right", "dense1").max() > 0.1
    ),
    "saturated_sigmoid": lambda: min(read("saturated_sigmoid", "saturation")) > 0.5,
    "sigmoid_right": lambda: max(read("sigmoid_right", "saturation")) < 0.1,
    "vanishing_gradients": lambda: (
        gradient("vanishing_gradients", "dense1") < 1e-3 * gradient("vanishing_gradients", "dense7")
    ),
    "exploding_gradients": lambda: gradient("exploding_gradients", "dense1") > 1e3 * gradient("deep_right", "dense1"),
    "deep_right": lambda: (
        0.1 < gradient("deep_right", "dense1") / gradient("deep_right", "dense7") < 10 and accuracy("deep_right") > 0.95
    ),
    "dying_relu": lambda: max(read("dying_relu", "dead_units")) > 0.5 and accuracy("dying_relu") < 0.7,
    "relu_alive": lambda: max(read("relu_alive", "dead_units")) < 0.3 and accuracy("relu_alive") > 0.95,
    "xor_without_hidden_layer": lambda: accuracy("xor_without_hidden_layer") < 0.65,
    "xor_with_hidden_layer": lambda: accuracy("xor_with_hidden_layer") > 0.95,
    "unscaled_inputs": lambda: last("unscaled_inputs") > 30 * last("scaled_inputs"),
    "scaled_inputs": lambda: last("scaled_inputs") < 0.05,
    "label_noise": lambda: held("label_noise")[-1] > 2 * held("label_noise").min() and last("label_noise", 200) < 0.45,
    "label_noise_with_decay": lambda: (
        held("label_noise_with_decay")[-1] < 0.5 * held("label_noise")[-1]
        and accuracy("label_noise_with_decay") > accuracy("label_noise")
    ),
    "too_few_rows": lambda: last("too_few_rows") < 0.01 and held("too_few_rows")[-1] > 0.3,
    "imbalance": lambda: missed("imbalance").max() > 4 * missed("imbalance").min() + 0.1,
    "balance": lambda: missed("balance").max() < 0.15,
    "outliers_squared": lambda: outlier_share("outliers_squared") > 0.5,
    "outliers_huber": lambda: (
        outlier_share("outliers_huber") < outlier_share("outliers_squared")
        and held("outliers_huber")[-1] < held("outliers_squared")[-1]
    ),
    "batch_of_one": lambda: jumps("batch_of_one") > 20 * jumps("batch_of_all"),
    "batch_of_all": lambda: bool((np.diff(run("batch_of_all").loss) < 0).mean() > 0.95),
    "bowl_diverges": lambda: value("bowl_diverges") > 10 * (path("bowl_diverges").values[0] or 0),
    "bowl_converges": lambda: path("bowl_converges").verdict == "converged",
    "ravine_without_momentum": lambda: value("ravine_without_momentum") > 0.5,
    "ravine_with_momentum": lambda: value("ravine_with_momentum") < 0.1 * value("ravine_without_momentum"),
    "plateau_gradient_descent": lambda: value("plateau_gradient_descent") > 0.9,
    "plateau_adam": lambda: value("plateau_adam") < 0.01,
    "saddle_exact": lambda: path("saddle_exact").verdict == "stuck at a saddle",
    "saddle_beside": lambda: value("saddle_beside") < -10,
    "kink": lambda: path("kink").verdict == "oscillates",
    "noise_constant_rate": lambda: wander("noise_constant_rate") > 5 * wander("noise_falling_rate"),
    "noise_falling_rate": lambda: value("noise_falling_rate") < value("noise_constant_rate"),
}


def test_there_are_many_and_every_one_is_measured() -> None:
    assert len(PRESETS) >= 20
    assert set(CLAIMS) == set(PRESETS)
    pages = [each.page for each in PRESETS.values()]
    assert min(pages.count("network"), pages.count("surface")) >= 8


@pytest.mark.parametrize("id", PRESETS)
def test_a_preset_shows_what_it_says(id: str) -> None:
    assert CLAIMS[id]()


@pytest.mark.parametrize("id", PRESETS)
def test_what_it_opens_can_be_answered(id: str) -> None:
    preset = PRESETS[id]
    source: Any = OneRun(run(id)) if preset.page == "network" else object()
    args = dict(preset.view_args) or (msgspec.to_builtins(preset.settings) if preset.shown == "descent" else {})
    assert VIEWS[preset.shown].of_run == (preset.page == "network")
    assert answer(source, Query(preset.shown, args=args)).title


def test_reasons_are_one_sentence_and_opposites_lead_back_to_a_preset() -> None:
    for each in PRESETS.values():
        assert each.reason.endswith(".")
        assert each.reason.count(". ") == 0
        assert each.look.endswith(".")
        assert each.beside == "" or PRESETS[each.beside].good != each.good
    offered = presets_view().presets
    assert [one.id for one in offered] == list(PRESETS)
    for one in offered:
        if one.page == "network":
            assert msgspec.convert(one.settings, Settings) == PRESETS[one.id].settings
