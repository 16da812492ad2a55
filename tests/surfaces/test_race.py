"""Races are fair: the same starts, the same noise, and exactly the same number of gradients for everyone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from downslope import optim, surfaces
from downslope.errors import DownslopeError
from downslope.optim.schedule import Schedule
from downslope.surfaces import Surface, by_name, descend, race
from downslope.surfaces.race import RATES
from downslope.surfaces.rule import treats_rows_alone

RULES = [optim.gradient_descent(0.001), optim.momentum(0.001), optim.adam(0.1)]


class Counting(Surface):
    """A surface that counts the gradients that are computed on it."""

    counts: list[int]

    def value_and_gradient(self, point: Any) -> Any:
        self.counts.append(np.asarray(point).size // 2)
        return super().value_and_gradient(point)


def counting(name: str) -> Counting:
    surface = surfaces.by_name(name)
    counted = Counting(**{field.name: getattr(surface, field.name) for field in dataclasses.fields(surface)})
    object.__setattr__(counted, "counts", [])
    return counted


class OneByOne:
    """A rule like another one, which says nothing about rows."""

    def __init__(self, rule: optim.Optimizer) -> None:
        self.name, self.lr, self.settings = rule.name, rule.lr, rule.settings
        self.init, self.step = rule.init, rule.step


@pytest.mark.parametrize("rule", [*RULES, OneByOne(optim.adam(0.1))])
def test_every_rule_computes_the_whole_budget_and_not_one_gradient_more(rule: Any) -> None:
    surface = counting("rosenbrock")
    result = race(surface, [rule], seeds=range(5), budget=37)
    assert sum(surface.counts) == 5 * 37 == result.entrants[0].evaluations
    assert result.entrants[0].values.shape == (5, 37)


def test_tuning_is_counted_for_itself_and_stated() -> None:
    surface = counting("rosenbrock")
    result = race(surface, RULES[:2], seeds=range(3), budget=20, tune=True)
    each = len(RATES) * 3 * 20
    assert [entrant.tuning for entrant in result.entrants] == [each, each]
    assert sum(surface.counts) == 2 * (each + 3 * 20)
    assert f"{each:,}" in str(result)
    assert "stated" in str(race("rosenbrock", RULES))


def test_the_tuned_rate_is_the_best_of_those_tried() -> None:
    result = race("ill_conditioned_bowl", [optim.gradient_descent(1e-4), optim.adam(1e-4)], budget=60, tune=True)
    for entrant in result.entrants:
        assert set(entrant.tried) == set(RATES)
        assert entrant.tried[entrant.lr] == min(entrant.tried.values())
    assert result.entrants[0].lr == 0.32  # 1 and above diverge: the limit is 0.5


def test_tuning_does_not_see_the_starts_of_the_race() -> None:
    seen: list[Any] = []

    class Spying(Counting):
        def value_and_gradient(self, point: Any) -> Any:
            seen.append(np.array(point))
            return super().value_and_gradient(point)

    surface = Spying(**{f.name: getattr(surfaces.bowl, f.name) for f in dataclasses.fields(surfaces.bowl)})
    object.__setattr__(surface, "counts", [])
    result = race(surface, RULES[:1], seeds=range(3), budget=1, tune=True)
    tuning = np.concatenate([np.reshape(points, (-1, 2)) for points in seen[: len(RATES)]])
    assert not set(map(tuple, tuning)) & set(map(tuple, result.starts))
    assert "tuned on the same starts" in str(race("bowl", RULES[:1], starts=[(1, 1)], budget=5, tune=True))


def test_a_race_is_the_same_descents_side_by_side() -> None:
    result = race("beale", [optim.momentum(0.003)], starts=[(1, 1), (-1, 2)], budget=51)
    for run, start in enumerate([(1, 1), (-1, 2)]):
        path = surfaces.descend("beale", optim.momentum(0.003), start=start, steps=50)
        np.testing.assert_allclose(result.entrants[0].points[run], path.points, rtol=1e-9)
        np.testing.assert_allclose(result.entrants[0].values[run], path.values, rtol=1e-9)


def test_everyone_meets_the_same_noise_at_the_same_step() -> None:
    result = race("noisy_bowl", [optim.gradient_descent(0.1)], starts=[(1, 1)], seeds=[3, 4], budget=30)
    for run, seed in enumerate((3, 4)):
        path = surfaces.descend("noisy_bowl", optim.gradient_descent(0.1), start=(1, 1), steps=29, seed=seed)
        np.testing.assert_allclose(result.entrants[0].points[run], path.points, rtol=1e-12)


def test_runs_at_once_are_runs_one_by_one() -> None:
    together = race("himmelblau", [optim.adam(0.1)], budget=40).entrants[0]
    alone = race("himmelblau", [OneByOne(optim.adam(0.1))], budget=40).entrants[0]
    np.testing.assert_allclose(together.points, alone.points, rtol=1e-9)


def test_a_rule_that_looks_across_all_numbers_is_never_run_at_once() -> None:
    class Clipped(OneByOne):
        """Gradient descent with the gradient clipped by its norm; it calls itself elementwise."""

        elementwise = True

        def __init__(self) -> None:
            super().__init__(optim.gradient_descent(0.1))
            self.step = self.clipped

        def clipped(self, params: Any, grads: Any, state: Any, t: Any, lr: Any = None) -> Any:
            norm = np.sqrt(np.sum(grads**2))
            return params - 0.1 * grads / np.maximum(1, norm), {}

    assert not treats_rows_alone(Clipped())
    assert treats_rows_alone(optim.adam(0.1))
    result = race("rosenbrock", [Clipped()], starts=[(2, 3), (1, 1)], budget=10)
    np.testing.assert_allclose(np.linalg.norm(np.diff(result.entrants[0].points[0], axis=0), axis=1)[0], 0.1)


def test_a_race_run_again_is_the_same_race() -> None:
    one, two = (race("noisy_bowl", RULES, budget=30) for _ in range(2))
    for a, b in zip(one.entrants, two.entrants, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
    assert str(one) == str(two)


def test_the_bands_are_quarters_of_the_best_value_so_far() -> None:
    (entrant,) = race("ackley", [optim.momentum(0.05)], seeds=range(8), budget=50).entrants
    best = np.minimum.accumulate(entrant.values, axis=1)
    np.testing.assert_array_equal(entrant.best, best)
    ranked = np.sort(best, axis=0)
    np.testing.assert_array_equal(entrant.low, ranked[1])
    np.testing.assert_array_equal(entrant.median, ranked[3])
    np.testing.assert_array_equal(entrant.high, ranked[5])
    for curve in (entrant.low, entrant.median, entrant.high):
        assert (np.diff(curve) <= 0).all()


def test_a_run_that_diverges_keeps_its_infinities_and_is_counted() -> None:
    result = race("rosenbrock", [optim.gradient_descent(0.1), optim.adam(0.1)], seeds=range(4), budget=40)
    first, second = result.entrants
    assert (first.diverged, second.diverged) == (4, 0)
    assert np.isnan(first.values[:, -1]).all()
    assert np.isfinite(first.best).all()
    assert result.ranking == (second, first)
    assert "4 of 4" in str(result)


def test_a_schedule_is_kept_when_rates_are_tuned() -> None:
    rule = optim.gradient_descent(Schedule("falling", {}, lambda t: 0.3 / t))
    result = race("bowl", [rule], budget=10, tune=True)
    assert result.entrants[0].lr == rule.lr
    assert result.entrants[0].tuning == 0
    assert "keeps its schedule" in str(result)


def test_without_noise_more_seeds_are_no_more_runs() -> None:
    result = race("bowl", RULES, starts=[(1, 1), (2, 2)], seeds=range(9), budget=5)
    assert len(result.starts) == 2
    assert "the seeds change nothing" in str(result)
    assert len(race("noisy_bowl", RULES, starts=[(1, 1), (2, 2)], seeds=range(3), budget=5).starts) == 6


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"optimizers": []}, "race-optimizers"),
        ({"optimizers": optim.adam(0.1)}, "race-optimizers"),
        ({"optimizers": [optim.adam(0.1), optim.adam(0.1)]}, "race-optimizers"),
        ({"optimizers": [optim.adam]}, "descend-optimizer"),
        ({"budget": 0}, "race-budget"),
        ({"budget": 1.5}, "race-budget"),
        ({"seeds": []}, "race-runs"),
        ({"starts": []}, "race-runs"),
        ({"starts": [(1, 2, 3)]}, "descend-start"),
        ({"seeds": [0, -1]}, "descend-seed"),
        ({"surface": "bowll"}, "unknown-name"),
    ],
)
def test_bad_input_gets_four_clear_lines(change: dict[str, Any], code: str) -> None:
    with pytest.raises(DownslopeError) as error:
        race(**{"surface": "bowl", "optimizers": RULES, **change})
    assert error.value.code == code
    assert len(str(error.value).splitlines()) == 4


class Halving:
    """A method: it evaluates the surface itself, halving its step until the value falls."""

    name, lr, needs_hessian = "halving", 1.0, True

    def init(self, p: Any) -> dict[str, Any]:
        return {}

    def step(self, f: Any, p: Any, state: Any, t: Any, lr: Any = None, hessian: Any = None) -> Any:
        (value, g), a = f(p), lr or self.lr
        while a > 1e-12 and not f(p - a * g)[0] < value:
            a /= 2
        return p - a * g, {}, 0


def test_a_line_search_pays_for_every_gradient_and_stops_within_one() -> None:
    surface = counting("rosenbrock")
    (entrant,) = race(surface, [Halving()], seeds=range(3), budget=25).entrants
    assert sum(surface.counts) == 3 * 25
    assert entrant.values.shape == (3, 25)
    np.testing.assert_allclose(entrant.values[0], [float(surface.value(p)) for p in entrant.points[0]])


def test_a_method_that_has_arrived_spends_nothing_more() -> None:
    (entrant,) = race("bowl", [Halving()], starts=[(0, 0)], budget=500).entrants
    assert not entrant.values.any()


def test_a_path_of_a_method_counts_the_evaluations_between_its_points() -> None:
    surface = counting("ill_conditioned_bowl")
    path = surfaces.descend(surface, Halving(), steps=10)
    assert sum(surface.counts) == path.evaluations > 11
    assert (np.diff(path.values) < 0).all()


def test_a_hessian_counts_as_two_gradients() -> None:
    class Newton(Halving):
        """The full step; the gradient, then the Hessian."""

        def step(self, f: Any, p: Any, state: Any, t: Any, lr: Any = None, hessian: Any = None) -> Any:
            return p - np.linalg.solve(hessian(p), f(p)[1]), {}, 1

    path = surfaces.descend("booth", Newton(), steps=1)
    np.testing.assert_allclose(path.points[-1], (1, 3))
    assert path.evaluations == 1 + 2 + 1
    (entrant,) = race("booth", [Newton()], starts=[(0, 0)], budget=4).entrants
    np.testing.assert_allclose(entrant.points[0], [(0, 0), (0, 0), (0, 0), (1, 3)], atol=1e-12)


def test_a_run_that_a_descent_calls_diverged_counts_as_diverged_in_a_race() -> None:
    surface = by_name("ill_conditioned_bowl")
    rule = optim.gradient_descent(1.0)
    assert race(surface, [rule], seeds=range(3), budget=30).entrants[0].diverged == 3
    assert descend(surface, rule, steps=29).verdict.word == "diverged"
    assert np.isfinite(descend(surface, rule, steps=29).values).all()


def test_a_surface_without_a_lowest_value_is_tuned_without_a_warning() -> None:
    result = race("saddle", RULES[:1], budget=200, tune=True)  # falls beyond -1e300; a warning fails the test
    assert result.entrants[0].lr == max(RATES)
