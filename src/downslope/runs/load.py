"""Loading: a run from its file, with all of its past, as far as the file is sound."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope import nn
from downslope.data import Data
from downslope.errors import RunFileError
from downslope.runs import facts, scalars
from downslope.runs.connect import NOT_READABLE
from downslope.runs.file import RunFile
from downslope.runs.history import History
from downslope.runs.run import Run
from downslope.runs.segment import Segment


class Damaged(UserWarning):
    """A part of a run file cannot be used; the rest can."""


def load(
    path: str | os.PathLike[str],
    *,
    model: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    data: Data | None = None,
    params: Any = None,
) -> Run:
    """The run in a file, finished, killed or still training: up to the last commit.

    model, loss: the plain function, or the loss of your own, that the run was trained with; a file holds no code. data:
    the data set, where it was too large to travel inside the file and cannot be read again from where it came. params:
    of the run's structure, where that is no nesting of dicts, lists and tuples.

    What is damaged is never used: it is replayed where possible, and a warning names what is lost and what is intact.
    Errors: RunFileError ``run-file-missing``, ``run-file-empty``, ``run-file-foreign``, ``run-file-newer``,
    ``run-file-older``, ``run-file-damaged``, ``run-model-missing``, ``run-loss-missing``, ``run-model-changed``,
    ``run-params-missing``, ``run-data-missing``, ``run-data-changed``, ``run-rule-missing``.
    """
    file = RunFile.open(path)
    try:
        with file.reading():
            run = _run(file, model, loss, data, params)
    except RunFileError:
        file.close()
        raise
    except (*NOT_READABLE, KeyError) as error:
        file.close()
        what = f"it lacks {error}" if isinstance(error, KeyError) else f"its parts do not fit together ({error})"
        raise _damaged(file, what) from None
    if file.damage:
        warnings.warn(_told(run), Damaged, stacklevel=2)
    return run


def _run(file: RunFile, model: Any, loss: Any, data: Data | None, params: Any) -> Run:
    file.check()
    segments: list[Segment] = []
    skeleton = None
    for number, first, text in file.rows("segments"):
        found = json.loads(text)
        if number == len(segments):
            segments.append(facts.restored(first, found, lambda hash: facts.find_data(file, hash, data), model, loss))
            skeleton = found["params"]
    if not segments or any(damage.table == "segments" for damage in file.damage):
        raise _damaged(file, "the settings of the run are lost")
    task = segments[0].task
    start = facts.zeros(skeleton, task.dtype) if params is None else task.start(params)
    extent = file.meta("extent")
    if extent is None:
        file.note("meta", "row extent", "how many steps there are is lost; counted anew")
        extent = {"steps": max((first + count - 1 for first, count, _ in file.rows("summaries")), default=0)}
    run = Run(History(file, segments, start, int(extent["steps"])))
    for number, segment in enumerate(segments):
        if not isinstance(segment.task.model, nn.Model) or nn.loss_name(segment.task.loss) is None:
            _require_same_functions(run, number)
    return run


def _require_same_functions(run: Run, number: int) -> None:
    """What was given again must lead the way that was recorded: two steps tell, the second after an update."""
    first = run.segments[number].first
    after = run.segments[number + 1].first if number + 1 < len(run.segments) else run.steps + 1
    last = min(first + 1, after - 1)
    recorded = {name: scalars.read(run.file, name, first, last)[0] for name in ("loss", "grad_norm")}
    try:
        taken = run.history.replay.scalars(first, last) if last >= first else {}
    except RunFileError:  # its first snapshot is damaged: later ones compare
        return
    for name, values in taken.items():
        sound = np.isfinite(recorded[name])
        if not np.allclose(values[sound], recorded[name][sound], rtol=1e-3, atol=1e-30):
            t = int(np.argmax(sound & ~np.isclose(values, recorded[name], rtol=1e-3, atol=1e-30)))
            raise RunFileError(
                "run-model-changed",
                f"what is given has {name} {values[t]:.6g} at step {first + t}; recorded is {recorded[name][t]:.6g}",
                where=f"load({run.file.path!r}, model=..., loss=...)",
                why="every answer about the past would be that of another model",
                do="give the function that was trained; its source stands in the file's table segments",
            )


def _told(run: Run) -> str:
    lost = "; ".join(run.damage[:4]) + (f"; and {len(run.damage) - 4} more" if len(run.damage) > 4 else "")
    return (
        f"a part of the run file is damaged: {lost}  [run-file-damaged]\n"
        f"  where: {run.file.path}\n"
        f"  why:   every row of it carries a digest, and what does not fit its digest is not used\n"
        f"  do:    go on: what is missing is replayed from the snapshots that are sound; run.damage lists it"
    )


def _damaged(file: RunFile, what: str) -> RunFileError:
    listed = "; ".join(map(str, file.damage[:4])) or "its rows contradict each other"
    return RunFileError(
        "run-file-damaged",
        f"{what}: {listed}",
        where=str(file.path),
        why="without them nobody knows what the numbers in the file mean",
        do="take a copy if there is one; the losses can still be read with the sqlite3 command, see docs/run-file.md",
    )
