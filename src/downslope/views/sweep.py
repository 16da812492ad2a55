"""Many runs as a picture: a setting, such as the learning rate, against how well the runs did, seed by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from downslope.errors import SettingError, nearest
from downslope.views.event import Event
from downslope.views.thin import or_none

if TYPE_CHECKING:
    from downslope.runs.many_table import Row, Sweep


class SweepPoint(Struct, frozen=True):
    """The runs at one place. x: a number, or the place of a word. values: of each run, None where it is not finite.

    mean, spread: over all of them (standard deviation, n - 1); None where one is not finite, or alone.
    """

    x: float
    values: tuple[float | None, ...]
    mean: float | None
    spread: float | None


class SweepLine(Struct, frozen=True):
    """Runs that share all settings but the one that goes to the right, and the seed. name: those settings in words."""

    name: str
    points: tuple[SweepPoint, ...]


class SweepView(Struct, frozen=True, tag="sweep"):
    """A setting against a result. words: at 0, 1, 2 ... of the axis, where the setting is no number."""

    title: str
    x_label: str
    y_label: str
    words: tuple[str, ...]
    is_log: bool
    lines: tuple[SweepLine, ...]
    events: tuple[Event, ...]


def sweep_view(table: Sweep, result: str | None = None, along: str | None = None) -> SweepView:
    """The payload of a table of runs.

    result: a column of numbers; by what runs are usually judged if None. along: the setting that goes to the right; the
    learning rate if it varies, else the first one. Errors: SettingError ``sweep-column``, ``sweep-along``.
    """
    name, along = result or table.usual, _along(table, along)
    values = np.asarray(table.column(name), float)
    places = [row.settings.get(along) for row in table.rows]
    numbers = [float(p) for p in places if isinstance(p, int | float)]
    words = () if len(numbers) == len(places) else tuple(dict.fromkeys(str(p) for p in places))
    lines: dict[str, dict[float, list[float]]] = {}
    for row, place, value in zip(table.rows, places, values, strict=True):
        x = float(words.index(str(place))) if words else float(place)  # type: ignore[arg-type]  # then a number
        lines.setdefault(_name(row, along), {}).setdefault(x, []).append(float(value))
    bad = int((~np.isfinite(values)).sum())
    return SweepView(
        title=f"{table.cases[0].task.data.name}: {len(table)} runs, {name} by {along}",
        x_label=along,
        y_label=name,
        words=words,
        is_log=not words and min(numbers) > 0 and max(numbers) > 8 * min(numbers),
        lines=tuple(SweepLine(key, tuple(_point(x, at[x]) for x in sorted(at))) for key, at in lines.items()),
        events=(Event("nan", f"{bad} of {len(table)} runs have no finite {name}", count=bad),) if bad else (),
    )


def _along(table: Sweep, along: str | None) -> str:
    varied = [name for name in table.varied if name != "seed"] or ["seed"]
    if along is None:
        return "lr" if "lr" in varied else varied[0]
    if along not in table.varied:
        raise SettingError(
            "sweep-along",
            f"{along!r} does not vary in this table",
            where=f"sweep_view(table, along={along!r})",
            why="a picture needs a setting in which the runs differ",
            do=nearest(along, table.varied),
        )
    return along


def _name(row: Row, along: str) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.settings.items() if name not in (along, "seed"))


def _point(x: float, values: list[float]) -> SweepPoint:
    column: Any = np.array(values)
    with np.errstate(all="ignore"):
        told = or_none(np.array([column.mean(), column.std(ddof=1) if len(column) > 1 else np.nan]))
    return SweepPoint(x, tuple(or_none(column)), *told)
