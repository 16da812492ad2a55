"""Which rows are hit: as many as the rate says, each as likely as the other, more of them for a higher rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.data import duplicates, moons
from downslope.data.corruptions.change import changed, dice, hit, moments
from downslope.errors import SettingError

MOONS = moons(n=20)


@given(st.integers(1, 300), st.floats(0, 1), st.integers(0, 2**64 - 1))
def test_the_share_that_is_hit_is_the_rate_to_the_nearest_row(n: int, rate: float, seed: int) -> None:
    found = hit(MOONS, "label_noise", n, rate, seed)
    assert np.array_equal(found, np.unique(found))
    assert len(found) == 0 or (found[0] >= 0 and found[-1] < n)
    assert abs(len(found) - rate * n) <= 0.5 or (rate > 0 and len(found) == 1)
    assert (len(found) == 0) == (rate == 0)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_the_rows_of_a_lower_rate_are_among_those_of_a_higher_one(one: float, other: float, seed: int) -> None:
    low, high = (set(hit(MOONS, "outliers", 100, rate, seed).tolist()) for rate in sorted((one, other)))
    assert low <= high


def test_every_row_is_as_likely_as_any_other() -> None:
    seeds, n, rate = 800, 20, 0.25
    times = np.zeros(n)
    for seed in range(seeds):
        times[hit(MOONS, "duplicates", n, rate, seed)] += 1
    # Each count is binomial; one of 20 lies more than 4.5 standard deviations off once in 7000 times.
    assert np.abs(times - seeds * rate).max() < 4.5 * np.sqrt(seeds * rate * (1 - rate))


def test_two_corruptions_with_one_seed_hit_rows_independently() -> None:
    n = 10_000
    one, other = (hit(MOONS, name, n, 0.1, 0) for name in ("outliers", "label_noise"))
    # Both: a tenth of a tenth, 100 rows, standard deviation 9.
    assert abs(len(np.intersect1d(one, other)) - 100) < 45


def test_a_second_time_hits_other_rows_and_throws_other_dice() -> None:
    once = duplicates(MOONS)
    assert not np.array_equal(hit(MOONS, "duplicates", 99, 0.3, 0), hit(once, "duplicates", 99, 0.3, 0))
    assert not np.array_equal(dice(MOONS, "duplicates", 9, 0), dice(once, "duplicates", 9, 0))
    assert np.array_equal(hit(MOONS, "outliers", 99, 0.3, 0), hit(once, "outliers", 99, 0.3, 0))


def test_what_happens_to_a_row_is_not_read_off_the_words_that_chose_it() -> None:
    words = dice(MOONS, "outliers", 50, 0)
    by_size = np.argsort(words)
    # The rows hit first are those of the smallest words: with the same words, half of all rows would be these 25.
    assert not np.array_equal(np.sort(by_size[:25]), hit(MOONS, "outliers", 50, 0.5, 0))


@pytest.mark.parametrize("rate", [-0.01, 1.01, 10, float("nan"), "0.1", True])
def test_a_rate_is_a_share(rate: Any) -> None:
    with pytest.raises(SettingError, match=rf"rate is {rate!r}.*\[data-out-of-range\]"):
        hit(MOONS, "duplicates", 20, rate, 0)


def test_a_note_names_the_first_rows_and_the_truth_all_of_them() -> None:
    data = changed(MOONS, "test", "Done.", [9, 3, 3, *range(4, 19)], train=MOONS.train)
    assert data.notes[-1] == "Done. Rows: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ... 18."
    assert data.touched[0].rows.tolist() == list(range(3, 19))
    assert changed(MOONS, "test", "Done.", [5, 2], train=MOONS.train).notes[-1] == "Done. Rows: 2, 5."
    assert changed(MOONS, "test", "Done.", range(20), train=MOONS.train).notes[-1] == "Done. Rows: all."


def test_moments_are_those_of_the_cells_that_are_there() -> None:
    mean, deviation = moments(np.array([[1.0, np.nan, 5.0], [3.0, np.nan, np.nan]]))
    assert mean.tolist() == [2, 0, 5]
    assert deviation.tolist() == [1, 0, 0]
