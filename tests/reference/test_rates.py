"""How fast gradient descent and both kinds of momentum approach the minimum of a bowl: a step's own eigenvalues.

Sources: G. Goh, "Why Momentum Really Works", Distill, 2017; "Dive into Deep Learning", 12.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect

import downslope as ds
from downslope import surfaces
from downslope.autodiff.graph import Graph
from downslope.optim import Optimizer, gradient_descent, momentum, nesterov


def step_jacobian(rule: Optimizer, curvature: float) -> Graph:
    """(z, lr) -> Jacobian of one step on ½ λ x², where z = (x, v): the training step itself is differentiated."""

    def step(z: Any, lr: Any) -> Any:
        x, state = z[0], {name: z[i] for i, name in enumerate(rule.init(0.0), start=1)}
        slope = ds.grad(lambda x: 0.5 * curvature * x**2)(x)
        x, state = rule.step(x, slope, state, 1, lr)
        return np.stack([x, *state.values()])

    size = 1 + len(rule.init(0.0))
    return ds.trace(ds.jacobian(step, mode="forward"), np.zeros(size), 0.1)


def rate(rule: Optimizer, curvature: float, lr: float | None = None) -> float:
    """By what factor the distance shrinks at each step, in the long run."""
    size = 1 + len(rule.init(0.0))
    matrix = step_jacobian(rule, curvature)(np.zeros(size), rule.lr if lr is None else lr)
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def curvatures(given: dict[str, float]) -> tuple[float, float]:
    hessian = ds.hessian(lambda x: 0.5 * (given["l1"] * x[0] ** 2 + given["ln"] * x[1] ** 2))(np.ones(2))
    low, high = np.linalg.eigvalsh(hessian)
    return float(low), float(high)


@pytest.mark.parametrize("id", ["distill.l0.01_1.gd", "distill.l1_10.gd", "distill.l1_100.gd"])
def test_the_best_rate_of_gradient_descent(expect: Expect, id: str) -> None:
    low, high = curvatures(expect.inputs(id))
    alpha = 2 / (low + high)
    rates = [max(rate(gradient_descent(lr), low), rate(gradient_descent(lr), high)) for lr in (alpha, 0.99 * alpha)]
    expect(id, {"alpha": alpha, "rate": rates[0]})
    assert rates[0] < min(rates[1], max(rate(gradient_descent(1.01 * alpha), c) for c in (low, high)))


@pytest.mark.parametrize("id", ["distill.l0.01_1.mom", "distill.l0.2_4.mom", "distill.l1_10.mom", "distill.l1_100.mom"])
def test_the_best_rate_of_momentum(expect: Expect, id: str) -> None:
    low, high = curvatures(expect.inputs(id))
    alpha = (2 / (low**0.5 + high**0.5)) ** 2
    beta = ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 2
    rule = momentum(lr=alpha, beta=beta)
    expect(id, {"alpha": alpha, "beta": beta, "rate": max(rate(rule, low), rate(rule, high))})


def test_where_momentum_swings_its_rate_is_the_root_of_beta_alone(expect: Expect) -> None:
    given = expect.inputs("distill.complex_rate")
    for lr in (given["alpha"], given["alpha"] / 2, 2 * given["alpha"]):
        expect("distill.complex_rate", rate(momentum(lr=lr, beta=given["beta"]), given["lam"]))


def test_critical_damping(expect: Expect) -> None:
    given = expect.inputs("distill.critical_beta")
    beta = (1 - (given["alpha"] * given["lam"]) ** 0.5) ** 2
    expect("distill.critical_beta", rate(momentum(lr=given["alpha"], beta=beta), given["lam"]))


NESTEROV = ["nesterov.l0.01_1", "nesterov.l0.2_4", "nesterov.l1_100", "nesterov_std.l0.2_4", "nesterov_std.l1_10"]


@pytest.mark.parametrize("id", NESTEROV)
def test_the_rate_of_nesterovs_momentum(expect: Expect, id: str) -> None:
    """Twice: by the derivative of a step, and by the steps that the library takes to say whether a rate is stable."""
    given = expect.inputs(id)
    low, high = curvatures(given)
    rule = nesterov(lr=given["alpha"], beta=given["beta"])
    bowl = surfaces.formula(f"({low!r}*x**2 + {high!r}*y**2)/2")
    found = surfaces.stability(bowl, rule)
    assert found is not None
    expect(id, {"rate": max(rate(rule, low), rate(rule, high)), "measured": max(found.growth)})


def test_how_steep_it_may_be_for_each_rule(expect: Expect) -> None:
    beta = expect.inputs("eos.adam38")["beta"]
    rules = {
        "gd": gradient_descent(0.1),
        "hb": momentum(0.1, beta),
        "ema": momentum(0.1, beta, dampening=beta),
        "nesterov": nesterov(0.1, beta),
    }
    found = {name: surfaces.stability(surfaces.bowl, rule) for name, rule in rules.items()}
    expect("eos.adam38", {name: each.constant for name, each in found.items() if each})


def test_momentum_is_stable_up_to_two_plus_two_beta(expect: Expect) -> None:
    rules = [momentum(lr=0.1, beta=beta) for beta in expect.inputs("distill.stability")["beta"]]
    found = [surfaces.stability(surfaces.bowl, rule) for rule in rules]
    expect("distill.stability", [each.constant for each in found if each])


def test_gradient_noise_keeps_gradient_descent_from_the_minimum(expect: Expect) -> None:
    """The variance that one step maps to itself: V = a² V + b² s², with a and b the step's own derivatives."""
    given = expect.inputs("sgd.floor")

    def step(x: Any, noise: Any, lr: float) -> Any:
        slope = ds.grad(lambda x: 0.5 * given["l"] * x**2)(x)
        return gradient_descent(lr).step(x, slope + noise, {}, 1)[0]

    floors = {}
    for lr in given["lr"]:
        a, b = ds.grad(lambda x, noise, lr=lr: step(x, noise, lr), argnums=(0, 1))(1.0, 1.0)
        floors[lr] = b**2 * given["s2"] / (1 - a**2)
    expect("sgd.floor", floors)
