"""Many runs as a picture: a setting, such as the learning rate, against how well the runs did, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from downslope.errors import SettingError, nearest
from downslope.views.event import Event
from downslope.views.sweep_payload import SweepLine, SweepPoint, SweepRun, SweepView
from downslope.views.thin import extremes, or_none

if TYPE_CHECKING:
    from downslope.runs.many_table import Row, Sweep

BUCKETS = 60  # of each run's course


def sweep_view(table: Sweep, result: str | None = None, along: str | None = None) -> SweepView:
    """The payload of a table of runs.

    result: a column of numbers; by what runs are usually judged if None. along: the setting that goes to the right; the
    learning rate if it varies, else the first one. Errors: SettingError ``sweep-column``, ``sweep-along``.
    """
    name = result or table.usual
    table.column(name)  # says what it has where there is no such column
    made = drawn(sweep_runs(table), table.cases[0].task.data.name, name, along)
    return replace(made, meant=table.meant)


def sweep_runs(table: Sweep, settings: Sequence[Mapping[str, Any]] | None = None) -> tuple[SweepRun, ...]:
    """Each run with its course. settings: of each row, where those of the table say less than is known."""
    found = []
    for k, row in enumerate(table.rows):
        losses = np.asarray(table.losses(k), float)
        kept = extremes(losses, BUCKETS) if len(losses) else np.empty(0, np.int64)
        found.append(
            SweepRun(
                number=row.number,
                settings={name: _plain(value) for name, value in (settings[k] if settings else row.settings).items()},
                values=_values(row),
                steps=row.steps,
                seconds=row.seconds,
                ended=row.ended or "",
                course_steps=tuple(int(place) + 1 for place in kept),
                course=or_none(losses[kept]),
            )
        )
    return tuple(found)


def _plain(value: Any) -> float | str:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _values(row: Row) -> dict[str, float | None]:
    told = {"loss": row.loss, **row.metrics}
    return dict(zip(told, or_none(np.array(list(told.values()), float)), strict=True))


def drawn(runs: Sequence[SweepRun], data: str, result: str, along: str | None = None) -> SweepView:
    """Runs as a picture. data: the set's name. result: one of the runs' values.

    Errors: SettingError ``sweep-along``.
    """
    varied = tuple(dict.fromkeys(name for run in runs for name in run.settings))
    along = _along(varied, along)
    given = [run.settings.get(along, "") for run in runs]
    numbers = [float(each) for each in given if isinstance(each, int | float)]
    words = () if len(numbers) == len(given) else tuple(dict.fromkeys(str(each) for each in given))
    at = [float(words.index(str(each))) if words else float(each) for each in given]
    names = [", ".join(f"{k} {v}" for k, v in run.settings.items() if k not in (along, "seed")) for run in runs]
    lines: dict[str, dict[float, list[float | None]]] = {name: {} for name in names}
    values = [run.values.get(result) for run in runs]
    for name, x, value in zip(names, at, values, strict=True):
        lines[name].setdefault(x, []).append(value)
    bad = sum(value is None for value in values)
    early = [run.ended for run in runs if run.ended]
    events = (Event("nan", f"{bad} of {len(runs)} runs have no finite {result}", count=bad),) if bad else ()
    if early and not bad:
        events = (Event("nan", f"{len(early)} of {len(runs)} runs ended early: {early[0]}", count=len(early)),)
    return SweepView(
        title=f"{data}: {len(runs)} runs, {result} by {along}",
        x_label=along,
        y_label=result,
        words=words,
        is_log=bool(not words and numbers and min(numbers) > 0 and max(numbers) > 8 * min(numbers)),
        lines=tuple(SweepLine(key, tuple(_point(x, found[x]) for x in sorted(found))) for key, found in lines.items()),
        events=events,
        runs=tuple(runs),
        places=tuple(zip(at, [list(lines).index(name) for name in names], strict=True)),
        columns=tuple(dict.fromkeys(name for run in runs for name in run.values)),
        varied=varied,
        done=len(runs),
        meant=len(runs),
    )


def _along(varied: Sequence[str], along: str | None) -> str:
    usual = [name for name in varied if name != "seed"] or ["seed"]
    if along is None:
        return "lr" if "lr" in usual else usual[0]
    if along not in varied:
        raise SettingError(
            "sweep-along",
            f"{along!r} does not vary in this table",
            where=f"sweep_view(table, along={along!r})",
            why="a picture needs a setting in which the runs differ",
            do=nearest(along, varied),
        )
    return along


def _point(x: float, values: Sequence[float | None]) -> SweepPoint:
    column: Any = np.array(values, float)
    with np.errstate(all="ignore"):
        told = or_none(np.array([column.mean(), column.std(ddof=1) if len(column) > 1 else np.nan]))
    return SweepPoint(x, tuple(or_none(column)), *told)
