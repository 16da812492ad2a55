"""Tables through polars: files and frames in, recognised columns out. Loaded lazily (see lazy.py)."""

from __future__ import annotations

from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from downslope.data.column import Column, Source
from downslope.data.files import PARQUET, Layout, broken_quotes, checked_path, empty, layout, unreadable
from downslope.data.recognise import recognise
from downslope.errors import DataError


def open_table(path_or_frame: object) -> tuple[Source, pl.DataFrame]:
    """The table as polars holds it, and where it came from; the cells of text files are still text.

    Errors: those of files.py, DataError ``data-frame-kind``, ``data-empty``.
    """
    if isinstance(path_or_frame, str | PathLike):
        path = checked_path(Path(path_or_frame).expanduser())
        source, frame = _parquet(path) if path.suffix.lower() in PARQUET else _text(path)
    else:
        frame = _frame(path_or_frame)
        source = Source("table", f"the {type(path_or_frame).__name__} you passed", tuple(frame.columns))
    if frame.width == 0 or frame.height == 0:
        raise empty(source.label, f"the table has {frame.height} rows and {frame.width} columns")
    return source, frame


def columns_of(
    frame: pl.DataFrame, source: Source, *, skip: Collection[str], categories: Collection[str]
) -> tuple[Column, ...]:
    """Every column with its type recognised, but those in ``skip``; those in ``categories`` are taken as words."""
    names = [name for name in source.columns if name not in skip]
    return tuple(recognise(frame[name], source, as_category=name in categories) for name in names)


def _text(path: Path) -> tuple[Source, pl.DataFrame]:
    found = layout(path)
    try:
        frame = pl.read_csv(path, separator=found.separator, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise broken_quotes(path, str(error)) from None
    # Two readers walked through the file; if they disagree, its quotes are broken and line numbers would be wrong.
    if frame.shape != (len(found.lines), len(found.header)):
        raise broken_quotes(path, "its quotation marks do not pair up")
    frame.columns = list(found.header)
    return _text_source(path, found), frame


def _text_source(path: Path, found: Layout) -> Source:
    semicolon = found.separator == ";"
    notes = ("Cells are separated by semicolons, so 3,14 is read as the number 3.14.",) if semicolon else ()
    return Source(path.stem, str(path), found.header, found.lines, decimal_comma=semicolon, notes=notes)


def _parquet(path: Path) -> tuple[Source, pl.DataFrame]:
    # A damaged footer makes polars panic now and then, and a panic is no Exception but a BaseException of its own.
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise unreadable(path, str(error)) from None
    return Source(path.stem, str(path), tuple(frame.columns)), frame


def _frame(table: Any) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    try:
        if isinstance(table, pl.LazyFrame):
            return table.collect()
        # Asked before the protocol below, by which pandas hands its index over as one more column.
        if type(table).__module__.partition(".")[0] == "pandas":
            return pl.from_pandas(table)
        if hasattr(table, "__arrow_c_stream__"):
            return pl.DataFrame(table)
        reason = "it is no polars, pandas or pyarrow table"
    except (pl.exceptions.PolarsError, ImportError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
    raise DataError(
        "data-frame-kind",
        f"a {type(table).__name__} cannot be read as a table: {reason}",
        where="the first argument of table()",
        why="columns need names and one type each",
        do="Pass a path, a polars, pandas or pyarrow table; for NumPy arrays use downslope.data.arrays(x, y).",
    )
