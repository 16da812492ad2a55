"""Pictures of readings and time lines: what is drawn is what the payload says, and names can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.views.tools import named, numbers

import downslope as ds
from downslope import data, nn, optim
from downslope.runs import train
from downslope.runs.reading import Axis, Healthy, Reading
from downslope.views import Payload, loss_curve, plot, reading_view, timeline_view
from downslope.views.payload import RaceView, Residuals
from downslope.views.text import FORMS

NAN, INF = float("nan"), float("inf")


def read(values: Any, *axes: Axis, parts: tuple[str, ...] = (), **more: Any) -> Reading:
    """A reading at the steps 1, 2, 3 ..."""
    values = np.asarray(values, float)
    return Reading("made_up", np.arange(1, len(values) + 1), values, parts, axes, **more)


@pytest.fixture(scope="module")
def run() -> Any:
    """Sixty steps on moons."""
    return train(nn.mlp([2, 8, 2], hidden="relu"), data.moons(), optimizer=optim.adam(0.01), steps=60)


def drawn(ax: Any) -> Any:
    """The Axes and all that are inside of it."""
    return [ax, *ax.child_axes]


def test_the_lines_of_a_course_are_its_values_and_crosses_stand_where_they_are_not_finite() -> None:
    values = np.array([[1.0, 5.0], [2.0, NAN], [3.0, INF], [4.0, 6.0]])
    ax = plot.draw(read(values, parts=("a", "b")))
    shown = named(ax, "line1")[0].get_xydata()
    np.testing.assert_array_equal(shown, [[1, 5], [2, NAN], [3, NAN], [4, 6]])
    np.testing.assert_array_equal(named(ax, "bad")[0].get_xdata(), [2, 3])
    assert [words.get_text() for words in named(ax, "name")] == ["a", "b"]


def test_the_healthy_range_is_shaded_and_its_source_told() -> None:
    ax = plot.draw(read([0.05, 0.2], healthy=Healthy(None, 0.1, "folklore")))
    (shade,) = named(ax, "band")
    assert shade.get_extents().transformed(ax.transData.inverted()).y1 == pytest.approx(0.1)
    assert any("usually at most 0.1 (folklore)" in words.get_text() for words in ax.texts)


def test_a_range_that_is_far_away_does_not_flatten_the_line() -> None:
    ax = plot.draw(read([0.5, 0.6], healthy=Healthy(None, 1e6, "folklore")))
    assert ax.get_ylim()[1] < 1


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    ax = plot.draw(read(np.ones((5, 8)), parts=tuple(f"a rather long layer name {k}" for k in range(8))))
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [words.get_window_extent() for words in named(ax, "name")]
    assert len(boxes) == 8
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_bars_are_as_long_as_their_numbers_and_one_that_is_not_finite_says_so() -> None:
    ax = plot.draw(read([[3.0, -1.0, NAN]], parts=("a", "b", "c")))
    widths = [bar.get_width() for bar in named(ax, "bars")]
    assert widths == [3, -1, 0]
    assert [words.get_text() for words in named(ax, "number")] == ["3", "−1", "not finite"]


def test_the_cells_of_a_heat_map_are_the_payload_s_values() -> None:
    payload: Any = reading_view(read(np.arange(50.0).reshape(5, 10), parts=tuple("abcdefghij")))
    (mesh,) = named(plot.draw(payload), "cells")
    np.testing.assert_array_equal(np.asarray(mesh.get_array()), numbers(payload.values))


def test_a_path_through_a_plane_ends_where_the_run_stood(run: Any) -> None:
    payload: Any = reading_view(run.ask("trajectory_slice", every=10))
    ax = plot.draw(payload)
    np.testing.assert_array_equal(named(ax, "path")[0].get_xydata(), payload.path)
    np.testing.assert_array_equal(named(ax, "here")[0].get_xydata(), [[0, 0]])
    assert [words.get_text() for words in named(ax, "name")] == ["step 1", f"step {payload.step}"]


def test_a_histogram_s_cells_are_shares_of_each_array(run: Any) -> None:
    ax = plot.draw(run.ask("histogram", of="params", every=10))
    cells = [named(part, "cells")[0] for part in ax.child_axes]
    assert len(cells) == 4
    for mesh in cells:
        np.testing.assert_array_less(np.asarray(mesh.get_array()).sum(axis=0), 1 + 1e-9)
    weights = np.asarray(cells[0].get_array())
    np.testing.assert_allclose(weights.sum(axis=0), 1)  # no weight is 0


def test_a_time_line_draws_every_track_and_every_snapshot(run: Any) -> None:
    run.note("look here", step=20)
    payload = timeline_view(run)
    ax = plot.timeline(run)
    *tracks, strip = ax.child_axes
    assert len(tracks) == len(payload.tracks)
    for part, track in zip(tracks, payload.tracks, strict=True):
        np.testing.assert_array_equal(named(part, "mean")[0].get_ydata(), numbers(track.mean))
    marks = [path.vertices[0, 0] for path in named(strip, "snapshots")[0].get_paths()]
    assert marks == list(payload.snapshots)
    assert [words.get_text() for words in named(strip, "event")] == ["20: look here"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "reading",
    [
        read(np.zeros(0)),
        read([NAN, NAN]),
        read([INF]),
        read([1e308, -1e308, 1e-320]),
        read([5e-324, 1.0]),
        read(np.full((1, 60), 2.0), parts=tuple(f"unit {k}" for k in range(60))),
        read(np.full((4, 60), -2.0), parts=tuple(f"$unit {k}$ of_a & long name" for k in range(60))),
        read(np.full((3, 30, 5), NAN), Axis("layer", tuple(f"l{k}" for k in range(30))), Axis("s", tuple("abcde"))),
        read(np.full((2, 4), NAN), Axis("x", (0.0, 1.0, 2.0, 3.0))),
        read(np.full((1, 3, 3), NAN), Axis("x", (0.0, 1.0, 2.0)), Axis("y", (0.0, 1.0, 2.0))),
        read(np.ones((1, 3, 3)), Axis("x", (0.0, 1.0, 2.0)), Axis("y", (0.0, 1.0, 2.0))),
        read(np.zeros((1, 2, 2, 3)), Axis("parameter", ("a", "b")), Axis("sign", ("-", "+")),
             Axis("at least", (0.0, 1e-3, 1.0))),
    ],
)  # fmt: skip
def test_degenerate_readings_are_drawn_and_stay_as_they_were(reading: Reading, dark: bool, tmp_path: Path) -> None:
    before = reading.values.copy()
    ax = plot.reading(reading, dark=dark)
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    plot.save(figure, tmp_path / "a.svg")
    np.testing.assert_array_equal(reading.values, before)
    assert all(part.get_facecolor() == ax.get_facecolor() for part in drawn(ax) if part.get_visible())


def test_runs_and_readings_are_drawn_from_the_top_level(run: Any) -> None:
    assert ds.plot.draw(run).get_title(loc="left") == timeline_view(run).title
    assert ds.plot.loss_curve(run).get_title(loc="left") == loss_curve(run).title
    assert ds.plot.confusion(run).get_title(loc="left")
    mine = Figure().add_subplot()
    assert ds.plot.reading(run.ask("dead_units"), mine) is mine


def test_every_kind_of_payload_has_a_painter_and_a_text_form() -> None:
    kinds = {kind for part in get_args(Payload) for kind in (get_args(part) or (part,))}
    assert set(plot.PAINTERS) <= kinds  # of the others ds.plot.draw says that they are interactive only
    assert set(FORMS) | {RaceView, Residuals} == kinds


def test_the_histogram_of_one_step_is_bars_whose_lengths_are_shares(run: Any) -> None:
    ax = plot.draw(run.ask("histogram", of="params", steps=[5], target="dense1.w"))
    assert sum(bar.get_width() for bar in named(ax, "bars")) == pytest.approx(1)


def test_a_dollar_in_a_name_begins_no_formula() -> None:
    names = ("$a$", "b_1$", "c")
    for reading in (read([[1.0, 2.0, 3.0]], parts=names), read(np.ones((3, 9)), parts=(*names, *"defghi"))):
        labels = plot.draw(reading).get_yticklabels()
        assert [label.get_text() for label in labels][:3] == list(names)
        assert not any(label.get_parse_math() for label in labels)
