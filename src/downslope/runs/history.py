"""The past of a run: what was recorded of every step, and every step itself, taken again when it is asked for."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope.errors import RunFileError, SettingError, nearest
from downslope.runs import scalars
from downslope.runs.file import RunFile
from downslope.runs.layout import SCALARS
from downslope.runs.replay import Replay, template
from downslope.runs.replayed import ReplayedStep, Surroundings
from downslope.runs.scalars import Overview
from downslope.runs.segment import Segment
from downslope.runs.step_program import Carried
from downslope.runs.walk import quiet

Array = Any
METRICS = ("held_out_loss", "accuracy", "rmse", "r2")


class History:
    """The steps 1 to ``steps`` of a run. params: of the run's structure, their numbers do not matter.

    live: columns of a training that goes on, name -> numbers of all its steps; what they hold is not in the file yet.
    """

    def __init__(self, file: RunFile, segments: Sequence[Segment], params: Any, steps: int) -> None:
        self.file, self.segments, self.steps = file, tuple(segments), steps
        self.replay = Replay(file, self.segments, lambda number: template(self.segments[number], params), self.rates)
        self.live: tuple[int, Mapping[str, Array]] | None = None
        self._steps: dict[int, ReplayedStep] = {}

    # --- what was recorded ---------------------------------------------------------------------------------------

    def series(self, name: str, first: int = 1, last: int | None = None) -> Array:
        """A scalar of the steps ``first`` to ``last``: loss, grad_norm, lr, seconds; (n,) float64.

        What the file has lost is replayed; seconds cannot be, and are NaN there.
        """
        if name not in SCALARS:
            raise SettingError(
                "run-scalar",
                f"{name!r} was not recorded of every step",
                where=f"run.series({name!r})",
                why="a few numbers are recorded of every step; everything else is computed when it is asked for",
                do=f"{nearest(name, SCALARS)} For others: run.ask({name!r})",
            )
        last = self.steps if last is None else last
        if self.live is not None and first > self.live[0]:
            offset, columns = self.live
            found: Array = columns[name][first - 1 - offset : last - offset]
            return found
        values, missing = scalars.read(self.file, name, first, last)
        if self.live is not None:
            offset, columns = self.live
            if last > offset:
                values[offset + 1 - first :] = columns[name][: last - offset]
            missing = [(a, min(b, offset)) for a, b in missing if a <= offset]
        for a, b in missing:
            self.file.note("chunks", f"steps {a} to {b}", "not there, or damaged")
            values[a - first : b - first + 1] = self._recovered(name, a, b)
        return values

    def _recovered(self, name: str, first: int, last: int) -> Array:
        if name == "seconds":
            return np.nan
        if name == "lr":
            found = []
            for t in range(first, last + 1):
                segment = self.segments[self.replay.number(t)]
                if segment.plateau:
                    raise RunFileError(
                        "run-rates-lost",
                        f"the learning rates of the steps {first} to {last} are damaged",
                        where=self.file.path,
                        why="a plateau decided them, so they do not follow from the settings alone",
                        do="ask for steps after the next snapshot: `downslope show RUN` lists what is intact",
                    )
                found.append(segment.rate(t))
            return np.array(found)
        return self.replay.scalars(first, last)[name]

    def rates(self, first: int, last: int) -> Array:
        """The learning rates of these steps, as Python numbers."""
        return self.series("lr", first, last).tolist()

    def overview(self, name: str) -> Overview:
        """A scalar's course by stretches of 1,024 steps, without reading every step."""
        return scalars.overview(self.file, name)

    def metrics(self) -> dict[str, Array]:
        """Name -> values at the steps in "step": how well the parameters did on the held-out part."""
        by_step: dict[int, dict[str, float]] = {}
        for step, name, value in sorted(self.file.rows("metrics"), key=lambda row: row[0]):
            if step <= self.steps:
                by_step.setdefault(step, {})[name] = np.nan if value is None else value
        names = [name for name in METRICS if any(name in values for values in by_step.values())]
        columns = {name: np.array([v.get(name, np.nan) for v in by_step.values()], float) for name in names}
        return {"step": np.array(list(by_step), float), **columns}

    # --- steps taken again ----------------------------------------------------------------------------------------

    def segment_at(self, t: int) -> Segment:
        """The settings of step ``t``."""
        return self.segments[self.replay.number(t)]

    def step(self, t: int) -> ReplayedStep:
        """Step ``t``, from 1 to one more than were taken; -1 is the last one that was taken."""
        if isinstance(t, int | np.integer) and -self.steps <= t < 0:
            t = self.steps + 1 + t
        if not isinstance(t, int | np.integer) or isinstance(t, bool) or not 1 <= t <= self.steps + 1:
            raise SettingError(
                "run-step",
                f"there is no step {t}",
                where=f"run.at({t!r})",
                why=f"{self.steps} steps were taken"
                + (f": 1 is the first, {self.steps} the last" if self.steps else ""),
                do=(f"use a number from 1 to {self.steps}; " if self.steps else "")
                + f"{self.steps + 1} is the step that would come next",
            )
        t = int(t)
        if t not in self._steps:
            if len(self._steps) > 8:  # each holds its numbers: a few, for going back and forth
                self._steps.pop(next(iter(self._steps)))
            self._steps[t] = self._made(t)
        return self._steps[t]

    def _made(self, t: int) -> ReplayedStep:
        number = self.replay.number(t)
        segment = self.segments[number]
        now = self.replay.before(t)
        carried = now.copy()
        places = segment.rows_at(t)
        x, y = segment.task.x[places], segment.task.y[places]
        taken = t <= self.steps
        lr = self.rate(t)
        return ReplayedStep(
            t,
            carried,
            (x, y),
            segment.task.data.train.rows[places],
            lr,
            float(self.series("loss", t, t)[0]) if taken else None,
            segment.rule,
            Surroundings(
                lambda: self.replay.probe(number, carried, x, y),
                lambda: self._after(t, carried, lr),
                lambda: self.step(t - 1) if t > 1 else None,
                segment.clock,
            ),
        )

    def rate(self, t: int) -> float:
        """The learning rate of a step: recorded, or the one that would come next."""
        segment = self.segment_at(t)
        if segment.plateau is None:
            return segment.rate(t)
        return (
            float(self.series("lr", t, t)[0]) if t <= self.steps else fall_after(self.segments, self.metrics())["rate"]
        )

    def _after(self, t: int, carried: Carried, lr: float) -> Array:
        if t <= self.steps:
            return self.replay.after(t).flat.copy()
        walk = self.replay.spare(self.replay.number(t), carried, t - 1)  # a step that was not taken yet
        with quiet(walk.segment.threads):
            walk.advance(t, lambda first, last: [lr])
        return walk.carried.flat.copy()


def fall_after(segments: Sequence[Segment], metrics: Mapping[str, Array]) -> dict[str, float]:
    """The state of the last segment's plateau after these metrics: it follows from them alone.

    A plateau goes on through forks until one begins an optimizer anew; each epoch's end counts, by the epochs of then.
    """
    now = segments[-1]
    assert now.plateau is not None
    fall, firsts = now.plateau.start(), [segment.first for segment in segments]
    for step, value in zip(metrics["step"], metrics.get(now.watched, ()), strict=False):
        if step > now.clock and segments[bisect.bisect_right(firsts, step) - 1].ends_epoch(int(step)):
            fall = now.plateau.update(fall, float(value))
    return fall
