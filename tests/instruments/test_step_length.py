"""Is the step too long? alpha against the parabola it fits, edge against what the rules themselves do on a bowl."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.instruments.bowls import Given, bowl, facts, rotated

from downslope import optim, surfaces
from downslope.instruments.alpha import alpha
from downslope.instruments.edge import edge
from downslope.instruments.vectors import hessian_product, vector
from downslope.optim import Optimizer
from downslope.runs.replayed import ReplayedStep
from downslope.runs.step import OptimizerFacts

# --- alpha ------------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 100), st.floats(0.01, 3))
@settings(max_examples=30)
def test_on_a_bowl_alpha_is_rate_times_curvature_minus_1(curvature: float, product: float) -> None:
    step = bowl(curvature * np.eye(2), lr=product / curvature)
    assert float(alpha(step).values) == pytest.approx(product - 1, abs=1e-8)


def test_the_minimum_along_the_step_is_0_and_as_far_beyond_it_is_1() -> None:
    H, w = rotated([1, 3, 10]), np.array([1.0, 2, 3])
    g = H @ w
    best = g @ g / (g @ H @ g)
    told = {part: float(alpha(bowl(H, w, update=-part * best * g)).values) for part in (1e-3, 0.5, 1, 2, 3)}
    assert told == {part: pytest.approx(part - 1, abs=1e-7) for part in told}


def test_the_loss_is_lower_after_the_step_exactly_where_alpha_is_below_1() -> None:
    for lr in (0.5, 0.99, 1.01, 1.5):
        found = alpha(bowl(2 * np.eye(2), lr=lr))
        assert (found.facts["loss_end"] < found.facts["loss_start"]) == (found.values < 1)


def test_where_the_loss_curves_down_alpha_is_below_minus_1() -> None:
    assert float(alpha(bowl(-2 * np.eye(2), lr=0.1)).values) == pytest.approx(-1.2)


def test_a_step_uphill_went_infinitely_far_beyond_the_minimum() -> None:
    assert float(alpha(bowl(np.eye(2), update=np.array([0.1, 0.1]))).values) == math.inf


def test_no_step_has_no_alpha_and_neither_has_one_into_nan() -> None:
    assert math.isnan(float(alpha(bowl(np.eye(2), update=np.zeros(2))).values))
    assert math.isnan(float(alpha(bowl(np.eye(2), update=np.array([math.nan, 0]))).values))


def test_the_slope_at_the_end_of_the_step_is_that_of_the_loss_there() -> None:
    """A loss that is no parabola: w⁴ + sin(w), from 1 by −0.5."""

    def loss(params: Any) -> float:
        return float(params["w"] ** 4 + np.sin(params["w"]))

    step = Given(
        params={"w": np.array(1.0)},
        updates={"w": np.array(-0.5)},
        grads={"w": np.array(4 + math.cos(1))},
        loss=loss({"w": 1.0}),
        loss_at=loss,
    )
    told = alpha(step).facts
    assert told["slope_start"] == pytest.approx(-0.5 * (4 + math.cos(1)))
    assert told["slope_end"] == pytest.approx(-0.5 * (4 * 0.5**3 + math.cos(0.5)), rel=1e-9)
    assert told["loss_end"] == 0.5**4 + math.sin(0.5)


# --- edge: the limits are those at which the rules themselves begin to grow -------------------------------------------

LINEAR = [
    optim.gradient_descent(0.1),
    optim.momentum(0.1, beta=0.5),
    optim.momentum(0.1, beta=0.9),
    optim.momentum(0.1, beta=0.9, dampening=0.9),
    optim.momentum(0.1, beta=0.9, dampening=0.3),
    optim.nesterov(0.1, beta=0.9),
    optim.nesterov(0.1, beta=0.0),
    optim.nesterov(0.1, beta=0.3),
]


def told(rule: Optimizer) -> OptimizerFacts:
    return facts(rule.name, **rule.settings)


@pytest.mark.parametrize("rule", LINEAR, ids=str)
def test_linear_rules_reach_the_edge_where_their_own_steps_begin_to_grow(rule: Optimizer) -> None:
    measured = surfaces.stability(surfaces.bowl, rule)
    assert measured is not None
    found = edge(bowl(rotated([1, 2, 6]), rule=told(rule), lr=0.05))
    assert found.facts["limit"] == pytest.approx(measured.constant / 0.05)
    assert found.facts["sharpness"] == pytest.approx(6)
    assert float(found.values) == pytest.approx(0.05 * 6 / measured.constant)


STEADY = {"t": 10**9}  # the corrections of the running means are over
ADAPTIVE = [
    optim.adam(0.01, beta1=0.9, beta2=1 - 1e-12),
    optim.adam(0.01, beta1=0.5, beta2=1 - 1e-12, weight_decay=3.0),
    optim.adamw(0.01, beta1=0.9, beta2=1 - 1e-12, weight_decay=3.0),
    optim.rmsprop(0.01, rho=1 - 1e-12),
    optim.rmsprop(0.01, rho=1 - 1e-12, momentum=0.9, weight_decay=2.0),
    optim.rmsprop(0.01, rho=1 - 1e-12, eps_inside=True, eps=0.5),
]


@pytest.mark.parametrize("rule", ADAPTIVE, ids=str)
@pytest.mark.parametrize("beyond", [0.98, 1.02])
def test_adaptive_rules_with_a_steady_v_grow_beyond_the_edge_and_shrink_below_it(
    rule: Optimizer, beyond: float
) -> None:
    """The step as a matrix over (w, m): its largest eigenvalue, at a rate just below and above the edge."""
    H, t = rotated([1, 2, 60]), 10**15
    v = np.array([0.04, 1.0, 9.0])
    lr = 1e-3
    for _ in range(40):  # adamw's limit depends on the rate: find the rate whose edge is `beyond`
        step = bowl(H, 1e-9 * np.ones(3), rule=told(rule), lr=lr)
        step.t, step.optimizer_state = t, {"v": {"a": v[:1], "b": v[1:, None]}}
        lr *= (beyond / float(edge(step).values)) ** 0.7
    memory = [name for name in rule.init(np.zeros(3)) if name != "v"]

    def advance(z: Any) -> Any:
        w, state = z[:3], {"v": v, **dict.fromkeys(memory, z[3:])}
        w, state = rule.step(w, H @ w, state, t, lr)
        return np.concatenate([w, *(state[name] for name in memory)])

    size = 3 + 3 * len(memory)
    jacobian = np.stack([advance(1e-6 * unit) / 1e-6 for unit in np.eye(size)], axis=1)
    growth = np.abs(np.linalg.eigvals(jacobian)).max()
    assert (growth > 1) == (beyond > 1)


def test_adams_limit_is_38_over_the_rate() -> None:
    step = bowl(np.eye(3), rule=facts("adam", beta1=0.9, beta2=0.999, eps=1e-8), lr=0.01)
    step.optimizer_state = {"v": {"a": np.ones(1), "b": np.ones((2, 1))}}
    step.t = 10**6
    found = edge(step)
    assert found.facts["limit"] == pytest.approx(3800)
    assert found.facts["sharpness"] == pytest.approx(1)  # v is 1, and so is the square of the gradient


def test_the_first_step_of_adam_divides_by_its_own_gradient() -> None:
    """At t = 1 v̂ is g², so that P is (1 − beta1)·|g|: on a diagonal Hessian λ over the gradient λ·w."""
    step = bowl(np.diag([1.0, 4, 9]), np.array([1.0, 2, -3]), rule=facts("adam", beta1=0.9, beta2=0.999, eps=1e-12))
    step.optimizer_state = {"v": {"a": np.zeros(1), "b": np.zeros((2, 1))}}
    assert edge(step).facts["sharpness"] == pytest.approx(1 / 0.1)  # the smallest |w| is 1


def test_coupled_weight_decay_adds_to_the_curvature() -> None:
    found = edge(bowl(np.diag([1.0, 3]), rule=facts("gradient_descent", weight_decay=0.5), lr=0.2))
    assert found.facts["sharpness"] == pytest.approx(3.5)
    assert float(found.values) == pytest.approx(0.35)


@pytest.mark.parametrize(
    "rule",
    [
        facts("lion"),
        facts("clip_by_norm", max_norm=1.0),
        facts("newton"),
        facts("rmsprop", rho=0.9, eps=1e-8, centred=True),
    ],
    ids=lambda rule: str(rule.name),
)
def test_nothing_is_claimed_about_rules_without_a_known_limit(rule: OptimizerFacts) -> None:
    found = edge(bowl(np.eye(2), rule=rule))
    assert math.isnan(float(found.values))
    assert math.isnan(found.facts["limit"])


def test_a_decay_that_throws_the_weights_over_leaves_nothing_stable() -> None:
    step = bowl(np.eye(2), rule=facts("adamw", beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=3.0), lr=1.0)
    step.optimizer_state = {"v": {"a": np.ones(1), "b": np.ones((1, 1))}}
    assert float(edge(step).values) == math.inf
    assert edge(step).facts["limit"] == 0


def test_a_rate_of_0_is_far_from_any_edge() -> None:
    found = edge(bowl(np.eye(2), lr=0.0))
    assert float(found.values) == 0
    assert found.facts["limit"] == math.inf


def test_a_hessian_that_is_not_finite_has_no_edge() -> None:
    step = bowl(np.eye(2))
    step.hvp = lambda v: {name: x * math.nan for name, x in v.items()}  # type: ignore[method-assign]
    assert math.isnan(float(edge(step).values))


def test_adams_sharpness_is_that_under_the_divisor_by_which_the_step_was_really_taken(
    scene: Callable[[str], list[ReplayedStep]],
) -> None:
    """update = −lr · m / P tells P, number by number; where no gradient ever came, the Hessian is 0 too."""
    step = scene("relu mlp float64")[-1]
    beta1 = step.optimizer.settings["beta1"]
    m = vector(step.optimizer_state["m"], step.params) * beta1 + (1 - beta1) * vector(step.grads, step.params)
    update = vector(step.updates, step.params)
    with np.errstate(invalid="ignore"):
        P = np.where(np.abs(m) > 1e-12, -step.lr * m / update, 1.0)
    product = hessian_product(step)
    H = np.stack([product(unit) for unit in np.eye(len(m))], axis=1)
    largest = np.linalg.eigvals(H / P[:, None]).real.max()
    assert edge(step, tolerance=1e-10).facts["sharpness"] == pytest.approx(largest, rel=1e-6)
