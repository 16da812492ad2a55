"""Losses as a user writes them in NumPy, differentiated by the library; and the softmax of downslope.nn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reference.tools import Expect

import downslope as ds


def log_sum_exp(z: Any) -> Any:
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top)))


def test_the_jacobian_of_softmax(expect: Expect) -> None:
    jacobian = ds.jacobian(ds.nn.softmax)(np.array(expect.inputs("softmax.jac")["logits"]))
    expect("softmax.jac", jacobian)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)
    assert abs(np.linalg.eigvalsh(jacobian)[0]) < 1e-15


def test_it_is_the_hessian_of_log_sum_exp(expect: Expect) -> None:
    expect("softmax.jac", ds.hessian(log_sum_exp)(np.array(expect.inputs("softmax.jac")["logits"])))


def test_softmax_of_large_logits_does_not_overflow(expect: Expect) -> None:
    expect("softmax.overflow", ds.nn.softmax(np.array([1000.0, 1001.0, 1002.0])))


def test_neither_does_log_sum_exp_and_its_gradient_is_the_softmax(expect: Expect) -> None:
    value, gradient = ds.value_and_grad(log_sum_exp)(np.array([1000.0, 1000.0]))
    expect("logsumexp.big", value)
    assert gradient.tolist() == [0.5, 0.5]
    value, (left, right) = ds.value_and_grad(np.logaddexp, argnums=(0, 1))(1000.0, 1000.0)
    expect("logsumexp.big", value)
    assert (left, right) == pytest.approx((0.5, 0.5), rel=1e-12)


def test_binary_cross_entropy_of_a_logit(expect: Expect) -> None:
    def bce(z: Any, t: float) -> Any:
        return np.logaddexp(0, z) - t * z

    given = expect.inputs("bce.grad")
    loss, grad = ds.value_and_grad(bce)(given["z"], given["t"])
    expect("bce.grad", {"loss": loss, "grad": grad})


def test_binary_cross_entropy_is_softmax_cross_entropy_against_a_logit_of_zero(expect: Expect) -> None:
    given = expect.inputs("bce.grad")
    logits, label = np.array([[0.0, given["z"]]]), np.array([given["t"]])
    loss, grad = ds.value_and_grad(ds.nn.softmax_cross_entropy)(logits, label)
    expect("bce.grad", {"loss": loss, "grad": grad[0, 1]})


def test_hubers_loss_is_a_parabola_inside_and_straight_outside(expect: Expect) -> None:
    def huber(r: Any, delta: float = 1.0) -> Any:
        return np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))

    expect("huber.grad", {key: ds.value_and_grad(huber)(r) for key, r in zip("abc", (0.5, 3.0, -3.0), strict=True)})


def test_cross_entropy_with_smoothed_labels(expect: Expect) -> None:
    """The library's cross-entropy takes a row of probabilities in place of a label."""
    given = expect.inputs("label_smoothing.grad")

    def smoothed(onehot: Any) -> Any:
        return (1 - given["eps"]) * onehot + given["eps"] / 3

    def loss(z: Any) -> Any:
        return ds.nn.softmax_cross_entropy(z[None], smoothed(np.array([[1.0, 0.0, 0.0]])))

    onehot = np.array([1.0, 0.0, 0.0])
    target = ds.trace(smoothed, onehot)(onehot)
    value, grad = ds.value_and_grad(loss)(np.array(given["logits"]))
    expect("label_smoothing.grad", {"target": target, "grad": grad, "loss": value})
