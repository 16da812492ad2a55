"""Code: the mini-batches of an epoch, judged by what they must have in common, because many orders are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.exercises.answer import Mistake
from downslope.exercises.code import Code
from downslope.exercises.draw import Draw
from downslope.exercises.question import Question, question
from downslope.exercises.trial import Function

_EPOCHS = 3


@question("code-batches", "The mini-batches of an epoch", topic="code")
def code_batches(draw: Draw) -> Question:
    """Every row once an epoch, in a new order each time."""
    size = draw.pick([7, 8, 9])
    inputs = [(size * draw.whole(7, 11) + draw.whole(2, size - 1), size), (12 * draw.whole(5, 9), 12)]

    def mini_batches(n: Any, size: Any, rng: Any) -> Any:
        order = rng.permutation(n)
        return [order[k : k + size] for k in range(0, n, size)]

    def from_a_list(n: Any, size: Any, rng: Any) -> Any:
        rows = list(range(n))
        rng.shuffle(rows)
        return [rows[k : k + size] for k in range(0, n, size)]

    def split(n: Any, size: Any, rng: Any) -> Any:
        return tuple(np.split(rng.choice(n, n, replace=False), range(size, n, size)))

    def one_by_one(n: Any, size: Any, rng: Any) -> Any:
        rest = rng.permutation(n)
        while len(rest):
            yield rest[:size]
            rest = rest[size:]

    return Question(
        "Write the mini-batches of one epoch: a list of arrays of row numbers from 0 to `n - 1`. All have `size` rows,"
        " and the last one has the rest; every row comes once, in a random order from the NumPy generator `rng`. The"
        " function is called once an epoch, each time with the same `rng`.",
        Code(
            "mini_batches(n, size, rng)",
            mini_batches,
            inputs,
            right=[from_a_list, split, one_by_one],
            trial=_epochs,
            fault=_fault,
        ),
        "Shuffle the row numbers once, then cut them into slices; the slice at the end is shorter by itself.",
        [Mistake(name, _HINTS[name], function) for name, function in _WRONG.items()],
        ["`rng.permutation(n)` shuffles the row numbers.", "A slice may go beyond the end: `order[k : k + size]`."],
    )


def _epochs(function: Function, arguments: tuple[Any, ...]) -> Any:
    """What it returns in a few epochs, as lists of lists of whole numbers."""
    n, size = arguments
    rng = np.random.default_rng(n)
    return [[np.asarray(batch).ravel() for batch in function(n, size, rng)] for _ in range(_EPOCHS)]


def _fault(arguments: tuple[Any, ...], epochs: Any) -> str:
    """Which of the mistakes shows; "" if none does."""
    n, size = arguments
    for batches in epochs:
        rows = np.concatenate(batches) if batches else np.zeros(0, int)
        if rows.dtype.kind not in "iu" or len(set(rows.tolist()) - set(range(n))):
            return "no row numbers"
        if len(rows) > len(set(rows.tolist())):
            return "rows twice"
        if len(rows) < n:
            return "rows lost"
        if [len(batch) for batch in batches] != [*[size] * (n // size), *([n % size] if n % size else [])]:
            return "wrong sizes"
    orders = [np.concatenate(batches) for batches in epochs]
    if any(np.array_equal(order, np.sort(order)) or np.array_equal(order, -np.sort(-order)) for order in orders):
        return "not shuffled"
    return "the same order in every epoch" if np.array_equal(orders[0], orders[1]) else ""


_HINTS = {
    "rows lost": "Every row belongs to an epoch: the smaller last mini-batch too.",
    "rows twice": (
        "No row comes twice in an epoch: shuffle the rows; do not draw with replacement, and let no slices overlap."
    ),
    "not shuffled": "The rows come in a random order.",
    "the same order in every epoch": (
        "Each epoch has its own order: take it from `rng`, which goes on, and not from a new generator."
    ),
    "wrong sizes": "All mini-batches have `size` rows, except the last one, which has the rest.",
    "no row numbers": "Row numbers are whole numbers from 0 to `n - 1`.",
}


def _slices(order: Any, size: int) -> list[Any]:
    return [order[k : k + size] for k in range(0, len(order), size)]


_WRONG: dict[str, Function] = {
    "rows lost": lambda n, size, rng: _slices(rng.permutation(n), size)[:-1],
    "rows twice": lambda n, size, rng: _slices(rng.integers(0, n, n), size),
    "not shuffled": lambda n, size, rng: _slices(np.arange(n), size),
    "the same order in every epoch": lambda n, size, rng: _slices(np.random.default_rng(0).permutation(n), size),
    "wrong sizes": lambda n, size, rng: np.array_split(rng.permutation(n), -(-n // size) + 1),
    "no row numbers": lambda n, size, rng: _slices(rng.permutation(n) + 1, size),
}
