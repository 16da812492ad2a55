"""Columns that cannot help: empty ones, identifiers, row counters. Left out before training, and said so."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from downslope.data.column import Column, Fault, Source
from downslope.data.missing import Mask
from downslope.errors import DataError

COUNTER_NAMES = ("", "unnamed: 0", "index", "id", "row")
FEW_WORDS = 50


def useful(columns: Sequence[Column], alive: Mask, source: Source) -> tuple[list[Column], list[str]]:
    """The columns worth a feature, and a sentence for each one left out. Errors: DataError ``data-no-features``."""
    kept: list[Column] = []
    notes: list[str] = []
    for column in columns:
        reason = _useless(column.take(alive))
        if reason:
            notes.append(f"Column '{column.name}' left out: {reason}.")
        else:
            kept.append(column)
    if not kept:
        raise no_features(notes, source)
    return kept, notes


def no_features(notes: Sequence[str], source: Source) -> DataError:
    """The error for a table in which no column but the target is left."""
    return DataError(
        "data-no-features",
        "no column is left to learn from. " + " ".join(notes),
        where=source.label,
        why="without features the best prediction is the same for every row",
        do="Add columns that describe the rows, or shorten drop_columns; "
        "an identifier that does mean something can be kept with categories=(name,).",
    )


def _useless(column: Column) -> str:
    """Why the column is left out; empty text if it is kept."""
    values = column.usable()
    if len(values) == 0:
        return (
            "all its cells are empty"
            if (column.faults == Fault.EMPTY).all()
            else "none of its cells holds a usable value"
        )
    if column.kind == "category" and not column.wanted:
        distinct = len(np.unique(values))
        # Two thousand columns of 0 and 1 for two thousand surnames teach a network the rows by heart.
        if distinct == len(values) or distinct > max(FEW_WORDS, isqrt(len(values))):
            return (
                f"{distinct} different texts in {len(values)} rows look like an identifier "
                f'(categories=("{column.name}",) keeps it; dates are recognised when written as 2024-12-31)'
            )
    # A column without a name that counts the rows is the index that pandas' to_csv writes.
    if column.kind == "number" and column.name.lower() in COUNTER_NAMES and len(values) == len(column.values):
        first = values[0]
        if first in (0.0, 1.0) and bool((values == np.arange(len(values)) + first).all()):
            return "it only counts the rows"
    return ""
