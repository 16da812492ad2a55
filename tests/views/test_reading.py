"""Readings as data: each shape becomes the view that fits it, and nothing that is not finite is lost."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from downslope import data, nn, optim
from downslope.runs import train
from downslope.runs.reading import Axis, Healthy, Reading
from downslope.views import Payload, reading_view
from downslope.views.payload import BarsView, CourseView, CurveView, HeatView, HistogramView, SliceView
from downslope.views.text import text

NAN, INF = float("nan"), float("inf")
VALUES = st.floats(width=64) | st.sampled_from([NAN, INF, -INF])


def read(values: Any, *axes: Axis, parts: tuple[str, ...] = (), **more: Any) -> Reading:
    """A reading at the steps 1, 2, 3 ..."""
    values = np.asarray(values, float)
    return Reading("made_up", np.arange(1, len(values) + 1), values, parts, axes, **more)


def words(name: str, n: int) -> Axis:
    """An axis of words."""
    return Axis(name, tuple(f"{name}{k}" for k in range(n)))


def line(name: str, n: int) -> Axis:
    """An axis of places on a line."""
    return Axis(name, tuple(np.linspace(-1.0, 1.0, n).tolist()))


# --- which view -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "view"),
    [
        (read([1.0, 2.0]), CourseView),
        (read([[1.0, 2.0]] * 3, parts=("a", "b")), CourseView),
        (read([[1.0, 2.0]], parts=("a", "b")), BarsView),
        (read([7.0]), BarsView),
        (read(np.ones((3, 9)), parts=tuple("abcdefghi")), HeatView),
        (read(np.ones((3, 2, 6)), words("layer", 2), words("statistic", 6)), CourseView),
        (read(np.ones((1, 2, 6)), words("layer", 2), words("statistic", 6)), BarsView),
        (read(np.ones((3, 2, 7)), words("layer", 2), words("statistic", 7)), HeatView),
        (read(np.ones((3, 5)), line("distance", 5)), CurveView),
        (read(np.ones((1, 5)), Axis("row", (4, 8, 1, 0, 7))), BarsView),
        (read(np.ones((3, 5)), Axis("row", tuple(range(5)))), CourseView),
        (read(np.ones((2, 5, 4)), line("x", 5), line("y", 4)), SliceView),
        (read(np.ones((2, 3, 2, 4)), words("array", 3), Axis("sign", ("-", "+")), line("at least", 4)), HistogramView),
        (read(np.zeros(0)), CourseView),
    ],
)  # fmt: skip
def test_the_shape_of_the_values_decides_and_every_view_is_json_and_text(reading: Reading, view: type) -> None:
    shown = reading_view(reading)
    assert type(shown) is view
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Payload) == shown
    assert text(shown).startswith("made up: ")


@given(values=arrays(float, st.tuples(st.integers(1, 60), st.integers(1, 12)), elements=VALUES))
def test_every_value_that_is_not_finite_is_counted_and_shown_as_none(values: Any) -> None:
    shown: Any = reading_view(read(values, parts=tuple(map(str, range(values.shape[1])))))
    assert shown.not_finite == (~np.isfinite(values)).sum()
    msgspec.json.encode(shown)  # which refuses NaN
    if isinstance(shown, CourseView):
        kept = np.array([line.values for line in shown.panels[0].lines], float).T
        np.testing.assert_array_equal(
            kept, np.where(np.isfinite(values), values, NAN)[np.array(shown.steps) - 1]
        )  # fmt: skip
    text(shown)


def test_a_spike_and_a_nan_among_a_million_steps_are_kept() -> None:
    values = np.ones(1_000_000)
    values[123_456], values[654_321] = 1e6, NAN
    shown = reading_view(read(values))
    assert isinstance(shown, CourseView)
    course = dict(zip(shown.steps, shown.panels[0].lines[0].values, strict=True))
    assert course[123_457] == 1e6
    assert course[654_322] is None
    assert len(course) < 3000
    assert [event.text for event in shown.events] == ["the value of made_up is NaN at step 654322"]


def test_a_heat_map_of_many_steps_keeps_the_value_farthest_from_zero_and_every_nan() -> None:
    values = np.zeros((10_000, 9))
    values[5_000, 2], values[7_777, 4] = -3.0, NAN
    shown = reading_view(read(values, parts=tuple("abcdefghi")))
    assert isinstance(shown, HeatView)
    assert min(value for value in shown.values[2] if value is not None) == -3.0
    assert shown.values[4].count(None) == 1
    assert (shown.not_finite, len(shown.steps)) == (1, 240)
    assert [event.kind for event in shown.events] == ["nan", "thinned"]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_healthy_range_and_its_source_are_part_of_it() -> None:
    shown = reading_view(read([0.2, 0.3], healthy=Healthy(0.0, 0.1, "folklore"), unit="share"))
    assert isinstance(shown, CourseView)
    assert shown.band is not None
    assert shown.band.words == "usually 0 to 0.1 (folklore)"
    assert "usually 0 to 0.1 (folklore)" in text(shown)
    assert "in share" in text(shown)


def test_rows_that_change_from_step_to_step_are_named_by_their_place_only() -> None:
    rows = np.array([[5, 3, 9], [1, 2, 8]])
    shown = reading_view(read(np.ones((2, 3)), Axis("row", (0, 1, 2)), facts={"rows": rows}))
    assert isinstance(shown, CourseView)
    assert [line.name for line in shown.panels[0].lines] == ["1", "2", "3"]
    same = reading_view(read(np.ones((2, 3)), Axis("row", (5, 3, 9)), facts={"rows": rows[[0, 0]]}))
    assert isinstance(same, CourseView)
    assert [line.name for line in same.panels[0].lines] == ["5", "3", "9"]


def test_each_curve_has_the_x_axis_of_its_own_step() -> None:
    grids = np.array([[0.0, 1.0, 2.0], [0.0, 10.0, 20.0]])
    shown = reading_view(read(np.ones((2, 3)), Axis("eigenvalue", (0, 1, 2)), facts={"eigenvalues": grids}))
    assert isinstance(shown, CurveView)
    assert [curve.x for curve in shown.curves] == [(0.0, 1.0, 2.0), (0.0, 10.0, 20.0)]


def test_of_many_curves_the_first_and_the_last_are_among_those_that_are_shown() -> None:
    shown = reading_view(read(np.arange(300.0).reshape(100, 3), line("distance", 3)))
    assert isinstance(shown, CurveView)
    assert len(shown.curves) == 6
    assert (shown.curves[0].step, shown.curves[-1].step) == (1, 100)
    assert shown.curves[-1].y == (297.0, 298.0, 299.0)
    assert [event.text for event in shown.events] == ["6 of 100 steps are shown; all are in the reading"]


def test_a_plane_has_its_first_direction_to_the_right_and_contours_inside_its_range() -> None:
    z = np.add.outer(np.array([0.0, 10.0, 20.0]), np.array([0.0, 1.0]))  # z[i, j]: first direction i, second j
    facts = {"path": np.array([[[1.0, 0.0], [0.0, 0.0]]]), "path_steps": np.array([[5, 9]]), "explained": [[0.9, 0.1]]}
    shown = reading_view(read(z[None], line("first", 3), line("second", 2), facts=facts))
    assert isinstance(shown, SliceView)
    assert shown.z == ((0.0, 10.0, 20.0), (1.0, 11.0, 21.0))
    assert all(0 < level < 21 for level in shown.levels)
    assert shown.path == ((1.0, 0.0), (0.0, 0.0))
    assert shown.path_steps == (5, 9)
    assert shown.explained == (0.9, 0.1)


def test_places_without_a_finite_loss_are_none_and_crosses() -> None:
    z = np.ones((3, 3))
    z[0, 0], z[2, 2] = NAN, INF
    shown = reading_view(read(z[None], line("first", 3), line("second", 3)))
    assert isinstance(shown, SliceView)
    assert shown.not_finite == 2
    assert (shown.z[0][0], shown.z[2][2]) == (None, None)
    assert text(shown).count("××") == 2


# --- of a run ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Any:
    """Sixty steps on moons."""
    return train(nn.mlp([2, 8, 2], hidden="relu"), data.moons(), optimizer=optim.adam(0.01), steps=60)


def test_a_histogram_holds_every_number_of_every_array_at_every_step(run: Any) -> None:
    reading = run.ask("histogram", of="params", every=10)
    shown = reading_view(reading)
    assert isinstance(shown, HistogramView)
    assert shown.title.startswith("histogram of params: ")
    sizes = {name: values.size for name, values in run.at(1).params.items()}
    for counts in shown.panels:
        for row, zero, bad in zip(counts.counts, counts.zero, counts.not_finite, strict=True):
            assert sum(row) + (zero or 0) + (bad or 0) == sizes[counts.name]


def test_the_bins_of_a_histogram_go_from_the_most_negative_to_the_most_positive(run: Any) -> None:
    shown = reading_view(run.ask("histogram", of="params", steps=[1], target="dense1.w"))
    assert isinstance(shown, HistogramView)
    weights, n = run.at(1).params["dense1.w"], len(shown.edges)
    (row,) = shown.panels[0].counts
    assert sum(row[:n]) == (weights < 0).sum()
    held = [k for k, count in enumerate(row) if count]
    assert shown.edges[n - 1 - held[0]] <= -weights.min() < shown.edges[n - held[0]]
    assert shown.edges[held[-1] - n] <= weights.max() < shown.edges[held[-1] - n + 1]


@pytest.mark.parametrize("of", ["grads", "params", "updates", "activations"])
def test_the_bins_of_a_histogram_are_those_of_the_instrument_where_there_are_numbers(run: Any, of: str) -> None:
    reading = run.ask("histogram", of=of, every=25)
    shown = reading_view(reading)
    assert isinstance(shown, HistogramView)
    everywhere, n = reading.axes[-1].labels, len(shown.edges)
    assert shown.edges[0] == 0
    assert set(shown.edges) < set(everywhere)
    counted = {sign: dict.fromkeys(everywhere, 0) for sign in "-+"}
    for counts in shown.panels:
        for row in counts.counts:
            for k, edge in enumerate(shown.edges):
                counted["-"][edge] += row[n - 1 - k]
                counted["+"][edge] += row[n + k]
    expected = reading.values.sum(axis=(0, 1))
    assert list(counted["-"].values()) == expected[0].tolist()
    assert list(counted["+"].values()) == expected[1].tolist()
    assert not sum(row[0] + row[-1] for counts in shown.panels for row in counts.counts)  # the edge that ends the last


@pytest.mark.parametrize(
    ("id", "more"),
    [("dead_units", {}), ("activation_stats", {"every": 20}), ("sharpness", {"every": 30}),
     ("row_blame", {"steps": [3]}),
     ("loss_slice", {"steps": [9], "dims": 2}), ("spectrum", {"every": 30}), ("trajectory_slice", {"every": 10}),
     ("lr_range", {"steps": [5], "points": 20}), ("flops", {"steps": [1]}), ("nan_watch", {"every": 20})],
)  # fmt: skip
def test_what_instruments_tell_can_be_shown_and_asking_for_the_view_changes_nothing(
    run: Any, id: str, more: Any
) -> None:
    reading = run.ask(id, **more)
    before = reading.values.copy()
    shown = reading_view(reading)
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Payload) == shown
    assert all(len(row) < 200 for row in text(shown, 100).splitlines())
    np.testing.assert_array_equal(reading.values, before)


def test_the_marks_of_a_rate_test_are_its_facts(run: Any) -> None:
    reading = run.ask("lr_range", steps=[5], points=30)
    shown = reading_view(reading)
    assert isinstance(shown, CurveView)
    assert shown.is_log
    found = {mark.name: mark.x for mark in shown.marks}
    assert found["falls fastest"] == reading.facts["steepest"][-1]
