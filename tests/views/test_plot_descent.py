"""Pictures of descents: what is drawn lies where it belongs, the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given, strategies as st
from matplotlib.figure import Figure
from tests.views.tools import named, rule, view

from downslope import surfaces
from downslope.views.plot import descent, heights, save
from downslope.views.plot.clip import clipped
from downslope.views.surface import descent_view

BOX = (-1.0, 1.0, -2.0, 2.0)


# --- the path ---------------------------------------------------------------------------------------------------------


def test_a_path_inside_the_map_has_one_vertex_for_each_point_and_a_dot_for_each_step() -> None:
    payload = view("rosenbrock", "adam(lr=0.1)")
    ax = descent(payload)
    (line,) = named(ax, "path0")
    np.testing.assert_array_equal(line.get_xydata(), np.array(payload.paths[0].points))
    (dots,) = named(ax, "steps")
    assert len(dots.get_offsets()) == 41
    assert (np.diff(dots.get_sizes()) < 0).all()  # shrinking
    np.testing.assert_array_equal(named(ax, "start")[0].get_offsets(), [payload.paths[0].points[0]])
    np.testing.assert_array_equal(named(ax, "end")[0].get_offsets(), [payload.paths[0].end])


def test_a_path_that_diverges_ends_at_the_edge_with_an_arrow_and_words() -> None:
    ax = descent(view("ill_conditioned_bowl", "gradient_descent(lr=0.55)"))
    x, y = named(ax, "path0")[0].get_xydata().T
    assert (x >= -6).all()
    assert (x <= 3).all()
    assert y[-1] == 3  # the upper edge
    assert len(named(ax, "exit")) == 1
    assert [words.get_text() for words in named(ax, "left")] == ["leaves the map at step 3"]
    assert "diverged" in ax.get_title(loc="left")


def test_numbers_near_the_largest_double_and_nan_can_be_drawn(tmp_path: Path) -> None:
    for payload in (
        view("rosenbrock", "gradient_descent(lr=0.01)"),
        descent_view(surfaces.descend(surfaces.formula("log(x)"), rule("gradient_descent(1)"), (-1, 1))),
        descent_view(surfaces.descend(surfaces.formula("0*x"), rule("gradient_descent(1)"), steps=2)),
    ):
        save(descent(payload).get_figure(root=True), tmp_path / "a.png", title="a")  # type: ignore[arg-type]  # never None


@given(
    points=st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4)), min_size=1, max_size=12),
)
def test_what_is_clipped_lies_in_the_box_and_on_the_path(points: list[tuple[float, float]]) -> None:
    whole = np.array(points)
    part = clipped(whole, BOX)
    kept = part[np.isfinite(part).all(axis=1)]
    assert (np.abs(kept) <= np.array([1, 2]) + 1e-9).all()
    inside = whole[(np.abs(whole) <= [1, 2]).all(axis=1)]
    if len(whole) > 1:
        for point in inside:  # nothing that is inside gets lost
            assert np.min(np.hypot(*(kept - point).T)) < 1e-9


def test_the_limit_stands_under_the_title_where_it_is_exact_and_nowhere_else() -> None:
    words = " ".join(text.get_text() for text in descent(view("bowl", "gradient_descent(lr=0.9)")).texts)
    assert "stable below lr = 2/λmax = 1, exactly" in words
    words = " ".join(text.get_text() for text in descent(view("bowl", "adam(lr=0.9)")).texts)
    assert "stable" not in words
    assert "no rate is stable" in descent(view("saddle", "gradient_descent(lr=0.1)")).texts[0].get_text()


def test_arrows_show_downhill_where_the_step_goes_another_way() -> None:
    ax = descent(view("rosenbrock", "adam(lr=0.1)"))
    (arrow,) = named(ax, "downhill")
    start, tip = np.array(arrow.xyann), np.array(arrow.xy)
    gradient = surfaces.by_name("rosenbrock").gradient(start)
    np.testing.assert_allclose((tip - start) / np.hypot(*(tip - start)), -gradient / np.hypot(*gradient))
    assert not named(descent(view("bowl", "gradient_descent(lr=0.1)")), "downhill")  # the step is along it


# --- the panels, and several paths ------------------------------------------------------------------------------------


def test_axes_go_in_and_come_out_and_nothing_global_changes() -> None:
    before = dict(matplotlib.rcParams)
    payload = view("bowl", "momentum(lr=0.1)")
    for dark in (False, True):
        for draw in (descent, heights):
            ax = Figure().add_subplot()
            assert draw(payload, ax, dark=dark) is ax
    assert dict(matplotlib.rcParams) == before


def test_several_ways_have_colours_names_and_one_start() -> None:
    rules = ["adam(lr=0.3)", "momentum(lr=0.005)", "gradient_descent(lr=0.01)"]
    paths = [surfaces.descend("himmelblau", rule(text), steps=60) for text in rules]
    ax = descent(descent_view(*paths))
    assert len({named(ax, f"path{k}")[0].get_color() for k in range(3)}) == 3
    assert {words.get_text() for words in named(ax, "name")} == {"adam", "momentum", "gradient_descent"}
    assert len(named(ax, "start")) == 1
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [words.get_window_extent() for words in named(ax, "name")]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("dark", [False, True])
def test_the_same_descent_gives_the_same_bytes_with_its_words_inside(tmp_path: Path, dark: bool) -> None:
    payload = view("booth", "momentum(lr=0.02)")
    for name in ("a.svg", "b.svg"):
        save(descent(payload, dark=dark).get_figure(root=True), tmp_path / name, title=payload.title)  # type: ignore[arg-type]  # never None
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert f">{payload.title}</text>" in svg


# --- the values -------------------------------------------------------------------------------------------------------


def test_values_over_more_than_a_decade_are_logarithmic_and_measured_from_the_lowest_known() -> None:
    assert heights(view("bowl", "gradient_descent(lr=0.1)")).get_yscale() == "log"
    assert heights(view("bowl", "gradient_descent(lr=0.1)", steps=1)).get_yscale() == "linear"
    payload = view("styblinski_tang", "gradient_descent(lr=0.01)")
    ax = heights(payload)
    assert "lowest known (-78.33)" in ax.get_title(loc="left")
    shown = named(ax, "value0")[0].get_ydata()
    np.testing.assert_allclose(shown, np.array(payload.paths[0].values) - payload.surface.lowest)
