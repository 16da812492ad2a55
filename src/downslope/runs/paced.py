"""A training that is led by hand: some steps, a pause, other settings, more steps; all of it in one run file.

Where settings change a new segment begins in the same file, as in a fork, so every step of the past stays as it was.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from downslope.data import Data
from downslope.optim import Method, Optimizer
from downslope.runs import facts, snapshots
from downslope.runs.failure import Failure
from downslope.runs.fork import carried_into, changes, segment_after
from downslope.runs.history import History
from downslope.runs.recorder import Recorder
from downslope.runs.run import Run
from downslope.runs.segment import Segment
from downslope.runs.train import Begun
from downslope.runs.training import Training
from downslope.runs.walk import Walk, quiet

COMMIT_SHARE = 50  # the training takes so many times as long as writing it down


class Paced:
    """Inside ``with Paced(...) as training:`` the file is recorded in; afterwards it is complete and settled.

    begun: a new run of ``runs.train.begin``, or a run to go on with; ``until`` steps are meant.
    """

    def __init__(self, begun: Begun | Run, until: int | None = None) -> None:
        if isinstance(begun, Run):
            self.history = History(begun.file, begun.segments, begun.carried.params(), begun.steps)
            walk = Walk(begun.segment, begun.carried.copy(), begun.steps, norms=True)
            meant = int(begun.file.meta("until", begun.steps))
        else:
            self.history, walk, meant = begun.history, begun.walk, begun.until
        self.until = meant if until is None else until
        self._known: Failure | None = begun.failure if isinstance(begun, Run) else None
        self._stack = contextlib.ExitStack()
        self._walk = walk
        self._commit_at = 0.0

    def __enter__(self) -> Paced:
        """Begin to record. Errors: RunFileError ``run-file-write``, ``run-written-twice``."""
        self._stack.enter_context(self.history.file.recording())
        self._stack.enter_context(quiet(self._walk.segment.threads))
        self._go(self._walk)
        return self

    def _go(self, walk: Walk) -> None:
        file, number = self.history.file, len(self.history.segments) - 1
        budget = file.meta("options", {}).get("budget", snapshots.BUDGET)
        recorder = Recorder(file, number, walk.done, self.until, budget, sparse=False)
        self.training = Training(self.history, walk, recorder, self.until)
        self.meant(self.until)
        recorder.fact("stopped", None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the rest; what was learned so far is kept, whatever happened."""
        try:
            if kind is None and self.done and not self.training.judged and not self.failed:
                self.training.evaluate()
            text = "an error ended the training" if kind else self.failed_text
            if text is None and self.done < self.until:
                text = f"stopped after step {self.done} of {self.until}"
            self.training.recorder.fact("stopped", text)
            self.history.file = self.training.recorder.finish(self.training.walk.carried)
        finally:
            self._stack.close()

    # --- steps ---------------------------------------------------------------------------------------------------

    @property
    def segment(self) -> Segment:
        """The settings of the next step."""
        return self.training.segment

    @property
    def done(self) -> int:
        """Steps that were taken."""
        return self.training.done

    @property
    def written(self) -> int:
        """Those of them that are in the file."""
        return self.training.recorder.written

    @property
    def failed(self) -> Failure | None:
        """The node that made the first NaN or infinity, None for a sound run."""
        return self.training.failure or self._known

    @property
    def failed_text(self) -> str | None:
        """The same in words."""
        found = self.failed
        return None if found is None else f"not finite at step {found.step}: {found.operation} in {found.place}"

    @property
    def loss(self) -> float | None:
        """Of the last mini-batch, None before the first."""
        return float(self.history.series("loss", self.done, self.done)[0]) if self.done else None

    @property
    def metrics(self) -> Mapping[str, list[float]]:
        """Name -> values on the held-out part, at the steps in "step"."""
        return self.training.metrics

    def advance(self, most: int) -> int:
        """Take at most so many steps, of one epoch and one mini-batch size: how many were taken.

        None at the end, and from the first number that is not finite on.
        """
        if self.failed or self.done >= self.until or most < 1:
            return 0
        before = self.done
        self.training.advance(most)
        if self.failed:
            self._tell_failure()
        return self.done - before

    def _tell_failure(self) -> None:
        failure, recorder = self.failed, self.training.recorder
        assert failure is not None
        recorder.fact("stopped", self.failed_text)
        recorder.fact("failure", {**vars(failure), "loss": str(failure.loss)})
        recorder.commit()

    def meant(self, until: int) -> None:
        """Another number of steps is meant."""
        self.until = self.training.until = self.training.recorder.until = max(until, self.done)
        self.training.recorder.fact("until", self.until)

    def commit(self, within: float = 0.0) -> bool:
        """Write what is new, so that others can read it. within: not if that was done less than so many seconds ago,
        or if writing takes a large part of the time. Whether it was written.
        """
        recorder, now = self.training.recorder, time.monotonic()
        if recorder.written == self.done and not recorder.pending and not recorder.judged:
            return False
        if within and now < self._commit_at:
            return False
        recorder.commit()
        took = time.monotonic() - now
        self._commit_at = now + max(within, COMMIT_SHARE * took)
        return True

    # --- other settings ------------------------------------------------------------------------------------------

    def change(
        self,
        *,
        optimizer: Optimizer | Method | None = None,
        lr: Any = None,
        model: Any = None,
        data: Data | None = None,
        batch_size: int | None = None,
        seed: int | None = None,
        edit: Mapping[str, Any] | None = None,
    ) -> str:
        """The next step is the first with these settings; the weights stay, but for what is edited. What changed, in
        words. Arguments and errors as for ``run.fork``; a run that failed goes on only from a fork.
        """
        self.commit()
        old, walk, file = self.segment, self.training.walk, self.history.file
        rule = optimizer if optimizer is not None else old.rule if lr is None else facts.with_rate(old.rule, lr)
        segment = segment_after(old, self.done + 1, rule, model, data, batch_size, seed, edit or {})
        carried = carried_into(walk.carried, old, segment, edit or {})
        about = changes(old, segment)
        # Settings under which no step was taken leave no trace: their segment is replaced.
        kept = self.history.segments if old.first <= self.done else self.history.segments[:-1]
        with file.writing():
            file.put("segments", len(kept), segment.first, facts.written(segment, carried.params()))
            file.remove("snapshots", "segment = ? AND step = ?", len(kept), self.done)
            snapshots.write(file, snapshots.take(len(kept), self.done, carried))
            if not file.in_memory:
                facts.keep_data(file, segment.task.data)
        self.history = History(file, (*kept, segment), carried.params(), self.done)
        self._go(Walk(segment, carried, self.done, norms=True))
        return about
