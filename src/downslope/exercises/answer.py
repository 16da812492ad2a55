"""What every kind of answer can do: say what it asks for, read what was given, and compare it with the truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar, Literal

Outcome = Literal["right", "wrong", "unread"]


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make: its name, the answer that it gives with these numbers, and what helps against it.

    hint: Markdown, a nudge and not the answer. answer: what a student gives who makes it, of the kind of the truth.
    """

    name: str
    hint: str
    answer: Any


@dataclass(frozen=True)
class Judgement:
    """What is said about an answer. message: Markdown. mistake: the name of the one that gives it, if one is known."""

    outcome: Outcome
    message: str
    mistake: str = ""


class Answer(ABC):
    """One kind of answer, with the truth in it. A value is what ``read`` makes of an answer."""

    truth: Any
    has_fixed_mistakes: ClassVar[bool] = False
    """Whether two mistakes may give the same answer, because it is one of a few."""

    @abstractmethod
    def asks(self) -> str:
        """Markdown: what to give, and how exactly."""

    @abstractmethod
    def example(self) -> str:
        """What could stand in ``check(...)``."""

    @abstractmethod
    def read(self, given: Any) -> Any:
        """The value of what was given. Raises Unread."""

    @abstractmethod
    def agrees(self, value: Any, other: Any, slack: float = 1.0) -> bool:
        """Whether two values are the same, as far as is asked for. slack: factor on the tolerance."""

    @abstractmethod
    def difference(self, value: Any, true: Any) -> str:
        """Markdown: what can be said about a wrong value without telling the right one; "" if nothing."""

    @abstractmethod
    def right_styles(self) -> list[Any]:
        """The right answer in several styles: for the tests, which expect each to be accepted."""

    @abstractmethod
    def wrong_styles(self) -> list[Any]:
        """Wrong answers and things that are no answer: for the tests, which expect none to be accepted."""

    def accepted(self) -> str:
        """How exactly an accepted answer was compared."""
        return ""

    def judge(self, given: Any, mistakes: Sequence[Mistake]) -> Judgement:
        """What is said about an answer as it was given. Raises Unread."""
        return self.verdict(self.read(given), mistakes)

    def verdict(self, value: Any, mistakes: Sequence[Mistake]) -> Judgement:
        """Right, or which mistake gives this value, or what else can be said about it."""
        true = self.read(self.truth)
        if self.agrees(value, true):
            return Judgement("right", self.accepted())
        for mistake in mistakes:
            if self.agrees(value, self.read(mistake.answer)):
                return Judgement("wrong", mistake.hint, mistake.name)
        return Judgement("wrong", self.difference(value, true))

    def is_clear(self, mistakes: Sequence[Mistake]) -> bool:
        """Whether no mistake gives the truth, and no two of them the same, by three times the tolerance."""
        true, values = self.read(self.truth), [self.read(mistake.answer) for mistake in mistakes]
        if any(self.agrees(value, true, 3.0) for value in values):
            return False
        return self.has_fixed_mistakes or not any(self.agrees(a, b, 3.0) for a, b in combinations(values, 2))
