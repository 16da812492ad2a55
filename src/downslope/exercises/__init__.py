"""Exercises: questions with everyone's own numbers, answers that are checked, and hints by mistake before the solution.

``ds.exercise("chain-rule-3", me="anna")`` gives one, ``ds.exercise()`` lists all. An exercise of your own is one
function with ``@question(...)`` in a module or a notebook cell.
"""

from __future__ import annotations

from importlib import import_module
from typing import overload

from downslope.exercises.answer import Answer, Mistake
from downslope.exercises.arrays import Values
from downslope.exercises.assigned import Assigned, Result, Solution, assigned
from downslope.exercises.choice import Choice
from downslope.exercises.code import Code
from downslope.exercises.draw import Draw
from downslope.exercises.export import export
from downslope.exercises.journal import JOURNAL, Event
from downslope.exercises.numbers import Number, Numbers
from downslope.exercises.overview import Overview, overview
from downslope.exercises.question import EXERCISES, Exercise, Question, question
from downslope.exercises.text import Text, matrix, num, par, plus

import_module(f"{__name__}.questions")  # fills the table

keep = JOURNAL.keep


@overload
def exercise(name: None = None, me: object = None) -> Overview: ...
@overload
def exercise(name: str, me: object = None) -> Assigned: ...
def exercise(name: str | None = None, me: object = None) -> Assigned | Overview:
    """The exercise of this id with the numbers of ``me``; without a name, the list of all of them with the progress.

    me: a student id, such as a name or a number: the same one has the same numbers on every machine. Errors:
    SettingError ``unknown-name``.

    >>> exercise("slope-1", me="anna").check("no idea")
    This cannot be read: 'no idea' is no number: write it as 0.25, 1/4 or 2.5e-1.
    """
    return overview(me) if name is None else assigned(name, me)


__all__ = [
    "EXERCISES",
    "Answer",
    "Assigned",
    "Choice",
    "Code",
    "Draw",
    "Event",
    "Exercise",
    "Mistake",
    "Number",
    "Numbers",
    "Overview",
    "Question",
    "Result",
    "Solution",
    "Text",
    "Values",
    "exercise",
    "export",
    "keep",
    "matrix",
    "num",
    "par",
    "plus",
    "question",
]
