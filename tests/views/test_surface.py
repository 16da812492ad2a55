"""Surfaces and descents as payloads: the numbers that are drawn are the numbers that were computed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.views.tools import numbers

from downslope import optim, surfaces
from downslope.views.surface import MOST_KEPT, descent_view, path_view, surface_view

CANONICAL = {surface.name: surface for surface in surfaces.SURFACES.values()}


# --- the map ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CANONICAL)
def test_every_surface_has_a_map_whose_values_are_its_own(name: str) -> None:
    surface = CANONICAL[name]
    shown = surface_view(surface)
    assert msgspec.json.encode(shown)
    assert (len(shown.x), len(shown.y), len(shown.z), len(shown.z[0])) == (101, 101, 101, 101)
    assert (shown.x[0], shown.x[-1], shown.y[0], shown.y[-1]) == shown.domain
    for i, j in ((0, 0), (100, 3), (17, 100), (50, 50)):
        assert shown.z[i][j] == pytest.approx(float(surface(shown.x[j], shown.y[i])), rel=1e-12, abs=1e-12)
    assert [(m.x, m.y, m.value) for m in shown.minima] == [(*m.point, m.value) for m in surface.minima]
    assert 5 <= len(shown.levels) <= 16
    flat = numbers(shown.z)
    assert all(a < b for a, b in pairwise(shown.levels))
    assert flat.min() < shown.levels[0] < shown.levels[-1] < flat.max()


def test_contours_are_even_in_the_logarithm_of_the_height_above_a_known_minimum() -> None:
    shown = surface_view(surfaces.by_name("styblinski_tang"))
    assert shown.lowest is not None
    gaps = np.diff(np.log(numbers(shown.levels) - shown.lowest))
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-9)


def test_without_a_known_minimum_every_band_covers_the_same_area() -> None:
    shown = surface_view(surfaces.formula("x + 0.3*y"))
    shares = np.diff(np.searchsorted(np.sort(numbers(shown.z).ravel()), shown.levels)) / 101**2
    np.testing.assert_allclose(shares, shares[0], atol=2e-3)


def test_what_has_no_value_is_none_and_counted() -> None:
    shown = surface_view(surfaces.formula("log(x) + y", ((-1, 1), (0, 1))))
    missing = sum(value is None for row in shown.z for value in row)
    assert missing == shown.not_finite == shown.events[0].count == 51 * 101  # log(0) is infinite
    assert surface_view(surfaces.formula("0*x")).levels == ()


# --- a path -----------------------------------------------------------------------------------------------------------


def test_a_path_is_shown_with_its_very_numbers() -> None:
    path = surfaces.descend("rosenbrock", optim.by_name("adam", lr=0.1), steps=30)
    (shown,) = descent_view(path).paths
    np.testing.assert_array_equal(numbers(shown.points), path.points)
    np.testing.assert_array_equal(numbers(shown.values), path.values)
    np.testing.assert_array_equal(numbers(shown.gradients), path.gradients)
    np.testing.assert_array_equal(numbers(shown.updates[:-1]), path.updates)
    np.testing.assert_array_equal(numbers(shown.effective_rates[:-1]), path.effective_rates)
    assert shown.updates[-1] == shown.effective_rates[-1] == (None, None)
    assert sorted(shown.state) == ["m", "v"]
    np.testing.assert_array_equal(numbers(shown.state["v"]), path.state["v"])
    assert (shown.n_steps, shown.steps, shown.end) == (30, tuple(range(31)), tuple(path.points[-1]))
    assert (shown.verdict, shown.because) == (path.verdict.word, path.verdict.because)
    assert (shown.label, shown.lr, shown.limit) == ("adam(lr=0.1)", 0.1, None)


def test_only_what_has_a_number_for_x_and_one_for_y_is_shown_as_remembered() -> None:
    path = surfaces.descend("himmelblau", optim.METHODS.make("lbfgs"), steps=4)
    assert set(path_view(path).state) == {"move", "before", "p", "g"}


@pytest.mark.parametrize(
    ("rule", "constant", "limit"),
    [("gradient_descent(lr=0.1)", 2.0, 0.5), ("momentum(lr=0.1, beta=0.9)", 3.8, 0.95)],
)
def test_on_a_bowl_the_limit_of_the_rate_is_exact(rule: str, constant: float, limit: float) -> None:
    made: Any = optim.from_text(rule)
    shown = path_view(surfaces.descend("ill_conditioned_bowl", made, steps=5)).limit
    assert shown is not None
    assert (shown.constant, shown.steepest, shown.limit) == pytest.approx((constant, 4.0, limit))


def test_where_a_path_leaves_the_map_is_told_also_if_it_comes_back_or_began_outside() -> None:
    gd = optim.by_name("gradient_descent", lr=0.55)
    out = path_view(surfaces.descend("ill_conditioned_bowl", gd, steps=50))
    assert (out.left, out.outside) == (3, 48)
    stays = path_view(surfaces.descend("bowl", gd, steps=9))
    assert (stays.left, stays.outside) == (None, 0)
    enters = path_view(surfaces.descend("bowl", optim.by_name("gradient_descent", lr=0.25), start=(9, 0), steps=9))
    assert (enters.left, enters.outside) == (None, 2)


def test_the_end_in_infinity_is_none_and_an_event() -> None:
    path = surfaces.descend("rosenbrock", optim.by_name("gradient_descent", lr=0.01), steps=50)
    shown = descent_view(path)
    assert (shown.paths[0].values[-1], shown.paths[0].not_finite) == (None, 1)
    assert [event.step for event in shown.events] == [path.steps]


def test_a_long_path_keeps_its_first_steps_and_its_last() -> None:
    path = surfaces.descend("bowl", optim.by_name("gradient_descent", lr=1e-4), steps=9000)
    shown = path_view(path)
    assert len(shown.steps) <= MOST_KEPT
    assert shown.steps[:201] == tuple(range(201))
    assert (shown.steps[-1], shown.n_steps) == (9000, 9000)
    np.testing.assert_array_equal(numbers(shown.points), path.points[list(shown.steps)])
