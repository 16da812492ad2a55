"""Layers of the library and their backward passes, on numbers small enough to be checked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect, Inside

import downslope as ds
from downslope import optim
from downslope.autodiff import stop_gradient


def arrays(expect: Expect, id: str) -> dict[str, Any]:
    return {name: np.array(value, float) for name, value in expect.inputs(id).items()}


def test_causal_attention(expect: Expect) -> None:
    given = arrays(expect, "backprop.attention.causal")
    q, k, v = given["q"], given["k"], given["v"]
    A = ds.nn.attention_weights(q, k, causal=True)
    output, pullback = ds.vjp(lambda q, k, v: ds.nn.attention(q, k, v, causal=True), q, k, v)
    dq, dk, dv = pullback(given["UA"])
    expect("backprop.attention.causal", {"A": A, "O": output, "dq": dq, "dk": dk, "dv": dv})


def test_batch_normalisation_in_training(expect: Expect) -> None:
    given = arrays(expect, "backprop.batchnorm")
    layer = ds.nn.batch_norm()
    params, state = layer.init(0, (4,), np.float64), layer.start_state((4,), np.float64)
    Y, pullback = ds.vjp(lambda X: layer.train(params, state, X, seed=0, t=1)[0], given["X"])
    (dX,) = pullback(given["UP"])
    expect("backprop.batchnorm", {"Y": Y, "dX": dX})
    np.testing.assert_allclose(dX.sum(axis=0), 0, atol=1e-15)


def test_a_convolution(expect: Expect) -> None:
    X, K = np.arange(1.0, 17.0).reshape(1, 1, 4, 4), np.array([[1.0, 0.0], [-1.0, 2.0]])[:, :, None, None]
    layer = ds.nn.conv2d(1, 2, bias=False)
    Y, pullback = ds.vjp(lambda X, K: layer({"w": K}, X), X, K)
    dX, dK = pullback(arrays(expect, "backprop.conv2d")["UC"][None, None])
    expect("backprop.conv2d", {"Y": Y[0, 0], "dK": dK[:, :, 0, 0], "dX": dX[0, 0]})


def test_max_pooling_hands_back_to_the_largest_alone(expect: Expect) -> None:
    layer = ds.nn.max_pool(2)
    Y, pullback = ds.vjp(lambda X: layer({}, X), arrays(expect, "backprop.maxpool")["X"][None, None])
    (dX,) = pullback(np.ones((1, 1, 2, 2)))
    expect("backprop.maxpool", {"Y": Y[0, 0], "dX": dX[0, 0]})


RNN = ds.nn.rnn(1)
WEIGHTS = {"w": np.array([[0.8]]), "u": np.array([[0.5]]), "b": np.array([0.1])}
SEQUENCE = np.array([1.0, -1.0, 0.5, 2.0]).reshape(1, 4, 1)


def squared_distance(states: list[Any]) -> Any:
    return ds.nn.half_mse(states[-1], np.array([[1.0]]))


def test_backpropagation_through_time(expect: Expect) -> None:
    inside = Inside(lambda p: squared_distance(RNN.run(p, SEQUENCE)[0]), WEIGHTS)
    gradients = {"dwh": inside.gradient["u"], "dwx": inside.gradient["w"], "db": inside.gradient["b"]}
    states = {"h": np.ravel(inside.all("h")), "dh": np.ravel(inside.adjoints("h"))}
    expect("backprop.rnn", states | {name: value.item() for name, value in gradients.items()})


def test_cutting_the_past_off_changes_the_gradient(expect: Expect) -> None:
    def truncated(p: Any) -> Any:
        _, carry = RNN.run(p, SEQUENCE[:, :2])
        return squared_distance(RNN.run(p, SEQUENCE[:, 2:], tuple(map(stop_gradient, carry)))[0])

    full = ds.grad(lambda p: squared_distance(RNN.run(p, SEQUENCE)[0]))(WEIGHTS)
    expect("backprop.tbptt", {"full": full["u"][0, 0], "truncated": ds.grad(truncated)(WEIGHTS)["u"][0, 0]})


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

    rule = optim.accumulate(optim.gradient_descent(1.0), steps=parts)  # it divides by itself
    w, state = np.zeros_like(whole), rule.init(np.zeros_like(whole))
    for t, batch in enumerate(batches, start=1):
        w, state = rule.step(w, gradient(*batch), state, t)
    np.testing.assert_allclose(w, -whole, rtol=1e-12, atol=1e-15)
