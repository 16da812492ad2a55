"""Keeping a run: to a file of its own, and remarks in it."""

from __future__ import annotations

import os

from downslope.runs import facts
from downslope.runs.file import RunFile
from downslope.runs.history import History
from downslope.runs.run import Run


def save(run: Run, path: str | os.PathLike[str]) -> Run:
    """The run in a new file, with its data. Errors: RunFileError ``run-file-exists``, ``run-file-write``."""

    def data_too(file: RunFile) -> None:
        for segment in run.segments:
            facts.keep_data(file, segment.task.data)
        if not file.meta("environment"):
            file.set_meta("environment", facts.environment())

    file = run.file.copy(path, data_too)
    file.settle()
    return Run(History(file, run.segments, run.carried.params(), run.steps), run._parent)


def note(run: Run, text: str, step: int | None) -> None:
    """A remark, with its step and the time."""
    with run.file.writing():
        number = (run.file.select("SELECT max(number) FROM notes")[0][0] or 0) + 1
        run.file.put("notes", number, step, text, facts.now())
