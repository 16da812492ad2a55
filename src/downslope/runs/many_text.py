"""Cells and columns of a table in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def number(value: Any, name: str = "") -> str:
    """A cell: a number with four digits, seconds with two, words as they are.

    >>> number(0.123456), number(1200), number(None), number(0.0312, "seconds")
    ('0.1235', '1200', '', '0.031')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2g}" if name == "seconds" else f"{value:.4g}"
    return str(value)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with the columns below each other, numbers to the right. The first row names the columns."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [all(_is_number(cell) for cell in column[1:]) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(row, wide, right, strict=True)).rstrip()
        for row in rows
    ]


def _is_number(cell: str) -> bool:
    try:
        float(cell.partition(" ")[0] or 0)
    except ValueError:
        return False
    return True
