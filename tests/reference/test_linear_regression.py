"""A straight line: least squares, the pages that teach it, and two conventions of the mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from tests.reference.tools import Expect, descend, newton

import downslope as ds
from downslope.optim import Optimizer, gradient_descent, momentum

Bmi = tuple[Any, Any]


@pytest.fixture(scope="module")
def bmi() -> Bmi:
    """Body mass index, standardised, and the progression of diabetes: 442 rows."""
    x, y = load_diabetes(return_X_y=True)
    column = x[:, [2]]
    return (column - column.mean()) / column.std(), y


def test_a_thousand_steps_of_train_reach_least_squares(expect: Expect, bmi: Bmi) -> None:
    given = expect.inputs("gfg.diabetes.final")
    run = ds.train(
        ds.nn.mlp([1, 1], init="zeros"),
        ds.data.arrays(*bmi, held_out=0),
        optimizer=gradient_descent(lr=given["lr"]),
        batch_size=None,
        steps=given["iters"],
        dtype=np.float64,
    )
    line = run.params["dense1"]
    expect("gfg.diabetes.final", {"m": line["w"][0, 0], "c": line["b"][0]})


def test_a_plain_function_is_trained_to_the_same_line(expect: Expect, bmi: Bmi) -> None:
    given = expect.inputs("gfg.diabetes.final")

    def line(p: Any, x: Any) -> Any:
        return p["m"] * x + p["c"]

    run = ds.train(
        line,
        ds.data.arrays(*bmi, held_out=0),
        optimizer=gradient_descent(lr=given["lr"]),
        batch_size=None,
        steps=given["iters"],
        params={"m": 0.0, "c": 0.0},
        dtype=np.float64,
    )
    expect("gfg.diabetes.final", run.params)


def test_every_step_leaves_nine_tenths_of_the_way(expect: Expect, bmi: Bmi) -> None:
    x, y = bmi

    def loss(p: Any) -> Any:
        return ds.nn.mse(p[0] * x[:, 0] + p[1], y)

    path = np.array(descend(gradient_descent(lr=0.05), loss, np.zeros(2), 1000))
    left = path[:20] - path[-1]
    for ratios in left[1:] / left[:-1]:
        expect("gfg.diabetes.rate", ratios)


# --- the four variants of gradient descent ----------------------------------------------------------------------------

VARIANTS: dict[str, tuple[list[slice], Optimizer]] = {
    "batch": ([slice(0, 3)], gradient_descent(lr=0.01)),
    "sgd": ([slice(0, 1), slice(1, 2), slice(2, 3)], gradient_descent(lr=0.01)),
    "mini2": ([slice(0, 2), slice(2, 3)], gradient_descent(lr=0.01)),
    "momentum": ([slice(0, 3)], momentum(lr=0.01, beta=0.9)),
}


def half_mse(theta: Any, X: Any, y: Any) -> Any:
    return ds.nn.half_mse(X @ theta, y)


def variant(X: Any, y: Any, batches: list[slice], rule: Optimizer, epochs: int) -> list[Any]:
    """Parameters after each epoch."""
    slopes = [ds.trace(ds.grad(half_mse), np.zeros(2), X[rows], y[rows]).program() for rows in batches]
    theta, t, visited = np.zeros(2), 0, [np.zeros(2)]
    state = rule.init(theta)
    for _ in range(epochs):
        for rows, slope in zip(batches, slopes, strict=True):
            t += 1
            theta, state = rule.step(theta, slope(theta, X[rows], y[rows]), state, t)
        visited.append(theta)
    return visited


def test_the_four_variants_of_the_linked_page(expect: Expect) -> None:
    given = expect.inputs("gfg.variants")
    X, y = np.array(given["X"]), np.array(given["y"])
    found = {}
    for name, (batches, rule) in VARIANTS.items():
        assert rule.lr == given["lr"]
        visited = variant(X, y, batches, rule, 100)
        found[name] = {1: visited[1], 100: visited[100]}
    expect("gfg.variants", found)


@pytest.mark.parametrize("name", ["batch", "momentum"])
def test_batch_gradient_descent_ends_in_least_squares(expect: Expect, name: str) -> None:
    given = expect.inputs("gfg.variants")
    X, y = np.array(given["X"]), np.array(given["y"])
    rule = gradient_descent(lr=0.3) if name == "batch" else momentum(lr=0.1, beta=0.8)
    expect("gfg.variants.limit", variant(X, y, VARIANTS[name][0], rule, 2000)[-1])


def test_the_two_linked_pages_differ_by_a_factor_of_two(expect: Expect) -> None:
    given = expect.inputs("gfg.variants")
    X, y = np.array(given["X"]), np.array(given["y"])
    theta = np.array([0.1, -0.2])
    of_mse = ds.grad(lambda theta: ds.nn.mse(X @ theta, y))(theta)
    for factor in of_mse / ds.grad(half_mse)(theta, X, y):
        expect("convention.half", {"factor": factor})


def test_the_line_through_five_points(expect: Expect) -> None:
    x, y = np.arange(1.0, 6.0), np.array([2.0, 4, 5, 4, 5])

    def sse(p: Any) -> Any:
        return np.sum((p[0] * x + p[1] - y) ** 2)

    line = newton(sse, np.zeros(2), 2)[-1]
    expect("linreg.classic", {"m": line[0], "c": line[1], "sse": ds.value_and_grad(sse)(line)[0]})
