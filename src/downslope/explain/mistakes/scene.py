"""The scene of a mistake: a function, its right backward pass, and the wrong gradients that are to be explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from downslope.explain.mistakes.places import Places
from downslope.explain.mistakes.tape import Array, Tape

EVIDENCE = 3  # so many numbers must agree on one that was solved for and has no name, as a learning rate


class Scene(Places):
    """One function at one point, the right backward pass, and the wrong gradients that are to be explained.

    mine: wrong gradient of each leaf that was given, in any shape. names: of the leaves. previous: gradients of the
    mini-batch before; lr: of the user's own update; rtol: how close two gradients must be to be the same.
    """

    def __init__(
        self,
        tape: Tape,
        names: Mapping[int, str],
        mine: Mapping[int, Array],
        *,
        rtol: float = 1e-9,
        floor: float = 1e-13,
        lr: float | None = None,
        previous: Mapping[int, Array] | None = None,
        per_example: Callable[[], Mapping[int, Array] | None] = lambda: None,
    ) -> None:
        super().__init__(tape, names)
        self.mine = {k: np.asarray(v) for k, v in mine.items()}
        self.rtol, self.lr, self.previous, self._per_example = rtol, lr, previous, per_example
        true = [np.abs(tape.gradient(leaf)) for leaf in self.mine]
        largest = max((float(np.max(t, initial=0.0)) for t in true), default=0.0)
        self.floor = floor * largest if np.isfinite(largest) else 0.0
        self.wrong = [leaf for leaf in self.near_first if not self.is_same(tape.gradient(leaf), self.mine[leaf])]

    @cached_property
    def per_example(self) -> Mapping[int, Array] | None:
        """The gradient of every example, with a leading axis; None where the examples cannot be told apart."""
        return self._per_example()

    # --- comparing ----------------------------------------------------------------------------------------------------

    def distance(self, a: Array, b: Array) -> float:
        """Largest difference by the largest number of b; infinite where the shapes differ."""
        if np.shape(a) != np.shape(b):
            return np.inf
        both = np.isfinite(a) & np.isfinite(b)
        if not both.all():
            if not np.array_equal(np.where(both, 0, a), np.where(both, 0, b), equal_nan=True):
                return np.inf
            a, b = np.where(both, a, 0.0), np.where(both, b, 0.0)
        off = float(np.max(np.abs(a - b), initial=0.0))
        return 0.0 if off <= self.floor else off / max(float(np.max(np.abs(b), initial=0.0)), 1e-300)

    def is_same(self, a: Array, b: Array) -> bool:
        """Whether two gradients are the same but for rounding."""
        return self.distance(a, b) <= self.rtol

    def is_number(self, c: float, known: float) -> bool:
        """Whether a factor that was solved for is this known one."""
        return abs(c - known) <= 30 * self.rtol * max(abs(known), 1e-3)

    @cached_property
    def near_first(self) -> list[int]:
        """The leaves that were given, those that are used nearest to the loss first."""
        last = self.graph.users
        return sorted(self.mine, key=lambda leaf: max(last[leaf], default=0), reverse=True)
