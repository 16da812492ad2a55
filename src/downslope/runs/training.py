"""The loop: steps in small portions, so that it can tell how far it is, be interrupted, and find what went wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.autodiff.compile import machine
from downslope.runs.condition import Condition
from downslope.runs.evaluate import METRIC, evaluate
from downslope.runs.failure import Failure, describe
from downslope.runs.history import History, fall_after
from downslope.runs.interrupt import interruptible
from downslope.runs.progress import Progress
from downslope.runs.recorder import Recorder
from downslope.runs.source import RunSource
from downslope.runs.step import Step
from downslope.runs.step_program import Carried
from downslope.runs.walk import Walk, quiet

REPORT_SECONDS = 0.1
Report = Callable[[Progress], None]
StopWhen = Condition | Callable[[Step], Any]


class Training:
    """A training while it goes on: ``history`` is what is behind it, ``walk`` where it stands, ``until`` its end."""

    def __init__(
        self, history: History, walk: Walk, recorder: Recorder, until: int, stop_when: StopWhen | None = None
    ) -> None:
        self.history, self.walk, self.recorder, self.until, self.stop_when = history, walk, recorder, until, stop_when
        self.segment, self.task = walk.segment, walk.segment.task
        self.metrics = {name: values.tolist() for name, values in history.metrics().items()}
        self.fall = fall_after(history.segments, history.metrics()) if self.segment.plateau else None
        self.before = walk.carried.copy()  # in memory that is used again: new pages for each portion take long
        self.failure: Failure | None = None
        self.held_at: int | None = None
        history.live = recorder.window
        self.source = RunSource(history, self.metrics)
        last = len(self.task.x) % self.segment.batch_size
        self.walk.way_for(self.segment.batch_size)
        if self.walk.taken_over:
            self.take_over()
        elif self.segment.takeover is not None and self.segment.takeover < until:
            self.walk.prepare()
        if last and until - walk.done >= self.segment.steps_per_epoch:
            self.walk.way_for(last)  # what does not work with the epoch's smaller last batch is said before training
        self.first_done = walk.done
        self.began = self.reported = time.perf_counter()

    @property
    def done(self) -> int:
        """Steps of the run that were taken and recorded."""
        return self.recorder.done

    def run(self, report: Report | None) -> str | None:
        """Take all steps, or as many as can be taken; why it ended early, None if it did not."""
        stopped, portion = None, 8
        with quiet(self.segment.threads), interruptible() as interrupted:
            if self.done >= self.segment.first and self.segment.ends_epoch(self.done) and not self.judged:
                self.evaluate()  # the program was killed after the epoch's last step and before it was judged
            while self.done < self.until and not self.failure and self.held_at is None:
                if interrupted():
                    stopped = f"interrupted after step {self.done} of {self.until}"
                    break
                began, before = time.perf_counter(), self.done
                self.advance(portion)
                pace = (time.perf_counter() - began) / max(1, self.done - before)
                portion = max(1, min(int(REPORT_SECONDS / max(pace, 1e-7)), 4 * portion))
                self.report(report)
            if self.done > self.first_done and not self.judged:
                self.evaluate()
        if self.failure:
            stopped = f"not finite at step {self.failure.step}: {self.failure.operation} in {self.failure.place}"
        elif self.held_at is not None:
            stopped = f"stop_when held at step {self.held_at}: {self.stop_when_text}"
        self.report(report, at_end=True)
        return stopped

    def advance(self, most: int) -> None:
        """Take at most so many steps, of one mini-batch size and one epoch."""
        walk, began = self.walk, time.perf_counter()
        if walk.done == self.segment.takeover:
            self.take_over()
        xs, ys = walk.mini_batches(min(most, self.until - walk.done))
        ts = range(walk.done + 1, walk.done + len(xs) + 1)
        rates = [self.fall["rate"]] * len(ts) if self.fall else self.segment.rates(ts[0], ts[-1])
        before = self.before
        before.follow(walk.carried)
        records = self.recorder.room(len(xs))[: 1 + walk.norms]
        self.history.live = self.recorder.window
        try:
            walk.take(xs, ys, rates, records)
            seconds = (time.perf_counter() - began) / len(xs)
            sound = len(xs) if self.finite(records) else self.find_failure(before, xs, ys, rates)
            if self.stop_when is not None and sound:
                self.held_at = self.first_held(ts[:sound], rates, seconds)
            if self.held_at is not None:
                self.failure, sound = None, self.held_at - ts[0] + 1
                if self.held_at < walk.done:
                    self.go_back(before, ts[0] - 1)
                    walk.take(xs[:sound], ys[:sound], rates[:sound], [record[:sound] for record in records])
        except BaseException:  # Ctrl-C too: what is carried must be what the recorded steps led to
            self.go_back(before, ts[0] - 1)
            raise
        if sound:
            self.hand_over(rates[:sound], seconds * sound)

    def take_over(self) -> None:
        """Machine code takes the steps from here on; why there is none, or none that is kept, goes to the record."""
        way = self.walk.way_for(self.segment.batch_size)
        if way.reason:
            self.recorder.fact("no machine code", way.reason)
        elif way.gathered is not None and (trouble := machine.trouble()):
            self.recorder.fact("machine code not kept", trouble)

    def finite(self, records: Sequence[Any]) -> bool:
        """Whether the losses of the steps just taken are numbers, and the parameters after them."""
        return bool(np.isfinite(records[0]).all() and np.isfinite(self.walk.carried.flat).all())

    def hand_over(self, rates: Sequence[float], seconds: float) -> None:
        """Steps that were taken go to the record; at the end of an epoch they are judged."""
        self.recorder.steps(len(rates), rates, seconds, self.walk.carried)
        self.history.steps = self.done
        if self.segment.ends_epoch(self.done):
            self.evaluate()

    def go_back(self, before: Carried, done: int) -> None:
        """To where ``done`` steps were done."""
        self.walk.carried.follow(before)
        self.walk.done = done

    def find_failure(self, before: Carried, xs: Any, ys: Any, rates: Sequence[float]) -> int:
        """Go back, and take the steps again one by one until one is not finite: how many were sound."""
        walk = self.walk
        self.go_back(before, self.done)
        way = walk.way_for(xs.shape[1])
        for k in range(len(rates)):
            before, t, one = walk.carried.copy(), walk.done + 1, slice(k, k + 1)
            records = [record[one] for record in self.recorder.room(len(rates))[: 1 + walk.norms]]
            walk.take(xs[one], ys[one], rates[one], records)
            if not self.finite(records):
                self.go_back(before, t - 1)
                args, loss = way.arguments(before.copies(), xs[k], ys[k], t, rates[k]), float(records[0][0])
                self.failure = describe(way.graph, args, t, loss) or in_the_update(self.segment.rule, t, loss)
                return k
        return len(rates)

    # --- breakpoints ---------------------------------------------------------------------------------------------

    def first_held(self, ts: range, rates: Sequence[float], seconds: float) -> int | None:
        """The first of these steps, which are not recorded yet, at which the breakpoint holds."""
        offset, columns = self.recorder.window
        span = slice(ts[0] - 1 - offset, ts[-1] - offset)
        columns["lr"][span], columns["seconds"][span] = rates[: len(ts)], seconds
        squares = columns["grad_norm"][span].copy()  # until they are recorded
        columns["grad_norm"][span] = np.sqrt(squares)
        self.history.steps = ts[-1]  # they may be looked into like all others
        try:
            if isinstance(self.stop_when, Condition):
                return self.stop_when.first(self.source, ts[0], ts[-1] + 1)
            assert self.stop_when is not None
            return next((t for t in ts if self.stop_when(self.history.step(t))), None)
        finally:
            self.history.steps = self.done
            columns["grad_norm"][span] = squares

    @property
    def stop_when_text(self) -> str:
        """The condition, or the function's name."""
        if isinstance(self.stop_when, Condition):
            return str(self.stop_when)
        return str(getattr(self.stop_when, "__name__", self.stop_when))

    # --- telling -------------------------------------------------------------------------------------------------

    @property
    def judged(self) -> bool:
        """Whether the parameters that are reached have been evaluated."""
        return bool(self.metrics["step"][-1:] == [self.done])

    def evaluate(self) -> None:
        """Judge the parameters by the held-out part."""
        data = self.task.data
        if not len(data.held_out):
            return
        output, loss = self.task.judge(self.walk.carried.evaluated(self.segment.rule), self.walk.carried.memory)
        values = evaluate(data, output, loss)
        self.recorder.metrics(values)
        self.metrics["step"].append(self.done)
        for name, value in values.items():
            self.metrics.setdefault(name, []).append(value)
        if self.fall and self.segment.plateau and self.segment.ends_epoch(self.done):
            self.fall = self.segment.plateau.update(self.fall, self.metrics[self.segment.watched][-1])

    def report(self, report: Report | None, at_end: bool = False) -> None:
        """Tell how far it is, at most ten times a second."""
        now = time.perf_counter()
        if report is None or (now - self.reported < REPORT_SECONDS and not at_end):
            return
        self.reported = now
        name, per_epoch = METRIC[self.task.data.task], self.segment.steps_per_epoch
        pace = (self.done - self.first_done) / max(now - self.began, 1e-9)
        report(
            Progress(
                step=self.done,
                steps=self.until,
                epoch=self.done // per_epoch,
                epochs=math.ceil(self.until / per_epoch),
                loss=float(self.history.series("loss", self.done, self.done)[0]) if self.done else math.nan,
                metric_name=name,
                metric=self.metrics.get(name, [math.nan])[-1],
                steps_per_second=pace,
                seconds_left=(self.until - self.done) / pace if pace else math.inf,
            )
        )


def in_the_update(rule: Any, t: int, loss: float) -> Failure:
    """The failure of a step whose loss and gradient are sound: a rule with a search of its own went too far."""
    text = (
        f"step {t}: the first infinity or NaN of this run, in the parameters  [run-not-finite]\n"
        f"  where: the update of {rule.name}\n"
        f"  why:   the loss {loss:.4g} and its gradient are finite, and the step that {rule} made of them is not\n"
        f"  do:    lower the learning rate or damp the rule; the parameters are those before this step"
    )
    return Failure(t, rule.name, rule.name, "the update", text, loss)
