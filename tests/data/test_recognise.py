"""Which text becomes numbers, dates, yes/no or categories."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from downslope.data.column import Column, Fault, Source
from downslope.data.recognise import recognise
from downslope.errors import DataError

FILE = Source("a", "a.csv", ("c",))


def read(*cells: str | None, source: Source = FILE, as_category: bool = False) -> Column:
    return recognise(pl.Series("c", cells, dtype=pl.String), source, as_category=as_category)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (("1", "2.5", "-3e4", " 4 ", "+.5"), "number"),
        (("True", "false", "TRUE"), "yes/no"),
        (("no", "Yes"), "yes/no"),
        (("yes", "no", "maybe"), "category"),
        (("2024-01-31", "1999-12-01"), "date"),
        (("2024-01-31 12:00:00", "2024-02-01T06:30:00.5"), "date"),
        (("31/01/2024", "01/02/2024"), "category"),
        (("1", "2", "x", "y"), "category"),
        (("0x10", "1_000", "1d5"), "category"),
    ],
)
def test_the_kind_of_a_column(cells: tuple[str, ...], kind: str) -> None:
    assert read(*cells).kind == kind


def test_numbers_keep_their_values() -> None:
    assert read("1", " 2.5", "-3e4").values.tolist() == [1.0, 2.5, -30000.0]


def test_dates_are_days_since_1970() -> None:
    noon = (dt.date(2024, 2, 29) - dt.date(1970, 1, 1)).days + 0.5
    assert read("1970-01-02", "2024-02-29T12:00:00").values.tolist() == [1.0, noon]
    typed = pl.Series("c", [dt.date(1970, 1, 2), dt.date(1969, 12, 31)])
    assert recognise(typed, FILE).values.tolist() == [1.0, -1.0]


def test_moments_with_a_time_zone_are_read_in_utc() -> None:
    paris = pl.Series("c", ["1970-01-02T01:00:00"]).str.to_datetime().dt.replace_time_zone("Europe/Paris")
    assert recognise(paris, FILE).values.tolist() == [1.0]


def test_four_numbers_in_five_make_a_number_column_and_the_fifth_a_fault() -> None:
    column = read("1", "2", "about 3", "4", "5", None)
    assert column.kind == "number"
    assert column.faults.tolist() == [0, 0, Fault.TEXT, 0, 0, Fault.EMPTY]
    assert column.texts == ((2, "about 3"),)
    assert read("1", "2", "x", "4", "y").kind == "category"


def test_every_unusable_cell_has_its_reason() -> None:
    column = read("1", "", None, "NA", "NaN", "inf", "-Infinity", " ")
    empty, nan, infinite = Fault.EMPTY, Fault.NAN, Fault.INFINITE
    assert column.faults.tolist() == [0, empty, empty, empty, nan, infinite, infinite, empty]
    assert np.isnan(column.values[1:]).all()
    assert column.tally() == "4 empty and 1 NaN and 2 infinite"
    typed = recognise(pl.Series("c", [1.0, None, float("nan"), float("-inf")]), FILE)
    assert typed.faults.tolist() == [0, empty, nan, infinite]


def test_gaps_in_words_are_faults_too() -> None:
    column = read("b", "", "a", "NaN", None, "b")
    assert column.words == ("a", "b")
    assert column.faults.tolist() == [0, Fault.EMPTY, 0, Fault.NAN, Fault.EMPTY, 0]
    assert column.usable().tolist() == [1.0, 0.0, 1.0]
    assert read("yes", "", "no").faults.tolist() == [0, Fault.EMPTY, 0]


def test_codes_stay_words_on_request() -> None:
    assert read("01067", "80331", "01067", as_category=True).words == ("01067", "80331")


def test_a_decimal_comma_counts_where_semicolons_separate() -> None:
    german = Source("a", "a.csv", ("c",), decimal_comma=True)
    assert read("3,14", "-1,5", source=german).values.tolist() == [3.14, -1.5]
    assert read("3,14", "-1,5").kind == "category"


def test_typed_columns_keep_their_type() -> None:
    assert recognise(pl.Series("c", [True, False, None]), FILE).words == ("false", "true")
    assert recognise(pl.Series("c", ["1", "2"], dtype=pl.Categorical), FILE).kind == "category"
    assert recognise(pl.Series("c", [1, 2], dtype=pl.Int8), FILE).values.tolist() == [1.0, 2.0]
    assert recognise(pl.Series("c", [None, None]), FILE).faults.tolist() == [Fault.EMPTY] * 2


def test_a_column_of_lists_is_refused() -> None:
    with pytest.raises(DataError, match=r"holds List\(Int64\).*\[data-column-kind\]") as refused:
        recognise(pl.Series("c", [[1], [2]]), FILE)
    assert 'drop_columns=("c",)' in refused.value.do
