"""Adafactor: the squared gradients of a matrix remembered as one number a row and one a column."""

from __future__ import annotations

import math

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import not_negative, positive, rate, switched_on


@optimizer()
def adafactor(
    lr: Rate = 1e-2,
    decay: float = 0.8,
    eps1: float = 0.0,
    eps2: float = 1e-3,
    clip: float = 1.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """u = g / √v;  p ← p − a · u / max(1, rms(u) / clip), where a = max(eps2, rms(p)) · min(lr, 1/√t), g = dL/dp.

    For a matrix v = row · columnᵀ / mean(row), where row and column are running means of g² over the columns and over
    the rows: n + m numbers in the place of n·m, exact where g² has rank one. Of t squares, the new one counts
    t^−decay: a mean at first, later a longer and longer memory. There is no momentum. rms is the root mean square.

    lr: the largest relative step, above 0. decay: above 0. eps1: v is at least eps1²; 0 takes the machine epsilon of
    the parameters' type. eps2: parameters smaller than it move as if they were of this size, above 0. clip: above 0;
    updates of a larger root mean square are scaled down to it. weight_decay: decoupled, p ← (1 − lr · it) · p first.
    State: row and column for arrays of two and more axes (the last two are factored, the others stacked), v for others;
    what is not needed is empty. Not elementwise. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: N. Shazeer and M. Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018,
    Algorithms 4 and 5.
    Differs from PyTorch (``torch.optim.Adafactor``) in rounding only. Differs from optax (``optax.adafactor``) in the
    defaults and in that optax factors only where both sides have at least 128.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adafactor(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8142
    0.7399
    """
    decay, clip = positive("adafactor", "decay", decay), positive("adafactor", "clip", clip)
    eps1, eps2 = not_negative("adafactor", "eps1", eps1), positive("adafactor", "eps2", eps2)
    weight_decay = not_negative("adafactor", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        square = np.zeros_like(p)
        if np.ndim(p) < 2:
            return {"row": np.zeros(0, square.dtype), "column": np.zeros(0, square.dtype), "v": square}
        row, column = square.sum(axis=-1, keepdims=True), square.sum(axis=-2, keepdims=True)
        return {"row": row, "column": column, "v": np.zeros(0, square.dtype)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        new = t**-decay
        least = eps1 or float(np.finfo(getattr(p, "dtype", np.float64)).eps)
        size = np.maximum(rms(p), eps2)
        alpha = np.minimum(lr * size, size / t**0.5)
        p = (1 - lr * weight_decay) * p if weight_decay else p
        if np.ndim(p) < 2:
            v = (1 - new) * state["v"] + new * (g * g)
            after = {**state, "v": v}
        else:
            row = (1 - new) * state["row"] + new * np.mean(g * g, axis=-1, keepdims=True)
            column = (1 - new) * state["column"] + new * np.mean(g * g, axis=-2, keepdims=True)
            v = factored(row, column, least)
            after = {**state, "row": row, "column": column}
        u = g / np.sqrt(np.maximum(v, least * least))
        p = p - alpha / np.maximum(rms(u) / clip, 1.0) * u
        return p, after

    settings = {"decay": decay, "eps2": eps2, "clip": clip, **switched_on(eps1=eps1, weight_decay=weight_decay)}
    return Optimizer("adafactor", rate("adafactor", lr), settings, start, update, elementwise=False)


def factored(row: Array, column: Array, least: float = 0.0) -> Array:
    """The matrix of rank one with these means of its rows and of its columns: row · column / mean(row).

    row: (..., n, 1). column: (..., 1, m). least: mean(row) counts as no smaller than this.

    >>> factored(np.array([[2.0], [5.0]]), np.array([[2.5, 3.5, 4.5]]))
    array([[1.42857143, 2.        , 2.57142857],
           [3.57142857, 5.        , 6.42857143]])
    """
    return row @ column / np.maximum(np.mean(row, axis=-2, keepdims=True), least)


def rms(x: Array) -> Array:
    """The root mean square of all numbers of an array, 0 of an empty one."""
    return np.sqrt(np.sum(x * x) / max(1, math.prod(np.shape(x))))
