"""Is it classification or regression? Decided from the target's cells by one rule, and said in the notes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.data.column import Column, Kind, Source
from downslope.data.dataset import FloatArray, IntArray, Task
from downslope.errors import DataError

MOST_CLASSES = 20
"""Whole numbers with more different values than this are a quantity unless the user says otherwise."""


def class_codes(values: NDArray[Any]) -> tuple[IntArray, tuple[str, ...]]:
    """Indices (n,) into the sorted distinct values, and their names ("3", not "3.0").

    >>> class_codes(np.array(["cat", "dog", "cat"]))[1]
    ('cat', 'dog')
    """
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), tuple(_class_name(value) for value in distinct.tolist())


def read_target(
    column: Column, task: Task | None, source: Source
) -> tuple[Task, FloatArray | IntArray, tuple[str, ...], str]:
    """The task, y (n,) as class indices or raw numbers, the class names, and the sentence that says what was decided.

    Errors: DataError ``data-target-not-number``, ``data-too-many-classes``.
    """
    where = f"{source.label}, column '{column.name}'"
    chosen = task or _suggested(column)
    if chosen == "regression":
        if column.kind == "category":
            raise _not_number(column, where)
        unit = " (days since 1970-01-01)" if column.kind == "date" else ""
        decision = f"Target '{column.name}' read as a quantity{unit}{_override(task, chosen, column.kind)}."
        return chosen, column.values, (), decision
    codes, names = class_codes(column.values)
    if column.words:
        names = tuple(column.words[int(index)] for index in np.unique(column.values))
    if len(names) > max(2, len(codes) // 2):
        raise _too_many_classes(column, len(names), where)
    return (
        chosen,
        codes,
        names,
        f"Target '{column.name}' read as {len(names)} classes{_override(task, chosen, column.kind)}.",
    )


def _suggested(column: Column) -> Task:
    """Words are classes, and so are whole numbers of at most 20 values with 10 rows each (3 values are always few)."""
    if column.kind in ("category", "yes/no"):
        return "classification"
    values = column.values
    if column.kind == "date" or not bool((values == np.round(values)).all()):
        return "regression"
    few = min(MOST_CLASSES, max(3, len(values) // 10))
    return "classification" if len(np.unique(values)) <= few else "regression"


def _override(task: Task | None, chosen: Task, kind: Kind) -> str:
    if task is not None:
        return ", as asked"
    if kind == "category":
        return ""
    other = "regression" if chosen == "classification" else "classification"
    return f'; task="{other}" reads it the other way'


def _class_name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _not_number(column: Column, where: str) -> DataError:
    shown = ", ".join(repr(word) for word in column.words[:3])
    return DataError(
        "data-target-not-number",
        f"the target '{column.name}' holds words ({shown}) and a regression was asked for",
        where=where,
        why="a regression predicts a quantity, and words have no distance from each other",
        do='Leave task out or set task="classification", or choose a target of numbers.',
    )


def _too_many_classes(column: Column, classes: int, where: str) -> DataError:
    return DataError(
        "data-too-many-classes",
        f"the target '{column.name}' has {classes} classes in {len(column.values)} rows",
        where=where,
        why="with fewer than two rows for each class nothing can be learned about most of them, nor judged",
        do="Choose another target (this one looks like an identifier)"
        + ("." if column.kind == "category" else ', or task="regression" to read it as a quantity.'),
    )
