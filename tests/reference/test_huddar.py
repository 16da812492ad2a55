"""Mahesh Huddar's worked example: the 2-2-1 network without biases that many exams ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, Inside

from downslope.optim import gradient_descent


def sigmoid(net: Any) -> Any:
    return 1 / (1 + np.exp(-net))


def error(p: dict[str, float], x1: float, x2: float, target: float) -> Any:
    net3 = p["w13"] * x1 + p["w23"] * x2
    net4 = p["w14"] * x1 + p["w24"] * x2
    y3 = sigmoid(net3)
    y4 = sigmoid(net4)
    net5 = p["w35"] * y3 + p["w45"] * y4
    y5 = sigmoid(net5)
    return 0.5 * (target - y5) ** 2


WEIGHTS = ("w13", "w23", "w14", "w24", "w35", "w45")


@pytest.fixture
def inside(expect: Expect) -> Inside:
    given = expect.inputs("huddar.forward")
    return Inside(error, {w: given[w] for w in WEIGHTS}, given["x1"], given["x2"], given["target"])


def test_the_forward_pass(expect: Expect, inside: Inside) -> None:
    expect("huddar.forward", {name: inside.value(name) for name in ("y3", "y4", "y5")})


def test_the_error_signals_of_the_three_neurons(expect: Expect, inside: Inside) -> None:
    """He takes target − output, so his deltas are minus the derivative of the error by the net input."""
    expect(
        "huddar.delta", {"d5": -inside.adjoint("net5"), "d3": -inside.adjoint("net3"), "d4": -inside.adjoint("net4")}
    )


def test_the_weights_after_one_step_of_gradient_descent(expect: Expect, inside: Inside) -> None:
    given = expect.inputs("huddar.update")
    weights = {w: given[w] for w in WEIGHTS}
    updated, _ = gradient_descent(lr=given["lr"]).step(weights, inside.gradient, {}, 1)
    expect("huddar.update", updated)
