"""The runs of a folder, opened when they are asked about, and kept up to date while they are still trained."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from downslope.errors import SettingError, nearest
from downslope.runs import Run, load

MOST_OPEN = 6
_loading = threading.Lock()  # the filters of warnings are those of the whole process


class Opened:
    """A run that is open. lock: a run answers one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.RLock()
        self.run: Run | None = None
        self.identity: tuple[int, ...] = ()
        self.version = -1
        self.segments: tuple[str, ...] = ()

    def fresh(self) -> Run:
        """The run as its file is now. Inside ``lock``. Errors: those of ``load``."""
        identity = _identity(self.path)
        if self.run is None or identity != self.identity:
            return self._load(identity)
        file = self.run.file
        version = int(file.select("PRAGMA data_version")[0][0])
        if version == self.version:
            return self.run
        with file.reading():
            segments = _segments(self.run)
            extent = file.meta("extent", {"steps": self.run.steps})
        if segments != self.segments:
            return self._load(identity)
        history = self.run.history
        history.steps = int(extent["steps"])
        self.run, self.version = Run(history), version  # a new one, because a run remembers its losses and metrics
        return self.run

    def _load(self, identity: tuple[int, ...]) -> Run:
        self.close()
        with _loading, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is damaged stands in run.damage, and a view shows it
            self.run = load(self.path)
        self.identity, self.segments = identity, _segments(self.run)
        self.version = int(self.run.file.select("PRAGMA data_version")[0][0])
        return self.run

    def close(self) -> None:
        """Let go of the file."""
        if self.run is not None:
            self.run.file.close()
            self.run = None


def _identity(path: Path) -> tuple[int, ...]:
    """Another file under the same name is another run."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino


def _segments(run: Run) -> tuple[str, ...]:
    return tuple(text for _, _, text in run.file.rows("segments"))


class Shelf:
    """The run files of ``folder``. Only names of files that are there lead to one: no name is ever made into a path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """All that are there, by name."""
        return sorted(path.name.removesuffix(".run") for path in self.folder.glob("*.run") if path.is_file())

    def path(self, name: str) -> Path:
        """Where the run of this name is. Errors: SettingError ``lab-run``."""
        known = self.names()
        if name in known:
            return self.folder / f"{name}.run"
        raise SettingError(
            "lab-run",
            f"there is no run called {name[:100]!r}",
            where=f"the folder {self.folder}",
            why="a run is the file NAME.run in the folder that the lab was opened on",
            do=nearest(name, known) if known else "train one first",
        )

    @contextlib.contextmanager
    def run(self, name: str) -> Iterator[Run]:
        """Inside, the run belongs to this thread. Errors: SettingError ``lab-run``, and those of ``load``."""
        path = self.path(name)
        with self._lock:
            opened = self._opened.setdefault(name, Opened(path))
            self._opened.move_to_end(name)
            spare = list(self._opened)[:-MOST_OPEN]
        for other in spare:
            self.forget(other)
        with opened.lock:
            yield opened.fresh()

    def forget(self, name: str) -> None:
        """Close a run's file, unless somebody is asking it right now."""
        with self._lock:
            opened = self._opened.get(name)
            if opened is None or not opened.lock.acquire(blocking=False):
                return
            del self._opened[name]
        try:
            opened.close()
        finally:
            opened.lock.release()

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            waiting = list(self._opened.values())
            self._opened.clear()
        for opened in waiting:
            with opened.lock:
                opened.close()
