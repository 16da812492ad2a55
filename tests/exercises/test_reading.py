"""A number is read in every spelling that people use, means what they mean, and nothing that is typed is ever run."""

from __future__ import annotations

import contextlib
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.exercises.reading import Typed, Unread, number

HALVES = [
    *[".5", "0.5", "1/2", "5e-1", "0,5", ",5", " 0.50 ", "+0.5", "x = 0.5", "dL/dw = 0.5", "= 0.5", "≈0.5", "w: 0,5"],
    "50%",
    "50 %",
    "5·10^-1",
    "5*10**-1",
    "5 x 10⁻¹",
    r"5 \cdot 10^{-1}",
    "½",
    "1 / 2",
    "1⁄2",
    r"\frac{1}{2}",
    "$0.5$",
    "`0.5`",
    *["０．５", "٠.٥", "0.5.", "2/4", ".5e0", "0.5\n"],
    0.5,
    np.float64(0.5),
    np.float32(0.5),
    np.float16(0.5),
    np.array(0.5),
    np.array([[0.5]]),
    [0.5],
    Fraction(1, 2),
    Decimal("0.5"),
]


@pytest.mark.parametrize("given", HALVES, ids=repr)
def test_a_half_is_a_half_however_it_is_spelled(given: Any) -> None:
    assert number(given).value == 0.5


@pytest.mark.parametrize("minus", "-−–—﹣－‑")
def test_every_minus_sign_is_one(minus: str) -> None:
    assert number(f"{minus}0,5").value == -0.5
    assert number(f"10^{minus}2").value == 0.01


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1 234,5", 1234.5),
        ("1'234.5", 1234.5),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1_000", 1000),
        ("0,123", 0.123),
        ("1,2345", 1.2345),
        ("12,34", 12.34),
        ("1.234", 1.234),
        ("-3/4", -0.75),
        ("0,5/0,25", 2),
        ("10^3", 1000),
        ("1e400", math.inf),
        ("-∞", -math.inf),
        ("inf", math.inf),
    ],
)
def test_signs_between_digits_are_told_apart(text: str, value: float) -> None:
    assert number(text).value == value


@pytest.mark.parametrize("text", ["1,234", "-1,234", "12,345", "999,999"])
def test_what_may_be_two_numbers_is_asked_back_with_both_readings(text: str) -> None:
    with pytest.raises(Unread, match=r"may be .*\d\.\d{3} or .*\d{4,6}: write"):
        number(text)


@pytest.mark.parametrize(
    "given",
    [
        *[
            "",
            " ",
            "-",
            ".",
            ",",
            "%",
            "e5",
            "1e",
            "0x10",
            "1/0",
            "1/2/3",
            "1..2",
            "1,2,3",
            "1,234,5",
            "12,34,567",
            "3 1/2",
        ],
        *[
            "x = 1, y = 2",
            "x =",
            "1 = 2",
            "1 2",
            "one",
            "1+1",
            "2**3",
            "sqrt(2)",
            "__import__('os').system('true')",
            "1" * 300,
        ],
        *[None, True, np.bool_(False), 1j, [1, 2], np.zeros(3), np.zeros(0), {}, len, object, "١/٠"],
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused_in_words(given: Any) -> None:
    with pytest.raises(Unread) as refused:
        number(given)
    assert len(str(refused.value)) > 10


@given(st.floats(allow_nan=False))
def test_every_float_is_read_as_itself_from_its_text_and_from_itself(x: float) -> None:
    for spelled in (x, repr(x), repr(x).replace("-", "−"), np.float64(x), f"x = {x!r}"):
        assert number(spelled).value == x


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_every_fraction_is_read(over: int, under: int) -> None:
    assert number(f"{over}/{under}").value == over / under


@given(st.text(max_size=30))
def test_any_text_at_all_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(Unread):
        assert isinstance(number(text).value, float)


@given(st.text(alphabet="0123456789.,-/%e =x^*", max_size=12))
def test_any_text_of_a_numbers_signs_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(Unread):
        assert isinstance(number(text).value, float)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Fraction(10**400), math.inf),
        ("1e9999999", math.inf),
        ("1e-9999999", 0),
    ],
    ids=str,
)
def test_what_no_float_can_hold_is_infinite_or_zero(given: Any, value: float) -> None:
    assert number(given).value == value


def test_a_tensor_that_is_traced_is_a_number_too() -> None:
    torch = pytest.importorskip("torch")
    assert number(torch.tensor(0.5, requires_grad=True)).value == 0.5
    assert number(torch.tensor([[0.5]])).value == 0.5


def test_nan_is_a_number_that_can_be_given() -> None:
    assert math.isnan(number("NaN").value)
    assert math.isnan(number(math.nan).value)


@pytest.mark.parametrize(
    ("given", "unit"),
    [("0.50", 0.01), ("3", 1), ("0,125", 0.001), ("1/3", 0), (2, 1), (0.25, 0.01), ("12 %", 0.01), ("2.5·10^3", 100)],
)
def test_the_worth_of_the_last_digit_is_known(given: Any, unit: float) -> None:
    assert number(given).unit == pytest.approx(unit)


def test_a_typed_number_shows_its_parts() -> None:
    assert number("0.50") == Typed(0.5, 0.01)
