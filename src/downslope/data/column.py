"""A column of a table after its type was recognised, every unusable cell kept and named, and where cells come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.data.dataset import FloatArray, IntArray

Kind: TypeAlias = Literal["number", "date", "yes/no", "category"]


class Fault(IntEnum):
    """Why a cell cannot be used; NONE if it can."""

    NONE = 0
    EMPTY = 1
    NAN = 2
    INFINITE = 3
    TEXT = 4


FAULT_WORDS = {Fault.EMPTY: "empty", Fault.NAN: "NaN", Fault.INFINITE: "infinite", Fault.TEXT: "text"}


@dataclass(frozen=True, eq=False)
class Column:
    """n cells. values: (n,) float64, NaN at faults; for yes/no and categories the index into ``words``.

    Dates are days since 1970-01-01. faults: (n,) of :class:`Fault`. texts: the first cells of text between numbers, as
    (position, text). wanted: the user named it as a category, so it is never taken for an identifier.
    """

    name: str
    kind: Kind
    values: FloatArray
    faults: NDArray[np.uint8]
    words: tuple[str, ...] = ()
    texts: tuple[tuple[int, str], ...] = ()
    wanted: bool = False

    def take(self, rows: NDArray[Any]) -> Column:
        """The same column with these rows only (positions or a mask)."""
        return replace(self, values=self.values[rows], faults=self.faults[rows], texts=())

    def usable(self) -> FloatArray:
        """The values of the cells without a fault."""
        usable: FloatArray = self.values[self.faults == Fault.NONE]
        return usable

    def tally(self) -> str:
        """``3 empty and 1 NaN``: the faults counted; empty text if there are none."""
        counts = np.bincount(self.faults, minlength=len(Fault))
        return " and ".join(f"{counts[fault]} {word}" for fault, word in FAULT_WORDS.items() if counts[fault])


@dataclass(frozen=True, eq=False)
class Source:
    """Where the cells come from, to name any of them.

    label: the file as the user wrote it, or words for a frame. lines: (n,) the line of each data row in a text file,
    which is not row + 2 where a cell holds a line break; None for files without lines.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    lines: IntArray | None = None
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()

    def row(self, position: int) -> str:
        """``line 7`` of a text file, otherwise ``row 5`` counted from 0."""
        return f"row {position} (from 0)" if self.lines is None else f"line {self.lines[position]}"

    def cell(self, column: str, position: int) -> str:
        """``people.csv, line 7, column 'age'``."""
        return f"{self.label}, {self.row(position)}, column '{column}'"


def quoted(names: Sequence[str], most: int = 8) -> str:
    """Names in quotes, the first few."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
