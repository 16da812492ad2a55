"""What every question must keep, as a list of what it breaks: the checkers are tested with right and wrong answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.exercises.answer import Judgement
from downslope.exercises.code import Code
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.question import Question
from downslope.exercises.reading import Unread
from downslope.exercises.text import plain

FEWEST_WRONG, FEWEST_RIGHT = 5, 2


def judged(question: Question, given: Any) -> Judgement:
    """What the checker says; what is no answer of this kind is not accepted either."""
    try:
        return question.answer.judge(given, question.mistakes)
    except Unread as reason:
        return Judgement("unread", str(reason))


def breaches(question: Question) -> Iterator[str]:
    """Every promise that the question breaks, with the answer that shows it."""
    answer, mistakes = question.answer, question.mistakes
    right, wrong = answer.right_styles(), answer.wrong_styles()
    if len(right) < FEWEST_RIGHT or len(wrong) + len(mistakes) < FEWEST_WRONG or len(mistakes) < 4:
        yield "too few answers to test it with"
    for given in right:
        if judged(question, given).outcome != "right":
            yield f"the right answer {given!r} is not accepted: {judged(question, given).message}"
    for given in wrong:
        if judged(question, given).outcome == "right":
            yield f"the wrong answer {given!r} is accepted"
    for mistake in mistakes:
        found = judged(question, mistake.answer)
        if (found.outcome, found.mistake) != ("wrong", mistake.name) or mistake.hint not in found.message:
            yield f"{mistake.name!r} is taken for {found.mistake or found.outcome!r}"
    yield from _texts(question)


def _texts(question: Question) -> Iterator[str]:
    pieces = [question.text, question.solution, *question.hints, *(m.hint for m in question.mistakes)]
    for piece in pieces:
        if re.search(r"[\\$]|nan\b|\binf\b|\*\*.*\*\*", re.sub(r"`[^`]*`", "", plain(piece))):
            yield f"not plain: {plain(piece)}"
    if not question.hints:
        yield "no hints"
    hidden = _numbers(question.answer)
    if hidden is not None:
        # The solution is worked by hand, so it is an independent truth.
        shown = {float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", _without_powers(question.solution))}
        for value in hidden:
            if not any(abs(value - x) <= 1e-5 * abs(value) + 1e-12 for x in shown):
                yield f"the solution does not arrive at {value}: {plain(question.solution)}"


def _without_powers(solution: str) -> str:
    """Numbers such as 1.5 · 10^{-7} written out."""
    solution = solution.replace(" - ", " - ")
    return re.sub(
        r"(-?\d+(?:\.\d+)?) \\cdot 10\^\{(-?\d+)\}", lambda m: f"{float(m[1]) * 10.0 ** int(m[2]):.20f}", solution
    )


def _numbers(answer: Any) -> list[float] | None:
    if isinstance(answer, Number):
        return [float(answer.truth)]
    if isinstance(answer, Numbers):
        return [float(x) for x in answer.truth.values()]
    if isinstance(answer, Code) or not hasattr(answer, "relative"):
        return None
    return [float(x) for x in np.ravel(answer.truth)]
