"""What the text forms share: numbers, names cut to a width, aligned columns, folded sentences and notes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from downslope.views.payload import Event

NOT_FINITE = "×"
LONGEST_NAME = 14


def number(value: float | None) -> str:
    """Four digits, whole numbers with thousands set apart; "not finite" for None.

    >>> number(0.123456), number(249312.7), number(2.5e12)
    ('0.1235', '249,313', '2.5e+12')
    """
    if value is None:
        return "not finite"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


def shortened(names: Sequence[str], most: int = LONGEST_NAME) -> list[str]:
    """Names of at most ``most`` columns, still different from each other if they were: without the words that they
    all begin or end with, cut in the middle, else numbered.

    >>> shortened(["Iris setosa of the north", "Iris setosa of the south"], 12)
    ['…north', '…south']
    """
    if max(map(cell_len, names)) > most:
        names = _without_shared_words(names)
    short = [_cut(name, most) for name in names]
    if len(set(short)) == len(set(names)):
        return short
    return [
        name if short.count(name) == 1 else _cut(name, most - len(str(i)) - 1) + f"#{i}" for i, name in enumerate(short)
    ]


def _without_shared_words(names: Sequence[str]) -> list[str]:
    """The words (or parts between dots) in which all names begin, or end, as one ellipsis; each keeps a word."""
    if len(names) < 2:
        return list(names)
    for mark in " .":
        words = [name.split(mark) for name in names]
        first = _shared(words)
        last = _shared([word[first:][::-1] for word in words])
        names = ["…" * (first > 0) + mark.join(word[first : len(word) - last]) + "…" * (last > 0) for word in words]
    return list(names)


def _shared(words: Sequence[Sequence[str]]) -> int:
    """How many words all begin with, so that each keeps one."""
    shared = 0
    while min(map(len, words)) > shared + 1 and len({tuple(word[: shared + 1]) for word in words}) == 1:
        shared += 1
    return shared


def _cut(name: str, most: int) -> str:
    if cell_len(name) <= most:
        return name
    if most <= 3:
        return chop_cells(name, max(most, 1))[0]
    tail = (most - 1) // 2
    ending = chop_cells(name[::-1], tail)[0][::-1]
    return chop_cells(name, most - 1 - tail)[0] + "…" + ending


def to_left(word: str, width: int) -> str:
    """Filled up with spaces to ``width`` columns of a terminal, in which some characters take two."""
    return word + " " * (width - cell_len(word))


def to_right(word: str, width: int) -> str:
    """The same, with the spaces before the word."""
    return " " * (width - cell_len(word)) + word


def columns(rows: Sequence[Sequence[str]], *, left: bool = True) -> list[str]:
    """Rows of cells as aligned lines, to the right; left: the first column, of words, to the left."""
    wide = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        "".join(
            "  " + (to_left if left and j == 0 else to_right)(cell, wide[j]) for j, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]  # fmt: skip


def wrapped(words: str, width: int, indent: str = "  ") -> list[str]:
    """Folded at ``width``, but never below 40; lines after the first are indented further."""
    return textwrap.wrap(
        words, max(width, 40), initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )


def told(events: Sequence[Event]) -> list[str]:
    """A line for each event."""
    return [f"  note: {event.text}" for event in events]
