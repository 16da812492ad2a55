"""What an exercise is: a maker of questions from drawn numbers; the table of all exercises, and the decorator for one.

A file that is imported and calls ``@question(...)``, or a cell of a notebook, has added an exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from downslope.errors import SettingError, nearest
from downslope.exercises.answer import Answer, Mistake
from downslope.exercises.draw import Draw, DrawAgain, student

_ATTEMPTS = 300


@dataclass(frozen=True)
class Question:
    """A question with one student's numbers in it.

    text: Markdown with LaTeX. answer: its kind and the truth, computed by Downslope. solution: Markdown, worked by hand
    with these numbers, so that it checks the truth. mistakes: what wrong answers give away. hints: general ones, the
    weakest first.
    """

    text: str
    answer: Answer
    solution: str
    mistakes: Sequence[Mistake] = ()
    hints: Sequence[str] = ()


@dataclass(frozen=True)
class Exercise:
    """One entry of the table. name: its id. make: from drawn numbers to a question."""

    name: str
    title: str
    topic: str
    make: Callable[[Draw], Question] = field(repr=False)

    @property
    def sentence(self) -> str:
        """What it is about, for ``downslope where``."""
        return f"{self.title} ({self.topic}): an exercise with everyone's own numbers."

    def assign(self, me: object = None) -> Question:
        """The question with the numbers of one student: the same for the same id, on every machine.

        Numbers with which a mistake would give the right answer are drawn again. Errors: SettingError
        ``exercise-unclear``, where that never ends.
        """
        for attempt in range(_ATTEMPTS):
            try:
                question = self.make(Draw(self.name, student(me), attempt))
            except DrawAgain:
                continue
            if question.answer.is_clear(question.mistakes):
                return question
        raise SettingError(
            "exercise-unclear",
            f"of {_ATTEMPTS} drawings none makes a good question",
            where=f"the exercise {self.name!r}",
            why="a mistake gives the right answer, or two mistakes give the same one, whatever the numbers are",
            do="Draw from more numbers, leave one of the mistakes out, or loosen what draw.need asks for.",
        )


EXERCISES: dict[str, Exercise] = {}
"""Id -> exercise, in the order of the topics."""


def question(name: str, title: str, *, topic: str) -> Callable[[Callable[[Draw], Question]], Exercise]:
    """Decorator of a function from drawn numbers to a :class:`Question`: an exercise in the table.

    name: its id, in small letters with hyphens. Errors: SettingError ``name-taken``.
    """

    def enter(make: Callable[[Draw], Question]) -> Exercise:
        known = EXERCISES.get(name)
        if known is not None and known.make.__module__ != make.__module__:  # the same: a cell that runs again
            raise SettingError(
                "name-taken",
                f"there is an exercise called {name!r} already",
                where=f"@question() in {make.__module__}; the other one is in {known.make.__module__}",
                why="an id stands for one exercise everywhere: numbers and progress belong to it",
                do="Give the new one another id.",
            )
        entry = EXERCISES[name] = Exercise(name, title, topic, make)
        object.__setattr__(entry, "__doc__", make.__doc__)
        return entry

    return enter


def by_name(name: str) -> Exercise:
    """The exercise of this id; ``chain_rule_3`` is ``chain-rule-3``. Errors: SettingError ``unknown-name``."""
    wanted = str(name).strip().lower().replace("_", "-").replace(" ", "-")
    if wanted in EXERCISES:
        return EXERCISES[wanted]
    raise SettingError(
        "unknown-name",
        f"there is no exercise called {name!r}",
        where="the id of the exercise",
        why="an id stands for one of the exercises of ds.exercise()",
        do=nearest(wanted, EXERCISES),
    )
