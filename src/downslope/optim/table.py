"""Tables of the room: what can be made, by name; a file enters its functions itself, and nothing else has to know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from downslope.errors import SettingError, nearest

Made = TypeVar("Made")
Settings = ParamSpec("Settings")


class Table(dict[str, Callable[..., Made]], Generic[Made]):
    """Name -> the function that makes it, aliases included. ``kind``: what is made, as in "an optimizer"."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def entry(self, *aliases: str) -> Callable[[Callable[Settings, Made]], Callable[Settings, Made]]:
        """Decorator that enters a function under its own name and under ``aliases``. Errors: ``name-taken``."""

        def enter(function: Callable[Settings, Made]) -> Callable[Settings, Made]:
            for name in (function.__name__, *aliases):
                known = self.get(name)
                if known is not None and known.__module__ != function.__module__:  # the same: a cell that runs again
                    raise SettingError(
                        "name-taken",
                        f"there is {self.kind} called {name!r} already",
                        where=f"{function.__module__}; the other one is in {known.__module__}",
                        why="a name stands for one rule everywhere: in a run's file, on the command line, in the pages",
                        do="Give the new one another name.",
                    )
                self[name] = function
            return function

        return enter

    def make(self, name: str, **settings: Any) -> Made:
        """What the function of this name makes of the settings.

        Errors: SettingError ``unknown-name``, ``optimizer-setting``, and what the function raises.
        """
        function = self.get(name)
        if function is None:
            raise SettingError(
                "unknown-name",
                f"there is no {self.kind.partition(' ')[2]} called {name!r}",
                where=f"the name of {self.kind}",
                why="a word stands for one of the rules in downslope.optim",
                do=nearest(name, self),
            )
        known = inspect.signature(function).parameters
        for setting in settings:
            if setting not in known:
                raise SettingError(
                    "optimizer-setting",
                    f"{name} has no setting {setting!r}",
                    where=f"the argument {setting}=",
                    why="a setting that is silently ignored would train with another rule than the one asked for",
                    do=nearest(setting, known),
                )
        for setting, parameter in known.items():
            if parameter.default is parameter.empty and setting not in settings:
                raise SettingError(
                    "optimizer-setting",
                    f"{name} needs {setting}, and it is not given",
                    where=f"{name}{inspect.signature(function)}".split(" ->")[0],
                    why="no value of it fits all problems, so there is no default",
                    do=f"Give {setting}=, for example {setting}=0.1.",
                )
        return function(**settings)
