"""Losses: one number that says how wrong a batch of outputs is, a mean over the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff import scope, stop_gradient
from downslope.errors import SettingError, ShapeError
from downslope.nn.activations import Array
from downslope.nn.table import Table

Loss: TypeAlias = Callable[[Array, Array], Array]

LOSSES: Table[Loss] = Table("loss")
"""Name -> ``(output, target) -> number``."""
TASKS: Table[Loss] = Table("task")
"""Task -> the loss that is taken for it by itself."""


def loss(*aliases: str, default_for: str | None = None) -> Callable[[Any], Any]:
    """Decorator: enter ``(output, target) -> number`` in the table under its name and ``aliases``."""

    def enter(function: Any) -> Any:
        LOSSES.enter(function, function.__module__, function.__name__, *aliases)
        if default_for is not None:
            TASKS.enter(function, function.__module__, default_for)
        return function

    return enter


def loss_for(task: str) -> Loss:
    """The loss for "classification" (softmax cross-entropy) or "regression" (mean squared error).

    Errors: SettingError ``unknown-name``.
    """
    return TASKS.find(task)


@loss(default_for="regression")
def mse(p: Array, y: Array) -> Array:
    """Mean squared error: the mean of (p − y)² over all numbers of the batch. dL/dp = 2 · (p − y) / (count of numbers).

    p, y: outputs and targets of one and the same shape, (B, n). Many texts take half of it, so that the 2 goes away:
    their gradients are half of these, and their learning rate 0.01 is 0.005 here. Differs from PyTorch's ``mse_loss``
    in refusing shapes that NumPy would broadcast. Errors: ShapeError ``loss-shape``.

    >>> float(mse(np.array([[1.0], [5.0]]), np.array([[2.0], [3.0]])))
    2.5
    """
    if np.shape(p) != np.shape(y):
        raise _do_not_fit(
            f"outputs p of shape {np.shape(p)} meet targets y of shape {np.shape(y)}",
            "mse",
            why="each output has one target; NumPy would compare every output with every target of a (B, 1) and a (B,)",
            do="Give both the same shape, for example y[:, None] to make a column (B, 1) of (B,).",
        )
    with scope("loss"):
        y = _target(y, p)
        loss = np.mean((p - y) ** 2)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


@loss(default_for="classification")
def softmax_cross_entropy(z: Array, y: Array) -> Array:
    """Mean over the batch of −log of the probability that softmax(z) gives to the right class.

    z: logits (B, C). y: labels (B,), whole numbers from 0 to C − 1; or a row of probabilities for each example (B, C),
    such as a one-hot. −log softmax(z)_y = log Σ_j e^s_j − s_y with s = z − max z: no overflow, and log never sees 0.
    dL/dz = (softmax(z) − y) / B, with y as a one-hot. Chance level is log C. Differs from PyTorch's
    ``cross_entropy`` in having no options, and in refusing rows of y that do not sum to 1. Errors: ShapeError
    ``loss-shape``; SettingError ``loss-labels``, where y is not traced and can be looked at.

    >>> float(softmax_cross_entropy(np.array([[1000.0, 0.0]]), np.array([1])))
    1000.0
    """
    with scope("loss"):
        y = _target(y, z)
        labels = _check_classes(z, y)
        top = stop_gradient(np.max(z, axis=1, keepdims=True))
        s = z - top
        e = np.exp(s)
        total = np.sum(e, axis=1)
        picked = s[np.arange(np.shape(z)[0]), y] if labels else np.sum(y * s, axis=1)
        loss = np.mean(np.log(total) - picked)
    return loss  # noqa: RET504 -- the graph takes its names from these variables


def _target(y: Array, output: Array) -> Array:
    """Lists as arrays; whole numbers as the output's type where they take its shape, so that float32 stays float32."""
    y = y if hasattr(y, "dtype") else np.asarray(y)
    return y.astype(output.dtype) if np.shape(y) == np.shape(output) and y.dtype.kind in "iub" else y


def _check_classes(z: Array, y: Array) -> bool:
    """True if y holds labels, False if it holds probabilities; an error if it fits neither."""
    shapes = f"logits z of shape {np.shape(z)} meet y of shape {np.shape(y)}"
    if np.ndim(z) != 2 or np.shape(y) not in (np.shape(z), np.shape(z)[:1]):
        column = np.ndim(z) == 2 and np.shape(y) == (np.shape(z)[0], 1)
        raise _do_not_fit(
            shapes,
            "softmax_cross_entropy",
            why="z is (B, C); y is (B,) with the index of each right class, or (B, C) with probabilities",
            do="Give y[:, 0]: labels are a flat array."
            if column
            else "Give z and y of such shapes, with the same B and C.",
        )
    labels = np.ndim(y) == 1
    if labels and y.dtype.kind not in "iu":
        raise _wrong_labels(
            f"{shapes} and type {y.dtype}",
            why="labels are positions in a row of z, so they are whole numbers",
            do="Give y.astype(int) if these are labels, or a one-hot of the shape of z.",
        )
    if isinstance(y, np.ndarray) and y.size:
        _check_values(y, np.shape(z)[1], labels)
    return labels


def _check_values(y: Any, C: int, labels: bool) -> None:
    if labels and not 0 <= y.min() <= y.max() < C:
        i = int(np.flatnonzero((y < 0) | (y >= C))[0])
        raise _wrong_labels(
            f"label y[{i}] is {y[i]}, and z has {C} columns",
            why=f"labels count the classes from 0 to {C - 1}; NumPy would take -1 for the last one without a word",
            do="Subtract the smallest label if they count from 1, or give the model an output for every class.",
        )
    if not labels:
        bad = ~((np.abs(y.sum(axis=1) - 1) < 1e-3) & (y >= 0).all(axis=1))
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise _wrong_labels(
                f"row y[{i}] sums to {y[i].sum():g}, with {y[i].min():g} as its smallest number",
                why="a row of y holds the probabilities of the classes, so it has no negative number and sums to 1",
                do="Divide y by its row sums; for independent yes/no targets this is the wrong loss.",
            )


def _do_not_fit(what: str, where: str, why: str, do: str) -> ShapeError:
    return ShapeError("loss-shape", what, where=where, why=why, do=do)


def _wrong_labels(what: str, why: str, do: str) -> SettingError:
    return SettingError("loss-labels", what, where="softmax_cross_entropy", why=why, do=do)
