"""Descents: the numbers on the way, what they are called, and the exact limits that they keep to."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope import optim, surfaces
from downslope.errors import DownslopeError, SettingError
from downslope.optim.schedule import Schedule
from downslope.surfaces import Path, descend

ILL = surfaces.ill_conditioned_bowl


def gd(lr: float) -> optim.Optimizer:
    return optim.gradient_descent(lr)


def word(surface: Any, rule: optim.Optimizer, **how: Any) -> str:
    return descend(surface, rule, **how).verdict.word


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_path_keeps_every_number_of_every_step() -> None:
    path = descend(ILL, optim.adam(0.4), steps=20)
    assert path.steps == 20
    assert path.evaluations == 21
    assert path.points.shape == path.gradients.shape == path.noise.shape == (21, 2)
    assert path.values.shape == (21,)
    assert path.updates.shape == path.effective_rates.shape == (20, 2)
    assert list(path.state) == ["m", "v"]
    assert path.state["m"].shape == (21, 2)
    np.testing.assert_allclose(path.values, ILL(path.points[:, 0], path.points[:, 1]))
    np.testing.assert_allclose(path.gradients, path.points * [0.2, 4])
    np.testing.assert_allclose(path.state["m"][1:], 0.9 * path.state["m"][:-1] + 0.1 * path.gradients[:-1])
    assert not path.points.flags.writeable
    assert not path.state["v"].flags.writeable


def test_each_step_can_be_taken_again_from_what_was_kept() -> None:
    rule = optim.momentum(0.05, 0.9)
    path = descend("rosenbrock", optim.momentum(0.0005, 0.9), steps=30)
    rule = path.optimizer  # type: ignore[assignment]
    for t in (0, 7, 29):
        p, state = rule.step(path.points[t], path.gradients[t], {"v": path.state["v"][t]}, t + 1)
        np.testing.assert_array_equal(p, path.points[t + 1])
        np.testing.assert_array_equal(state["v"], path.state["v"][t + 1])


def test_the_effective_rate_of_gradient_descent_is_its_rate_and_adams_first_is_lr_over_the_gradient() -> None:
    np.testing.assert_allclose(descend(ILL, gd(0.3), steps=5).effective_rates, 0.3)
    first = descend(ILL, optim.adam(0.4), steps=1).effective_rates[0]
    np.testing.assert_allclose(first, 0.4 / np.array([1, 8]), rtol=1e-7)


@given(lr=st.floats(0.01, 0.7), steps=st.integers(1, 40), x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_gradient_descent_on_a_bowl_is_its_closed_form(lr: float, steps: int, x: float, y: float) -> None:
    path = descend(ILL, gd(lr), start=(x, y), steps=steps)
    t = np.arange(steps + 1)[:, None]
    expected = (1 - lr * np.array([0.2, 4])) ** t * [x, y]
    np.testing.assert_allclose(path.points, expected, rtol=1e-9, atol=1e-9 * (1.8**steps))


def test_an_averaging_rule_is_read_at_its_average() -> None:
    @dataclasses.dataclass(frozen=True)
    class Averaged:
        """Gradient descent that wants to be read at the mean of its points."""

        name: str = "averaged"
        lr: float = 0.1
        kept: bool = True

        def init(self, params: Any) -> dict[str, Any]:
            return {"mean": params}

        def step(self, params: Any, grads: Any, state: Any, t: Any, lr: Any = None) -> tuple[Any, dict[str, Any]]:
            p = params - (lr or self.lr) * grads
            return p, {"mean": (t * state["mean"] + p) / (t + 1)}

        def for_evaluation(self, params: Any, state: Any) -> Any:
            return state["mean"]

    path = descend(ILL, Averaged(), steps=10)
    np.testing.assert_allclose(path.kept[-1], path.points.mean(axis=0))
    np.testing.assert_allclose(descend(ILL, gd(0.1), steps=10).kept, path.points)
    (entrant,) = surfaces.race(ILL, [Averaged()], starts=[ILL.start], budget=11).entrants
    np.testing.assert_allclose(entrant.values[0], [float(ILL.value(p)) for p in path.kept])


# --- exact limits -----------------------------------------------------------------------------------------------------

QUADRATICS = ["rotated_bowl", "booth"]


@pytest.mark.parametrize("name", QUADRATICS)
@pytest.mark.parametrize(
    ("make", "constant"),
    [
        (optim.gradient_descent, 2.0),
        (lambda lr: optim.momentum(lr, 0.5), 3.0),
        (lambda lr: optim.momentum(lr, 0.9), 3.8),
        (lambda lr: optim.by_name("nesterov", lr=lr, beta=0.9), 3.8 / 2.8),
    ],
)
def test_the_limit_parts_the_rates_that_converge_from_those_that_diverge(name: str, make: Any, constant: float) -> None:
    surface = surfaces.by_name(name)
    limit = constant / (surface.lambda_max or 0)
    below, above = (descend(surface, make(part * limit), steps=1000) for part in (0.98, 1.02))
    assert below.stability is not None
    assert above.stability is not None
    assert below.stability.limit == above.stability.limit == pytest.approx(limit, rel=1e-12)
    assert max(below.stability.growth) < 1 < max(above.stability.growth)
    assert below.verdict.word == "converged"
    assert above.verdict.word == "diverged"
    # Far beyond the beginning each error grows by the stated factor.
    sizes = np.linalg.norm(above.points - surface.minima[0].point, axis=1)
    last = len(sizes) - 1
    assert sizes[last] / sizes[last - 1] == pytest.approx(max(above.stability.growth), rel=1e-6)


def test_at_the_limit_it_swings_for_ever() -> None:
    path = descend(ILL, gd(0.5), start=(0, -2), steps=101)
    assert np.abs(path.points[:, 1]).tolist() == [2.0] * 102
    assert path.verdict.word == "oscillates"
    assert "lr = 0.5 is exactly there" in str(path)


def test_the_text_states_the_limit_with_its_formula() -> None:
    assert "lr must stay below 2/λmax = 2/4 = 0.5, and lr = 0.4 is below it" in str(descend(ILL, gd(0.4)))
    assert "(2 + 2·0.25)/λmax = (2 + 2·0.25)/4 = 0.625, and lr = 0.7 is above it" in str(
        descend(ILL, optim.momentum(0.7, 0.25))
    )


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "rprop"])
def test_no_limit_is_claimed_for_a_rule_that_is_not_linear(name: str) -> None:
    assert descend(ILL, optim.by_name(name, lr=0.1)).stability is None


def test_no_limit_is_claimed_for_a_schedule_or_on_a_surface_that_is_no_quadratic() -> None:
    assert descend(ILL, optim.gradient_descent(Schedule("halves", {}, lambda t: 0.1 / t))).stability is None
    assert descend("rosenbrock", gd(0.001)).stability is None


def test_no_rate_is_stable_where_the_surface_curves_down() -> None:
    found = descend("saddle", gd(0.1)).stability
    assert found is not None
    assert found.limit is None
    np.testing.assert_allclose(found.growth, (1.2, 0.8))


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_every_word_of_the_verdict_is_said_where_it_is_true() -> None:
    assert word("himmelblau", gd(0.01), steps=200) == "converged"
    assert word("rosenbrock", gd(0.001), steps=200) == "still moving"
    assert word("absolute", gd(0.1)) == "oscillates"
    assert word("rosenbrock", gd(0.1)) == "diverged"
    assert word("saddle", gd(0.1), start=(1, 0)) == "stuck at a saddle"


def test_a_degenerate_saddle_is_recognised_although_its_hessian_is_zero() -> None:
    path = descend("monkey_saddle", gd(0.05), start=(0, 0))
    assert path.verdict.word == "stuck at a saddle"
    assert path.verdict.numbers["lowest_curvature"] == 0


def test_a_maximum_is_called_by_its_name() -> None:
    path = descend(surfaces.formula("-x**2 - y**2"), gd(0.1), start=(0, 0))
    assert path.verdict.word == "stuck at a saddle"
    assert "is a maximum" in str(path.verdict)


def test_a_sharp_minimum_that_is_hit_exactly_has_converged() -> None:
    assert word("absolute", gd(0.5), start=(1, -1)) == "converged"


def test_a_flat_valley_floor_is_no_saddle() -> None:
    cliff = surfaces.cliff
    assert word(cliff, gd(1e-6), start=cliff.minima[0].point) == "converged"


def test_a_plateau_is_still_moving_and_no_minimum() -> None:
    assert word("plateau", gd(1.0), start=(4.5, 4.5)) == "still moving"


def test_the_verdict_tells_a_local_minimum_from_the_lowest() -> None:
    said = str(descend("rastrigin", gd(0.002), steps=400).verdict)
    assert "above the lowest one, 0" in said
    assert "above the lowest" not in str(descend("rastrigin", gd(0.002), start=(0.2, 0.1), steps=400).verdict)


def test_noise_is_named_as_the_reason_that_it_does_not_come_to_rest() -> None:
    path = descend("noisy_bowl", gd(0.1), steps=400)
    assert path.verdict.word == "oscillates"
    assert "noise" in path.verdict.because


def test_the_floor_under_noise_has_the_height_that_follows_from_the_rate() -> None:
    """Variance lr/(2 − lr) in each coordinate. 4000 correlated steps know it to about a tenth."""
    path = descend("noisy_bowl", gd(0.1), steps=4000, seed=1)
    assert path.points[100:].var() == pytest.approx(0.1 / 1.9, rel=0.15)


def test_infinity_is_kept_and_ends_the_path() -> None:
    path = descend("rosenbrock", gd(0.1))
    assert path.verdict.word == "diverged"
    assert not np.isfinite(path.values[-1])
    assert np.isfinite(path.values[:-1]).all()
    assert path.steps < 100
    assert path.evaluations == len(path.points)
    assert f"the value at step {path.steps} is inf" in str(path)
    assert f"ends after {path.steps} of 100 steps" in str(path)


def test_a_start_without_a_value_is_said_and_not_hidden() -> None:
    path = descend(surfaces.formula("log(x) + y**2"), gd(0.1), start=(-1, 1))
    assert path.steps == 0
    assert np.isnan(path.values[0])
    assert str(path.verdict).startswith("diverged at step 0: the value at step 0 is nan")


def test_the_factor_by_which_a_surface_is_multiplied_changes_no_verdict() -> None:
    for scale in ("1e-12", "1", "1e12"):
        bowl = surfaces.formula(f"{scale}*(0.1*x**2 + 2*y**2)", start=(-5, -2))
        assert word(bowl, gd(0.4 / float(scale)), steps=300) == "converged"
        assert word(bowl, gd(0.4 / float(scale)), steps=10) == "still moving"


# --- reproducible, and plain about bad input --------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_path_and_another_seed_another() -> None:
    one, two, other = (descend("noisy_bowl", optim.adam(0.1), seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.points, two.points)
    assert not np.array_equal(one.points, other.points)
    np.testing.assert_allclose(one.gradients - one.noise, one.points, atol=1e-12)
    assert not descend("bowl", gd(0.1)).noise.any()


def test_a_start_outside_the_domain_is_allowed_and_said() -> None:
    path = descend("bowl", gd(0.1), start=(50, 0))
    assert "the start (50, 0) lies outside the domain of bowl" in str(path)
    assert path.verdict.word == "converged"


def test_the_text_shows_the_first_steps_in_numbers() -> None:
    text = descend(ILL, optim.momentum(0.4, 0.5), steps=50).text(first=3, last=1).splitlines()
    assert text[0] == "momentum(lr=0.4, beta=0.5) on ill_conditioned_bowl, 50 steps from (-5, -2)"
    assert text[1].split() == ["step", "x", "y", "value", "gx", "gy", "v.x", "v.y"]
    assert text[2].split() == ["0", "-5", "-2", "10.5", "-1", "-8", "0", "0"]
    assert text[3].split()[:3] == ["1", "-4.6", "1.2"]
    assert text[5].split() == ["..."] * 8
    assert text[6].split()[0] == "50"
    assert len({len(line) for line in text[1:7]}) == 1


def test_what_does_not_fit_in_the_table_is_named_below_it() -> None:
    text = str(descend("rosenbrock", optim.lbfgs(), steps=5))
    titles = text.splitlines()[1].split()
    assert titles[:6] == ["step", "x", "y", "value", "gx", "gy"]
    assert max(map(len, text.splitlines()[1:8])) <= 110
    assert "not in the table: state s, state y" in text
    assert len(set(titles) - {"value"}) == len(titles) - titles.count("value")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"steps": 0}, "descend-steps"),
        ({"steps": -1}, "descend-steps"),
        ({"steps": 2.5}, "descend-steps"),
        ({"steps": True}, "descend-steps"),
        ({"steps": 10**9}, "descend-steps"),
        ({"start": (1,)}, "descend-start"),
        ({"start": (1, np.nan)}, "descend-start"),
        ({"start": "here"}, "descend-start"),
        ({"start": 3}, "descend-start"),
        ({"seed": -1}, "descend-seed"),
        ({"seed": 0.5}, "descend-seed"),
        ({"surface": "rosenbork"}, "unknown-name"),
        ({"surface": np.sin}, "descend-surface"),
        ({"optimizer": "adam"}, "descend-optimizer"),
        ({"optimizer": optim.adam}, "descend-optimizer"),
        ({"optimizer": optim.Optimizer}, "descend-optimizer"),
        ({"optimizer": None}, "descend-optimizer"),
    ],
)
def test_bad_input_gets_four_clear_lines(change: dict[str, Any], code: str) -> None:
    with pytest.raises(DownslopeError) as error:
        descend(**{"surface": "bowl", "optimizer": gd(0.1), **change})
    assert error.value.code == code
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert lines[0].endswith(f"[{code}]")


def test_a_function_that_was_not_called_is_told_from_its_result() -> None:
    with pytest.raises(SettingError, match=r"adam\(lr=0.01\)"):
        descend("bowl", optim.adam)  # type: ignore[arg-type]


def test_paths_are_compared_as_objects_and_printed_as_text() -> None:
    path = descend("bowl", gd(0.1))
    assert isinstance(path, Path)
    assert path == path
    assert repr(path) == str(path) == path.text()
