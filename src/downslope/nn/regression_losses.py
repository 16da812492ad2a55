"""Losses of numbers against numbers: squared, absolute, and Huber's between them."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff import scope
from downslope.nn.activations import Array
from downslope.nn.losses import loss, number_target, setting

__all__ = ["half_mse", "huber", "mae", "mse"]


@loss(default_for="regression")
def mse(p: Array, y: Array) -> Array:
    """Mean squared error: the mean of (p − y)² over all numbers of the batch. dL/dp = 2 · (p − y) / (count of numbers).

    p, y: outputs and targets of one and the same shape, (B, n). Many texts take half of it, so that the 2 goes away
    (:func:`half_mse`): their gradients are half of these, and their learning rate 0.01 is 0.005 here. Differs from
    PyTorch's ``mse_loss`` in refusing shapes that NumPy would broadcast. Errors: ShapeError ``loss-shape``.

    >>> float(mse(np.array([[1.0], [5.0]]), np.array([[2.0], [3.0]])))
    2.5
    """
    with scope("loss"):
        y = number_target(p, y, "mse")
        loss = np.mean((p - y) ** 2)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss()
def half_mse(p: Array, y: Array) -> Array:
    """Half of :func:`mse`: the mean of (p − y)² / 2 over all numbers of the batch. dL/dp = (p − y) / (their count).

    PyTorch has no such loss; MATLAB's ``half-mse`` divides by the examples and not by all numbers. Errors: ShapeError
    ``loss-shape``.

    >>> float(half_mse(np.array([[1.0], [5.0]]), np.array([[2.0], [3.0]])))
    1.25
    """
    with scope("loss"):
        y = number_target(p, y, "half_mse")
        loss = 0.5 * np.mean((p - y) ** 2)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss()
def mae(p: Array, y: Array) -> Array:
    """Mean absolute error: the mean of |p − y|. dL/dp = ±1 / (count of numbers), however large the error is.

    Its best constant is the median, where that of :func:`mse` is the mean. At p = y the derivative is taken as 0, as in
    PyTorch's ``l1_loss``. Errors: ShapeError ``loss-shape``.

    >>> float(mae(np.array([[1.0], [5.0]]), np.array([[2.0], [3.0]])))
    1.5
    """
    with scope("loss"):
        y = number_target(p, y, "mae")
        loss = np.mean(np.abs(p - y))
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss()
def huber(p: Array, y: Array, delta: float = 1.0) -> Array:
    """With r = p − y the mean of r²/2 where |r| ≤ delta, of delta · (|r| − delta/2) beyond: outliers pull no harder.

    dL/dp = r / (count of numbers), cut off at ±delta. With q = min(|r|, delta) both cases are q · (|r| − q/2). As
    PyTorch's ``huber_loss``; its ``smooth_l1_loss`` is this divided by delta. Source: P. Huber, "Robust Estimation of a
    Location Parameter", 1964. Errors: ShapeError ``loss-shape``; SettingError ``loss-setting``.

    >>> float(huber(np.array([0.5, 3.0]), np.array([0.0, 0.0])))
    1.3125
    """
    delta = setting(delta, math.ulp(0.0), math.inf, "delta", "huber(delta=...)")
    with scope("loss"):
        y = number_target(p, y, "huber")
        r = np.abs(p - y)
        q = np.minimum(r, delta)
        loss = np.mean(q * (r - q / 2))
    return loss  # noqa: RET504 -- the graph takes its names from these variables
