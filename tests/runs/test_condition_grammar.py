"""The text of a condition: every slip is pointed at, nothing large freezes it, and Python is not understood."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from downslope.errors import SettingError
from downslope.runs.condition import parse
from downslope.runs.condition_grammar import MAX_DEPTH, MAX_LENGTH, MAX_WINDOW

NAMES = ["loss", "lr", "grad_norm", "accuracy"]
INSTRUMENTS = ["dead_units", "saturation", "grad_norm"]


def refused(text: str) -> SettingError | None:
    """The clear error, if there is one; any other exception is a failure."""
    try:
        parse(text, NAMES, INSTRUMENTS)
    except SettingError as error:
        return error
    return None


def pointed_at(error: SettingError) -> int:
    """The character that the message names, which must be the one above the caret."""
    first, shown, caret = error.where.splitlines()
    at = int(re.findall(r"[\d,]+", first)[0])
    assert caret.strip() == "^"
    assert len(caret) <= len(shown) + 1
    return at


@pytest.mark.parametrize(
    ("text", "code", "at", "said"),
    [
        ("", "condition-text", 1, "the condition is empty"),
        ("loss >", "condition-text", 7, "the end of the condition stands where a number, a name"),
        ("loss > > 1", "condition-text", 8, "'>' stands where"),
        ("(loss > 1", "condition-text", 10, "the bracket that closes the one at character 1"),
        ("loss > 1)", "condition-text", 9, "')' stands where an operator or the end"),
        ("loss = 1", "condition-text", 6, "Write == for equal."),
        ("2loss > 1", "condition-text", 2, "write the sign: 2 * loss."),
        ("loss > 1 AND lr > 1", "condition-text", 10, "Write and in small letters."),
        ("loss > 1 & lr > 1", "condition-text", 10, "Write and."),
        ("loss ≥ 1", "condition-text", 6, "Write >=."),
        ("loss.real > 1", "condition-text", 5, "Write names alone"),
        ("loss[0] > 1", "condition-text", 5, "Use round brackets"),
        ("dead_units('dense2) > 1", "condition-text", 12, "Close the quotes."),
        ("loss > 'one'", "condition-text", 8, "\"'one'\" stands where a number"),
        ("loss > 1e999", "condition-text", 8, "1e999 is too large"),
        ("loss > max", "condition-text", 11, "an opening bracket after max"),
        ("lr(3) > 1", "condition-text", 3, "lr is a number of each step"),
        ("log(loss, 2) > 1", "condition-text", 9, "log takes one argument"),
        ("max(loss, 5, 3) > 1", "condition-text", 12, "',' stands where"),
        ("dead_units(dense2) > 1", "condition-text", 12, "Write dead_units('dense2')"),
        ("dead_units(3) > 1", "condition-text", 12, "'3' is neither the target of dead_units nor"),
        ("dead_units(target=3) > 1", "condition-text", 19, "the target is a word in quotes"),
        ("dead_units(k=lr) > 1", "condition-text", 14, "settings are numbers or words"),
        ("dead_units(k=1, k=2) > 1", "condition-text", 17, "k is given twice"),
        ("dead_units('a', target='b') > 1", "condition-text", 17, "target is given twice"),
        ("dead_units('a', ) > 1", "condition-text", 17, "')' is neither"),
        ("dead_units(", "condition-text", 12, "the end of the condition is neither"),
        ("lss > 1", "condition-name", 1, "Did you mean 'loss'?"),
        ("loss > acuracy", "condition-name", 8, "Did you mean 'accuracy'?"),
        ("maximum(loss, 3) > 1", "condition-name", 1, "Did you mean 'max'?"),
        ("dead_unit('dense2') > 1", "condition-name", 1, "Did you mean 'dead_units'?"),
        ("loss == nan", "condition-name", 9, "Write isnan(x)"),
        ("True or loss > 1", "condition-name", 1, "'True' is not a known name"),
        ("max(loss) > 1", "condition-window", 1, "max(loss, 20)"),
        ("median(loss, 0) > 1", "condition-window", 14, "'0' is no number of steps"),
        ("median(loss, 2.5) > 1", "condition-window", 14, "a whole number from 1 to 10,000"),
        ("median(loss, -3) > 1", "condition-window", 14, "is no number of steps"),
        ("median(loss, 2*3) > 1", "condition-window", 14, "this is no number of steps"),
        ("max(loss, lr) > 1", "condition-window", 11, "'lr' is no number of steps"),
        (f"mean(loss, {MAX_WINDOW + 1}) > 1", "condition-window", 12, "is no number of steps"),
        ("loss", "condition-type", 1, "Compare it with something: loss > 1."),
        ("loss > 1 and lr", "condition-type", 14, "lr is a number where something true or false"),
        ("not loss", "condition-type", 5, "loss is a number"),
        ("t > 1 or 1 + loss", "condition-type", 10, "this is a number where something true or false"),
        ("(loss > 1) > 0", "condition-type", 2, "this is true or false where a number is needed"),
        ("(loss > 1) + 1 > 1", "condition-type", 2, "this is true or false where a number is needed"),
        ("1 < 2 == (lr > 1)", "condition-type", 11, "a < b < c compares numbers only"),
        ("-isnan(loss) > 1", "condition-type", 2, "this is true or false where a number is needed"),
        ("2**(loss > 1) > 1", "condition-type", 5, "this is true or false where a number is needed"),
        ("mean(loss > 1, 20) > 0.5", "condition-type", 6, "this is true or false where a number is needed"),
    ],
)
def test_every_slip_is_pointed_at(text: str, code: str, at: int, said: str) -> None:
    error = refused(text)
    assert error is not None
    assert (error.code, pointed_at(error)) == (code, at)
    assert said in str(error)
    assert error.where.splitlines()[1].strip() == text.strip()


def test_the_caret_stands_under_the_character_also_in_a_long_text() -> None:
    text = "loss > 1 and " * 20 + "lss > 1 and " + "loss > 1 and " * 20 + "loss > 1"
    error = refused(text)
    assert error is not None
    _, shown, caret = error.where.splitlines()
    assert shown[caret.index("^") :].startswith("lss > 1")
    assert pointed_at(error) == 261


def test_nothing_large_freezes_or_crashes_it() -> None:
    for text in (
        "(" * 10_000,
        "(" * 400 + "loss > 1" + ")" * 400,
        "2**" * 300 + "2 > 1",
        "abs(" * 200,
        "change(" * 100,
    ):
        error = refused(text)
        assert error is not None
        assert error.code == "condition-text"
        assert "at most" in error.why
    assert refused("x" * (MAX_LENGTH + 1)) is not None
    deep = "abs(" * MAX_DEPTH + "loss" + ")" * MAX_DEPTH
    assert refused(f"{deep} == 2") is None
    assert refused(f"({deep} == 2)") is not None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "(lambda: 1)() > 0",
        "[t for t in loss]",
        "open('x') > 1",
        "loss.__class__ > 1",
        "loss if t > 1 else lr",
        "f'{loss}' > 1",
        "exec('1') > 1",
        "(loss := 1) > 0",
        "{1: 2}",
        "loss is not lr",
        "t in loss",
        "loss > 1; lr > 1",
        "loss > 1 # so",
        "0x10 > 1",
        "1_000 > 1",
        "1j > 1",
        "dead_units(*loss) > 1",
        "dead_units(**lr) > 1",
    ],
)
def test_python_is_not_understood(text: str) -> None:
    error = refused(text)
    assert error is not None
    assert error.code in ("condition-text", "condition-name")


ALPHABET = st.sampled_from(
    [
        *"()+-*/<>=!,.'\"&|[] \n\t$²",
        "loss",
        "lr",
        "t",
        "max",
        "median",
        "isnan",
        "dead_units",
        "and",
        "or",
        "not",
        "1",
        "20",
        "k",
    ]
)


@given(st.lists(ALPHABET, max_size=15).map("".join) | st.text(max_size=30))
def test_garbage_gives_a_condition_or_an_error_that_points_into_it(text: str) -> None:
    error = refused(text)
    if error is not None:
        assert error.code in ("condition-text", "condition-name", "condition-window", "condition-type")
        assert 1 <= pointed_at(error) <= len(text) + 1


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(SettingError, match="the condition is of type int"):
        parse(3, NAMES, INSTRUMENTS)  # type: ignore[arg-type]
