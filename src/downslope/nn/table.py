"""The tables of the room: name -> activation, initialiser or loss, each entered by a decorator at its function."""

from __future__ import annotations

from typing import TypeVar

from downslope.errors import SettingError, nearest

Entry = TypeVar("Entry")


class Table(dict[str, Entry]):
    """A dict of the entries of one ``kind`` ("loss"), which knows what to say about a name that it does not hold."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._modules: dict[str, str] = {}

    def enter(self, entry: Entry, module: str, *names: str) -> None:
        """Put ``entry`` under its names. SettingError ``name-taken`` if another module's entry has one of them.

        The same module may enter a name again: that is a notebook cell that runs a second time.
        """
        for name in names:
            taken = self._modules.get(name, module)
            if taken != module:
                raise SettingError(
                    "name-taken",
                    f"there is a {self.kind} called {name!r} already",
                    where=f"the decorator in {module}; the other one is in {taken}",
                    why="a name stands for one thing everywhere: in a run's file, on the command line and in the pages",
                    do="Give the new one another name.",
                )
            self[name] = entry
            self._modules[name] = module

    def find(self, name: str) -> Entry:
        """The entry of this name; SettingError ``unknown-name`` with the nearest known one otherwise."""
        if isinstance(name, str) and name in self:
            return self[name]
        raise SettingError(
            "unknown-name",
            f"there is no {self.kind} called {name!r}",
            where=f"the name of the {self.kind}",
            why="a word stands for one of the entries in downslope.nn",
            do=nearest(str(name), self),
        )
