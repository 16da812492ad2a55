"""A run of a sweep as a Run like any other, made of what the sweep has found, when it is asked for."""

from __future__ import annotations

import numpy as np

from downslope.errors import SettingError
from downslope.runs import lazy, snapshots
from downslope.runs.history import History
from downslope.runs.load import load
from downslope.runs.many_walk import Case, Outcome
from downslope.runs.recorder import Recorder
from downslope.runs.run import Run
from downslope.runs.step_program import Carried
from downslope.runs.walk import quiet


def made(case: Case, found: Outcome) -> Run:
    """The run of a case: as ``ds.train`` with ``record=False`` leaves it, or opened from its file.

    Steps whose state was too large to be kept are walked again. Errors: SettingError ``sweep-not-trained``.
    """
    if found.run is None and found.path is not None:
        given = case.given
        found.run = load(found.path, model=given["model"], loss=given["loss"], data=given["data"])
    if found.run is None and not len(found.losses):
        raise SettingError(
            "sweep-not-trained",
            f"run {case.number} has no steps",
            where=f"table[{case.number}]",
            why=f"{found.stopped}",
            do="change its settings; the other runs are there",
        )
    if found.run is None:
        found.run = _made(case, found)
    return found.run


def _made(case: Case, found: Outcome) -> Run:
    begun = lazy.train.begin(**case.given, record=False)
    history, walk, count = begun.history, begun.walk, len(found.losses)
    carried: Carried = walk.carried
    if found.leaves is None:
        with quiet(case.segment.threads):
            walk.advance(count)
    else:
        for leaf, value in zip(carried.leaves, found.leaves, strict=True):
            leaf[...] = value
    recorder = Recorder(history.file, 0, 0, begun.until, snapshots.BUDGET, sparse=True)
    judged = [*found.metrics["step"]]
    for k, to in enumerate(judged if judged[-1:] == [count] else [*judged, count]):
        _steps(recorder, case, found, int(to), carried)
        if k < len(judged):
            recorder.metrics({name: values[k] for name, values in found.metrics.items() if name != "step"})
    if found.reason:
        recorder.fact("no machine code", found.reason)
    recorder.fact("stopped", found.stopped)
    file = recorder.finish(carried)
    run = Run(History(file, history.segments, carried.params(), count))
    run.__dict__["carried"] = carried.copy()
    return run


def _steps(recorder: Recorder, case: Case, found: Outcome, to: int, carried: Carried) -> None:
    """Record the steps up to ``to``. What a step took is not known: all are said to have taken the same."""
    done, n = recorder.done, to - recorder.done
    recorder.room(n)[0][:] = found.losses[done:to]
    rates = case.segment.rates(done + 1, to)
    recorder.steps(n, np.array(rates), found.seconds * n / len(found.losses), carried)
