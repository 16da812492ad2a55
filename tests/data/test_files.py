"""Files that are no tables: one message each, with the line, before any parser is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data.conftest import Write

from downslope.data import table
from downslope.data.files import layout
from downslope.errors import DataError


def refused(path: Path | str, target: str = "price") -> DataError:
    with pytest.raises(DataError) as caught:
        table(path, target=target)
    assert len(str(caught.value).splitlines()) == 4
    # Nobody should have to read a parser's traceback to see what is wrong with a file.
    assert caught.value.__cause__ is None
    return caught.value


def test_a_missing_file_suggests_the_near_names_beside_it(write: Write, people: str) -> None:
    path = write("houses.csv", people)
    near = refused(path.with_name("house.csv"))
    assert (near.code, near.do) == ("data-file-missing", "Did you mean 'houses.csv'?")
    assert near.where.endswith("house.csv")
    far = refused(path.with_name("zzz.parquet"))
    assert "Tables in that directory: 'houses.csv'" in far.do
    assert "does not exist either" in refused(path.parent / "nowhere" / "houses.csv").do
    assert "download it first" in refused("https://example.org/houses.csv").do


def test_a_directory_names_the_tables_in_it(write: Write, people: str) -> None:
    path = write("houses.csv", people)
    error = refused(path.parent)
    assert error.code == "data-file-directory"
    assert "'houses.csv'" in error.do


@pytest.mark.parametrize(("name", "shown"), [("houses.xlsx", "'.xlsx'"), ("houses", "no ending")])
def test_an_unknown_ending_is_not_guessed_at(write: Write, name: str, shown: str) -> None:
    error = refused(write(name, "a,b\n1,2\n"))
    assert error.code == "data-file-kind"
    assert shown in error.what
    assert "CSV" in error.do


BAD_CONTENT: dict[str, tuple[str, str | bytes, str, str, str]] = {
    "0 bytes": ("a.csv", "", "data-empty", "0 bytes", ""),
    "blank lines": ("a.csv", "\n\n", "data-empty", "blank lines only", ""),
    "header only": ("a.csv", "age,price\n", "data-empty", "'age', 'price'", ""),
    "doubled column": ("a.csv", "age,price,age\n1,2,3\n", "data-duplicate-columns", "'age'", "line 1"),
    "doubled but for a space": ("a.csv", "age,price, age\n1,2,3\n", "data-duplicate-columns", "'age'", "line 1"),
    "long row": ("a.csv", "age,price\n1,2\n1,2,3\n", "data-ragged-rows", "line 3 has 3", "line 3"),
    "short row": ("a.csv", "age,price\n1,2\n\n1\n", "data-ragged-rows", "line 4 has 1", "line 4"),
    "long after a cell of two lines": ("a.csv", 'a,b\n"1\n2",2\n1,2,3\n', "data-ragged-rows", "line 4", "line 4"),
    "Latin-1": ("a.csv", b"city,price\nRom,1\nK\xf6ln,2\n", "data-encoding", "0xf6", "line 3"),
    "UTF-16": ("a.csv", "a,b\n1,2\n".encode("utf-16"), "data-encoding", "UTF-16", "line 1"),
    "open quote": ("a.csv", 'a,b\n1,2\n"1,2\n3,4\n', "data-file-unreadable", "no partner", "line 3"),
    "inches": ("a.csv", "a,b\n1,2\n5'11\",2\n3,4\n", "data-file-unreadable", "no partner", "line 3"),
    "old Mac lines": ("a.csv", "a,b\r1,2\r3,4\r", "data-file-unreadable", "carriage return", ""),
    "text called Parquet": ("a.parquet", "a,b\n1,2\n3,4\n5,6\n", "data-file-unreadable", "Parquet", ""),
    "cut-off Parquet": ("a.parquet", b"PAR1" + b"\x15" * 40 + b"PAR1", "data-file-unreadable", "parquet", ""),
}


@pytest.mark.parametrize("case", BAD_CONTENT)
def test_damaged_content_names_what_and_the_line(write: Write, case: str) -> None:
    name, content, code, words, line = BAD_CONTENT[case]
    path = write(name, content)
    error = refused(path)
    assert error.code == code
    assert words.lower() in str(error).lower()
    assert error.where.startswith(str(path))
    assert error.where.endswith(line)


def test_lines_are_counted_through_cells_that_hold_line_breaks(write: Write) -> None:
    found = layout(write("a.csv", '\na,b\n"x\ny",1\n\nz,2\n'))
    assert found.header == ("a", "b")
    assert found.lines.tolist() == [3, 5, 6]


@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t"), ("a.tab", "\t")]
)
def test_the_separator_is_found(write: Write, name: str, separator: str) -> None:
    text = f"a{separator}b\n1{separator}2\n"
    assert layout(write(name, text)).separator == separator


def test_a_byte_order_mark_is_no_part_of_the_first_name(write: Write) -> None:
    assert layout(write("a.csv", b"\xef\xbb\xbfage,price\n1,2\n")).header == ("age", "price")
