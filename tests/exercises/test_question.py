"""The table: an exercise of one's own is one function, ids are taken once, useless numbers are drawn anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import downslope as ds
from downslope.errors import SettingError
from downslope.exercises import EXERCISES, Choice, Draw, Mistake, Number, Question, question
from downslope.exercises.question import by_name


@pytest.fixture(autouse=True)
def table_as_it_was() -> Iterator[None]:
    before = dict(EXERCISES)
    yield
    EXERCISES.clear()
    EXERCISES.update(before)


def own(draw: Draw) -> Question:
    a = draw.whole(2, 9)
    return Question(
        f"What is twice {a}?", Number(2 * a), f"It is {2 * a}.", [Mistake("squared", "Twice.", a * a)], ["Add."]
    )


def test_an_exercise_of_ones_own_is_one_function() -> None:
    question("twice", "Twice a number", topic="my topic")(own)
    ex = ds.exercise("twice", me="anna")
    assert ex.check(ex.solution(force=True).answer).right
    assert "my topic" in str(ds.exercise())
    assert str(ds.exercise()).index("my topic") > str(ds.exercise()).index("code-softmax")


def test_numbers_with_which_a_mistake_is_right_are_never_drawn() -> None:
    entry = question("twice", "Twice a number", topic="my topic")(own)
    assert not any(entry.assign(i).text == "What is twice 2?" for i in range(300))


def test_an_exercise_that_never_is_clear_says_so() -> None:
    def same(draw: Draw) -> Question:
        return Question("1 or 1?", Number(1.0), "1", [Mistake("one", "", 1.0)])

    with pytest.raises(SettingError, match=r"exercise-unclear"):
        question("same", "One", topic="none")(same).assign("anna")


def test_an_id_is_taken_once_and_a_cell_may_run_again() -> None:
    question("twice", "Twice a number", topic="my topic")(own)
    question("twice", "Twice a number", topic="my topic")(own)
    with pytest.raises(SettingError, match=r"there is an exercise called 'slope-1' already.*\n.*\n.*\n.*another id"):
        question("slope-1", "Mine", topic="slope")(own)


@pytest.mark.parametrize("spelled", ["chain-rule-3", "chain_rule_3", " Chain-Rule-3 ", "chain rule 3"])
def test_an_id_may_be_spelled_in_several_ways(spelled: str) -> None:
    assert by_name(spelled).name == "chain-rule-3"


def test_an_unknown_id_gets_the_nearest_one() -> None:
    with pytest.raises(SettingError, match=r"unknown-name.*\n.*\n.*\n.*Did you mean 'chain-rule-3'"):
        ds.exercise("chain-rul-3")


def test_two_mistakes_may_choose_the_same_letter_of_a_choice() -> None:
    choice = Choice({"x": "x", "y": "y"}, "x")
    assert choice.is_clear([Mistake("a", "", "y"), Mistake("b", "", "y")])
    assert not choice.is_clear([Mistake("a", "", "x")])
