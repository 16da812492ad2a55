"""Losses and the softmax, with their gradients."""

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
    given = expect.inputs("bce.grad")
    loss, grad = ds.value_and_grad(ds.nn.bce_with_logits)(np.array([given["z"]]), np.array([given["t"]]))
    expect("bce.grad", {"loss": loss, "grad": grad[0]})


def test_binary_cross_entropy_is_softmax_cross_entropy_against_a_logit_of_zero(expect: Expect) -> None:
    given = expect.inputs("bce.grad")
    logits, label = np.array([[0.0, given["z"]]]), np.array([given["t"]])
    loss, grad = ds.value_and_grad(ds.nn.softmax_cross_entropy)(logits, label)
    expect("bce.grad", {"loss": loss, "grad": grad[0, 1]})


def test_hubers_loss_is_a_parabola_inside_and_straight_outside(expect: Expect) -> None:
    found = {}
    for key, r in zip("abc", (0.5, 3.0, -3.0), strict=True):
        loss, grad = ds.value_and_grad(ds.nn.huber)(np.array([r]), np.zeros(1))
        found[key] = [loss, grad[0]]
    expect("huber.grad", found)


def test_cross_entropy_with_smoothed_labels(expect: Expect) -> None:
    """The target is read off the gradient, which is softmax(z) − target. Or it is given: a row of probabilities."""
    given = expect.inputs("label_smoothing.grad")
    logits = np.array([given["logits"]])

    def smoothed(z: Any) -> Any:
        return ds.nn.softmax_cross_entropy(z, np.array([0]), label_smoothing=given["eps"])

    loss, grad = ds.value_and_grad(smoothed)(logits)
    target = ds.nn.softmax(logits) - grad
    expect("label_smoothing.grad", {"target": target[0], "grad": grad[0], "loss": loss})
    loss, grad = ds.value_and_grad(ds.nn.softmax_cross_entropy)(logits, target)
    expect("label_smoothing.grad", {"target": target[0], "grad": grad[0], "loss": loss})
