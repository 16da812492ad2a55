"""The loop: steps in small portions, so that it can tell how far it is, be interrupted, and find what went wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from downslope.autodiff.cost import cost
from downslope.data import order
from downslope.optim import Method, Optimizer, Plateau
from downslope.runs.evaluate import METRIC, evaluate
from downslope.runs.failure import Failure, describe
from downslope.runs.interrupt import interruptible
from downslope.runs.progress import Progress
from downslope.runs.run import Run
from downslope.runs.step_program import Carried, Steps, steps_of
from downslope.runs.task import Task

MANY_FLOPS = 5e8  # below so many a step, a second BLAS thread costs more than it gives on a busy machine
REPORT_SECONDS = 0.1
Report = Callable[[Progress], None]


class Training:
    """A training while it goes on. Everything that a step changes is in ``carried``."""

    def __init__(
        self,
        task: Task,
        rule: Optimizer | Method,
        params: Any,
        batch_size: int,
        steps: int,
        plateau: Plateau | None,
        threads: int | None,
    ) -> None:
        self.task, self.rule, self.batch_size, self.steps = task, rule, batch_size, steps
        self.steps_per_epoch = math.ceil(len(task.x) / batch_size)
        self.carried = Carried.start(task.start(params), rule, task.start_memory())
        self.plateau, self.fall = plateau, plateau.start() if plateau else None
        self.ways: dict[int, Steps] = {}
        flops = cost(self.way_for(batch_size).graph).flops
        last = len(task.x) % batch_size
        if last and steps >= self.steps_per_epoch:
            self.way_for(last)  # what does not work with the epoch's smaller last batch is said before training
        self.threads = threads or (1 if flops < MANY_FLOPS else None)
        self.done, self.failure = 0, None
        self.losses = np.full(steps, np.nan)
        self.metrics: dict[str, list[float]] = {"step": []}
        self.began = self.reported = time.perf_counter()

    failure: Failure | None

    def way_for(self, rows: int) -> Steps:
        """The steps for mini-batches of so many rows; the last one of an epoch may be smaller."""
        if rows not in self.ways:
            batch = (self.task.x[:rows], self.task.y[:rows])
            self.ways[rows] = steps_of(self.task.objective, self.rule, self.carried, batch)
        return self.ways[rows]

    def run(self, report: Report | None) -> Run:
        """Take all steps, or as many as can be taken."""
        stopped, portion = None, 8
        limited = threadpool_limits(self.threads, user_api="blas")
        with limited, interruptible() as interrupted, np.errstate(all="ignore"):
            while self.done < self.steps and not self.failure:
                if interrupted():
                    stopped = f"interrupted after step {self.done} of {self.steps}"
                    break
                began, before = time.perf_counter(), self.done
                self.advance(portion)
                pace = (time.perf_counter() - began) / max(1, self.done - before)
                portion = max(1, min(int(REPORT_SECONDS / max(pace, 1e-7)), 4 * portion))
                self.report(report)
            if self.done and self.metrics["step"][-1:] != [self.done]:
                self.evaluate()
        if self.failure:
            stopped = f"not finite at step {self.failure.step}: {self.failure.operation} in {self.failure.place}"
        self.report(report, at_end=True)
        return self.result(stopped)

    def advance(self, most: int) -> None:
        """Take at most so many steps, of one mini-batch size and one epoch."""
        xs, ys = self.portion(most)
        ts = range(self.done + 1, self.done + len(xs) + 1)
        rates = [self.fall["rate"] if self.fall else self.rule.rate(t) for t in ts]
        before = self.carried.copies()
        losses = self.losses[self.done : self.done + len(xs)]
        self.way_for(xs.shape[1]).run(xs, ys, ts[0], rates, losses)
        if not (np.isfinite(losses).all() and np.isfinite(self.carried.flat).all()):
            self.find_failure(before, xs, ys, rates)
            return
        self.done += len(xs)
        if self.done % self.steps_per_epoch == 0:
            self.evaluate()

    def portion(self, most: int) -> tuple[Any, Any]:
        """The next mini-batches, stacked: (count, rows, ...)."""
        epoch, within = divmod(self.done, self.steps_per_epoch)
        x, y, b = self.task.x, self.task.y, self.batch_size
        if b == len(x):  # all rows in every step, in the order in which they stand
            return x[None], y[None]
        full = len(x) // b
        count = min(most, full - within, self.steps - self.done) if within < full else 1
        rows = b if within < full else len(x) - full * b
        places = order(len(x), self.task.seed, epoch)[within * b : within * b + count * rows]
        return x[places].reshape(count, rows, *x.shape[1:]), y[places].reshape(count, rows, *y.shape[1:])

    def find_failure(self, before: Any, xs: Any, ys: Any, rates: list[float]) -> None:
        """Go back to where the numbers were still sound, and take the steps again one by one until one is not."""
        way = self.way_for(xs.shape[1])
        self.carried.restore(before)
        for k in range(len(rates)):
            before, t, one = self.carried.copies(), self.done + 1, slice(k, k + 1)
            loss = self.losses[self.done : self.done + 1]
            way.run(xs[one], ys[one], t, rates[one], loss)
            if not (np.isfinite(loss).all() and np.isfinite(self.carried.flat).all()):
                self.failure = describe(way.graph, way.arguments(before, xs[k], ys[k], t, rates[k]), t)
                self.carried.restore(before)
                return
            self.done += 1

    # --- telling -------------------------------------------------------------------------------------------------

    def evaluate(self) -> None:
        """Judge the parameters by the held-out part."""
        data = self.task.data
        if not len(data.held_out):
            return
        output, loss = self.task.judge(self.carried.evaluated(self.rule), self.carried.memory, data.held_out)
        self.metrics["step"].append(self.done)
        for name, value in evaluate(data, output, loss).items():
            self.metrics.setdefault(name, []).append(value)
        if self.plateau and self.fall:
            watched = METRIC[data.task] if self.plateau.larger_is_better else "held_out_loss"
            self.fall = self.plateau.update(self.fall, self.metrics[watched][-1])

    def report(self, report: Report | None, at_end: bool = False) -> None:
        """Tell how far it is, at most ten times a second."""
        now = time.perf_counter()
        if report is None or (now - self.reported < REPORT_SECONDS and not at_end):
            return
        self.reported = now
        name = METRIC[self.task.data.task]
        pace = self.done / max(now - self.began, 1e-9)
        report(
            Progress(
                step=self.done,
                steps=self.steps,
                epoch=self.done // self.steps_per_epoch,
                epochs=math.ceil(self.steps / self.steps_per_epoch),
                loss=float(self.losses[self.done - 1]) if self.done else math.nan,
                metric_name=name,
                metric=self.metrics.get(name, [math.nan])[-1],
                steps_per_second=pace,
                seconds_left=(self.steps - self.done) / pace if pace else math.inf,
            )
        )

    def result(self, stopped: str | None) -> Run:
        """What was done, as a record."""
        recorded = self.done + (self.failure is not None)
        return Run(
            task=self.task,
            optimizer=self.rule,
            carried=self.carried,
            loss=self.losses[:recorded],
            metrics={k: np.array(v, float) for k, v in self.metrics.items()},
            batch_size=self.batch_size,
            steps=self.done,
            steps_per_epoch=self.steps_per_epoch,
            epochs=math.ceil(self.steps / self.steps_per_epoch),
            seconds=time.perf_counter() - self.began,
            stopped=stopped,
            failure=self.failure,
        )
