"""Where answers come from: the lab has a folder of runs, a widget and a report have one in hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from downslope.data import Data
from downslope.errors import SettingError, nearest
from downslope.lab.sets import Facts
from downslope.runs import Run


class Source(Protocol):
    """Where answers come from. folder: of the runs, None where there is one run in hand."""

    folder: Path | None

    def run(self, name: str | None) -> AbstractContextManager[Run]:
        """The run of this name (the only one for None), which belongs to this thread inside the ``with``."""

    def live(self) -> frozenset[str]:
        """Names of the runs that are training now."""

    def own_sets(self) -> Mapping[str, Facts]:
        """Uploaded data sets by id."""

    def own_set(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """An uploaded set, None where there is none with this id."""

    def look_up(self, id: str) -> list[dict[str, Any]]:
        """What `downslope where ID` knows, as plain values; the best first."""


class OneRun:
    """The source of a widget and of a report: a run in hand, and none beside it but those that are given by name."""

    folder: Path | None = None

    def __init__(self, run: Run, others: Mapping[str, Run] | None = None) -> None:
        self._run, self._others = run, dict(others or {})

    def run(self, name: str | None) -> AbstractContextManager[Run]:
        """The run, or another one that was given. Errors: SettingError ``lab-run``."""
        if name is None or name in (self._run.name, "run"):
            return nullcontext(self._run)
        if name in self._others:
            return nullcontext(self._others[name])
        raise SettingError(
            "lab-run",
            f"there is no run called {name[:100]!r}",
            where="a view of one run",
            why="this view knows the runs that it was made of, and no others",
            do=nearest(name, [*self._others, "run"]),
        )

    def live(self) -> frozenset[str]:
        """None: nobody trains here."""
        return frozenset()

    def own_sets(self) -> Mapping[str, Facts]:
        """None."""
        return {}

    def own_set(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """None."""
        return None

    def look_up(self, id: str) -> list[dict[str, Any]]:
        """Nothing: the tables of all words belong to the command line."""
        return []
