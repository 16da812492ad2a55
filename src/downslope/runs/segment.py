"""Segments: a run is one or more stretches of steps, each under fixed settings; a fork begins a new one.

Everything that a step depends on beside the state before it follows from its segment and its number: which rows it
sees, at which rate, under which rule. So a step can be taken again without the steps before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.data import order
from downslope.optim import Method, Optimizer, Plateau, Schedule
from downslope.runs.evaluate import METRIC
from downslope.runs.task import Task

Array = Any
AUTO, IN_PLACE, MACHINE = DIALECTS = ("auto", "in place", "machine")


@dataclass(frozen=True, eq=False)
class Segment:
    """Steps ``first, first + 1 ...`` under the same settings, until the next segment begins.

    origin, epoch: epoch number ``epoch`` began when ``origin`` steps were done. clock: steps that were done when the
    optimizer began; its own step is ``t - clock``. threads: of BLAS; None leaves it to BLAS. edits: what was changed by
    hand in the parameters before the first step, as words. takeover: steps of the run that are done in place before
    machine code takes over; None: it never does.
    """

    first: int
    task: Task
    rule: Optimizer | Method
    batch_size: int
    plateau: Plateau | None = None
    origin: int = 0
    epoch: int = 0
    clock: int = 0
    threads: int | None = 1
    edits: tuple[str, ...] = ()
    takeover: int | None = None

    @property
    def dialect(self) -> str:
        """Of the programs that take the steps: in place, machine code, or first the one and then the other."""
        return IN_PLACE if self.takeover is None else AUTO if self.takeover else MACHINE

    @property
    def steps_per_epoch(self) -> int:
        """How many mini-batches an epoch has; the last one may be smaller."""
        return math.ceil(len(self.task.x) / self.batch_size)

    def epoch_at(self, done: int) -> tuple[int, int]:
        """The epoch's number and the mini-batch within it that come after ``done`` steps, both counted from 0."""
        epoch, within = divmod(done - self.origin, self.steps_per_epoch)
        return self.epoch + epoch, within

    def ends_epoch(self, done: int) -> bool:
        """Whether an epoch is complete after ``done`` steps."""
        return (done - self.origin) % self.steps_per_epoch == 0

    def rows_at(self, t: int) -> Array:
        """The places among the training rows that step ``t`` sees, (B,)."""
        places, rows = self.places(t - 1, 1)
        return places[:rows]

    def places(self, done: int, most: int) -> tuple[Array, int]:
        """Places of the mini-batches after ``done`` steps, end to end, and the rows of each.

        At most ``most`` mini-batches, all of one size, of one epoch, and in one dialect.
        """
        if self.takeover is not None and done < self.takeover:
            most = min(most, self.takeover - done)
        n, b = len(self.task.x), self.batch_size
        if b == n:  # all rows in every step, in the order in which they stand
            return np.arange(n), n
        epoch, within = self.epoch_at(done)
        full = n // b
        count, rows = (min(most, full - within), b) if within < full else (1, n - full * b)
        return order(n, self.task.seed, epoch)[within * b : within * b + count * rows], rows

    def stacked(self, done: int, most: int) -> tuple[Array, Array]:
        """The mini-batches after ``done`` steps: (count, rows, ...) each."""
        x, y = self.task.x, self.task.y
        places, rows = self.places(done, most)
        if rows == len(x):
            return x[None], y[None]
        count = len(places) // rows
        return x[places].reshape(count, rows, *x.shape[1:]), y[places].reshape(count, rows, *y.shape[1:])

    @property
    def watched(self) -> str:
        """The metric that a plateau watches."""
        larger = self.plateau is not None and self.plateau.larger_is_better
        return METRIC[self.task.data.task] if larger else "held_out_loss"

    def rate(self, t: int) -> float:
        """The learning rate of step ``t``, where no plateau decides it."""
        return self.rule.rate(t - self.clock)

    def rates(self, first: int, last: int) -> list[float]:
        """The learning rates of these steps, where no plateau decides them."""
        if not isinstance(self.rule.lr, Schedule):
            return [self.rate(first)] * (last - first + 1)
        return [self.rate(t) for t in range(first, last + 1)]
