"""Tables and values as text: columns that fit the terminal, and JSON in which NaN is a word and not an invalid sign."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NARROW = 8
WIDEST = 100


def width() -> int:
    """Characters of a line, for what is drawn as wide as the terminal."""
    return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), most: int | None = None) -> str:
    """Rows as lines with the columns below each other. right: columns of numbers. most: characters of a line.

    Of a line that would be longer the widest columns are cut; None is the terminal's width, without one no bound.

    >>> print(columns([["name", "steps"], ["a", "900"]], right=[1]))
    name  steps
    a       900
    """
    if most is None and sys.stdout.isatty():
        most = shutil.get_terminal_size((WIDEST, 24)).columns
    wide = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    while most is not None and sum(wide) + 2 * (len(wide) - 1) > most and max(wide) > NARROW:
        wide[wide.index(max(wide))] -= 1
    lines = []
    for row in rows:
        cells = [cell if len(cell) <= w else cell[: w - 1] + "…" for cell, w in zip(row, wide, strict=True)]
        parts = [f"{c:>{w}}" if k in right else f"{c:<{w}}" for k, (c, w) in enumerate(zip(cells, wide, strict=True))]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def as_json(value: Any) -> str:
    """A value as JSON. JSON knows no NaN and no infinity: they are written as the words "NaN", "Infinity", "-Infinity".

    >>> print(as_json({"loss": [0.5, float("nan")]}))
    {
      "loss": [0.5, "NaN"]
    }
    """
    text = json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False)
    # numbers of one list in one line: a thousand lines of a number each help nobody
    return _joined(text)


def _joined(text: str) -> str:
    lines: list[str] = []
    open_at = -1
    for line in text.split("\n"):
        lines.append(line)
        if line.endswith("["):
            open_at = len(lines) - 1
        elif line.endswith(("{", "}", "},")):
            open_at = -1
        elif line.strip() in ("]", "],") and open_at >= 0:
            parts = [part.strip() for part in lines[open_at + 1 :]]
            lines[open_at:] = [lines[open_at] + " ".join(parts[:-1]) + parts[-1]]
            open_at = -1
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def size(count: int) -> str:
    """Bytes as a person says them.

    >>> size(512), size(159_744), size(12_500_000)
    ('512 B', '160 kB', '12.5 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} B"
