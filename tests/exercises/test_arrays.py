"""Arrays: read from lists, libraries and texts; what is wrong with one is said without telling the right one."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from downslope.exercises.arrays import Values, as_array
from downslope.exercises.reading import Unread

MATRIX = np.array([[1.0, 2.0], [-3.5, 4.0]])


@pytest.mark.parametrize(
    "given",
    [
        MATRIX,
        MATRIX.astype(np.float32),
        MATRIX.tolist(),
        [["1", "2,0"], ["-7/2", Fraction(4)]],
        "[[1, 2], [-3.5, 4]]",
        "[[1 2]\n [-3.5 4]]",
        "array([[1. , 2. ],\n       [-3.5, 4. ]])",
        "1 2; −3.5 4",
        "1, 2\n-3.5, 4",
        "((1, 2), (-3.5, 4))".replace("(", "[").replace(")", "]"),
    ],
    ids=repr,
)
def test_a_matrix_is_read_however_it_is_written(given: Any) -> None:
    assert np.array_equal(as_array(given), MATRIX)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6)))
def test_every_array_is_read_from_the_text_that_python_and_numpy_write(array: Any) -> None:
    for text in (repr(array.tolist()), np.array2string(array, floatmode="unique", threshold=10**6)):
        assert np.array_equal(as_array(text), array)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[1, 2", "brackets"),
        ("1, 2]", "closing brackets"),
        ("[1], [2]", "brackets"),
        ("[[1, 2], [3]]", "different lengths"),
        ("[a, b]", "no number"),
        ("[[[[[[1]]]]]]", "more than"),
        ("[" * 5000, "more than"),
        ("1 " * 9999, "characters"),
        ("", "no answer"),
        (None, "no answer"),
        ({"w": 1}, "no array"),
        (np.array([1j]), "no array"),
        ([1, None], "no answer"),
        ([True], "truth value"),
    ],
    ids=repr,
)
def test_what_is_no_array_is_refused_in_words(given: Any, said: str) -> None:
    with pytest.raises(Unread, match=said):
        as_array(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (MATRIX.T, "transposed"),
        (-MATRIX, "sign is turned around"),
        (2 * MATRIX, "times one factor, 2."),
        (np.array([[1, 2], [-3.5, 9]]), "3 of 4 numbers are right"),
        (np.ones((2, 3)), "The shape is"),
        (np.array([[1, 2], [np.nan, 4]]), "NaN at [1, 0]"),
        (np.array([[1, 2], [np.inf, 4]]), "inf at [1, 0]"),
    ],
)
def test_a_wrong_array_is_described(given: Any, said: str) -> None:
    found = Values(MATRIX).judge(given, [])
    assert found.outcome == "wrong"
    assert said in found.message


def test_a_transposed_array_of_another_shape_is_described() -> None:
    true = np.arange(6.0).reshape(2, 3)
    assert "transposed" in Values(true).judge(true.T, []).message


def test_a_row_may_have_an_axis_of_length_one_too_many() -> None:
    assert Values(np.array([1.0, 2.0])).judge([[1, 2]], []).outcome == "right"


@given(
    arrays(np.float64, array_shapes(max_dims=2, max_side=4), elements=st.floats(-100, 100, allow_subnormal=False)),
    st.integers(0, 99),
)
def test_one_number_that_is_off_by_a_hundredth_of_the_largest_makes_it_wrong(true: Any, place: int) -> None:
    size = np.abs(true).max()
    if size == 0:
        return
    off = true.copy()
    off.flat[place % true.size] += 0.01 * size
    assert Values(true).judge(true, []).outcome == "right"
    assert Values(true).judge(off, []).outcome == "wrong"
