"""Gradient descent, momentum and Adam against PyTorch, optax and "Dive into Deep Learning", step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, descend

import downslope as ds
from downslope.optim import Optimizer, adam, gradient_descent, momentum


def bowl(x: Any) -> Any:
    """d2l's ill-conditioned bowl: Hessian eigenvalues 0.2 and 4."""
    return 0.1 * x[0] ** 2 + 2 * x[1] ** 2


def end_of(rule: Optimizer, given: dict[str, Any]) -> Any:
    return descend(rule, bowl, np.array(given["x0"], float), given["steps"])[-1]


# --- one given sequence of gradients ----------------------------------------------------------------------------------

SEQUENCES: dict[str, Callable[[dict[str, Any]], Optimizer]] = {
    "torch.seq.SGD.lr=0.1": lambda given: gradient_descent(lr=given["lr"]),
    "torch.seq.SGD.lr=0.1.weight_decay=0.1": lambda given: gradient_descent(lr=given["lr"]),
    "torch.seq.Adam.lr=0.1.weight_decay=0.1": lambda given: adam(lr=given["lr"]),
    "optax.seq.sgd(.1)": lambda given: gradient_descent(lr=0.1),
    "optax.seq.sgd(.1,momentum=.9)": lambda given: momentum(lr=0.1, beta=0.9),
}


@pytest.mark.parametrize("id", SEQUENCES)
def test_the_parameters_after_each_of_five_gradients(expect: Expect, id: str) -> None:
    """The loss is g·p, of gradient g. Weight decay as in torch.optim's SGD and Adam is a penalty: + ½ decay ‖p‖²."""
    given = expect.inputs(id)
    decay = given.get("weight_decay", 0.0)

    def loss(p: Any, g: Any) -> Any:
        return g @ p + 0.5 * decay * p @ p

    rule = SEQUENCES[id](given)
    p = np.array(given["p0"])
    state, visited = rule.init(p), []
    for t, g in enumerate(given["grads"], start=1):
        p, state = rule.step(p, ds.grad(loss)(p, np.array(g)), state, t)
        visited.append(p)
    expect(id, visited)


def test_a_penalty_alone_makes_adam_take_a_whole_step(expect: Expect) -> None:
    penalty = ds.grad(lambda w: 0.5 * 0.01 * w**2)
    rule = adam(lr=0.1)
    w, _ = rule.step(1.0, penalty(1.0), rule.init(1.0), 1)
    expect("torch.wd.adam", w)


# --- twenty steps in the ill-conditioned bowl -------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["d2l.ill.gd.lr0.4", "d2l.ill.gd.lr0.6"])
def test_gradient_descent_in_a_ravine(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    expect(id, dict(zip(("x1", "x2"), end_of(gradient_descent(lr=given["lr"]), given), strict=True)))


@pytest.mark.parametrize("id", ["d2l.ill.momentum.b0.25", "d2l.ill.momentum.b0.5"])
def test_momentum_in_a_ravine(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    end = end_of(momentum(lr=given["lr"], beta=given["beta"]), given)
    expect(id, dict(zip(("x1", "x2"), end, strict=True)))


def test_momentum_in_a_ravine_as_in_torch(expect: Expect) -> None:
    given = expect.inputs("torch.ill.mom.6_.5")
    expect("torch.ill.mom.6_.5", end_of(momentum(lr=given["lr"], beta=given["momentum"]), given))


@pytest.mark.parametrize("id", ["ill.adam", "torch.ill.adam.4"])
def test_adam_in_a_ravine(expect: Expect, id: str) -> None:
    given = expect.inputs(id)
    expect(id, end_of(adam(lr=given["lr"]), given))


# --- one variable -----------------------------------------------------------------------------------------------------


def test_gradient_descent_on_a_parabola(expect: Expect) -> None:
    given = expect.inputs("d2l.gd1d.lr0.05")
    path = descend(gradient_descent(lr=given["lr"]), lambda x: x**2, float(given["x0"]), given["steps"])
    expect("d2l.gd1d.lr0.05", path[-1])


def test_gradient_descent_stops_in_a_local_minimum(expect: Expect) -> None:
    given = expect.inputs("d2l.xcos.gd2")
    f = lambda x: x * np.cos(0.15 * np.pi * x)  # noqa: E731 -- a user's formula
    path = descend(gradient_descent(lr=given["lr"]), f, float(given["x0"]), given["steps"])
    expect("d2l.xcos.gd2", path[-1])


def test_gradient_descent_converges_up_to_two_over_the_curvature(expect: Expect) -> None:
    given = expect.inputs("gd.stability")

    def steps(lr: float, n: int) -> float:
        return float(abs(descend(gradient_descent(lr), lambda x: given["l"] / 2 * x**2, given["x0"], n)[-1]))

    one, osc, div = given["lr"]
    expect("gd.stability", {"one": steps(one, 1), "osc": steps(osc, 20), "div": steps(div, 20)})


# --- what momentum and Adam remember ----------------------------------------------------------------------------------


def test_adams_correction_of_its_young_averages(expect: Expect) -> None:
    """How many times longer its steps would be without it, under a constant gradient."""
    rule = adam(lr=1.0)
    w, state, ratios = 0.0, rule.init(0.0), [0.0]
    for t in range(1, 1001):
        before = w
        w, state = rule.step(w, 1.0, state, t)
        uncorrected = state["m"] / np.sqrt(state["v"])
        ratios.append(float(uncorrected / (before - w)))
    found = {f"t{t}": ratios[t] for t in (1, 12, 100, 1000)}
    expect("adam.ratio", found | {"peak": int(np.argmax(ratios))})


def memory(beta: float) -> Any:
    """How much of a gradient of 1 is in momentum's velocity after 1, 2, ... steps, until nothing is left."""
    rule = momentum(lr=1.0, beta=beta)
    fades = ds.trace(lambda v: rule.step(0.0, 0.0, {"v": v}, 1)[1]["v"], 1.0).program()
    (_, state), weights = rule.step(0.0, 1.0, rule.init(0.0), 1), []
    v = float(state["v"])
    while v > 1e-19:
        weights.append(v)
        v = float(fades(v))
    return np.array(weights)


def test_how_long_momentum_remembers(expect: Expect) -> None:
    total, memories = {}, {}
    for beta in expect.inputs("ewma.halflife")["beta"]:
        weights = memory(beta)
        window = weights.sum()
        total[beta] = window
        half_life = np.log(0.5) / np.log(weights[1] / weights[0])
        lag = weights @ np.arange(len(weights)) / window
        memories[beta] = {"half_life": half_life, "window": window, "lag": lag}
    expect("d2l.eff_lr", total)
    expect("ewma.halflife", memories)
