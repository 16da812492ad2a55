"""What an instrument is, the table of all of them, and the decorator that enters one.

An instrument is one function ``read(step, ...) -> a number, numbers by name, or a Measured array``, and, beside it, the
naive definition that it is tested against. Its file enters it with ``@instrument(...)``; nothing else has to know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from downslope.errors import SettingError, nearest
from downslope.runs import lazy
from downslope.runs.reading import Axis, Healthy, Measured
from downslope.runs.step import Step

Kind = Literal[
    "scalar",
    "per quantity",
    "per layer",
    "per parameter",
    "per row",
    "per unit",
    "curve",
    "surface",
    "spectrum",
    "histogram",
]
Read = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Instrument:
    """A question that can be asked at every step.

    id: its word everywhere. read: ``(step, **settings) -> float``, ``-> {name: float}`` or ``-> Measured``, written
    with array-API operations, so that it reads NumPy arrays and PyTorch tensors where they live. naive: the same by its
    definition, plainly, on NumPy arrays. needs: the quantities of a Step that it reads ("run" for one that is asked of
    a whole run: ``(run, steps, **settings) -> Reading``). kind: the shape of the answer.
    unit. sentence: what it tells. healthy: its usual range with the source, or None where there is none. blind: what it
    cannot see. cost: in words ("one gradient"). formula: LaTeX. source.
    """

    id: str
    read: Read
    naive: Read
    needs: tuple[str, ...]
    kind: Kind
    unit: str
    sentence: str
    blind: str
    cost: str
    formula: str
    source: str
    healthy: Healthy | None = None

    @property
    def over(self) -> Literal["step", "run"]:
        """Whether it is asked of one step or of a whole run."""
        return "run" if "run" in self.needs else "step"

    @property
    def settings(self) -> Mapping[str, inspect.Parameter]:
        """Its settings by name, with their defaults, ``target`` among them where it narrows its own work."""
        known = list(inspect.signature(self.read).parameters.items())
        return dict(known[2:] if self.over == "run" else known[1:])

    def measure(self, step: Step, target: str | None, settings: Mapping[str, Any]) -> Measured:
        """Its answer at one step, in one form: a number has no axis, numbers by name have one.

        Errors: SettingError ``instrument-target`` where it has no such part, and those of ``read``.
        """
        narrows = "target" in self.settings
        found = self.read(step, **settings, **({"target": target} if narrows and target is not None else {}))
        if isinstance(found, Measured):
            made = found
        elif isinstance(found, Mapping):
            axis = Axis(self.kind.removeprefix("per "), tuple(found))
            made = Measured(np.array(list(found.values()), float), (axis,))
        else:
            made = Measured(np.asarray(float(found)), ())
        return made if target is None or narrows else self._narrowed(made, target)

    def _narrowed(self, made: Measured, target: str) -> Measured:
        first = made.axes[0].labels if made.axes else ()
        if target not in first:
            raise SettingError(
                "instrument-target",
                f"{self.id} has no part {target!r}",
                where=f"ask({self.id!r}, target={target!r})",
                why=f"it tells of each {made.axes[0].name} by its name" if first else "it is a single number",
                do=nearest(target, map(str, first)) if first else "leave the target out",
            )
        place = first.index(target)
        facts = {k: v[place] if np.shape(v)[:1] == (len(first),) else v for k, v in made.facts.items()}
        return Measured(made.values[place], made.axes[1:], facts)

    def parts(self, step: Step, target: str | None, settings: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Its answer as an array, and the names of its parts where it has one for each of several.

        Errors: as for :meth:`measure`.
        """
        made = self.measure(step, target, settings)
        return made.values, tuple(map(str, made.axes[0].labels)) if len(made.axes) == 1 else ()

    def check(self, settings: Mapping[str, Any]) -> None:
        """SettingError ``instrument-setting`` for a setting that it does not have."""
        for name in settings:
            if name not in self.settings:
                raise SettingError(
                    "instrument-setting",
                    f"{self.id} has no setting {name!r}",
                    where=f"ask({self.id!r}, {name}=...)",
                    why="a setting that is silently ignored would answer another question",
                    do=nearest(name, self.settings) if self.settings else f"leave it out: {self.id} has none",
                )


INSTRUMENTS: dict[str, Instrument] = {}
"""Name -> instrument: those whose files have been imported. ``known()`` has all of the house."""


def instrument(
    *,
    needs: Sequence[str],
    kind: Kind,
    naive: Read,
    unit: str = "",
    blind: str,
    cost: str,
    formula: str,
    source: str,
    healthy: Healthy | None = None,
) -> Callable[[Read], Read]:
    """Decorator of a ``read`` function: it enters an :class:`Instrument` under the function's name.

    The first paragraph of its docstring is the sentence. Errors: SettingError ``name-taken``.
    """

    def enter(read: Read) -> Read:
        name = getattr(read, "__name__", "instrument")
        other = INSTRUMENTS.get(name)
        if other is not None and other.read.__module__ != read.__module__:  # the same: a cell that runs again
            raise SettingError(
                "name-taken",
                f"there is an instrument called {name!r} already",
                where=f"@instrument() in {read.__module__}; the other one is in {other.read.__module__}",
                why="a name stands for one question everywhere: in a run's file, on the command line and in the pages",
                do="Give the new one another name.",
            )
        sentence = " ".join((inspect.getdoc(read) or "").split("\n\n")[0].split())
        INSTRUMENTS[name] = Instrument(
            name, read, naive, tuple(needs), kind, unit, sentence, blind, cost, formula, source, healthy
        )
        return read

    return enter


def known() -> Mapping[str, Instrument]:
    """All instruments of the house and of the plug-ins that were imported, by name."""
    assert lazy.instruments
    return INSTRUMENTS


def find(id: str) -> Instrument:
    """The instrument of this name; SettingError ``unknown-name`` with the nearest one otherwise."""
    table = known()
    if id in table:
        return table[id]
    raise SettingError(
        "unknown-name",
        f"there is no instrument called {id!r}",
        where="the name of an instrument",
        why="a word stands for one question, whose file, formula and source `downslope where` shows",
        do=nearest(id, table),
    )
