"""Losses: one number that says how wrong a batch of outputs is, a mean over the batch; their table and their checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np

from downslope.autodiff.tracer import Tracer
from downslope.errors import SettingError, ShapeError
from downslope.nn.activations import Array
from downslope.nn.table import Table

__all__ = ["LOSSES", "TASKS", "loss_for"]

Loss: TypeAlias = Callable[..., Array]
Measure = TypeVar("Measure", bound=Loss)

LOSSES: Table[Loss] = Table("loss")
"""Name -> ``(output, target) -> number``; an option is set with ``functools.partial(nn.huber, delta=2.0)``."""
TASKS: Table[Loss] = Table("task")
"""Task -> the loss that is taken for it by itself."""


def loss(*aliases: str, default_for: str | None = None) -> Callable[[Measure], Measure]:
    """Decorator: enter ``(output, target) -> number`` in the table under its name and ``aliases``."""

    def enter(function: Measure) -> Measure:
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


# --- what a target may be ---------------------------------------------------------------------------------------------


def target(y: Array, output: Array) -> Array:
    """Lists as arrays; whole numbers as the output's type where they take its shape, so that float32 stays float32."""
    y = y if hasattr(y, "dtype") else np.asarray(y)
    return y.astype(output.dtype) if np.shape(y) == np.shape(output) and y.dtype.kind in "iub" else y


def number_target(p: Array, y: Array, where: str) -> Array:
    """A target for every output; ShapeError ``loss-shape`` where the shapes differ, for they are never broadcast."""
    if np.shape(p) == np.shape(y):
        return target(y, p)
    is_labels = np.ndim(p) == 2 and np.shape(y) == np.shape(p)[:1] and np.shape(p)[1] > 1
    raise ShapeError(
        "loss-shape",
        f"outputs p of shape {np.shape(p)} meet targets y of shape {np.shape(y)}",
        where=where,
        why="each output has one target; NumPy would compare every output with every target of a (B, 1) and a (B,)",
        do=f"If y holds the indices of classes, give their one-hot: np.eye({np.shape(p)[1]})[y]."
        if is_labels
        else "Give both the same shape, for example y[:, None] to make a column (B, 1) of (B,).",
    )


def class_target(z: Array, y: Array, where: str, *, one_hot: bool = False) -> tuple[Array, bool]:
    """The target of logits z (B, C), and whether it holds labels (B,) or else probabilities (B, C).

    one_hot: each row of probabilities must be that of one class. Errors: ShapeError ``loss-shape``; SettingError
    ``loss-labels``, where y is not traced and can be looked at.
    """
    y = target(y, z)
    shapes = f"logits z of shape {np.shape(z)} meet y of shape {np.shape(y)}"
    if np.ndim(z) != 2 or np.shape(y) not in (np.shape(z), np.shape(z)[:1]):
        column = np.ndim(z) == 2 and np.shape(y) == (np.shape(z)[0], 1)
        raise ShapeError(
            "loss-shape",
            shapes,
            where=where,
            why="z is (B, C); y is (B,) with the index of each right class, or (B, C) with probabilities",
            do="Give y[:, 0]: labels are a flat array."
            if column
            else "Give z and y of such shapes, with the same B and C.",
        )
    is_labels = np.ndim(y) == 1
    if is_labels and y.dtype.kind not in "iu":
        raise wrong_labels(
            f"{shapes} and type {y.dtype}",
            where,
            why="labels are positions in a row of z, so they are whole numbers",
            do="Give y.astype(int) if these are labels, or a one-hot of the shape of z.",
        )
    if not isinstance(y, Tracer) and y.size:
        (_check_labels if is_labels else _check_rows)(y, np.shape(z)[1], where)
        if one_hot and not is_labels and not np.isin(y, (0, 1)).all():
            raise wrong_labels(
                f"row y[{int(np.argmin(np.isin(y, (0, 1)).all(axis=1)))}] spreads over several classes",
                where,
                why="this loss compares one right class with the others",
                do="Give labels (B,), or a one-hot; for shares of several classes take softmax_cross_entropy.",
            )
    return y, is_labels


def _check_labels(y: Any, C: int, where: str) -> None:
    if not 0 <= y.min() <= y.max() < C:
        i = int(np.flatnonzero((y < 0) | (y >= C))[0])
        raise wrong_labels(
            f"label y[{i}] is {y[i]}, and z has {C} columns",
            where,
            why=f"labels count the classes from 0 to {C - 1}; NumPy would take -1 for the last one without a word",
            do="Subtract the smallest label if they count from 1, or give the model an output for every class.",
        )


def _check_rows(y: Any, C: int, where: str) -> None:
    bad = ~((np.abs(y.sum(axis=1) - 1) < 1e-3) & (y >= 0).all(axis=1))
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise wrong_labels(
            f"row y[{i}] sums to {y[i].sum():g}, with {y[i].min():g} as its smallest number",
            where,
            why="a row of y holds the probabilities of the classes, so it has no negative number and sums to 1",
            do="Divide y by its row sums; for independent yes/no targets take bce_with_logits.",
        )


def wrong_labels(what: str, where: str, why: str, do: str) -> SettingError:
    """SettingError ``loss-labels``."""
    return SettingError("loss-labels", what, where=where, why=why, do=do)


def setting(value: float, low: float, high: float, name: str, where: str) -> float:
    """A number from ``low`` to ``high``; SettingError ``loss-setting`` otherwise."""
    if isinstance(value, int | float | np.number) and low <= value <= high:
        return float(value)
    raise SettingError(
        "loss-setting",
        f"{name} is {value!r}",
        where=where,
        why=f"it is a number from {low:g} to {high:g}",
        do=f"Give such a number, or leave {name} out.",
    )
