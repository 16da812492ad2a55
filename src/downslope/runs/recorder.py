"""The recorder: what a training writes into its run file, when, and what happens if it cannot.

A snapshot is taken whenever walking there again would take longer than a moment, and longer than fifty times what a
snapshot costs; everything is committed at least every second. A training is never harmed by its record: if the disk is
full it goes on, what could not be written stays in memory and is tried again. If that does not help until the end, or
if another training has gone on in the same file meanwhile, the whole run is in memory then, and ``save`` writes it.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.errors import RunFileError
from downslope.runs import connect, scalars, snapshots
from downslope.runs.file import RunFile
from downslope.runs.layout import CHUNK, SCALARS
from downslope.runs.snapshots import Mark, Taken
from downslope.runs.step_program import Carried

COMMIT_SECONDS = 0.5
MOMENT = 0.012  # seconds of walking that nobody notices
SNAPSHOT_SHARE = 50  # walking from one snapshot to the next takes so many times as long as keeping one
WINDOW = 4 * CHUNK  # steps that are held in memory at first
HELD = 2**23  # bytes of snapshots that wait in memory for the next commit

Array = Any


class RecordingLost(UserWarning):
    """A part of a run could not be written; the training itself went on."""


class Recorder:
    """Writes the steps of one segment. done: steps of the run that the file holds already, until: where it will end.

    sparse: keep the first snapshot and the scalars only. columns: the numbers of the steps after ``offset``, where the
    chunk begins that was not full when they were last written.
    """

    def __init__(self, file: RunFile, segment: int, done: int, until: int, budget: int, *, sparse: bool) -> None:
        self.file, self.segment, self.until, self.budget, self.sparse = file, segment, until, budget, sparse
        self.written = self.done = done
        self.offset = done // CHUNK * CHUNK
        self.columns = {name: np.full(WINDOW, np.nan) for name in SCALARS}
        if done > self.offset:
            for name in SCALARS:
                self.columns[name][: done - self.offset] = scalars.read(file, name, self.offset + 1, done)[0]
        self.kept = snapshots.marks(file)
        self.pending: list[Callable[[RunFile], None]] = []
        self.taken: list[Taken] = []
        self.judged: list[tuple[int, str, float | None]] = []  # rows of metrics for the next commit
        self.token = os.urandom(8).hex()
        self.extent = file.meta("extent")  # as it must be when the next transaction begins
        self.commit_at = time.monotonic() + COMMIT_SECONDS
        self.since = 0.0  # seconds of walking since the last snapshot
        self.copying = 0.0  # seconds that it took to take the last snapshot
        self.price = 0.0  # seconds that a snapshot takes, copied, compressed and written
        self.walked = 0.0
        self.trouble = ""  # why the last commit failed
        self.said: set[str] = set()
        self.overtaken = False

    # --- what happens --------------------------------------------------------------------------------------------

    @property
    def window(self) -> tuple[int, dict[str, Array]]:
        """The steps done before the first one that is in memory, and the columns from there on."""
        return self.offset, self.columns

    def room(self, count: int) -> tuple[Array, Array]:
        """Where the losses and squared norms of the next ``count`` steps are to be written."""
        if self.done + count - self.offset > len(self.columns["loss"]):
            self._move(count)
        span = slice(self.done - self.offset, self.done - self.offset + count)
        return self.columns["loss"][span], self.columns["grad_norm"][span]

    def _move(self, count: int) -> None:
        """Forget full chunks that are written, and make room for ``count`` more steps."""
        offset = self.written // CHUNK * CHUNK
        held = slice(offset - self.offset, self.done - self.offset)
        size = max(WINDOW, 2 * (self.done - offset + count))
        columns = {name: np.full(size, np.nan) for name in SCALARS}
        for name, column in columns.items():
            column[: self.done - offset] = self.columns[name][held]
        self.offset, self.columns = offset, columns

    def steps(self, count: int, rates: Any, seconds: float, carried: Carried) -> None:
        """``count`` more steps were taken, at these rates, in so many seconds."""
        span = slice(self.done - self.offset, self.done - self.offset + count)
        self.columns["grad_norm"][span] = np.sqrt(self.columns["grad_norm"][span])
        self.columns["lr"][span] = rates
        self.columns["seconds"][span] = seconds / count
        self.done += count
        self.since += seconds
        self.walked += seconds
        far = self.since > max(MOMENT, SNAPSHOT_SHARE * self.price, self.walked / 200)
        if far and not self.sparse and not self.trouble:
            self.take(carried)
        if time.monotonic() > self.commit_at or sum(len(taken.raw) for taken in self.taken) > HELD:
            self.commit()

    def take(self, carried: Carried) -> None:
        """A snapshot of now, for the next commit."""
        known: list[Mark | Taken] = [*self.kept, *self.taken]
        if (self.segment, self.done) not in {(each.segment, each.step) for each in known}:
            began = time.perf_counter()
            self.taken.append(snapshots.take(self.segment, self.done, carried))
            self.copying, self.since = time.perf_counter() - began, 0.0

    def metrics(self, values: dict[str, float]) -> None:
        """How well the parameters do after the steps so far."""
        rows = [(self.done, name, None if np.isnan(value) else float(value)) for name, value in values.items()]
        self.judged += rows

    def fact(self, key: str, value: Any) -> None:
        """A fact of the run, with the next commit."""
        self.pending.append(lambda file: file.set_meta(key, value))

    # --- writing -------------------------------------------------------------------------------------------------

    def commit(self, carried: Carried | None = None) -> None:
        """Write what is new in one transaction, with a snapshot of what is carried now if it is given."""
        if self.overtaken:
            return
        if carried is not None:
            self.take(carried)
        began, extent = time.monotonic(), {"steps": self.done, "writer": self.token}
        try:
            with self.file.writing():
                found = self.file.meta("extent")
                # one's own is another one after a commit that reached the memory and not the file
                if found != self.extent and (found or {}).get("writer") != self.token:
                    raise connect.written_twice(self.file.path, "another training has gone on with the same run")
                if self.done > self.written:
                    span = slice(self.written // CHUNK * CHUNK - self.offset, self.done - self.offset)
                    scalars.write(self.file, self.written, {name: col[span] for name, col in self.columns.items()})
                kept = [*self.kept, *self._snapshots()]
                for mark in snapshots.superfluous(kept, self.budget):
                    self.file.remove("snapshots", "segment = ? AND step = ?", mark.segment, mark.step)
                    kept.remove(mark)
                self.file.put_all("metrics", self.judged)
                for write in self.pending:
                    write(self.file)
                self.file.set_meta("extent", extent)
        except (RunFileError, MemoryError) as error:
            self._failed(error)
        else:
            self.written, self.kept, self.extent, self.trouble = self.done, kept, extent, ""
            self.pending.clear()
            self.judged.clear()
            self.taken.clear()
        now = time.monotonic()
        self.commit_at = now + (max(COMMIT_SECONDS, 10 * (now - began)) if self.trouble else COMMIT_SECONDS)

    def _snapshots(self) -> list[Mark]:
        """Write those that wait, because compressing one right after the other is fastest; and note their price."""
        began = time.perf_counter()
        marks = [snapshots.write(self.file, taken) for taken in self.taken]
        if marks:
            price = self.copying + (time.perf_counter() - began) / len(marks)
            self.price = min(self.price or price, price)  # a slow moment is not its price
        return marks

    def _failed(self, error: Exception) -> None:
        """Say it once, and go on."""
        self.overtaken = isinstance(error, RunFileError) and error.code == "run-written-twice"
        found = error if isinstance(error, RunFileError) else connect.unwritable(self.file.path, error)
        self.trouble = found.what
        self.taken.clear()  # a step can be replayed without them, and memory may be short too
        if found.code not in self.said:
            self.said.add(found.code)
            told = type(found)(
                found.code,
                f"{found.what}; the training goes on, and {self.written} of its steps are recorded",
                where=found.where,
                why=found.why,
                do=("" if self.overtaken else "make room: it is tried again until the end; then ")
                + "run.save(path) writes the whole run elsewhere",
            )
            warnings.warn(str(told), RecordingLost, stacklevel=2)

    def finish(self, carried: Carried) -> RunFile:
        """The last commit, with a snapshot to go on from: the file that holds the whole run, in memory if need be."""
        self.file.without_log()
        self.commit(carried)
        if not self.trouble:
            return self.file
        made = self.file.copy(None)
        made.unsaved = f"{self.file.path} holds {self.written} of {self.done} steps: {self.trouble}"
        with made.writing():  # what another training may have added
            made.remove("meta", "key = 'failure'")
            for table in ("chunks", "summaries"):
                made.remove(table, "first > ?", self.offset)
            for table in ("metrics", "readings", "snapshots"):
                made.remove(table, "step > ?", self.written)
        self.file, self.kept, self.extent, self.overtaken = made, snapshots.marks(made), made.meta("extent"), False
        self.written = self.offset
        self.fact("until", self.until)
        self.commit(carried)
        return made
