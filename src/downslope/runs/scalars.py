"""What is recorded of every step, a few numbers each, in rows of 1,024 steps with a summary for drawing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.runs.file import RunFile
from downslope.runs.layout import CHUNK, SCALARS

Array = Any


@dataclass(frozen=True, eq=False)
class Overview:
    """A scalar's course without its every step: for each stretch its first step, how many, lowest, highest, mean.

    bad: how many of the stretch's numbers are not finite; the others are taken over the finite ones (NaN without any).
    """

    first: Array
    count: Array
    low: Array
    high: Array
    mean: Array
    bad: Array


def write(file: RunFile, done_before: int, columns: Mapping[str, Array]) -> None:
    """Record the steps after ``done_before``; columns: an array of all steps from the first one of its chunk on.

    The chunk that is not full yet is written again with what was added. Inside ``file.writing()``.
    """
    start = done_before // CHUNK * CHUNK
    for begin in range(0, len(columns["loss"]), CHUNK):
        part = {name: np.asarray(columns[name][begin : begin + CHUNK], "<f8") for name in SCALARS}
        count = len(part["loss"])
        summary = json.dumps({name: _summary(values) for name, values in part.items()})
        file.put("chunks", start + begin + 1, count, *(_packed(part[name]) for name in SCALARS))
        file.put("summaries", start + begin + 1, count, summary)


def _packed(values: Array) -> bytes:
    """The numbers end to end; a column of one value throughout (a constant rate) as that value alone."""
    first = values[:1].tobytes()
    packed: bytes = values.tobytes()
    return first if packed == first * len(values) else packed


def _summary(values: Array) -> list[float | None]:
    sound = values[np.isfinite(values)]
    if not len(sound):
        return [None, None, None, len(values)]
    with np.errstate(over="ignore"):
        mean = float(sound.mean())
    return [float(sound.min()), float(sound.max()), mean if np.isfinite(mean) else None, len(values) - len(sound)]


def read(file: RunFile, name: str, first: int, last: int) -> tuple[Array, list[tuple[int, int]]]:
    """The numbers of steps ``first`` to ``last``, NaN where the file has lost them, and those lost stretches."""
    values = np.full(max(0, last - first + 1), np.nan)
    column = 2 + SCALARS.index(name)
    start = (first - 1) // CHUNK * CHUNK + 1
    missing, expected = [], first
    for row in sorted(file.rows("chunks", "first BETWEEN ? AND ?", start, last)):
        begin, count = row[0], row[1]
        part = np.frombuffer(row[column], "<f8")
        part = np.broadcast_to(part, (count,)) if len(part) == 1 else part
        low, high = max(first, begin), min(last, begin + count - 1)
        if low > high:
            continue
        if low > expected:
            missing.append((expected, low - 1))
        values[low - first : high - first + 1] = part[low - begin : high - begin + 1]
        expected = high + 1
    if expected <= last:
        missing.append((expected, last))
    return values, missing


def overview(file: RunFile, name: str) -> Overview:
    """The course of a scalar from the summaries alone: as many numbers as there are chunks."""
    columns: list[list[float]] = [[] for _ in range(6)]
    for first, count, text in sorted(file.rows("summaries")):
        low, high, mean, bad = (np.nan if v is None else v for v in json.loads(text)[name])
        for column, value in zip(columns, (first, count, low, high, mean, bad), strict=True):
            column.append(value)
    starts, counts, low, high, mean, bad = (np.array(column, float) for column in columns)
    return Overview(starts.astype(int), counts.astype(int), low, high, mean, bad.astype(int))
