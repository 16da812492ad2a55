"""Errors: four lines, and a remedy that guesses what was meant."""

from __future__ import annotations

import pytest

from downslope.errors import DownslopeError, nearest
from downslope.streams import Stream


@pytest.mark.parametrize(
    ("word", "meant"),
    [("adma", "adam"), ("adamx", "adamax"), ("dgits", "digits"), ("momentun", "momentum"), ("lion ", "lion")],
)
def test_the_name_that_was_meant_comes_first(word: str, meant: str) -> None:
    known = ["adam", "adamax", "adamw", "adan", "digits", "lion", "momentum", "nadam", "radam"]
    assert nearest(word, known).startswith(f"Did you mean '{meant}'? Known: adam, ")


def test_a_word_like_no_name_gets_the_names_alone() -> None:
    assert nearest("zzz", ["adam", "lion"]) == "Known: adam, lion."


def test_a_wide_table_does_not_make_a_line_without_end() -> None:
    text = nearest("x7", [f"x{k}" for k in range(500)])
    assert text.startswith("Did you mean 'x7'?")
    assert text.endswith("and 440 more.")


def test_an_error_has_four_lines_with_its_code_in_the_first() -> None:
    error = DownslopeError("some-code", "what", where="there", why="because", do="this")
    lines = str(error).splitlines()
    assert lines == ["what  [some-code]", "  where: there", "  why:   because", "  do:    this"]


def test_no_two_uses_of_random_numbers_share_a_stream() -> None:
    assert len({int(use) for use in Stream}) == len(Stream.__members__)
