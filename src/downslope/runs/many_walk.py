"""Run after run through the same programs: a run of a sweep is walked as a replay walks, and nothing is recorded.

What runs of one kind share (the traced step, its machine code, the arrays that it works on) is made once; the next run
begins by writing its start values over the last one's. Tracing takes as long as a thousand steps of a small network.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from downslope.optim import Method, Optimizer
from downslope.runs.evaluate import evaluate
from downslope.runs.run import Run
from downslope.runs.segment import Segment
from downslope.runs.step_program import Carried
from downslope.runs.task import Task
from downslope.runs.walk import Walk

Array = Any
PORTION = 64  # steps at first; four times as many whenever they took less than a moment
MOMENT = 0.03  # seconds: a wish to stop is heard a few times in each portion's length
ROW_NUMBERS = 2**22  # bytes of row numbers that one call takes
REMEMBERED = 2**25  # bytes of mini-batches that are kept for the next run with the same seed


class StoppedError(Exception):
    """Somebody wants the sweep to end."""


@dataclass(frozen=True, eq=False)
class Case:
    """A run that is meant. given: the arguments of ``ds.train`` that make it. shown: those that vary, for the table.

    key: equal for cases that share their programs; its second part is the seed, where that stands in them. judge: who
    judges them, for all threads.
    """

    number: int
    given: dict[str, Any]
    shown: dict[str, Any]
    task: Task
    segment: Segment
    until: int
    key: tuple[Hashable, int | None]
    judge: Judge

    @property
    def rule(self) -> Optimizer | Method:
        """By which it is trained."""
        return self.segment.rule

    @property
    def start(self) -> Hashable:
        """Equal for cases of one kind that begin with the same numbers."""
        params = self.given["params"]
        return ("seed", self.task.seed) if params is None else ("params", id(params))


@dataclass(eq=False)
class Outcome:
    """What came of a case. losses: of all steps (n,). metrics: name -> values at the steps in "step".

    leaves: of what was carried at the end, None where that was too large to be kept. reason: why there was no machine
    code. run: of a run that was trained whole; others are made when they are asked for.
    """

    losses: Array
    metrics: dict[str, list[float]]
    seconds: float
    leaves: list[Array] | None = None
    reason: str = ""
    run: Run | None = None
    stopped: str | None = None
    path: str | None = None


@dataclass(eq=False)
class Judge:
    """A task that judges for all threads: its program has its arrays once."""

    task: Task
    lock: Lock = field(default_factory=Lock)

    def __call__(self, carried: Carried, rule: Optimizer | Method) -> dict[str, float]:
        """The held-out metrics of what is carried."""
        with self.lock:
            output, loss = self.task.judge(carried.evaluated(rule), carried.memory)
            return evaluate(self.task.data, output, loss)


class Rewalk:
    """A walk that is begun again for each case of one kind.

    asked: whether somebody wants it to end. turn: held by the thread that takes steps in place between machine code.
    """

    def __init__(self, case: Case, asked: Callable[[], bool], turn: Lock) -> None:
        self.asked, self.turn, self.portion = asked, turn, PORTION
        carried = Carried.start(case.task.start(case.given["params"]), case.rule, case.task.start_memory())
        self.walk = Walk(case.segment, carried, 0, norms=False)
        self.begun: Hashable = None
        self.start = [leaf.copy() for leaf in carried.leaves]
        self.batches: dict[tuple[int, int], tuple[Array, Array]] = {}  # (steps done, steps) -> those of the last seed
        self.seed, self.remembered = case.task.seed, 0

    def prepare(self, case: Case) -> None:
        """Trace and compile, so that what does not work is said before anything is trained."""
        self.walk.way_for(case.segment.batch_size)
        last = len(case.task.x) % case.segment.batch_size
        if last and case.until >= case.segment.steps_per_epoch:
            self.walk.way_for(last)

    def run(self, case: Case, *, every_epoch: bool, keep: bool) -> Outcome | None:
        """Walk a case to its end; None if its numbers cease to be finite on the way.

        every_epoch: judge at the end of each epoch, not only of the last one. keep: what is carried at the end.
        """
        began = time.perf_counter()
        self.begin(case)
        losses, metrics = np.empty(case.until), dict[str, list[float]](step=[])
        is_judged, stretch = len(case.task.data.held_out) > 0, case.segment.steps_per_epoch
        while self.walk.done < case.until:
            done = self.walk.done
            to = min(done + stretch - done % stretch, case.until) if every_epoch and is_judged else case.until
            if not self.advance(to, losses):
                return None
            if is_judged:
                metrics["step"].append(to)
                for name, value in case.judge(self.walk.carried, case.rule).items():
                    metrics.setdefault(name, []).append(value)
        leaves = [leaf.copy() for leaf in self.walk.carried.leaves] if keep else None
        reason = self.walk.way_for(case.segment.batch_size).reason if case.segment.takeover is not None else ""
        return Outcome(losses, metrics, time.perf_counter() - began, leaves, reason)

    def begin(self, case: Case) -> None:
        """Go to the start of a case."""
        if case.start != self.begun:
            found = Carried.start(case.task.start(case.given["params"]), case.rule, case.task.start_memory())
            self.begun, self.start = case.start, found.leaves
        if case.task.seed != self.seed:
            self.seed, self.batches, self.remembered = case.task.seed, {}, 0
        self.walk.segment, self.walk.done = case.segment, 0
        for leaf, value in zip(self.walk.carried.leaves, self.start, strict=True):
            leaf[...] = value

    def advance(self, to: int, losses: Array) -> bool:
        """Walk until ``to`` steps are done; False if the numbers cease to be finite."""
        walk, first, checked = self.walk, self.walk.done, time.perf_counter()
        while walk.done < to:
            began, done = time.perf_counter(), walk.done
            if began - checked > MOMENT:  # not more often: in a short run it takes longer than its steps
                if self.asked():
                    raise StoppedError
                if not self.sound(losses[first:done]):
                    return False
                first, checked = done, began
            xs, ys = self.mini_batches(min(self.portion, to - done))
            with self.turn if self.takes_turns(xs) else contextlib.nullcontext():
                walk.take(xs, ys, walk.segment.rates(done + 1, done + len(xs)), (losses[done : done + len(xs)],))
            if len(xs) == self.portion and time.perf_counter() - began < MOMENT:
                self.portion *= 4
        return self.sound(losses[first:to])

    def sound(self, losses: Array) -> bool:
        """Whether these losses are finite, and the parameters now."""
        return bool(np.isfinite(losses).all() and np.isfinite(self.walk.carried.flat).all())

    def takes_turns(self, xs: Array) -> bool:
        """Whether the next steps are an epoch's smaller last one, in place between those in machine code.

        Threads that run alike come to it at the same time, and would hand Python's lock to and fro for each operation.
        """
        rows = self.walk.segment.batch_size
        return xs.shape[1] != rows and self.walk.way_for(rows).gathered is not None

    def mini_batches(self, most: int) -> tuple[Array, Array]:
        """The next mini-batches of one size: machine code takes those of several epochs in one call."""
        walk = self.walk
        most = max(1, min(most, ROW_NUMBERS // (8 * walk.segment.batch_size)))
        key = walk.done, most
        if key in self.batches:
            return self.batches[key]
        xs, ys = walk.mini_batches(most)
        if walk.way_for(xs.shape[1]).gathered is not None:
            parts, count = [xs], len(xs)
            while count < most:
                places, rows = walk.segment.places(walk.done + count, most - count)
                if rows != xs.shape[1]:
                    break
                parts.append(np.reshape(places, (-1, rows)))
                count += len(parts[-1])
            xs = ys = np.concatenate(parts)
        if self.remembered + xs.nbytes + ys.nbytes <= REMEMBERED:
            self.batches[key] = xs, ys
            self.remembered += xs.nbytes + ys.nbytes
        return xs, ys
