"""Runs that differ in their seed alone, taken together: the mean of what they did, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.runs.many_text import aligned, number
from downslope.runs.reading import sparkline

if TYPE_CHECKING:
    from downslope.runs.many_table import Row, Sweep

Array = Any


@dataclass(frozen=True)
class Group:
    """Runs with the same settings but for one. settings: what they share. places: of their rows in the table."""

    settings: tuple[tuple[str, Any], ...]
    places: tuple[int, ...]

    @property
    def label(self) -> str:
        """The settings in words."""
        return ", ".join(f"{name} {number(value)}" for name, value in self.settings) or "all runs"


@dataclass(frozen=True, eq=False)
class Curve:
    """A number's course over the runs of a group.

    steps: (n,). values: (runs, n), NaN after the end of a run that ended early. mean, spread: (n,), the mean and the
    standard deviation (n - 1) over the runs; NaN where a run has no number, because the others alone would look better
    than they are. spread is NaN for a single run.
    """

    label: str
    steps: Array
    values: Array

    @property
    def mean(self) -> Array:
        """Over the runs, (n,)."""
        return self.values.mean(axis=0)

    @property
    def spread(self) -> Array:
        """Standard deviation over the runs, (n,)."""
        return spread(self.values)


@dataclass(frozen=True, eq=False)
class Curves:
    """The courses of a number, a :class:`Curve` for each combination of the settings that are not averaged over."""

    name: str
    over: str
    curves: tuple[Curve, ...]

    def __len__(self) -> int:
        return len(self.curves)

    def __getitem__(self, place: int) -> Curve:
        return self.curves[place]

    def text(self, width: int = 40) -> str:
        """For each of them its course, and where it ends."""
        lines = [f"{self.name}: mean over {self.over}"]
        wide = max((len(curve.label) for curve in self.curves), default=0)
        for curve in self.curves:
            ends = with_spread(curve.values[:, -1]) if curve.values.size else "no step"
            runs = f"{len(curve.values)} run{'s' * (len(curve.values) != 1)}"
            lines.append(f"  {curve.label:<{wide}}  {sparkline(curve.mean, width)}  {ends}  ({runs})")
        return "\n".join(lines)

    __str__ = __repr__ = text


def groups(sweep: Sweep, over: str) -> list[Group]:
    """The rows by all settings that vary but one."""
    found: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for place, row in enumerate(sweep.rows):
        key = tuple((name, value) for name, value in row.settings.items() if name != over)
        found.setdefault(key, []).append(place)
    return [Group(key, tuple(places)) for key, places in found.items()]


def curves(sweep: Sweep, name: str, over: str) -> Curves:
    """The courses of a column."""
    found = []
    for group in groups(sweep, over):
        outcomes = [sweep.outcomes[sweep.cases[place].number] for place in group.places]
        if name == "loss":
            steps = np.arange(1, max(len(each.losses) for each in outcomes) + 1)
            values = np.full((len(outcomes), len(steps)), np.nan)
            for row, each in zip(values, outcomes, strict=True):
                row[: len(each.losses)] = each.losses
        else:
            steps = np.unique(np.concatenate([np.asarray(each.metrics["step"], int) for each in outcomes]))
            values = np.full((len(outcomes), len(steps)), np.nan)
            for row, each in zip(values, outcomes, strict=True):
                row[np.searchsorted(steps, np.asarray(each.metrics["step"], int))] = each.metrics.get(name, [])
        found.append(Curve(group.label, steps, values))
    return Curves(name, over, tuple(found))


def spread(values: Array) -> Array:
    """The standard deviation over the first axis (n - 1), NaN for one run."""
    with np.errstate(all="ignore"):
        return np.std(values, axis=0, ddof=1) if len(values) > 1 else np.full(np.shape(values)[1:], np.nan)


def with_spread(values: Array) -> str:
    """Mean and spread in words.

    >>> with_spread(np.array([1.0, 2.0, 3.0]))
    '2 ± 1'
    """
    values = np.asarray(values, float)
    with np.errstate(all="ignore"):
        mean, apart = float(np.mean(values)), float(spread(values))
    return f"{mean:.4g}" + ("" if math.isnan(apart) else f" ± {apart:.2g}")


def picture(sweep: Sweep, name: str, over: str, width: int) -> str:
    """A line for each group: where its runs lie between the least and the largest value of all, and their mean."""
    found = groups(sweep, over)
    columns = [np.array([sweep.rows[place].value(name) for place in group.places], float) for group in found]
    every = np.concatenate(columns)
    sound = every[np.isfinite(every)]
    wide = max(len(group.label) for group in found)
    room = max(width - wide - 28, 16)
    is_log = len(sound) > 0 and sound.min() > 0 and sound.max() > 10 * sound.min()
    scaled = np.log if is_log else np.asarray
    low, high = (scaled(sound.min()), scaled(sound.max())) if len(sound) else (0.0, 1.0)

    def at(value: float) -> int:
        return round((room - 1) * float((scaled(value) - low) / (high - low or 1)))

    lines = [f"{name}{', logarithmic' if is_log else ''}: each run ·, their mean ●"]
    for group, values in zip(found, columns, strict=True):
        finite = values[np.isfinite(values)]
        cells = [" "] * room
        for value in finite:
            cells[at(value)] = "·"
        if len(finite) == len(values):
            cells[at(float(np.mean(values)))] = "●"
        bad = len(values) - len(finite)
        told = with_spread(values) if not bad else f"{bad} of {len(values)} not finite"
        lines.append(f"  {group.label:<{wide}} |{''.join(cells)}| {told}")
    return "\n".join(lines)


def groups_text(sweep: Sweep, found: Sequence[Group]) -> list[str]:
    """A table of the groups: the mean of what their runs did, with its spread, and how many of them ended early."""
    rows: Sequence[Row] = sweep.rows
    names = [name for name, _ in found[0].settings]
    measured = ["loss", *sweep.metrics]
    early = any(row.ended for row in rows)
    cells = [[*names, "runs", *measured, *(["ended early"] if early else [])]]
    for group in found:
        members = [rows[place] for place in group.places]
        shown = [with_spread(np.array([row.value(name) for row in members], float)) for name in measured]
        ended = [str(sum(row.ended is not None for row in members))] if early else []
        cells.append([*(number(value) for _, value in group.settings), str(len(members)), *shown, *ended])
    return aligned(cells)
