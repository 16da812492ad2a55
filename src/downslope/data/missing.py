"""Cells without a usable value: stop and list them, leave their rows out, or let the training part fill them later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.data.column import Column, Fault, Source, quoted
from downslope.errors import DataError, SettingError, nearest

Missing: TypeAlias = Literal["stop", "drop", "impute"]
Mask: TypeAlias = NDArray[np.bool_]


def check_missing(missing: str) -> None:
    """SettingError ``data-missing-option`` unless ``missing`` is one of the three words."""
    if missing not in ("stop", "drop", "impute"):
        raise SettingError(
            "data-missing-option",
            f"missing is {missing!r}",
            where="the argument missing=",
            why="it says what to do with empty cells: stop and list them, drop their rows, or impute them",
            do=nearest(str(missing), ["stop", "drop", "impute"]),
        )


def blank_rows(columns: Sequence[Column]) -> Mask:
    """(n,) True where every cell of the row is empty: blank lines, which spreadsheets leave at the end."""
    return np.asarray(np.all([column.faults == Fault.EMPTY for column in columns], axis=0))


def usable_rows(
    features: Sequence[Column], target: Column, alive: Mask, missing: Missing, source: Source
) -> tuple[Mask, list[str]]:
    """The rows of ``alive`` to go on with, shape (n,), and what was done in words.

    A row without a target is never kept: an invented target would be learned and judged by. Errors: DataError
    ``data-text-in-number``, ``data-missing-cells`` for "stop"; ``data-all-rows-dropped``.
    """
    columns = [*features, target]
    faulty = [column for column in columns if (column.faults[alive] != Fault.NONE).any()]
    if not faulty:
        return alive, []
    if missing == "stop":
        for column in faulty:
            if column.texts:
                raise _text_in_number(column, is_target=column is target, alive=alive, source=source)
        raise _missing_cells(faulty, target, alive, source)
    asked = [target] if missing == "impute" else columns
    bad = np.any([column.faults != Fault.NONE for column in asked], axis=0) & alive
    keep = alive & ~bad
    if not keep.any():
        raise _all_dropped([column for column in faulty if column in asked], target, alive, source)
    notes = []
    if bad.any():
        reasons = "; ".join(f"'{c.name}' {c.take(alive).tally()}" for c in faulty if c in asked)
        notes.append(f"{_counted(int(bad.sum()), 'row')} dropped for unusable cells: {reasons}.")
    return keep, notes


def _text_in_number(column: Column, *, is_target: bool, alive: Mask, source: Source) -> DataError:
    count = int((column.faults[alive] == Fault.TEXT).sum())
    numbers = int((column.faults[alive] == Fault.NONE).sum())
    shown = ", ".join(f"{text!r} ({source.row(i)})" for i, text in column.texts)
    what = "dates" if column.kind == "date" else "numbers"
    leave_out = "" if is_target else f', or drop_columns=("{column.name}",) leaves the column out'
    return DataError(
        "data-text-in-number",
        f"column '{column.name}' holds {numbers} {what} and {_counted(count, 'cell')} of other text: {shown}"
        + (", ..." if count > len(column.texts) else ""),
        where=source.cell(column.name, column.texts[0][0]),
        why=f"a column is either {what} or categories, and one text would turn all of it into categories",
        do='Correct the cells, or treat them as missing: missing="drop" leaves their rows out'
        + ("" if is_target else ', missing="impute" fills them from the training part')
        + f'{leave_out}. If they are codes, categories=("{column.name}",).',
    )


def _missing_cells(faulty: Sequence[Column], target: Column, alive: Mask, source: Source) -> DataError:
    bad = [(column.faults != Fault.NONE) & alive for column in faulty]
    rows = int(np.any(bad, axis=0).sum())
    shown = "; ".join(f"'{column.name}' {column.take(alive).tally()}" for column in faulty[:8])
    more = f"; and {len(faulty) - 8} more columns" if len(faulty) > 8 else ""
    position, first = min((int(np.flatnonzero(mask)[0]), k) for k, mask in enumerate(bad))
    features = [column.name for column in faulty if column is not target]
    leave_out = ", ".join(f'"{name}"' for name in features[:4]) + (
        ", ..." if len(features) > 4 else "," * (len(features) == 1)
    )
    impute = 'missing="impute" fills them with the median or most frequent value of the training part'
    if any(column is target for column in faulty):
        impute += f" (rows without '{target.name}' are dropped all the same)"
    return DataError(
        "data-missing-cells",
        f"{rows} of {int(alive.sum())} rows have cells without a usable value: {shown}{more}",
        where=source.cell(faulty[first].name, position) + " is the first",
        why="one NaN makes the loss NaN and then every parameter; dropping rows without a word would bias the data",
        do=f'Choose: missing="drop" leaves those {rows} rows out, {impute}'
        + (f", drop_columns=({leave_out}) leaves columns out." if features else "."),
    )


def _all_dropped(faulty: Sequence[Column], target: Column, alive: Mask, source: Source) -> DataError:
    counts = {column.name: int((column.faults[alive] != Fault.NONE).sum()) for column in faulty}
    worst = sorted(counts, key=lambda name: -counts[name])[:3]
    shown = ", ".join(f"'{name}' in {counts[name]}" for name in worst)
    return DataError(
        "data-all-rows-dropped",
        f"every one of {int(alive.sum())} rows has a cell without a usable value: {shown}",
        where=f"{source.label}, column{'s' if len(worst) > 1 else ''} {quoted(worst)}",
        why="no row is left to train on",
        do="Choose another target: a row without a target can only be dropped."
        if worst[0] == target.name
        else f'Leave the emptiest column out, drop_columns=("{worst[0]}",), or fill the cells, missing="impute".',
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
