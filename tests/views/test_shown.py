"""What users hold is drawn as it is; what has no picture is refused with words."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from matplotlib.figure import Figure

import downslope as ds
from downslope.errors import SettingError
from downslope.views import descent_view, payload as kinds, race_view, surface_view
from downslope.views.layers import layers_view
from downslope.views.shown import payload_of


@pytest.fixture(scope="module")
def run() -> Any:
    return ds.train(ds.nn.mlp([64, 8, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), steps=30)


def descents() -> list[Any]:
    return [ds.descend("himmelblau", rule, steps=5) for rule in (ds.optim.adam(0.1), ds.optim.gradient_descent(0.01))]


def test_surfaces_descents_and_races_become_their_payloads() -> None:
    one, two = descents()
    race = ds.race("bowl", [ds.optim.adam(0.1), ds.optim.gradient_descent(0.1)], budget=9)
    assert payload_of(one) == descent_view(one)
    assert payload_of([one, two]) == descent_view(one, two)
    assert payload_of(one.surface) == surface_view(one.surface)
    assert payload_of(race) == race_view(race)
    assert payload_of(race_view(race)) == race_view(race)


def test_runs_steps_readings_and_derivations_become_theirs(run: Any) -> None:
    found = [run, run.at(3), run.ask("grad_norm"), run.at(3).explain("dense1.w[20, 2]")]
    views = [kinds.TimelineView, kinds.NetworkView, kinds.CourseView, kinds.DerivationView]
    assert [type(payload_of(each)) for each in found] == views


def test_the_painters_take_what_users_hold_and_the_axes_that_is_given(run: Any) -> None:
    race = ds.race("bowl", [ds.optim.adam(0.1), ds.optim.gradient_descent(0.1)], budget=9)
    pairs: list[tuple[Any, Any]] = [
        (ds.plot.descent, descents()),
        (ds.plot.descent, descents()[0]),
        (ds.plot.heights, descents()),
        (ds.plot.surface, ds.surfaces.by_name("himmelblau")),
        (ds.plot.race, race),
        (ds.plot.slice, run.ask("loss_slice", steps=[20])),
        (ds.plot.draw, run.at(3)),
    ]
    for draw, shown in pairs:
        ax = Figure(figsize=(8, 5)).add_subplot()
        assert draw(shown, ax) is ax


class Unpainted(msgspec.Struct):
    """A payload that is shown on pages alone."""


@pytest.mark.parametrize(
    ("shown", "code"), [(3.0, "view-unknown"), ([], "view-unknown"), (Unpainted(), "view-unpainted")]
)
def test_what_has_no_picture_is_refused(shown: Any, code: str) -> None:
    with pytest.raises(SettingError, match=code):
        ds.plot.draw(shown)


def test_layers_are_histograms_of_four_quantities_and_the_update_ratio_with_its_band(run: Any) -> None:
    views = layers_view(run, steps=[1, 15, 30])
    assert [type(view) for view in views] == [kinds.HistogramView] * 4 + [kinds.CourseView]
    for view, step in zip(views[:3], ("grads", "params", "updates"), strict=False):
        sizes = [np.size(array) for array in getattr(run.at(15), step).values()]
        assert isinstance(view, kinds.HistogramView)
        counted = [sum(p.counts[1]) + (p.zero[1] or 0) + (p.not_finite[1] or 0) for p in view.panels]
        assert counted == sizes  # no number is left out
    assert views[4].band.source  # type: ignore[union-attr]  # a course has one
    figure = ds.plot.layers(run, steps=[1, 15, 30]).get_figure(root=True)
    assert figure is not None
    assert [ax.get_title(loc="left") for ax in figure.axes] == [view.title for view in views]


def test_one_quantity_or_readings_of_ones_own_are_layers_too(run: Any) -> None:
    ax = Figure().add_subplot()
    assert ds.plot.layers(run, ax, of="update_ratio", steps=[1, 30]) is ax
    assert ds.plot.layers(run.ask("update_ratio", steps=[1, 30]), ax) is ax
    with pytest.raises(SettingError, match="layers-axes"):
        ds.plot.layers(run, ax, steps=[1, 30])
    with pytest.raises(SettingError, match="unknown-name"):
        ds.plot.layers(run, of="gradients")


def test_small_pictures_of_a_tall_figure_do_not_lie_on_their_titles(run: Any) -> None:
    figure = ds.plot.layers(run, of=("grads", "params", "updates"), steps=[1, 15, 30]).get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for ax in figure.axes:
        below = [words.get_window_extent() for words in ax.texts]
        inner = [part.title.get_window_extent() for part in ax.child_axes]
        inner += [part._left_title.get_window_extent() for part in ax.child_axes]  # type: ignore[attr-defined]  # where titles stand
        assert not any(words.overlaps(title) for words in below for title in inner if title.width)
