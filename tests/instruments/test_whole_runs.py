"""Instruments of whole runs: the learning-rate range test, and the time that steps took."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.instruments.bowls import descent

from downslope.errors import SettingError
from downslope.instruments.lr_range import lr_range, naive as lr_range_naive
from downslope.instruments.timing import naive as timing_naive, timing


def losses(*course: float) -> Any:
    """A run whose forks lose just this."""
    return SimpleNamespace(try_rates=lambda at, rates: np.array(course))


# --- lr_range ---------------------------------------------------------------------------------------------------------


def test_the_rates_grow_by_the_same_factor_from_low_to_high() -> None:
    asked = []

    def try_rates(at: int, rates: list[float]) -> list[float]:
        asked.append((at, rates))
        return [1.0] * len(rates)

    found = lr_range(SimpleNamespace(try_rates=try_rates), [7, 9], low=1e-3, high=10, points=5)
    assert [at for at, _ in asked] == [7, 9]
    assert asked[0][1] == pytest.approx([1e-3, 1e-2, 1e-1, 1, 10])
    assert found.axes[0].labels == tuple(asked[0][1])
    assert found.values.shape == (2, 5)


def test_on_a_bowl_it_breaks_soon_after_the_largest_stable_rate() -> None:
    """Curvature 10: gradient descent is stable below 0.2."""
    run = descent(10 * np.eye(2), np.ones(2), lr=0.01, steps=1)
    found = lr_range(run, [1], low=1e-4, high=1, points=200, smoothing=0.0)
    assert 0.2 < found.facts["diverged"][0] < 0.5
    assert found.facts["steepest"][0] < 0.1
    assert found.facts["steepest"][0] < found.facts["lowest"][0] <= 0.2 * 1.05


def test_marks_by_hand() -> None:
    found = lr_range(losses(3, 2.9, 2, 1.9, 8, 1), [1], low=1, high=32, points=6, smoothing=0)
    told = {name: float(value[0]) for name, value in found.facts.items() if name != "smoothed"}
    assert told == pytest.approx({"steepest": 2, "lowest": 8, "diverged": 16})


def test_a_fork_that_fails_is_shown_as_it_is() -> None:
    found = lr_range(losses(3, 2, math.inf, math.nan), [1], low=1, high=8, points=4)
    assert np.array_equal(found.values, [[3, 2, math.inf, math.nan]], equal_nan=True)
    assert found.facts["diverged"] == pytest.approx([4])
    assert not np.isfinite(found.facts["smoothed"][0, 2:]).any()


def test_what_never_falls_has_no_steepest_rate_and_what_never_breaks_does_not_diverge() -> None:
    found = lr_range(losses(1, 1.1, 1.2), [1], points=3, smoothing=0)
    assert math.isnan(found.facts["steepest"][0])
    assert math.isnan(found.facts["diverged"][0])
    nothing = lr_range(losses(math.nan, math.nan), [1], low=1, high=2, points=2)
    assert nothing.facts["diverged"][0] == 1
    assert math.isnan(nothing.facts["lowest"][0])


def test_smoothing_a_constant_changes_nothing() -> None:
    assert lr_range(losses(2, 2, 2), [1], points=3).facts["smoothed"][0] == pytest.approx([2, 2, 2])


@pytest.mark.parametrize("course", [(3, 2.5, 1, 1.2, 0.9, 7, 100), (1, 0.5, math.inf, math.nan, math.nan, math.nan, 1)])
@pytest.mark.parametrize("smoothing", [0.0, 0.6])
def test_the_range_test_is_as_its_definition_says(course: tuple[float, ...], smoothing: float) -> None:
    fast, naive = (ask(losses(*course), [1], points=7, smoothing=smoothing) for ask in (lr_range, lr_range_naive))
    assert fast.axes[0].labels == pytest.approx(naive.axes[0].labels)
    assert np.array_equal(fast.values, naive.values, equal_nan=True)
    for name in ("steepest", "lowest", "diverged"):
        assert fast.facts[name] == pytest.approx(naive.facts[name], nan_ok=True)
    assert fast.facts["smoothed"] == pytest.approx(naive.facts["smoothed"], nan_ok=True)


@pytest.mark.parametrize(
    "wrong", [{"low": 0}, {"low": 2, "high": 1}, {"high": math.inf}, {"points": 1}, {"smoothing": 1}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="instrument-value"):
        lr_range(losses(1, 1), [1], **wrong)


# --- timing -----------------------------------------------------------------------------------------------------------


def timed(*seconds: float) -> Any:
    return SimpleNamespace(series={"seconds": np.array(seconds)}.__getitem__)


def test_each_asked_step_tells_of_the_steps_since_the_one_before_it() -> None:
    found = timing(timed(1, 1, 4, 2, 3, 100), [3, 5])
    assert found.parts == ("mean", "median", "slowest")
    assert found.values.tolist() == [[2, 1, 4], [2.5, 2.5, 3]]
    assert found["slowest"].tolist() == [4, 3]


def test_the_stretches_share_out_the_whole_time() -> None:
    seconds = np.random.default_rng(0).exponential(size=100)
    found = timing(timed(*seconds), list(range(10, 101, 10)))
    assert 10 * found["mean"].sum() == pytest.approx(seconds.sum())


def test_a_step_without_a_clock_spoils_its_own_stretch_alone() -> None:
    found = timing(timed(1, math.nan, 3, 3), [2, 4])
    assert np.isnan(found.values[0]).all()
    assert found.values[1].tolist() == [3, 3, 3]


def test_timing_is_as_its_definition_says() -> None:
    run = timed(*np.random.default_rng(0).exponential(size=20))
    assert timing(run, [1, 4, 20]).values == pytest.approx(timing_naive(run, [1, 4, 20]).values)
