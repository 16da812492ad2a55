"""Readings: their text, their sparklines, and that nothing which is not finite is hidden in them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.runs.reading import BARS, Axis, Healthy, Reading, sparkline

STEPS = np.array([10, 20, 30])


def test_a_single_number_over_steps_is_a_course_with_its_ends() -> None:
    text = str(Reading("loss", STEPS, np.array([2.5, 1.0, 0.25]), unit="nat"))
    assert text.splitlines() == ["loss [nat]: 3 steps from 10 to 30", f"   {BARS[7]}{BARS[2]}{BARS[0]} 2.5 → 0.25"]


def test_each_part_has_its_line_and_can_be_asked_by_name() -> None:
    values = np.array([[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]])
    reading = Reading("dead_units", STEPS, values, parts=("dense1", "conv10"))
    first, second = str(reading).splitlines()[1:]
    assert first.split() == ["dense1", "▁▅█", "0", "→", "1"]
    assert second.split()[0] == "conv10"
    assert first.index("▁") == second.index("▁")
    np.testing.assert_array_equal(reading["dense1"], [0, 0.5, 1])
    assert len(reading) == 3
    np.testing.assert_array_equal(np.asarray(reading), values)


def test_one_step_is_a_number_and_no_step_is_said() -> None:
    assert str(Reading("loss", STEPS[:1], np.array([0.5]))).splitlines() == ["loss: step 10", "   0.5"]
    assert str(Reading("loss", STEPS[:0], np.zeros(0))) == "loss: no step"


def test_target_and_healthy_range_are_told() -> None:
    healthy = Healthy(1e-4, 1e-2, "folklore")
    text = str(Reading("update_ratio", STEPS, np.full(3, 1e-3), target="dense1.w", healthy=healthy))
    assert text.startswith("update_ratio of dense1.w: ")
    assert text.endswith("usually 0.0001 to 0.01 (folklore)")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(None, 0.1, "at most 0.1"), (2, None, "at least 2"), (0, 1, "0 to 1"), (None, 0.0, "at most 0")],
)
def test_an_open_end_of_a_range_is_said_in_words(low: float | None, high: float | None, said: str) -> None:
    assert str(Healthy(low, high, "A. Author, 2020")) == f"{said} (A. Author, 2020)"


def test_arrays_are_told_by_their_axes_their_range_and_their_facts() -> None:
    axes = (Axis("layer", ("dense1", "dense2")), Axis("statistic", ("mean", "std", "min")))
    values = np.arange(18.0).reshape(3, 2, 3)
    values[0, 0, 0] = math.nan
    facts = {"total": np.array([1.0, 2.0, 3.0]), "zero": np.zeros((3, 2))}
    lines = str(Reading("activation_stats", STEPS, values, axes=axes, facts=facts)).splitlines()
    assert lines[1] == "  layer (2) x statistic (3), values from 1 to 17  (1 not finite)"
    assert lines[2:] == ["  total 3", "  zero (2,)"]


def test_numbers_that_are_not_finite_are_counted_and_drawn() -> None:
    reading = Reading("loss", STEPS, np.array([1.0, math.nan, math.inf]))
    assert "▁××" in str(reading)
    assert "(2 not finite)" in str(reading)


# --- sparklines -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=40))
def test_least_and_greatest_are_the_ends_and_the_order_is_kept(values: list[float]) -> None:
    heights = [BARS.index(bar) for bar in sparkline(values)]
    assert len(heights) == len(values)
    assert heights[values.index(min(values))] == 0
    assert heights[values.index(max(values))] in ((0,) if min(values) == max(values) else (7,))
    for (a, i), (b, j) in zip(
        zip(values, heights, strict=True), zip(values[1:], heights[1:], strict=True), strict=False
    ):
        assert i <= j or b <= a


@given(st.integers(1, 500), st.integers(1, 60))
def test_it_is_as_long_as_the_values_and_no_longer_than_the_width(n: int, width: int) -> None:
    assert len(sparkline(np.arange(n), width)) == min(n, width)


@given(st.integers(0, 399))
def test_a_stretch_with_a_number_that_is_not_finite_shows_it(place: int) -> None:
    values = np.zeros(400)
    values[place] = math.nan
    line = sparkline(values, 40)
    assert line.index("×") == place // 10
    assert line.count("×") == 1


def test_nothing_finite_at_all_is_drawn_as_that() -> None:
    assert sparkline([math.nan, math.inf]) == "××"
    assert sparkline([]) == ""
