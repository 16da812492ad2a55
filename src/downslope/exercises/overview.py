"""All exercises by topic, with how far a student is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from downslope.exercises.draw import student
from downslope.exercises.journal import JOURNAL, state
from downslope.exercises.question import EXERCISES, Exercise

TOPICS = (
    "slope",
    "step size",
    "chain rule",
    "accumulation",
    "backpropagation",
    "shapes",
    "losses",
    "optimizers",
    "batches",
    "start values",
    "code",
)
"""The order in which topics are met; others follow."""
_MARKS = {"right": "done", "tried": "tried", "": ""}


@dataclass(frozen=True, repr=False)
class Overview:
    """The list. me: whose progress; lines: (topic, id, title, "done", "tried" or "")."""

    me: str
    lines: tuple[tuple[str, str, str, str], ...]

    def __str__(self) -> str:
        wide = max((len(name) for _, name, _, _ in self.lines), default=0)
        text, topic = [f"{self._heading()}\n"], ""
        for each, name, title, mark in self.lines:
            text += [f"{each}"] if each != topic else []
            topic = each
            text.append(f"  {name:<{wide}}  {mark:<5}  {title}")
        return "\n".join(text)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        rows = [f"| {topic} | `{name}` | {title} | {mark} |" for topic, name, title, mark in self.lines]
        return "\n".join([f"{self._heading()}\n", "| topic | id | | |", "|---|---|---|---|", *rows])

    def _heading(self) -> str:
        done = sum(mark == _MARKS["right"] for *_, mark in self.lines)
        whose = f" by {self.me}" if self.me else ""
        return f"{len(self.lines)} exercises, {done} done{whose}."


def in_order(exercises: Iterable[Exercise]) -> list[Exercise]:
    """By topic, and inside a topic in the order of their files."""
    place = {topic: i for i, topic in enumerate(TOPICS)}
    return sorted(exercises, key=lambda each: place.get(each.topic, len(place)))


def overview(me: object = None) -> Overview:
    """All exercises, with the progress of ``me``."""
    who = student(me)
    return Overview(
        who,
        tuple(
            (each.topic, each.name, each.title, _MARKS[state(JOURNAL.of(each.name, who))])
            for each in in_order(EXERCISES.values())
        ),
    )
