"""What a column holds: numbers, dates, yes/no or categories, by the only rules that turn text into numbers.

Loaded lazily, because it imports polars (see lazy.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from downslope.data.column import Column, Fault, Kind, Source
from downslope.errors import DataError

EMPTY_WORDS = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None")
NAN_WORDS = ("nan", "NaN", "NAN", "-nan", "-NaN")
YES_NO = (("false", "true"), ("no", "yes"))
DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")
MOSTLY = 0.8
"""From this share of its filled cells on, a column is what most of them are; the others are faults to be told about."""

MICROSECONDS_A_DAY = 86_400_000_000


def recognise(cells: pl.Series, source: Source, *, as_category: bool = False) -> Column:
    """One column of a file or frame with its type found out.

    Text is numbers if at least 80 % of the filled cells are, or ISO dates by the same rule; true/false and yes/no
    become 0 and 1; anything else is a category. Typed columns keep their type. Errors: DataError ``data-column-kind``.
    """
    dtype = cells.dtype
    if dtype == pl.Null:
        return _measured(cells.name, "number", cells.cast(pl.Float64), cells.is_null())
    if as_category:
        return replace(_from_words(cells.cast(pl.String).str.strip_chars()), wanted=True)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return _from_words(cells.cast(pl.String).str.strip_chars())
    if dtype == pl.String:
        return _from_text(cells, decimal_comma=source.decimal_comma)
    if dtype == pl.Boolean:
        return _from_yes_no(cells.cast(pl.String), ("false", "true"))
    if dtype.is_numeric():
        return _measured(cells.name, "number", cells.cast(pl.Float64), cells.is_null())
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return _measured(cells.name, "date", _days(cells), cells.is_null())
    raise DataError(
        "data-column-kind",
        f"column '{cells.name}' holds {dtype}",
        where=f"{source.label}, column '{cells.name}'",
        why="only numbers, yes/no, dates and text can be turned into features",
        do=f'Leave it out with drop_columns=("{cells.name}",), or turn it into plain columns first.',
    )


def _from_text(cells: pl.Series, *, decimal_comma: bool) -> Column:
    text = cells.str.strip_chars()
    is_empty = text.is_null() | text.is_in(EMPTY_WORDS)
    is_nan = text.is_in(NAN_WORDS).fill_null(False)
    filled = ~(is_empty | is_nan)
    words = text.filter(filled)
    if words.is_empty():
        return _measured(cells.name, "number", pl.Series([None] * len(cells), dtype=pl.Float64), is_empty)
    distinct = words.str.to_lowercase().unique().sort()
    for pair in YES_NO:
        if len(distinct) == 2 and distinct.to_list() == list(pair):
            return _from_yes_no(text.str.to_lowercase(), pair)
    readings: tuple[tuple[Kind, Callable[[pl.Series], pl.Series]], ...] = (
        ("number", _decimals if decimal_comma else _numbers),
        ("date", _dates),
    )
    for kind, reading in readings:
        values = reading(text)
        wrong = filled & values.is_null()
        if 1 - wrong.sum() / len(words) >= MOSTLY:
            return _measured(cells.name, kind, values, is_empty, text=text, wrong=wrong)
    return _from_words(text)


def _numbers(text: pl.Series) -> pl.Series:
    return text.cast(pl.Float64, strict=False)


def _decimals(text: pl.Series) -> pl.Series:
    return _numbers(text.str.replace(",", ".", literal=True))


def _dates(text: pl.Series) -> pl.Series:
    reading = [text.str.to_datetime(form, strict=False, time_unit="us") for form in DATE_FORMATS]
    return _days(pl.select(pl.coalesce(*reading)).to_series())


def _days(moments: pl.Series) -> pl.Series:
    return moments.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / MICROSECONDS_A_DAY


def _from_yes_no(text: pl.Series, words: tuple[str, str]) -> Column:
    known = text.is_in(words).fill_null(False)
    values = np.where(known.to_numpy(), (text == words[1]).fill_null(False).to_numpy().astype(np.float64), np.nan)
    return Column(text.name, "yes/no", values, _word_faults(text, known.to_numpy()), words)


def _from_words(text: pl.Series) -> Column:
    known = (~text.is_in((*EMPTY_WORDS, *NAN_WORDS))).fill_null(False)
    words = tuple(text.filter(known).unique().sort().to_list())
    codes = text.replace_strict(words, range(len(words)), default=None, return_dtype=pl.Float64)
    values = codes.fill_null(float("nan")).to_numpy().astype(np.float64)
    return Column(text.name, "category", values, _word_faults(text, known.to_numpy()), words)


def _word_faults(
    text: pl.Series, known: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    nan = text.is_in(NAN_WORDS).fill_null(False).to_numpy()
    return np.where(known, Fault.NONE, np.where(nan, Fault.NAN, Fault.EMPTY)).astype(np.uint8)


def _measured(
    name: str,
    kind: Kind,
    values: pl.Series,
    is_empty: pl.Series,
    *,
    text: pl.Series | None = None,
    wrong: pl.Series | None = None,
) -> Column:
    numbers = values.fill_null(float("nan")).to_numpy().astype(np.float64)
    faults = np.where(np.isnan(numbers), Fault.NAN, Fault.NONE).astype(np.uint8)
    faults[np.isinf(numbers)] = Fault.INFINITE
    faults[is_empty.to_numpy()] = Fault.EMPTY
    texts: tuple[tuple[int, str], ...] = ()
    if text is not None and wrong is not None:
        at = np.flatnonzero(wrong.to_numpy())
        faults[at] = Fault.TEXT
        texts = tuple((int(i), str(text[int(i)])) for i in at[:3])
    return Column(name, kind, np.where(faults == Fault.NONE, numbers, np.nan), faults, texts=texts)
