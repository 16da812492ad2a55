"""Every exercise of the table, for many students: right answers are accepted, wrong ones get the hint they deserve."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.exercises.contract import breaches

from downslope import exercises as room
from downslope.exercises import EXERCISES, Exercise, Question
from downslope.exercises.numbers import Number
from downslope.exercises.overview import TOPICS
from downslope.exercises.reading import Typed

EXAMPLES = settings().max_examples // 10  # for each exercise: together they are hundreds
every = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))


def test_there_are_exercises_on_every_topic() -> None:
    assert len(EXERCISES) >= 24
    assert {each.topic for each in EXERCISES.values()} == set(TOPICS)


@every
@settings(max_examples=EXAMPLES)
@given(me=st.text(max_size=20))
def test_an_exercise_keeps_the_contract_for_everybody(exercise: Exercise, me: str) -> None:
    assert not list(breaches(exercise.assign(me)))


@every
def test_everybody_has_own_numbers_and_keeps_them(exercise: Exercise) -> None:
    texts = Counter(_drawn(exercise.assign(f"student {i}")) for i in range(60))
    assert texts.most_common(1)[0][1] <= 12
    assert _drawn(exercise.assign("anna")) == _drawn(exercise.assign(" Anna "))


def _drawn(question: Question) -> str:
    """All that depends on the student."""
    return question.text + question.solution + repr(getattr(question.answer, "inputs", ""))


# Written down once: another number here means that everybody's numbers have changed, on this machine or by a release.
ANNA = {
    "slope-1": "What is the slope of f(x) = 5x² + 9x - 8 at x = 2.6?",
    "chain-rule-3": "L = (tanh(wx + b) - y)² with w = 1.2, x = -0.1, b = 0.8 and y = 0.3. What is dL/dw?",
}


@pytest.mark.parametrize("name", ANNA)
def test_the_numbers_of_a_student_are_the_same_on_every_machine(name: str) -> None:
    assert str(room.Text(EXERCISES[name].assign("anna").text)) == ANNA[name]


@every
def test_a_name_says_its_topic_and_a_title_is_a_title(exercise: Exercise) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*(-\d)?", exercise.name)
    assert exercise.title[0].isupper() or exercise.title[0].isdigit()
    assert not exercise.title.endswith(".")
    assert exercise.sentence.endswith(".")


# --- the tester, tested -----------------------------------------------------------------------------------------------


class AcceptsEverything(Number):
    """A checker as in the courses that people complain about."""

    def agrees(self, value: Typed, other: Typed, slack: float = 1.0) -> bool:
        return True


class RejectsCommas(Number):
    """A checker that takes a right answer for a wrong one, because of its spelling."""

    def read(self, given: Any) -> Typed:
        return Typed(0.0) if isinstance(given, str) and "," in given else super().read(given)


class TooNarrow(Number):
    """A checker that wants more digits than the question asks for."""

    def agrees(self, value: Typed, other: Typed, slack: float = 1.0) -> bool:
        return value.value == other.value


class TooWide(Number):
    """A checker with a tolerance in which mistakes disappear."""

    def agrees(self, value: Typed, other: Typed, slack: float = 1.0) -> bool:
        return abs(value.value - other.value) < 0.5 * abs(other.value)


@pytest.mark.parametrize("checker", [AcceptsEverything, RejectsCommas, TooNarrow, TooWide])
def test_a_planted_checker_that_judges_wrongly_is_caught(checker: type[Number]) -> None:
    question = EXERCISES["chain-rule-2"].assign("anna")
    assert not list(breaches(question))
    assert list(breaches(replace(question, answer=checker(question.answer.truth))))


def test_a_planted_truth_that_is_off_by_a_thousandth_is_caught_by_the_worked_solution() -> None:
    question = EXERCISES["chain-rule-2"].assign("anna")
    off = replace(question, answer=Number(question.answer.truth * 1.001))
    assert any("does not arrive" in breach for breach in breaches(off))


def test_a_planted_hint_for_the_wrong_mistake_is_caught() -> None:
    question = EXERCISES["chain-rule-2"].assign("anna")
    first, second, *others = question.mistakes
    doubled = replace(question, mistakes=[first, replace(second, answer=first.answer), *others])
    assert any(second.name in breach for breach in breaches(doubled))
