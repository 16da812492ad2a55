"""Replay: from the nearest snapshot the steps are taken again, by the same program on the same numbers, to any step.

On the machine that trained this is exact to the last bit. Elsewhere (another CPU, another library) the first walk of a
segment begins one snapshot early, and whenever a walk comes by a snapshot it compares: if one bit differs it says so
once, with the largest difference, and goes on from the snapshot.
"""

from __future__ import annotations

import bisect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.errors import RunFileError
from downslope.runs import facts, snapshots
from downslope.runs.file import RunFile
from downslope.runs.probe import Probe
from downslope.runs.segment import Segment
from downslope.runs.snapshots import Mark
from downslope.runs.step_program import Carried
from downslope.runs.walk import Walk, fingerprint, quiet

Array = Any
Rates = Callable[[int, int], Array]


class NotExact(UserWarning):
    """A replay gave other bits than the training."""


@dataclass(frozen=True)
class Difference:
    """Where a replay first differed from what was recorded: after ``step`` steps, by ``largest`` in a single number."""

    step: int
    largest: float


class Replay:
    """Walks through a run. templates: for each segment, arrays of the kind that is carried there.

    rates: ``(first, last) -> recorded learning rates``, for segments in which a plateau decided them.
    """

    def __init__(self, file: RunFile, segments: Sequence[Segment], templates: Callable[[int], Carried], rates: Rates):
        self.file, self.segments, self.templates, self.rates = file, segments, templates, rates
        self.walks: dict[int, Walk] = {}  # of each segment that was visited: programs are made once
        self.probes: dict[tuple[int, int], Probe] = {}
        self.difference: Difference | None = None
        self._compared: set[int] = set()

    def number(self, t: int) -> int:
        """Which segment step ``t`` belongs to."""
        return bisect.bisect_right([segment.first for segment in self.segments], t) - 1

    def before(self, t: int) -> Carried:
        """What is carried into step ``t``. It is overwritten by the next call: copy what is to stay."""
        return self._to(self.number(t), t - 1)

    def after(self, t: int) -> Carried:
        """What step ``t`` leaves behind."""
        return self._to(self.number(t), t)

    def scalars(self, first: int, last: int) -> dict[str, Array]:
        """Losses and gradient norms of the steps from ``first`` to ``last``, taken again."""
        losses, norms = [], []
        while first <= last:
            number = self.number(first)
            end = min(last, self.segments[number + 1].first - 1 if number + 1 < len(self.segments) else last)
            self._to(number, first - 1)
            walk = self.walks[number]
            with quiet(self.segments[number].threads):
                loss, norm = walk.advance(end, self._rates_of(number))
            losses.append(loss)
            norms.append(norm)
            first = end + 1
        return {"loss": np.concatenate(losses), "grad_norm": np.concatenate(norms)}

    def spare(self, number: int, carried: Carried, done: int) -> Walk:
        """A walk of one's own from these numbers, which changes nothing of the run."""
        own = carried.copy()
        return Walk(self.segments[number], own, done, norms=True)

    def probe(self, number: int, carried: Carried, x: Array, y: Array) -> Probe:
        """What looks into steps of this segment with mini-batches of this size."""
        key = (number, len(x))
        if key not in self.probes:
            self.probes[key] = Probe(self.segments[number].task, carried.params(), carried.memory, x, y)
        return self.probes[key]

    @cached_property
    def foreign(self) -> bool:
        """Whether the run was trained where numbers may be added up in another order than here."""
        trained = self.file.meta("environment")
        return bool(trained) and trained != facts.environment()

    # --- walking -------------------------------------------------------------------------------------------------

    def _to(self, number: int, done: int) -> Carried:
        walk = self.walks.get(number)
        if walk is None:
            walk = self.walks[number] = Walk(self.segments[number], self.templates(number), -1, norms=True)
        marks = [mark for mark in snapshots.marks(self.file) if mark.segment == number]
        behind = [mark for mark in marks if mark.step <= done]
        doubtful = (self.foreign or self.segments[number].threads is None) and number not in self._compared
        self._start(walk, behind[:-1] if doubtful and len(behind) > 1 else behind, done)
        with quiet(self.segments[number].threads):
            for mark in marks:
                if walk.done < mark.step <= done:
                    walk.advance(mark.step, self._rates_of(number))
                    self._compare(mark, walk.carried)
                    self._compared.add(number)
            walk.advance(done, self._rates_of(number))
        return walk.carried

    def _start(self, walk: Walk, marks: list[Mark], done: int) -> None:
        """From where the walk stands if that is nearest, else from the nearest snapshot that is sound."""
        for mark in reversed(marks):
            if mark.step <= walk.done <= done:
                return
            if snapshots.read(self.file, mark, walk.carried) is not None:
                walk.done = mark.step
                return
            walk.done = -1  # a damaged one may have been read in part
        if 0 <= walk.done <= done:
            return
        lost = [mark.step for mark in marks]
        raise RunFileError(
            "run-no-snapshot",
            f"no sound snapshot leads to step {done + 1}" + (f": those after {lost} steps are damaged" if lost else ""),
            where=str(self.file.path),
            why="a step is replayed from a snapshot before it in the same segment",
            do="ask for steps after the next snapshot: `downslope show RUN` lists what is intact",
        )

    def _rates_of(self, number: int) -> Any:
        return self.rates if self.segments[number].plateau else None

    def _compare(self, mark: Mark, carried: Carried) -> None:
        recorded = snapshots.hash_of(self.file, mark)
        if recorded is None or recorded == fingerprint(carried):
            return
        ours = carried.copy()
        if snapshots.read(self.file, mark, carried) is None:
            carried.follow(ours)
            return
        if self.difference is None:
            gaps = [
                float(np.max(np.abs(np.asarray(a, float) - np.asarray(b, float)), initial=0.0))
                for a, b in zip(ours.leaves, carried.leaves, strict=True)
            ]
            self.difference = Difference(mark.step, max(gaps, default=0.0))
            warnings.warn(
                f"the replay differs from the training after {mark.step} steps, by at most "
                f"{self.difference.largest:.3g}  [run-not-exact]\n"
                f"  where: {self.file.path}\n"
                "  why:   another CPU or another version of a library adds up in another order\n"
                "  do:    read on: every snapshot corrects it; on the machine that trained, replays are exact",
                NotExact,
                stacklevel=2,
            )


def template(segment: Segment, params: Any) -> Carried:
    """Arrays of the kind that a segment carries, for parameters of this structure."""
    carried = Carried.start(params, segment.rule, segment.task.start_memory())
    return Carried(carried.layout, carried.flat.copy(), tree.map_tree(np.array, carried.state), carried.memory)
