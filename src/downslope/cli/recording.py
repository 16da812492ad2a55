"""Where a new run is recorded: ``runs/digits-1.run`` with the next free number, a path of one's own, or memory."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from downslope.cli import which_run
from downslope.errors import RunFileError, SettingError

if TYPE_CHECKING:
    from downslope.runs import Run

Make = Callable[[bool | Path], "Run"]


class Recording:
    """Where the next run goes. ``path`` is the file that was begun last, None in memory.

    chosen: a path that was given. off: record in memory. Errors: SettingError ``cli-two-records``.
    """

    def __init__(self, chosen: Path | None, *, off: bool) -> None:
        self.chosen, self.off = chosen, off
        self.path: Path | None = None
        if chosen is not None and off:
            raise SettingError(
                "cli-two-records",
                f"--record {chosen} and --no-record are both given",
                where="the options --record and --no-record",
                why="one says where the run is recorded, the other that it is not",
                do="Leave one of them out; without both it is recorded in ./runs.",
            )

    def made(self, name: str, make: Make) -> Run:
        """The run that ``make(record)`` makes. name: of its data, which names the file. Errors: those of ``make``.

        The file is created by ``make`` itself, which refuses one that is there: two commands at once get two numbers.
        """
        if self.off:
            return make(True)
        if self.chosen is not None:
            self.path = self.chosen
            return make(self.chosen)
        is_new = not which_run.RUNS.is_dir()
        try:
            which_run.RUNS.mkdir(exist_ok=True)
        except OSError as error:
            return self._in_memory(error.strerror or str(error), make)
        try:
            return self._numbered(name, make)
        except RunFileError as error:
            if error.code != "run-file-write" or (self.path is not None and self.path.exists()):
                raise
            return self._in_memory(error.what, make)
        finally:
            if is_new:
                with contextlib.suppress(OSError):  # there is a run in it
                    which_run.RUNS.rmdir()

    def _in_memory(self, why: str, make: Make) -> Run:
        """Say in one line that it is not recorded in a file, and train all the same."""
        self.path = None
        print(f"./runs cannot be written ({why}): this run is kept in memory only.", file=sys.stderr, flush=True)
        return make(True)

    def _numbered(self, name: str, make: Make) -> Run:
        word = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
        number = 1 + max((_number(path, word) for path in which_run.RUNS.glob("*.run")), default=0)
        while True:
            self.path = which_run.RUNS / f"{word}-{number}.run"
            try:
                return make(self.path)
            except RunFileError as error:
                if error.code != "run-file-exists":
                    raise
                number += 1


def told(run: Run) -> str:
    """One line: where the run is, and what can be done with it there; a disk that was full is told by its summary."""
    if run.path is None:
        return "Kept in memory only, which ends here."
    return f"Recorded in {run.path}: `downslope show {word(run)}` looks into it, and any step of it can be asked for."


def word(run: Run) -> str:
    """How a recorded run is called on the command line."""
    path = Path(run.path or "")
    return path.stem if path.parent == which_run.RUNS else str(path)


def _number(path: Path, word: str) -> int:
    found = re.fullmatch(rf"{re.escape(word)}-([0-9]+)", path.stem)
    return int(found[1]) if found else 0
