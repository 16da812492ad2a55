"""Nothing that the held-out rows know gets into the encoding."""

from __future__ import annotations

import numpy as np
import pytest

from downslope.data.column import Column, Source
from downslope.data.encode import encode

FILE = Source("a", "a.csv", ("c",))
TRAIN = np.array([0, 1, 2, 3])


def words(*values: str) -> Column:
    names = sorted(set(values))
    codes = np.array([float(names.index(value)) for value in values])
    return Column("c", "category", codes, np.zeros(len(values), dtype=np.uint8), tuple(names))


def test_a_category_is_one_column_for_each_word_of_the_training_part() -> None:
    encoded = encode([words("b", "a", "b", "b", "a", "b")], TRAIN, FILE)
    assert encoded.names == ("c=a", "c=b")
    assert encoded.x.tolist() == [[0, 1], [1, 0], [0, 1], [0, 1], [1, 0], [0, 1]]
    assert encoded.standardise == (False, False)


def test_a_word_of_held_out_rows_only_is_all_zeros_and_said() -> None:
    encoded = encode([words("b", "a", "b", "b", "new", "b")], TRAIN, FILE)
    assert encoded.names == ("c=a", "c=b")
    assert encoded.x[4].tolist() == [0, 0]
    assert any("'new' only in held-out rows" in note for note in encoded.notes)


def test_a_column_that_varies_in_held_out_rows_only_is_left_out() -> None:
    flat = Column("flat", "number", np.array([1.0, 1, 1, 1, 5, 9]), np.zeros(6, dtype=np.uint8))
    ramp = Column("ramp", "number", np.arange(6.0), np.zeros(6, dtype=np.uint8))
    encoded = encode([flat, ramp], TRAIN, FILE)
    assert encoded.names == ("ramp",)
    assert any("'flat'" in note for note in encoded.notes)


@pytest.mark.parametrize("held_value", [0.0, 1e9])
def test_a_gap_is_filled_by_the_training_part_whatever_is_held_out(held_value: float) -> None:
    faults = np.array([0, 0, 0, 1, 0, 1], dtype=np.uint8)
    column = Column("c", "number", np.array([1.0, 3.0, 8.0, np.nan, held_value, np.nan]), faults)
    encoded = encode([column], TRAIN, FILE)
    assert encoded.x[:, 0].tolist() == [1, 3, 8, 3, held_value, 3]
    assert any("2 empty filled with the training part's median, 3" in note for note in encoded.notes)
