"""Conditions over the steps of a run, such as ``loss > 2 * median(loss, 20)``: where they hold, first and last.

A condition is evaluated for many steps at once, block by block, and reads no more than it needs: what stands behind
``and`` or ``or`` only at the steps where it matters, an instrument (which costs a replay) in small blocks and each step
of it once. Windows look at the steps before a step and never at the step itself, so a spike cannot hide in its own
median. A comparison with NaN is false, ``!=`` as well: what is not a number is asked for with isnan(x).

The grammar is in condition_grammar.py, the arithmetic in condition_evaluation.py, the words in docs/conditions.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.runs.condition_evaluation import BoolArray, Evaluation, IntArray, Source
from downslope.runs.condition_grammar import tree
from downslope.runs.condition_text import Node

SCALAR_BLOCKS = (64, 65_536)  # steps of the first block and of the largest: each is twice the one before
READING_BLOCKS = (1, 64)  # a reading costs a replay, and the first hit may be near


@dataclass(frozen=True)
class Condition:
    """A condition that can be asked of a run; made by ``parse``. ``str(condition)`` is its text."""

    text: str
    tree: Node = field(repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def reads(self) -> tuple[str, ...]:
        """Ids of the instruments that it needs, in the order of the text."""
        return tuple(dict.fromkeys(node.name for node in self.tree.readings()))

    @property
    def lookback(self) -> int:
        """How many steps before a step it looks at; a window inside a window adds to it."""
        return self.tree.lookback

    def values(self, source: Source, steps: Any) -> BoolArray:
        """Whether it holds at each of the steps, which are whole numbers in ascending order: shape (n,).

        Errors: SettingError ``condition-parts`` where a reading has several parts and one number is needed.
        """
        return Evaluation(source, self.text, self.lookback).holds(self.tree, np.asarray(steps, np.int64))

    def first(self, source: Source, start: int = 1, stop: int | None = None) -> int | None:
        """The first step at which it holds, from ``start`` up to and without ``stop``; None if there is none."""
        return next((int(found[0]) for found in self._search(source, start, stop) if found.size), None)

    def last(self, source: Source, before: int) -> int | None:
        """The last step before ``before`` at which it holds, searched backwards; None if there is none."""
        found = self._search(source, 1, before, backwards=True)
        return next((int(steps[-1]) for steps in found if steps.size), None)

    def where(self, source: Source, start: int = 1, stop: int | None = None) -> IntArray:
        """Every step at which it holds, in ascending order, from ``start`` up to and without ``stop``."""
        return np.concatenate([np.empty(0, np.int64), *self._search(source, start, stop)])

    def _search(self, source: Source, start: int, stop: int | None, *, backwards: bool = False) -> Iterator[IntArray]:
        """The steps at which it holds, block after block. Scalar tests at its front sift large blocks for the rest."""
        evaluation = Evaluation(source, self.text, self.lookback)
        cheap, dear = _split(self.tree)
        stop = source.last + 1 if stop is None else min(stop, source.last + 1)
        few = READING_BLOCKS[0]
        for low, high in _blocks(max(start, 1), stop, backwards=backwards):
            steps = np.arange(low, high, dtype=np.int64)
            if cheap:
                steps = steps[evaluation.holds(cheap, steps)]
            while dear and steps.size:
                piece, steps = (steps[-few:], steps[:-few]) if backwards else (steps[:few], steps[few:])
                yield piece[evaluation.holds(dear, piece)]
                few = min(2 * few, READING_BLOCKS[1])
            if not dear:
                yield steps


def parse(text: str, names: Sequence[str], instruments: Sequence[str]) -> Condition:
    """A condition from its text. names: scalars and metrics that can be asked for; instruments: ids that can be read.

    Errors: SettingError ``condition-text``, ``condition-name``, ``condition-type`` and ``condition-window``, each of
    which points at the character.

    >>> condition = parse("loss > 2 * median(loss, 20) and max(dead_units) > 0.3", ["loss"], ["dead_units"])
    >>> condition.reads, condition.lookback
    (('dead_units',), 20)
    """
    if not isinstance(text, str):
        raise SettingError(
            "condition-text",
            f"the condition is of type {type(text).__name__}",
            where="the condition",
            why="a condition is read as text, letter by letter, so that it can be kept in a run's file",
            do="Give a text such as 'loss > 2 * median(loss, 20)'.",
        )
    return Condition(text, tree(text, names, instruments))


def _blocks(start: int, stop: int, *, backwards: bool) -> Iterator[tuple[int, int]]:
    """Blocks that cover start .. stop - 1 and double in size, from the front or from the back."""
    size, most = SCALAR_BLOCKS
    while start < stop:
        middle = max(start, stop - size) if backwards else min(stop, start + size)
        yield (middle, stop) if backwards else (start, middle)
        start, stop = (start, middle) if backwards else (middle, stop)
        size = min(2 * size, most)


def _split(node: Node) -> tuple[Node | None, Node | None]:
    """The tests at the front that need no instrument, and the rest: both must hold."""
    parts = node.parts if node.kind == "and" else (node,)
    count = next((i for i, part in enumerate(parts) if any(part.readings())), len(parts))
    cheap, dear = (replace(node, kind="and", parts=some) if some else None for some in (parts[:count], parts[count:]))
    return cheap, dear
