"""From a file to Data and back: ids lead to cells, formats agree, held-out rows stay unknown."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.data.conftest import Write

from downslope.data import Data, table
from downslope.errors import DataError, DownslopeError, SettingError

MIXED = pl.DataFrame(
    {
        "city": ["Paris", "Rome", "Bonn"] * 8,
        "age": [20 + 1.25 * i for i in range(24)],
        "rooms": [i % 5 for i in range(24)],
        "member": [i % 3 == 0 for i in range(24)],
        "since": [dt.date(2024, 1, 1) + dt.timedelta(days=i * i) for i in range(24)],
        "price": [100.5 + i * i for i in range(24)],
    }
)


def as_parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def test_row_ids_and_raw_values_lead_back_to_the_cells_of_the_file(write: Write) -> None:
    path = write("people.csv", MIXED.write_csv())
    data = table(path, target="price", drop_columns=("rooms",))
    with path.open(newline="") as file:
        cells = list(csv.DictReader(file))
    for part in (data.train, data.held_out):
        raw_x, raw_y = data.raw_features(part.x), data.raw_target(part.y)
        for x, y, row in zip(raw_x, raw_y, part.rows, strict=True):
            found = dict(zip(data.features, x, strict=True))
            cell = cells[row]
            assert found["age"] == pytest.approx(float(cell["age"]))
            assert found[f"city={cell['city']}"] == pytest.approx(1)
            assert found["member"] == pytest.approx(float(cell["member"] == "true"))
            assert found["since"] == pytest.approx((dt.date.fromisoformat(cell["since"]) - dt.date(1970, 1, 1)).days)
            assert y[0] == pytest.approx(float(cell["price"]))


@pytest.mark.parametrize("target", ["price", "city", "member"])
def test_csv_tsv_parquet_and_frames_of_one_table_are_one_and_the_same_data(tmp_path: Path, target: str) -> None:
    MIXED.write_csv(tmp_path / "t.csv")
    MIXED.write_csv(tmp_path / "t.tsv", separator="\t")
    MIXED.write_parquet(tmp_path / "t.parquet")
    sources: list[Any] = [*(tmp_path / f"t.{ending}" for ending in ("csv", "tsv", "parquet")), MIXED, MIXED.to_arrow()]
    read = [table(source, target=target) for source in [*sources, MIXED.lazy()]]
    assert len({data.hash for data in read}) == 1
    assert len({data.notes for data in read}) == 1


@pytest.mark.parametrize("name", ["sales[1].csv", "sales*.csv", "sales[1].parquet", "year=2024/sales.parquet"])
def test_no_sign_in_a_path_has_a_second_meaning(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(MIXED.write_csv().encode() if name.endswith("csv") else as_parquet(MIXED))
    assert table(path, target="price").hash == table(MIXED, target="price").hash


def test_a_huge_outlier_in_a_held_out_row_leaves_the_training_part_as_it_was() -> None:
    calm = table(MIXED, target="price", seed=3)
    row = int(calm.held_out.rows[0])
    outlier = pl.Series([1e6 if i == row else value for i, value in enumerate(MIXED["age"])])
    wild = table(MIXED.with_columns(age=outlier), target="price", seed=3)
    assert np.array_equal(calm.train.x, wild.train.x)
    assert calm.feature_scales == wild.feature_scales
    at = calm.features.index("age")
    assert wild.held_out.x[0, at] > 1e4
    assert calm.train.x[:, at].mean() == pytest.approx(0, abs=1e-12)
    assert calm.train.x[:, at].std() == pytest.approx(1)


def test_only_measures_are_standardised_and_only_on_request() -> None:
    data = table(MIXED, target="price")
    for name, column in zip(data.features, data.train.x.T, strict=True):
        if name.startswith("city=") or name == "member":
            assert set(column.tolist()) == {0.0, 1.0}
        else:
            assert column.std() == pytest.approx(1)
    raw = table(MIXED, target="price", standardise=False)
    assert raw.target_scale == (0.0, 1.0)
    assert raw.train.y[:, 0].tolist() == [MIXED["price"][int(row)] for row in raw.train.rows]


def test_the_same_seed_gives_the_same_data() -> None:
    assert table(MIXED, target="city", seed=5).hash == table(MIXED, target="city", seed=5).hash
    assert table(MIXED, target="city", seed=5).hash != table(MIXED, target="city", seed=6).hash


def test_classes_are_split_in_their_proportions() -> None:
    frame = pl.DataFrame({"x": [i * i for i in range(100)], "y": ["a"] * 50 + ["b"] * 40 + ["c"] * 10})
    data = table(frame, target="y", held_out=0.3)
    assert np.bincount(data.held_out.y.astype(int)).tolist() == [15, 12, 3]


def test_semicolons_and_decimal_commas_are_read_and_said(write: Write) -> None:
    rows = "".join(f"{i},5;{i * i},25\n" for i in range(20))
    data = table(write("t.csv", "a;y\n" + rows), target="y", standardise=False)
    assert sorted(data.train.x[:, 0].tolist()) == [row + 0.5 for row in sorted(data.train.rows.tolist())]
    assert any("semicolons" in note for note in data.notes)


def test_dates_and_categories_are_noted() -> None:
    notes = " ".join(table(MIXED, target="price").notes)
    assert "days since 1970-01-01: 'since'" in notes
    assert "columns of 0 and 1: 'city'" in notes


def refused(source: object, **options: Any) -> DownslopeError:
    with pytest.raises((DataError, SettingError)) as caught:
        table(source, **options)
    assert len(str(caught.value).splitlines()) == 4
    return caught.value


def test_a_missing_target_suggests_the_nearest_column(write: Write, people: str) -> None:
    error = refused(write("people.csv", people), target="prize")
    assert error.code == "data-target-missing"
    assert "Did you mean 'price'?" in error.do
    assert error.where.endswith("people.csv")


def test_a_file_without_a_header_is_suspected(write: Write) -> None:
    error = refused(write("t.csv", "5.1,3.5,0\n" * 20), target="species")
    assert error.code == "data-target-missing"
    assert "add a header line" in error.do


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"drop_columns": ("cty",)}, "Did you mean 'city'?"),
        ({"drop_columns": "city"}, 'drop_columns=("city",)'),
        ({"drop_columns": ("price",)}, "names the target"),
        ({"categories": ("zip",)}, "categories names 'zip'"),
    ],
)
def test_column_names_that_match_nothing_are_refused(options: dict[str, Any], words: str) -> None:
    error = refused(MIXED, target="price", **options)
    assert error.code == "data-column-unknown"
    assert words in str(error)


@pytest.mark.parametrize("rows", [1, 9])
def test_fewer_than_ten_rows_are_too_few(rows: int) -> None:
    error = refused(MIXED.head(rows), target="price")
    assert error.code == "data-too-few-rows"
    assert "at least 10" in error.what
    assert table(MIXED.head(10), target="price").name == "table"


def test_rows_lost_to_gaps_are_mentioned_where_too_few_are_left() -> None:
    gaps = MIXED.with_columns(age=pl.Series([float(i) if i < 5 else None for i in range(24)]))
    error = refused(gaps, target="price", missing="drop")
    assert error.code == "data-too-few-rows"
    assert "after 19 of 24 were dropped" in error.what


def test_values_too_large_to_standardise_are_refused() -> None:
    error = refused(MIXED.with_columns(age=pl.Series([(-1.0) ** i * 1e300 for i in range(24)])), target="price")
    assert error.code == "data-too-large"
    assert "'age'" in error.what


@pytest.mark.parametrize("thing", [{"a": [1, 2]}, [[1, 2]], None, np.zeros((3, 2))])
def test_what_is_no_table_is_refused(thing: object) -> None:
    error = refused(thing, target="a")
    assert error.code == "data-frame-kind"
    assert type(thing).__name__ in error.what


def test_a_frame_without_rows_is_empty() -> None:
    assert refused(MIXED.head(0), target="price").code == "data-empty"


def test_data_says_what_it_is() -> None:
    data: Data = table(MIXED, target="price", name="people")
    assert str(data).startswith("people: regression, 24 rows (19 to train on, 5 held out)")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_damaged_anywhere_gives_data_or_one_clear_message(tmp_path: Path, ending: str) -> None:
    whole = MIXED.write_csv().encode() if ending == "csv" else as_parquet(MIXED)
    path = tmp_path / f"damaged.{ending}"
    rng = np.random.default_rng(0)
    messages = []
    for _ in range(150):
        at = int(rng.integers(len(whole)))
        gone = int(rng.integers(40))
        path.write_bytes(whole[:at] + bytes(rng.choice(list(b'",;\n\r\0\xff7x'), 2).tolist()) + whole[at + gone :])
        try:
            table(path, target="price", missing="drop")
        except DownslopeError as error:
            messages.append(str(error))
    assert len(messages) > 30
    assert {len(message.splitlines()) for message in messages} == {4}
