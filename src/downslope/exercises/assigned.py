"""An exercise in a student's hands: the question with own numbers, answers checked, hints one by one, the solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from downslope.errors import SettingError
from downslope.exercises.answer import Outcome
from downslope.exercises.code import Code, source
from downslope.exercises.draw import student
from downslope.exercises.journal import JOURNAL, Event, now, state
from downslope.exercises.question import Exercise, by_name
from downslope.exercises.reading import Unread
from downslope.exercises.text import Text, plain


@dataclass(frozen=True, repr=False)
class Result:
    """What ``check`` says; true in an ``if`` when the answer is right.

    outcome: "right", "wrong", or "unread" for what is no answer of this kind, which does not count as an attempt.
    markdown: the message. mistake: the name of the mistake that gives this answer, if one does. hint_level: how many
    hints had been taken. attempt: how many answers were given, this one included.
    """

    exercise: str
    me: str
    outcome: Outcome
    markdown: str
    mistake: str = ""
    hint_level: int = 0
    attempt: int = 0

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.outcome == "right"

    @property
    def message(self) -> str:
        """The message in plain signs."""
        return plain(self.markdown)

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return self.message

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.markdown


@dataclass(frozen=True, repr=False)
class Solution(Text):
    """The worked solution. answer: the right one, which ``check`` accepts."""

    answer: Any = None


class Assigned:
    """One exercise with the numbers of one student. Shown in a notebook it is the question.

    >>> ex = assigned("slope-1", "anna")
    >>> ex.check("no idea").outcome, ex.check(-1e9).right
    ('unread', False)
    """

    def __init__(self, exercise: Exercise, me: object = None) -> None:
        self.exercise, self.me = exercise, student(me)
        self.question = exercise.assign(me)

    @property
    def id(self) -> str:
        """The exercise's id."""
        return self.exercise.name

    @property
    def asks(self) -> Text:
        """What to give, and how exactly."""
        return Text(self.question.answer.asks())

    @property
    def function(self) -> str | None:
        """The name of the function that is asked for; None where the answer is no function."""
        answer = self.question.answer
        return answer.name if isinstance(answer, Code) else None

    # --- the question -------------------------------------------------------------------------------------------------

    def _repr_markdown_(self) -> str:
        answer = self.question.answer
        whose = f"the numbers of {self.me}" if self.me else 'own numbers with `me="your name"`'
        done = " · **done**" if state(self._events()) == "right" else ""
        return (
            f"**{self.id}: {self.exercise.title}** ({self.exercise.topic}; {whose}){done}\n\n"
            f"{self.question.text.strip()}\n\n"
            f"Answer: {answer.asks()}\n\n`.check({answer.example()})`, `.hint()`, `.solution()`"
        )

    def __repr__(self) -> str:
        return plain(self._repr_markdown_())

    # --- answers ------------------------------------------------------------------------------------------------------

    def check(self, answer: Any) -> Result:
        """Whether an answer is right; if not, and a known mistake gives it, the hint against that mistake.

        answer: in any usual spelling (0.5, ".5", "1/2", "0,5", a NumPy number ...), as the question asks for it.
        """
        events = self._events()
        hints = sum(event.what == "hint" for event in events)
        tries = [event for event in events if event.what in ("right", "wrong")]
        if answer is ...:  # what stands in a notebook's cell before anybody has answered
            example = f"`.check({self.question.answer.example()})`"
            turn = f"**Your turn:** put your answer in the place of the dots, as in {example}."
            return Result(self.id, self.me, "unread", turn, "", hints, len(tries))
        try:
            found = self.question.answer.judge(answer, self.question.mistakes)
        except Unread as reason:
            return Result(self.id, self.me, "unread", f"**This cannot be read:** {reason}.", "", hints, len(tries))
        event = Event(self.id, self.me, found.outcome, _shown(answer), found.mistake, hints, now())
        if not tries or (tries[-1].answer, tries[-1].what) != (event.answer, event.what):  # a cell that runs again
            JOURNAL.add(event)
            tries.append(event)
        said = f"**Right.** {found.message}" if found.outcome == "right" else f"**Not yet.** {found.message}"
        if found.outcome == "wrong" and not found.message:
            said = "**Not yet.** `.hint()` helps." if self._hints_left(hints) else "**Not yet.**"
        return Result(self.id, self.me, found.outcome, said.strip(), found.mistake, hints, len(tries))

    def hint(self) -> Text:
        """The next hint, the weakest first; after the last one it says so."""
        taken = sum(event.what == "hint" for event in self._events())
        hints = self.question.hints
        if taken >= len(hints):
            again = f" The last one was: {hints[-1]}" if hints else ""
            return Text(f"There are no more hints; `.solution()` shows the way, after an attempt.{again}")
        JOURNAL.add(Event(self.id, self.me, "hint", hints=taken + 1, at=now()))
        return Text(f"**Hint {taken + 1} of {len(hints)}.** {hints[taken]}")

    def solution(self, *, force: bool = False) -> Solution:
        """The worked solution with these numbers, after an attempt or with ``force=True``.

        Errors: SettingError ``exercise-untried``.
        """
        events = self._events()
        if not force and not any(event.what in ("right", "wrong") for event in events):
            raise SettingError(
                "exercise-untried",
                "there is no attempt yet",
                where=f"the solution of {self.id}",
                why="a solution teaches most after an attempt of one's own, a wrong one too",
                do="Give an answer, take a hint, or force it: .solution(force=True), --force on the command line.",
            )
        if not any(event.what == "solution" for event in events):
            JOURNAL.add(Event(self.id, self.me, "solution", at=now()))
        answer = self.question.answer
        text = self.question.solution.strip()
        if isinstance(answer, Code):
            text = f"{text}\n\n```python\n{source(answer.truth)}\n```"
        return Solution(text, answer.right_styles()[0])

    def results(self) -> tuple[Event, ...]:
        """What was answered and which hints were taken, in order."""
        return tuple(self._events())

    def _events(self) -> list[Event]:
        return JOURNAL.of(self.id, self.me)

    def _hints_left(self, taken: int) -> bool:
        return taken < len(self.question.hints)


def assigned(name: str, me: object = None) -> Assigned:
    """The exercise of this id with the numbers of ``me``. Errors: SettingError ``unknown-name``."""
    return Assigned(by_name(name), me)


def _shown(answer: Any) -> str:
    """An answer in the journal: a text, a name or numbers, cut at 200 characters."""
    if callable(answer):
        return source(answer)[:2000] or getattr(answer, "__name__", "a function")
    text = answer if isinstance(answer, str) else repr(answer)
    return text if len(text) <= 200 else f"{text[:197]}..."
