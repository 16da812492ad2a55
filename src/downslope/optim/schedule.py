"""What a schedule is: a learning rate for every step, as a pure function of the step's number; and the table of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeAlias

from downslope.optim.table import Table

Settings = ParamSpec("Settings")


@dataclass(frozen=True, eq=False)
class Schedule:
    """The learning rate of each step: ``schedule(t)``, with t = 1 at the first one. It remembers nothing.

    name: the function in schedules.py that made it. settings: its arguments by name. rule: ``t -> rate``. Anywhere
    where a rule takes ``lr``, a schedule may stand: ``adam(cosine(0.1, steps=500))``. ``a + b`` adds two rates;
    ``chain(a, b, at=10)`` follows a for 10 steps and then begins with b. Two schedules are equal if their texts are.
    """

    name: str
    settings: Mapping[str, Any]
    rule: Callable[[int], float] = field(repr=False)

    def __call__(self, t: int) -> float:
        """The rate of step ``t``, counted from 1."""
        return float(self.rule(t))

    def __add__(self, other: Schedule) -> Schedule:
        return SCHEDULES.make("total", first=self, second=other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.settings.items())})"

    __repr__ = __str__


Rate: TypeAlias = float | Schedule
"""What a rule takes as ``lr``: one number for all steps, or a schedule."""

SCHEDULES: Table[Schedule] = Table("a schedule")
"""Name -> the function that makes it."""


def schedule(*aliases: str) -> Callable[[Callable[Settings, Schedule]], Callable[Settings, Schedule]]:
    """Decorator of a function that makes a :class:`Schedule`: enter it under its name and under ``aliases``."""
    return SCHEDULES.entry(*aliases)
