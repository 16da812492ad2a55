"""Gradient descent on data: batch, stochastic and mini-batch, as a pure function of what it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.data import Data, arrays
from downslope.errors import SettingError
from downslope.optim import Method, Optimizer, Plateau
from downslope.runs.progress import Progress
from downslope.runs.run import Run
from downslope.runs.task import Task
from downslope.runs.training import Training


def train(
    model: Any,
    data: Data | tuple[Any, Any],
    *,
    optimizer: Optimizer | Method,
    loss: Callable[..., Any] | None = None,
    batch_size: int | None = 32,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    params: Any = None,
    plateau: Plateau | None = None,
    dtype: Any = np.float32,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train a model and return the run: its loss at every step, its parameters, its metrics on the held-out part.

    model: a model of ``ds.nn``; or any plain NumPy function ``(params, x) -> output``, with ``params`` to start from.
    data: a data set, or a pair ``(x, y)`` of arrays. optimizer: of ``ds.optim``, its rate a number or a schedule;
    methods with a line search (``lbfgs``) are for batch gradient descent. loss: ``(output, y) -> number``; softmax
    cross-entropy for classes and mean squared error for numbers if None. batch_size: rows of a mini-batch; 1 is
    stochastic gradient descent, None is batch gradient descent (all rows in every step). epochs: passes over the
    training rows (20 if neither is given); or steps: updates. seed: fixes start parameters, batch order and dropout.
    plateau: lowers the rate when the held-out part, judged after every epoch, stops improving. dtype: float32 or
    float64. threads: of BLAS; one unless a step is large. progress: called about ten times a second.

    The run ends early, with what was learned so far, on Ctrl-C and at the first step whose numbers are not finite; then
    ``run.stopped`` says so and ``run.failure`` names the node. Errors: SettingError, DataError, ShapeError.

    >>> import downslope as ds
    >>> run = ds.train(ds.nn.mlp([64, 16, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), epochs=2)
    >>> len(run.loss), bool(run.loss[-1] < run.loss[0])
    (90, True)
    """
    task = Task(model, data if isinstance(data, Data) else arrays(*data), loss, seed, dtype)
    n = len(task.x)
    rows = n if batch_size is None else batch_size
    if not isinstance(rows, int | np.integer) or not 1 <= rows <= n:
        raise SettingError(
            "batch-size",
            f"batch_size={batch_size} with {n} rows to train on",
            where="train(batch_size=...)",
            why="a mini-batch is taken from the training rows, each of them at most once an epoch",
            do=f"use a number from 1 to {n}, or None for all rows in every step",
        )
    per_epoch = math.ceil(n / rows)
    length = _positive("steps", steps) or per_epoch * (_positive("epochs", epochs) or 20)
    return Training(task, optimizer, params, int(rows), length, plateau, threads).run(progress)


def _positive(name: str, value: int | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int | np.integer) or value < 1:
        raise SettingError(
            "train-length",
            f"{name}={value}",
            where=f"train({name}=...)",
            why="a run takes a whole number of steps, at least one",
            do=f"use {name}=1 or more",
        )
    return int(value)
