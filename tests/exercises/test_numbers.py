"""Numbers: the tolerance is the printed digit or a part of the value, and a coarse answer is told from a wrong one."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, strategies as st

from downslope.exercises.answer import Mistake
from downslope.exercises.numbers import Number, Numbers, named
from downslope.exercises.reading import Unread
from downslope.exercises.tolerance import Tolerance

usual = st.floats(1e-3, 1e5).flatmap(lambda x: st.sampled_from([x, -x]))


@given(usual, st.integers(1, 6))
def test_the_truth_rounded_to_the_asked_digits_is_right(true: float, digits: int) -> None:
    rounded = f"{true:.{digits - 1}e}"
    assert Number(true, digits=digits).judge(rounded, []).outcome == "right"


@given(usual, st.integers(2, 6))
def test_one_unit_of_the_last_digit_away_is_not_right(true: float, digits: int) -> None:
    unit = 2 * Tolerance(digits).width(true)
    for away in (true + unit, true - unit):
        assert Number(true, digits=digits).judge(away, []).outcome == "wrong"


@given(usual, st.floats(1e-4, 0.1))
def test_a_relative_tolerance_is_a_part_of_the_value(true: float, relative: float) -> None:
    answer = Number(true, relative=relative)
    assert answer.judge(true * (1 + 0.99 * relative), []).outcome == "right"
    assert answer.judge(true * (1 + 1.01 * relative), []).outcome == "wrong"
    assert f"{relative:.2g}" in answer.asks()
    assert "relatively" in answer.accepted()


def test_a_number_that_rounds_up_to_the_next_power_of_ten_is_right() -> None:
    assert Number(0.99961).judge("1.00", []).outcome == "right"


@pytest.mark.parametrize("given", ["0.3", "0.33", ".3"])
def test_too_few_digits_are_told_from_a_wrong_answer(given: str) -> None:
    found = Number(1 / 3).judge(given, [])
    assert found.outcome == "wrong"
    assert "fewer digits" in found.message


def test_a_digit_that_is_cut_off_is_told() -> None:
    assert "cut off" in Number(2 / 3).judge("0.666", []).message
    assert "cut off" not in Number(2 / 3).judge("0.665", []).message


def test_zero_is_no_coarse_form_of_a_small_number() -> None:
    assert Number(0.3).judge("0", []).message == ""
    assert Number(0.004).judge("0.0", []).message == ""


def test_exactly_means_up_to_rounding() -> None:
    answer = Number(35.0, digits=None)
    assert answer.judge(35.000000000000004, []).outcome == "right"
    assert answer.judge("35.001", []).outcome == "wrong"


def test_a_mistake_is_named_before_anything_else_is_said() -> None:
    found = Number(0.5).judge("-0.5", [Mistake("turned around", "Mind the sign.", -0.5)])
    assert (found.mistake, found.message) == ("turned around", "Mind the sign.")
    assert "sign" in Number(0.5).judge("-0.5", []).message


@pytest.mark.parametrize("given", [math.nan, math.inf, "nan", "-inf"])
def test_nan_and_infinity_are_wrong_and_said_to_be_so(given: object) -> None:
    found = Number(0.5).judge(given, [])
    assert found.outcome == "wrong"
    assert "division by 0" in found.message


@pytest.mark.parametrize("true", [0.0, math.nan, math.inf, 1e-9, 1e9])
def test_a_number_that_nobody_can_type_makes_no_question(true: float) -> None:
    assert not Number(true).is_clear([])


def test_a_mistake_within_the_tolerance_makes_no_question() -> None:
    assert Number(0.5).is_clear([Mistake("far", "", 0.6), Mistake("farther", "", 0.7)])
    assert not Number(0.5).is_clear([Mistake("near", "", 0.501)])
    assert not Number(0.5).is_clear([Mistake("one", "", 0.7), Mistake("two", "", 0.7)])


# --- several ----------------------------------------------------------------------------------------------------------

BOTH = Numbers({"w1": 0.5, "b": -2.0})


@pytest.mark.parametrize(
    "given",
    [
        {"w1": 0.5, "b": -2},
        {"W_1": "1/2", " b ": "−2,0"},
        "w1 = 0.5, b = -2",
        "w1=0,5 b=-2",
        "w1: .5; b: −2",
        "b = -2\nw1 = 1/2",
        "w_1 = 0.5, b = -2.00",
        "{'w1': 0.5, 'b': -2}",
        [0.5, -2],
        "0.5, -2",
        "0.5; -2",
        (0.5, "-2"),
    ],
    ids=repr,
)
def test_several_numbers_come_by_name_or_in_order(given: object) -> None:
    assert BOTH.judge(given, []).outcome == "right"


def test_it_is_said_which_are_right() -> None:
    found = BOTH.judge({"w1": 0.5, "b": 2}, [])
    assert found.outcome == "wrong"
    assert "Right: w1." in found.message
    assert "Not right: b." in found.message
    assert "sign" in found.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"w1": 0.5}, "b missing"),
        ({"w1": 0.5, "b": -2, "c": 1}, "c unknown"),
        ("w1 = 0.5, w1 = 0.6", "given twice"),
        ("w1 = , b = 2", "no name with a number|nothing behind"),
        ([0.5], "2 numbers are asked for"),
        ("w1 = half, b = 2", "no number"),
        (None, "no answer"),
        (7, "not 1"),
    ],
)
def test_what_cannot_be_read_is_told(given: object, said: str) -> None:
    with pytest.raises(Unread, match=said):
        BOTH.judge(given, [])


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,4}", fullmatch=True), usual, min_size=1, max_size=5))
def test_names_with_numbers_are_read_back_from_their_text(numbers: dict[str, float]) -> None:
    for sign in (", ", "; ", "\n", ",", " "):
        text = sign.join(f"{name} = {value!r}" for name, value in numbers.items())
        assert {name: float(value) for name, value in named(text).items()} == numbers


@given(usual, usual)
def test_one_wrong_number_makes_all_of_them_wrong(a: float, b: float) -> None:
    assume(abs(a - b) > 0.1 * abs(a))
    assert Numbers({"a": a, "b": b}).judge({"a": b, "b": b}, []).outcome == "wrong"
