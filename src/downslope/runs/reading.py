"""Readings: what an instrument told at some steps of a run, as arrays with labels and a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.errors import SettingError, nearest

BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Axis:
    """One axis of a measured array. labels: a word (layer, parameter) or a number (eigenvalue, distance) for each."""

    name: str
    labels: tuple[Any, ...]
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    """What an instrument gives at one step when it is more than a number, or a number for each of some names.

    values: an array. axes: one for each of its axes. facts: further named numbers and arrays ("explained": 0.9).
    """

    values: Any
    axes: tuple[Axis, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Healthy:
    """The range in which a number is usually well, each end None if it is open, with where that is known from.

    source: a publication, or the word "folklore".
    """

    low: float | None
    high: float | None
    source: str

    def __str__(self) -> str:
        low, high = (None if end is None else f"{end:g}" for end in (self.low, self.high))
        span = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
        return f"{span} ({self.source})"


@dataclass(frozen=True, eq=False)
class Reading:
    """What the instrument ``id`` told at ``steps``.

    steps: (n,) step numbers. values: (n,) for a number, (n, k) for a number of each of k parts, (n, ...) for arrays;
    NaN is a value like others. parts: names of the k parts, ``()`` for a single number. axes: of the arrays, after the
    steps. facts: further things told, each (n, ...). target: the layer or parameter that was asked for. settings: as
    they were asked for.
    """

    id: str
    steps: Any
    values: Any
    parts: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    target: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""
    healthy: Healthy | None = None

    def __getitem__(self, part: str) -> Any:
        """The values of one part by its name, (n,). Errors: SettingError ``instrument-target``."""
        if part not in self.parts:
            raise SettingError(
                "instrument-target",
                f"{self.id} has no part {part!r}",
                where=f"reading[{part!r}]",
                why="a part is a layer, a parameter or another word of this reading",
                do=nearest(part, self.parts) if self.parts else "it is a single number a step: use reading.values",
            )
        return self.values[:, self.parts.index(part)]

    def __len__(self) -> int:
        return len(self.steps)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype)

    def text(self, width: int = 40) -> str:
        """A few lines: what was read, then for each part its first and last value and its course as a sparkline."""
        named = f"{self.id} of {self.target}" if self.target else self.id
        unit = f" [{self.unit}]" if self.unit else ""
        n = len(self.steps)
        span = (
            f"step {self.steps[0]}"
            if n == 1
            else f"{n} steps from {self.steps[0]} to {self.steps[-1]}"
            if n
            else "no step"
        )
        lines = [f"{named}{unit}: {span}"]
        if n and self.axes:
            lines += self._arrays()
        elif n:
            columns = self.values[:, None] if self.values.ndim == 1 else self.values
            names = self.parts or ("",)
            wide = max(map(len, names))
            for name, column in zip(names, columns.T, strict=True):
                course = (
                    f"{column[0]:.5g}" if n == 1 else f"{sparkline(column, width)} {column[0]:.5g} → {column[-1]:.5g}"
                )
                lines.append(f"  {name:<{wide}} {course}{self._troubled(column)}".rstrip())
        if self.healthy:
            lines.append(f"  usually {self.healthy}")
        return "\n".join(lines)

    def _arrays(self) -> list[str]:
        shape = " x ".join(f"{axis.name} ({len(axis.labels)})" for axis in self.axes)
        sound = self.values[np.isfinite(self.values)]
        span = f"values from {sound.min():.5g} to {sound.max():.5g}" if sound.size else "no finite value"
        lines = [f"  {shape}, {span}{self._troubled(self.values)}"]
        for name, value in self.facts.items():
            last = np.asarray(value)[-1]
            lines.append(f"  {name} {last:.5g}" if np.ndim(last) == 0 else f"  {name} {np.shape(last)}")
        return lines

    def _troubled(self, column: Any) -> str:
        bad = int(np.size(column) - np.isfinite(column).sum())
        return f"  ({bad} not finite)" if bad else ""

    __str__ = __repr__ = text


def sparkline(values: Sequence[float] | Any, width: int = 40) -> str:
    """A course in one line of text: eight heights between the least and the greatest; × where a number is not finite.

    More values than ``width`` are drawn by the mean of each stretch; a stretch with a number that is not finite is ×.

    >>> sparkline([0, 1, 2, 3, float("nan")])
    '▁▃▆█×'
    """
    column = np.asarray(values, float)
    if len(column) > width:
        with np.errstate(all="ignore"):
            column = np.array([part.mean() for part in np.array_split(column, width)])
    sound = column[np.isfinite(column)]
    if not len(sound):
        return "×" * len(column)
    column = column / max(np.abs(sound).max(), 1.0)  # the span of ±1e308 would be infinite
    sound = column[np.isfinite(column)]
    low, span = sound.min(), np.ptp(sound) or 1.0
    return "".join(BARS[round(float((v - low) / span) * 7)] if np.isfinite(v) else "×" for v in column)
