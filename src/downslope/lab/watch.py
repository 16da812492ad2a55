"""Looks into the lab's folder once a second, because runs come from other processes too, and go."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path

WATCH_SECONDS = 1.0


class Watch(threading.Thread):
    """Tells when a run file comes or goes, a sweep gets on, or somebody else trains a run, until ``closing`` is set.

    own: names of the runs that this lab trains; those change all the time, and are told otherwise.
    """

    def __init__(
        self, folder: Path, own: Callable[[], Collection[str]], tell: Callable[[], None], closing: threading.Event
    ) -> None:
        super().__init__(name="folder", daemon=True)
        self._folder, self._own, self._tell, self._closing = folder, own, tell, closing
        self.start()

    def run(self) -> None:
        """In its own thread."""
        before = self._listing()
        while not self._closing.wait(WATCH_SECONDS):
            now = self._listing()
            if now != before:
                before = now
                self._tell()

    def _listing(self) -> dict[str, int]:
        found, own = {}, self._own()
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith((".run", ".sweep")):
                    with contextlib.suppress(OSError):
                        found[entry.name] = 0 if entry.name.removesuffix(".run") in own else entry.stat().st_mtime_ns
        return found
