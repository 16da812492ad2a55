"""Layers in plain NumPy, as a user writes them, and their backward passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, Inside

import downslope as ds
from downslope.autodiff import stop_gradient


def arrays(expect: Expect, id: str) -> dict[str, Any]:
    return {name: np.array(value, float) for name, value in expect.inputs(id).items()}


def test_causal_attention(expect: Expect) -> None:
    given = arrays(expect, "backprop.attention.causal")
    point = given["q"], given["k"], given["v"]

    def attention(q: Any, k: Any, v: Any) -> Any:
        scores = q @ k.T / np.sqrt(q.shape[1])
        allowed = np.tril(np.ones((3, 3), bool))
        scores = np.where(allowed, scores, -np.inf)
        A = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        A = A / np.sum(A, axis=1, keepdims=True)
        return A, A @ v

    (A, output), pullback = ds.vjp(attention, *point)
    dq, dk, dv = pullback((np.zeros((3, 3)), given["UA"]))
    expect("backprop.attention.causal", {"A": A, "O": output, "dq": dq, "dk": dk, "dv": dv})


def test_batch_normalisation_in_training(expect: Expect) -> None:
    given = arrays(expect, "backprop.batchnorm")

    def batchnorm(X: Any) -> Any:
        return (X - np.mean(X, axis=0)) / np.sqrt(np.var(X, axis=0) + 1e-5)

    Y, pullback = ds.vjp(batchnorm, given["X"])
    (dX,) = pullback(given["UP"])
    expect("backprop.batchnorm", {"Y": Y, "dX": dX})
    np.testing.assert_allclose(dX.sum(axis=0), 0, atol=1e-15)


def test_a_convolution_by_shifted_slices(expect: Expect) -> None:
    def convolve(X: Any, K: Any) -> Any:
        return sum(K[i, j] * X[i : i + 3, j : j + 3] for i in range(2) for j in range(2))

    X, K = np.arange(1.0, 17.0).reshape(4, 4), np.array([[1.0, 0.0], [-1.0, 2.0]])
    Y, pullback = ds.vjp(convolve, X, K)
    dX, dK = pullback(arrays(expect, "backprop.conv2d")["UC"])
    expect("backprop.conv2d", {"Y": Y, "dK": dK, "dX": dX})


def test_max_pooling_hands_back_to_the_largest_alone(expect: Expect) -> None:
    def pool(X: Any) -> Any:
        return np.max(X.reshape(2, 2, 2, 2), axis=(1, 3))

    Y, pullback = ds.vjp(pool, arrays(expect, "backprop.maxpool")["X"])
    (dX,) = pullback(np.ones((2, 2)))
    expect("backprop.maxpool", {"Y": Y, "dX": dX})


def rnn(p: Any, cut_after: int | None = None) -> Any:
    h = 0.0
    for t, x in enumerate([1.0, -1.0, 0.5, 2.0], start=1):
        h = np.tanh(p["wh"] * h + p["wx"] * x + p["b"])
        if t == cut_after:
            h = stop_gradient(h)
    return 0.5 * (h - 1) ** 2


WEIGHTS = {"wh": 0.5, "wx": 0.8, "b": 0.1}


def test_backpropagation_through_time(expect: Expect) -> None:
    inside = Inside(rnn, WEIGHTS)
    gradients = {f"d{name}": value for name, value in inside.gradient.items()}
    expect("backprop.rnn", {"h": inside.all("h"), "dh": inside.adjoints("h")} | gradients)


def test_cutting_the_past_off_changes_the_gradient(expect: Expect) -> None:
    full, truncated = (ds.grad(lambda p, cut=cut: rnn(p, cut))(WEIGHTS)["wh"] for cut in (None, 2))
    expect("backprop.tbptt", {"full": full, "truncated": truncated})


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulated_gradients_are_those_of_the_whole_batch_if_each_loss_is_divided(expect: Expect, parts: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 5)), rng.integers(0, 3, 12)
    model = ds.nn.mlp([5, 4, 3], hidden="tanh")
    params = model.init(seed=1, dtype=np.float64)

    def loss(params: Any, x: Any, y: Any) -> Any:
        return ds.nn.softmax_cross_entropy(model(params, x), y)

    def gradient(x: Any, y: Any, divided_by: int = 1) -> Any:
        return ds.grad(lambda params: loss(params, x, y) / divided_by)(params)["dense1"]["w"]

    whole = gradient(x, y)
    batches = list(zip(np.split(x, parts), np.split(y, parts), strict=True))
    rules = {"loss/accum_steps": parts, "loss": 1}
    right = [
        rule
        for rule, divisor in rules.items()
        if np.abs(sum(gradient(*batch, divisor) for batch in batches) - whole).max() < 1e-9
    ]
    assert len(right) == 1
    expect("accum.equiv", {"rule": right[0]})
