"""A CSV, TSV or Parquet file, or a data frame, as Data: the whole way from cells to numbers, one step a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from downslope.data import lazy
from downslope.data.column import Source
from downslope.data.dataset import Data, Task
from downslope.data.encode import encode
from downslope.data.missing import Missing, blank_rows, check_missing, usable_rows
from downslope.data.prepare import assemble, checked_task, split_for
from downslope.data.screen import useful
from downslope.data.target import read_target
from downslope.errors import DataError, SettingError, nearest

FEWEST_ROWS = 10


def table(
    path_or_frame: str | PathLike[str] | object,
    *,
    target: str | None,
    task: Task | None = None,
    held_out: float = 0.2,
    seed: int = 0,
    missing: Missing = "stop",
    drop_columns: Sequence[str] = (),
    categories: Sequence[str] = (),
    standardise: bool = True,
    name: str | None = None,
) -> Data:
    """Data from a .csv, .tsv or .parquet file, or a polars, pandas or pyarrow table of n rows.

    target: the column to predict; words and whole numbers of few values are classes, other numbers a quantity, unless
    ``task`` says otherwise. missing: "stop" lists unusable cells, "drop" leaves their rows out, "impute" fills them
    from the training part. drop_columns: columns to leave out. categories: columns of codes, to be read as words
    though they look like numbers. standardise: numbers and a regression target to mean 0 and standard deviation 1 over
    the training part.

    Row ids are data rows of the file counted from 0, whatever was dropped. Every decision is in ``Data.notes``.
    Errors: DataError for anything in the file that cannot be trained on, SettingError for the arguments; each code has
    its section in docs/errors.md.

    >>> import polars as pl
    >>> days = pl.DataFrame({"sun": [3.0, 9.5, 0.5, 7], "wind": ["N", "N", "S", "W"], "rain": [0, 0, 1, 0]})
    >>> data = table(pl.concat([days] * 5), target="rain")
    >>> data.features, data.classes
    (('sun', 'wind=N', 'wind=S', 'wind=W'), ('0', '1'))
    """
    check_missing(missing)
    wanted_task = checked_task(task)
    source, frame = lazy.read.open_table(path_or_frame)
    target = _checked_target(target, source)
    _check_columns(drop_columns, "drop_columns", target, source)
    _check_columns(categories, "categories", None, source)
    columns = lazy.read.columns_of(frame, source, skip=drop_columns, categories=categories)

    blank = blank_rows(columns)
    goal = next(column for column in columns if column.name == target)
    features, screened = useful([column for column in columns if column is not goal], ~blank, source)
    keep, dropped = usable_rows(features, goal, ~blank, missing, source)
    rows = np.flatnonzero(keep).astype(np.int64)
    _check_enough(len(rows), len(keep), source)

    chosen, y, classes, decision = read_target(goal.take(rows), wanted_task, source)
    parts = split_for(chosen, y, held_out, seed)
    encoded = encode([column.take(rows) for column in features], parts[0], source)
    said = [*source.notes, decision, *_blank_note(int(blank.sum())), *screened, *dropped, *encoded.notes]
    if standardise and any(encoded.standardise):
        said.append("Numbers standardised by the training part; columns of 0 and 1 left as they are.")
    data = assemble(
        name=name or source.name,
        task=chosen,
        x=encoded.x,
        y=y,
        rows=rows,
        parts=parts,
        features=encoded.names,
        target=target,
        where=source.label,
        classes=classes,
        standardise=encoded.standardise if standardise else (),
        standardise_target=standardise,
        notes=said,
    )
    origin = _origin(
        path_or_frame,
        target=target,
        task=task,
        held_out=float(held_out),
        seed=int(seed),
        missing=missing,
        drop_columns=tuple(drop_columns),
        categories=tuple(categories),
        standardise=bool(standardise),
        name=name,
    )
    return replace(data, origin=origin)


def _origin(path_or_frame: object, **settings: Any) -> dict[str, Any]:
    """What ``load`` needs to read the same file in the same way; nothing for a frame, which is in no file."""
    if isinstance(path_or_frame, str | PathLike):
        return {"name_or_path": str(Path(path_or_frame).expanduser().absolute()), **settings}
    return {}


def _checked_target(target: str | None, source: Source) -> str:
    if target in source.columns and target is not None:
        return target
    known = nearest(target or "", source.columns)
    # Numbers for names: the file has no header, and its first row was taken for one.
    if all(_is_number(column) for column in source.columns):
        known += " These look like the cells of a first row: add a header line."
    if target is None:
        raise DataError(
            "data-target-not-named",
            "no target was named",
            where=source.label,
            why="one column is what a network learns to predict from the others",
            do=f"Say which: target=... {known}",
        )
    raise DataError(
        "data-target-missing",
        f"there is no column '{target}'",
        where=source.label,
        why="the target is what a network learns to predict",
        do=known,
    )


def _check_columns(names: Sequence[str], option: str, target: str | None, source: Source) -> None:
    if isinstance(names, str):
        raise _column_option(option, f"{option} is the text {names!r}", f'Give a sequence: {option}=("{names}",).')
    for name in names:
        if name not in source.columns:
            raise _column_option(option, f"{option} names '{name}', which is no column", nearest(name, source.columns))
        if name == target:
            raise _column_option(
                option, f"{option} names the target, '{name}'", "Take it out, or choose another target."
            )


def _column_option(option: str, what: str, do: str) -> SettingError:
    why = "a name that matches nothing would silently change nothing"
    return SettingError("data-column-unknown", what, where=f"the argument {option}=", why=why, do=do)


def _check_enough(rows: int, before: int, source: Source) -> None:
    if rows >= FEWEST_ROWS:
        return
    lost = f" after {before - rows} of {before} were dropped" if before > rows else ""
    raise DataError(
        "data-too-few-rows",
        f"{rows} {'row is' if rows == 1 else 'rows are'} left{lost}; a table needs at least {FEWEST_ROWS}",
        where=source.label,
        why="a part to train on and a part held out must both say something about rows that were not seen",
        do='Add rows, or keep those with gaps, missing="impute"; '
        "to train on very few rows on purpose pass them as arrays to downslope.data.arrays(x, y, held_out=0).",
    )


def _blank_note(count: int) -> list[str]:
    return [f"Blank rows left out: {count}."] if count else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
