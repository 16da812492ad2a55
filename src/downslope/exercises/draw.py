"""Numbers of one student for one exercise: a function of (exercise, student id), the same on every machine."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from downslope.data.counter import named_stream, random_words

Item = TypeVar("Item")


class DrawAgain(Exception):  # noqa: N818 -- no error: it asks for other numbers
    """These numbers make no good question; the exercise is drawn anew."""


def student(me: object) -> str:
    """A student id as it counts: ``" Anna"`` and ``"anna"`` are one person, and 4711 is ``"4711"``.

    >>> student(" Anna "), student(4711), student(None)
    ('anna', '4711', '')
    """
    return "" if me is None else " ".join(unicodedata.normalize("NFKC", str(me)).casefold().split())


class Draw:
    """Nice numbers, one after another. They come from a counter-based generator keyed by a stable hash.

    exercise: its id. me: as :func:`student` gives it. attempt: counts the drawings that made no good question. Only
    whole numbers and quotients of them are computed, so nothing depends on a machine's mathematics library.
    """

    def __init__(self, exercise: str, me: str, attempt: int = 0) -> None:
        seed = int.from_bytes(hashlib.sha256(me.encode()).digest()[:8], "little")
        self._key = {"seed": seed, "stream": named_stream(f"exercise {exercise}"), "at": attempt}
        self._words = random_words(64, **self._key)
        self._used = 0

    def _below(self, n: int) -> int:
        if self._used == len(self._words):
            self._words = random_words(4 * len(self._words), **self._key)  # begins with the same ones
        word = int(self._words[self._used])
        self._used += 1
        return word * n >> 64

    def whole(self, low: int, high: int, without: Iterable[float] = ()) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        known = set(without)
        return self.pick([n for n in range(low, high + 1) if n not in known])

    def nice(self, low: float, high: float, digits: int = 1, without: Iterable[float] = (0,)) -> float:
        """A number with so many decimals from ``low`` to ``high``, both included."""
        unit, known = int(10**digits), set(without)
        return self.pick([n / unit for n in range(round(low * unit), round(high * unit) + 1) if n / unit not in known])

    def array(self, shape: tuple[int, ...], low: float, high: float, digits: int = 1) -> NDArray[np.float64]:
        """An array of nice numbers, none of them 0."""
        return np.array([self.nice(low, high, digits) for _ in range(int(np.prod(shape)))]).reshape(shape)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of them, all equally likely."""
        return items[self._below(len(items))]

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """All of them in another order."""
        rest, order = list(items), []
        while rest:
            order.append(rest.pop(self._below(len(rest))))
        return order

    def need(self, condition: Any) -> None:
        """Draw everything anew unless the condition holds."""
        if not condition:
            raise DrawAgain
