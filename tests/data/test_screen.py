"""Columns that cannot help are left out, and it is said."""

from __future__ import annotations

import pytest
from tests.data.conftest import Write

from downslope.data import Data, table
from downslope.errors import DataError


def with_column(people: str, name: str, cells: list[str]) -> str:
    head, *rows = people.splitlines()
    return "\n".join([f"{name},{head}", *(f"{cell},{row}" for cell, row in zip(cells, rows, strict=True))])


def left_out(data: Data, name: str) -> str:
    return "".join(note for note in data.notes if note.startswith(f"Column '{name}' left out"))


def test_texts_that_all_differ_are_an_identifier_unless_the_user_says_otherwise(write: Write, people: str) -> None:
    path = write("p.csv", with_column(people, "surname", [f"name{i}" for i in range(24)]))
    data = table(path, target="price")
    assert not any("surname" in feature for feature in data.features)
    assert "24 different texts in 24 rows look like an identifier" in left_out(data, "surname")
    kept = table(path, target="price", categories=("surname",))
    assert sum("surname=" in feature for feature in kept.features) == len(kept.train)


@pytest.mark.parametrize(("different", "kept"), [(50, True), (51, False)])
def test_more_than_fifty_different_texts_are_too_many(write: Write, different: int, kept: bool) -> None:
    rows = "".join(f"w{i % different},{i},{i}.5\n" for i in range(4 * different))
    data = table(write("p.csv", "word,a,y\n" + rows), target="y")
    assert any("word=" in feature for feature in data.features) is kept


def test_an_index_column_that_counts_the_rows_is_left_out_but_a_measure_that_counts_is_kept(
    write: Write, people: str
) -> None:
    counting = [str(i) for i in range(24)]
    data = table(write("p.csv", with_column(people, "", counting)), target="price")
    assert "" not in data.features
    assert "only counts the rows" in left_out(data, "")
    assert "week" in table(write("p.csv", with_column(people, "week", counting)), target="price").features


def test_an_empty_column_and_a_constant_one_are_left_out_and_said(write: Write, people: str) -> None:
    data = table(write("p.csv", with_column(people, "empty", [""] * 24)), target="price")
    assert "all its cells are empty" in left_out(data, "empty")
    data = table(write("p.csv", with_column(people, "same", ["7"] * 24)), target="price")
    assert "constant" in left_out(data, "same")


def test_with_no_column_left_each_reason_is_given(write: Write) -> None:
    rows = "".join(f"name{i},,{i}.5\n" for i in range(20))
    with pytest.raises(DataError, match="data-no-features") as refused:
        table(write("p.csv", "name,empty,y\n" + rows), target="y")
    assert "Column 'name' left out" in refused.value.what
    assert "Column 'empty' left out" in refused.value.what
    with pytest.raises(DataError, match="constant over the rows to train on"):
        table(write("p.csv", "a,y\n" + "".join(f"5,{i}.5\n" for i in range(20))), target="y")
