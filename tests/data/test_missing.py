"""Unusable cells: counted and named, dropped, or filled from the training part; a target is never invented."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.conftest import Write

from downslope.data import table
from downslope.errors import DataError, SettingError


def with_rows(people: str, *rows: str) -> str:
    return people + "".join(row + "\n" for row in rows)


def test_gaps_stop_by_default_and_are_counted_by_column_and_kind(write: Write, people: str) -> None:
    path = write("p.csv", with_rows(people, "Rome,NaN,yes,2024-01-03,5", "Bonn,inf,no,,6", ",,no,2024-01-03,7"))
    with pytest.raises(DataError) as refused:
        table(path, target="price")
    error = refused.value
    assert error.code == "data-missing-cells"
    assert "3 of 27 rows" in error.what
    assert "'age' 1 empty and 1 NaN and 1 infinite" in error.what
    assert "'since' 1 empty" in error.what
    assert "'city' 1 empty" in error.what
    assert error.where == f"{path}, line 26, column 'age' is the first"
    assert all(choice in error.do for choice in ('missing="drop"', 'missing="impute"', "drop_columns="))


def test_text_between_numbers_names_the_first_cells_and_their_lines(write: Write, people: str) -> None:
    path = write("p.csv", with_rows(people, "Rome,about 30,yes,2024-01-03,5", "", "Bonn,?,no,2024-01-03,6"))
    with pytest.raises(DataError) as refused:
        table(path, target="price")
    error = refused.value
    assert error.code == "data-text-in-number"
    assert "24 numbers and 2 cells of other text: 'about 30' (line 26), '?' (line 28)" in error.what
    assert error.where == f"{path}, line 26, column 'age'"
    assert all(choice in error.do for choice in ('missing="drop"', 'missing="impute"', 'drop_columns=("age",)'))


def test_text_in_the_target_is_not_offered_to_be_filled_or_left_out(write: Write, people: str) -> None:
    path = write("p.csv", with_rows(people, "Rome,30,yes,2024-01-03,cheap"))
    with pytest.raises(DataError, match=r"column 'price'.*\[data-text-in-number\]") as refused:
        table(path, target="price")
    assert "impute" not in refused.value.do
    assert "drop_columns" not in refused.value.do


def test_dropping_keeps_the_ids_of_the_other_rows(write: Write, people: str) -> None:
    lines = people.splitlines()
    lines[1] = "Paris,,yes,2024-01-01,100"
    lines[11] = "Rome,old,no,2024-01-10,181"
    data = table(write("p.csv", "\n".join(lines)), target="price", missing="drop")
    assert sorted([*data.train.rows, *data.held_out.rows]) == [i for i in range(24) if i not in (0, 10)]
    assert any("2 rows dropped for unusable cells: 'age' 1 empty and 1 text" in note for note in data.notes)


def test_imputing_keeps_the_rows_but_not_those_without_a_target(write: Write, people: str) -> None:
    path = write("p.csv", with_rows(people, "Rome,,yes,2024-01-03,5", "Rome,30,yes,2024-01-03,"))
    data = table(path, target="price", missing="impute")
    assert sorted([*data.train.rows, *data.held_out.rows]) == list(range(25))
    assert any("1 row dropped for unusable cells: 'price' 1 empty" in note for note in data.notes)


def test_the_message_says_that_rows_without_a_target_are_dropped_all_the_same(write: Write, people: str) -> None:
    with pytest.raises(DataError, match="rows without 'price' are dropped all the same"):
        table(write("p.csv", with_rows(people, "Rome,30,yes,2024-01-03,")), target="price")


def test_blank_lines_are_no_rows(write: Write, people: str) -> None:
    lines = people.splitlines()
    path = write("p.csv", "\n".join([*lines[:4], "", *lines[4:], ",,,,", ""]))
    data = table(path, target="price")
    assert sorted([*data.train.rows, *data.held_out.rows]) == [i for i in range(25) if i != 3]
    assert "Blank rows left out: 2." in data.notes


def test_when_every_row_has_a_gap_the_emptiest_columns_are_named(write: Write) -> None:
    rows = "".join("1,,2\n,3,4\n,5,6\n" for _ in range(5))
    with pytest.raises(DataError) as refused:
        table(write("p.csv", "a,b,y\n" + rows), target="y", missing="drop")
    assert refused.value.code == "data-all-rows-dropped"
    assert "'a' in 10, 'b' in 5" in refused.value.what
    assert 'drop_columns=("a",)' in refused.value.do


def test_an_empty_target_column_asks_for_another_target(write: Write) -> None:
    rows = "".join(f"{i},\n" for i in range(12))
    with pytest.raises(DataError, match="data-all-rows-dropped") as refused:
        table(write("p.csv", "a,y\n" + rows), target="y", missing="impute")
    assert "another target" in refused.value.do


def test_a_misspelt_choice_is_refused(write: Write, people: str) -> None:
    with pytest.raises(SettingError, match=r"'imput'.*\[data-missing-option\]") as refused:
        table(write("p.csv", people), target="price", missing="imput")  # type: ignore[arg-type]  # the point of the test
    assert "Did you mean 'impute'?" in refused.value.do


@pytest.mark.parametrize("seed", range(3))
def test_gaps_are_filled_with_the_training_median_and_most_frequent_word(write: Write, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, town = rng.integers(1, 100, 40).astype(float), rng.choice(["a", "b", "b", "c"], 40)
    rows = [f"{'' if i % 9 == 0 else size[i]},{'' if i % 7 == 0 else town[i]},{i}.5" for i in range(40)]
    path = write("p.csv", "size,town,y\n" + "\n".join(rows))
    data = table(path, target="y", missing="impute", standardise=False, seed=seed)
    known_sizes = sorted(size[i] for i in data.train.rows if i % 9)
    middle = len(known_sizes) // 2
    median = known_sizes[middle] if len(known_sizes) % 2 else (known_sizes[middle - 1] + known_sizes[middle]) / 2
    known_towns = [town[i] for i in data.train.rows if i % 7]
    frequent = max("abc", key=known_towns.count)
    for part in (data.train, data.held_out):
        for x, row in zip(part.x, part.rows, strict=True):
            if row % 9 == 0:
                assert x[0] == median
            if row % 7 == 0:
                assert x[1:].tolist() == [float(word == frequent) for word in "abc"]
