"""Functions as answers: judged by what they return from several inputs; nothing they do can break the checker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.exercises.answer import Mistake
from downslope.exercises.code import Code, source
from downslope.exercises.reading import Unread

X = np.array([[1.0, -2.0], [0.5, 3.0]])


def doubled(x: Any) -> Any:
    return 2 * x


def square_gradient(w: Any) -> Any:
    return 2 * w


DOUBLED = Code("doubled(x)", doubled, [(X,), (np.array([4.0]),)])


@pytest.mark.parametrize(
    "given",
    [
        doubled,
        lambda x: x + x,
        lambda values: np.add(values, values),
        lambda x: (2 * x).tolist(),
        lambda x: (2 * x).astype(np.float32),
    ],
)
def test_a_function_is_right_by_what_it_returns(given: Any) -> None:
    assert DOUBLED.judge(given, []).outcome == "right"


def test_a_function_is_called_once_for_each_input() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(x)
        return 2 * x

    DOUBLED.judge(counted, [Mistake("tripled", "", lambda x: 3 * x)])
    assert len(calls) == len(DOUBLED.inputs)


def test_a_function_that_leaves_the_program_is_wrong() -> None:
    def leaves(x: Any) -> Any:
        raise SystemExit(0)

    assert "SystemExit" in DOUBLED.judge(leaves, []).message


class Calling:
    """An object that can be called."""

    def __call__(self, x: Any) -> Any:
        return 2 * x


def test_anything_that_can_be_called_is_a_function() -> None:
    assert DOUBLED.judge(Calling(), []).outcome == "right"


def with_a_fault_in_it(x: Any) -> Any:
    return x @ np.ones(7)


def in_place(x: Any) -> Any:
    x *= 2
    return x


def forgets_the_return(x: Any) -> None:
    2 * x


def endless(x: Any) -> Any:
    return endless(x)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (with_a_fault_in_it, "raises ValueError"),
        (with_a_fault_in_it, "`return x @ np.ones(7)`"),
        (endless, "RecursionError"),
        (in_place, "changes its arguments"),
        (forgets_the_return, "returns nothing"),
        (lambda: 1, "raises TypeError"),
        (lambda x: "2x", "numbers are asked for"),
        (lambda x: {"x": object()}, "numbers are asked for"),
        (lambda x: [], "numbers are asked for"),
        (lambda x: 2 * x[:1], "the shape (1, 2), and it should be (2, 2)"),
        (lambda x: (2 * x, 2 * x), "returns 2 arrays"),
        (lambda x: {"x": 2 * x}, "returns 1 arrays"),
        (lambda x: -2 * x, "the sign is turned around"),
        (lambda x: 6 * x, "times one factor, 3"),
        (lambda x: 2 * x.T, "transposed"),
        (lambda x: 2 * x / (x != 3), "inf at [1, 1]"),
        (lambda x: 2 * np.maximum(x, 0), "3 of 4 numbers are right"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(given: Any, said: str) -> None:
    found = DOUBLED.judge(given, [])
    assert found.outcome == "wrong"
    assert said in found.message
    assert "`x` of shape (2, 2)" in found.message


def test_a_function_that_fails_with_the_second_input_alone_is_wrong() -> None:
    found = DOUBLED.judge(lambda x: 2 * x if x.ndim == 2 else x, [])
    assert found.outcome == "wrong"
    assert "`x` of shape (1,)" in found.message


@pytest.mark.parametrize("given", [None, 3, "doubled", X, [doubled]])
def test_what_is_no_function_is_asked_back(given: Any) -> None:
    with pytest.raises(Unread, match="define doubled"):
        DOUBLED.judge(given, [])


def test_a_known_mistake_gets_its_hint_whoever_wrote_it() -> None:
    tripled = Mistake("tripled", "Two, not three.", lambda x: 3 * x)
    assert DOUBLED.judge(lambda x: x + x + x, [tripled]).message == "Two, not three."


def test_a_function_cannot_change_the_inputs_of_the_next_trial() -> None:
    DOUBLED.judge(in_place, [])
    assert DOUBLED.judge(doubled, []).outcome == "right"


def test_for_a_wrong_gradient_the_search_for_the_mistake_is_asked() -> None:
    answer = Code("g(w)", square_gradient, [(np.array([1.0, 2.0, -3.0]),)], loss=lambda w: np.sum(w**2))
    message = answer.judge(lambda w: w, []).message
    assert "```text\nwrong: w[" in message
    assert "mistake" in message


def test_a_search_that_fails_costs_nothing_but_itself() -> None:
    def broken(w: Any) -> Any:
        raise RuntimeError

    answer = Code("g(w)", square_gradient, [(np.array([1.0, 2.0]),)], loss=broken)
    assert "times one factor" in answer.judge(lambda w: w, []).message


def test_nan_agrees_with_nan_only() -> None:
    answer = Code("f(x)", lambda x: np.log(x), [(X,)])
    assert answer.judge(lambda x: np.log(x), []).outcome == "right"
    assert answer.judge(lambda x: np.log(np.abs(x)), []).outcome == "wrong"
    assert answer.judge(lambda x: np.log(x) * np.nan, []).outcome == "wrong"


def test_float32_is_compared_as_float32_and_float64_is_not() -> None:
    assert DOUBLED.judge(lambda x: np.asarray(2.00002 * x, np.float32), []).outcome == "right"
    assert DOUBLED.judge(lambda x: 2.00002 * x, []).outcome == "wrong"


def test_the_program_of_a_function_is_shown_without_annotations() -> None:
    assert source(doubled) == "def doubled(x):\n    return 2 * x"
    assert source(len) == ""
