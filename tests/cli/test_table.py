"""Columns that fit, and JSON that any reader takes."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, strategies as st

from downslope.cli import table

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_json_is_what_was_given(value: object) -> None:
    assert json.loads(table.as_json(value)) == value


def test_what_json_does_not_know_is_a_word() -> None:
    text = table.as_json({"a": np.array([1.5, np.nan, np.inf, -np.inf]), "b": np.float32(2), "c": np.int64(3)})
    assert json.loads(text) == {"a": [1.5, "NaN", "Infinity", "-Infinity"], "b": 2, "c": 3}


@given(st.lists(st.tuples(st.text("ab", max_size=30), st.text("ab", max_size=30)), min_size=1), st.integers(20, 60))
def test_no_line_is_longer_than_asked_and_none_is_lost(rows: list[tuple[str, str]], most: int) -> None:
    lines = table.columns(rows, most=most).split("\n")
    assert len(lines) == len(rows)
    assert max(map(len, lines)) <= most
