"""Columns to numbers: gaps filled and categories spread out, by what the training part alone knows.

A median, a most frequent word or a list of categories taken over all rows would let held-out rows into the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from downslope.data.column import Column, Fault, Source, quoted
from downslope.data.dataset import FloatArray, IntArray
from downslope.data.screen import no_features


@dataclass(frozen=True, eq=False)
class Encoded:
    """x: (n, d) raw numbers without gaps. standardise: for each column, whether it is a measure (and not 0 or 1)."""

    x: FloatArray
    names: tuple[str, ...]
    standardise: tuple[bool, ...]
    notes: tuple[str, ...]


def encode(columns: Sequence[Column], train: IntArray, source: Source) -> Encoded:
    """Features from columns of n cells each; statistics come from the positions ``train`` only.

    Numbers and dates: one column, gaps filled with the training median. Yes/no: 0 or 1. Categories: one column
    "name=word" of 0 and 1 for each word that occurs in the training part; another word is all zeros. Gaps in the
    latter two take the most frequent value of the training part. A column that is constant over the training part is
    left out. Errors: DataError ``data-no-features``.
    """
    blocks: list[FloatArray] = []
    names: list[str] = []
    standardise: list[bool] = []
    notes: list[str] = []
    for column in columns:
        known = column.take(train).usable()
        if len(np.unique(known)) < 2:
            notes.append(f"Column '{column.name}' left out: it is constant over the rows to train on.")
            continue
        values = _filled(column, known, notes)
        if column.kind == "category":
            spread, words = _one_hot(column, values, known, notes)
            blocks.append(spread)
            names += [f"{column.name}={word}" for word in words]
            standardise += [False] * len(words)
        else:
            blocks.append(values[:, None])
            names.append(column.name)
            standardise.append(column.kind != "yes/no")
    if not blocks:
        raise no_features(notes, source)
    return Encoded(np.hstack(blocks), tuple(names), tuple(standardise), (*notes, *_kind_notes(columns)))


def _filled(column: Column, known: FloatArray, notes: list[str]) -> FloatArray:
    gaps = column.faults != Fault.NONE
    if not gaps.any():
        return column.values
    if column.kind in ("number", "date"):
        fill = float(np.median(known))
        shown = f"the training part's median, {fill:.6g}"
    else:
        distinct, counts = np.unique(known, return_counts=True)
        fill = float(distinct[np.argmax(counts)])
        shown = f"the training part's most frequent value, '{column.words[int(fill)]}'"
    notes.append(f"Column '{column.name}': {column.tally()} filled with {shown}.")
    return np.where(gaps, fill, column.values)


def _one_hot(column: Column, values: FloatArray, known: FloatArray, notes: list[str]) -> tuple[FloatArray, list[str]]:
    in_train = np.unique(known)
    strange = np.setdiff1d(values, in_train)
    if len(strange):
        words = quoted([column.words[int(code)] for code in strange])
        notes.append(f"Column '{column.name}': {words} only in held-out rows, where all its columns are 0.")
    return (values[:, None] == in_train).astype(np.float64), [column.words[int(code)] for code in in_train]


def _kind_notes(columns: Sequence[Column]) -> list[str]:
    dates = [column.name for column in columns if column.kind == "date"]
    spread = [column.name for column in columns if column.kind == "category"]
    notes = []
    if dates:
        notes.append(f"Dates read as days since 1970-01-01: {quoted(dates)}.")
    if spread:
        notes.append(f"Categories spread into columns of 0 and 1: {quoted(spread)}.")
    return notes
