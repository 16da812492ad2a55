"""Synthetic sets against their formulas, recomputed in plain Python, and an independent judge of what is linear."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tests.data.test_counter import philox4x64

from downslope.data import SYNTHETIC, Data, circles, gaussians, line, load, moons, sine, spirals, xor
from downslope.errors import DataError, SettingError

CLASSIFICATIONS = [name for name, make in SYNTHETIC.items() if make().task == "classification"]


def whole_set(data: Data) -> tuple[NDArray[Any], NDArray[Any]]:
    """x and y of every row, in the order of the row ids."""
    order = np.argsort(np.concatenate([data.train.rows, data.held_out.rows]))
    x = np.concatenate([data.train.x, data.held_out.x])
    y = np.concatenate([data.train.y, data.held_out.y])
    return x[order], y[order]


def line_score(x: NDArray[Any], y: NDArray[Any]) -> float:
    """The share of rows that the best straight boundary gets right, by scikit-learn."""
    return float(LogisticRegression(C=1e3, max_iter=1000).fit(x, y).score(x, y))


def words(stream: int, seed: int, count: int) -> list[int]:
    return [word for i in range(count) for word in philox4x64([i + 1, 0, 0, 0], [seed, stream])]


def uniform(word: int) -> float:
    return (word >> 11) / 2**53


def normal(words: list[int], i: int) -> float:
    u, v = uniform(words[2 * i]), uniform(words[2 * i + 1])
    return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_the_points_are_those_that_plain_python_computes_to_the_last_bit(seed: int) -> None:
    points, noise = words(4, seed, 10), words(5, seed, 20)
    moon, cross, wave = [], [], []
    for i in range(8):
        a = math.pi * uniform(points[i])
        sign = (1, -1)[i % 2]
        centre = (1.5 * (math.cos(a) - 0.5) * sign, 1.5 * (math.sin(a) - 0.25) * sign)
        moon.append([round(c + 0.15 * normal(noise, 2 * i + j), 6) for j, c in enumerate(centre)])
        signs = [(1, 1), (-1, 1), (-1, -1), (1, -1)][i % 4]
        cross.append([round(s * (0.1 + 1.6 * uniform(points[2 * i + j])), 6) for j, s in enumerate(signs)])
        x = round(math.sqrt(3) * (2 * uniform(points[i]) - 1), 6)
        wave.append([x, round(math.sin(math.pi * 2 * x / math.sqrt(3)) + 0.1 * normal(noise, i), 6)])
    assert whole_set(moons(n=8, noise=0.15, seed=seed))[0].tolist() == moon
    assert whole_set(xor(n=8, seed=seed))[0].tolist() == cross
    assert np.hstack(whole_set(sine(n=8, noise=0.1, seed=seed))).tolist() == wave


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_set_goes_by_its_name_and_repeats_itself_only_for_the_same_seed(name: str) -> None:
    data = load(name, seed=3)
    assert data.name == name
    assert data.hash == SYNTHETIC[name](seed=3).hash
    assert data.hash != SYNTHETIC[name](seed=4).hash


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_longer_set_begins_with_the_shorter_one(name: str) -> None:
    (short, y_short), (long, y_long) = (whole_set(SYNTHETIC[name](n=n)) for n in (50, 333))
    assert np.array_equal(long[:50], short)
    assert np.array_equal(y_long[:50], y_short)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_twice_the_noise_moves_the_same_points_twice_as_far(name: str) -> None:
    none, some, twice = (
        np.hstack([x, y.reshape(len(y), -1)])
        for x, y in map(whole_set, (SYNTHETIC[name](noise=noise) for noise in (0, 0.1, 0.2)))
    )
    assert np.abs(some - none).max() > 0.1
    assert twice - none == pytest.approx(2 * (some - none), abs=2e-6)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_features_are_of_standard_scale_without_being_standardised(name: str) -> None:
    data = SYNTHETIC[name](n=5000)
    assert data.feature_scales == ()
    x, _ = whole_set(data)
    # A mean of 5000 rows with a standard deviation below 1.4 is off by more than 0.1 once in 10**6 times.
    assert np.abs(x.mean(axis=0)).max() < 0.1
    assert ((x.std(axis=0) > 0.7) & (x.std(axis=0) < 1.4)).all()
    assert np.abs(x).max() < 2.5 + 5 * 0.5


@pytest.mark.parametrize("name", CLASSIFICATIONS)
@pytest.mark.parametrize("n", [20, 101, 500])
def test_classes_differ_by_one_row_at_most_and_both_parts_have_all_of_them(name: str, n: int) -> None:
    data = SYNTHETIC[name](n=n)
    counts = np.bincount(whole_set(data)[1])
    assert counts.sum() == n
    assert np.ptp(counts) <= 1
    assert len(np.unique(data.train.y)) == len(np.unique(data.held_out.y)) == data.n_outputs


def test_no_line_separates_xor_circles_and_spirals() -> None:
    # A line gets at most three of the four squares of xor right, and half a ring beside the disc.
    for data in (xor(n=2000), circles(n=2000), spirals(n=2000)):
        assert line_score(*whole_set(data)) < 0.76, data.name


def test_a_line_gets_most_of_the_moons_right_but_not_all() -> None:
    for seed in range(5):
        assert 0.85 < line_score(*whole_set(moons(n=1000, seed=seed))) < 0.95


def test_the_product_separates_xor_and_the_radius_the_circles() -> None:
    x, y = whole_set(xor(n=2000))
    assert np.array_equal(x[:, 0] * x[:, 1] < 0, y == 1)
    x, y = whole_set(circles(n=2000, noise=0))
    r = np.hypot(*x.T)
    assert r[y == 0].max() <= 1.1 + 1e-6
    assert (r[y == 1].min() >= 1.54 - 1e-6, r[y == 1].max() <= 2.2 + 1e-6) == (True, True)


@pytest.mark.parametrize(("arms", "turns"), [(2, 1.75), (3, 1.0), (5, 0.5)])
def test_unwinding_a_spiral_gives_its_arms_back(arms: int, turns: float) -> None:
    x, y = whole_set(spirals(n=500, noise=0, arms=arms, turns=turns))
    r = np.hypot(*x.T)
    turned = np.arctan2(x[:, 0], x[:, 1]) / (2 * np.pi) - turns * r / 2.5
    clear = r > 0.01  # where six decimals say nothing about the angle
    assert np.abs(turned * arms - np.round(turned * arms))[clear].max() < 1e-3
    assert np.array_equal(np.round(turned * arms)[clear] % arms, y[clear])


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_nothing_beats_phi_of_sqrt_2_over_noise_on_two_gaussians_and_a_line_reaches_it(noise: float) -> None:
    n = 20_000
    x, y = whole_set(gaussians(n=n, noise=noise, seed=1))
    best = NormalDist().cdf(math.sqrt(2) / noise)
    # Five standard deviations of a share of n rows: once in two million times.
    off = 5 * math.sqrt(best * (1 - best) / n)
    assert ((x.sum(axis=1) < 0) == y).mean() == pytest.approx(best, abs=off)
    assert line_score(x, y) == pytest.approx(best, abs=off)


def test_gaussians_stand_evenly_on_a_circle() -> None:
    x, y = whole_set(gaussians(n=60, noise=0, classes=3))
    centres = np.array([x[y == k][0] for k in range(3)])
    assert centres[0] == pytest.approx([1, 1])
    assert centres.sum(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert np.hypot(*centres.T) == pytest.approx(math.sqrt(2), abs=1e-5)


def test_least_squares_finds_the_line_and_leaves_the_noise() -> None:
    n, noise = 10_000, 0.3
    x, y = whole_set(line(n=n, noise=noise, slope=-1.5, intercept=2))
    slope, intercept = np.polyfit(x[:, 0], y[:, 0], 1)
    # x has standard deviation 1, so both have the standard error noise / sqrt(n).
    assert [slope, intercept] == pytest.approx([-1.5, 2], abs=5 * noise / math.sqrt(n))
    left = ((y[:, 0] - slope * x[:, 0] - intercept) ** 2).mean()
    assert left == pytest.approx(noise**2, rel=5 * math.sqrt(2 / n))


def test_the_bowl_of_the_line_is_round() -> None:
    x, _ = whole_set(line(n=10_000))
    bowl = np.array([[np.mean(x**2), np.mean(x)], [np.mean(x), 1]])
    assert np.linalg.cond(bowl) == pytest.approx(1, abs=0.1)


def test_no_line_fits_a_sine() -> None:
    x, y = whole_set(sine(n=2000, noise=0))
    assert np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2 < 0.3
    assert (np.abs(y).max() <= 1, y.std()) == (True, pytest.approx(math.sqrt(0.5), abs=0.05))


BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "one row": ("moons", {"n": 1}, "data-out-of-range", "n is 1"),
    "too few for the classes": ("gaussians", {"n": 9, "classes": 5}, "data-out-of-range", "from 10 to"),
    "too few for the arms": ("spirals", {"n": 9, "arms": 5}, "data-out-of-range", "from 10 to"),
    "rows by halves": ("xor", {"n": 10.5}, "data-out-of-range", "whole number"),
    "more than memory": ("line", {"n": 10**9}, "data-out-of-range", "n is 1000000000"),
    "negative noise": ("circles", {"noise": -0.1}, "data-out-of-range", "noise is -0.1"),
    "noise without end": ("sine", {"noise": math.inf}, "data-out-of-range", "noise is inf"),
    "noise in words": ("spirals", {"noise": "some"}, "data-out-of-range", "noise is 'some'"),
    "one arm": ("spirals", {"arms": 1}, "data-out-of-range", "arms is 1"),
    "turns": ("spirals", {"turns": -1}, "data-out-of-range", "turns is -1"),
    "many classes": ("gaussians", {"classes": 11}, "data-out-of-range", "from 2 to 10"),
    "cycles": ("sine", {"cycles": math.nan}, "data-out-of-range", "cycles is nan"),
    "slope": ("line", {"slope": None}, "data-out-of-range", "slope is None"),
    "flat line": ("line", {"slope": 0, "noise": 0}, "data-target-constant", "0.5"),
    "seed": ("moons", {"seed": -1}, "data-seed", "seed is -1"),
    "held out": ("moons", {"held_out": 1}, "data-held-out", "held_out is 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_that_no_set_can_be_made_of_get_one_message_of_four_lines(case: str) -> None:
    name, settings, code, words = BAD[case]
    with pytest.raises((DataError, SettingError)) as refused:
        SYNTHETIC[name](**settings)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 4
