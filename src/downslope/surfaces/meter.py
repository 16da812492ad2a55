"""Counting gradient evaluations, also those that a line search makes between two points of a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.surfaces.rule import Rule, is_method
from downslope.surfaces.surface import Array, Surface

HESSIAN_COST = 2
"""A Hessian of two numbers counts as two gradients: one for each of its columns."""


class BudgetSpentError(Exception):
    """No gradient is left; ends a run in the middle of a line search."""


class Meter:
    """A surface whose gradients are counted; the same point within a step is computed once and counted once.

    track: every counted point with its value, in order. budget: how many may be counted, None for any number.
    """

    def __init__(self, surface: Surface, budget: int | None = None) -> None:
        self.surface = surface
        self.budget = budget
        self.track: list[tuple[Array, float]] = []
        self._known: dict[bytes, tuple[Any, Array]] = {}
        self._noise: Array = np.zeros(2)

    @property
    def count(self) -> int:
        """Gradient evaluations so far."""
        return len(self.track)

    def begin(self, p: Array, noise: Array) -> tuple[Any, Array]:
        """Value and noiseless gradient where a step begins; all that was computed at other points is forgotten."""
        key = p.tobytes()
        self._known = {key: self._known[key]} if key in self._known else {}
        self._noise = noise
        return self._clean(p)

    def advance(self, rule: Rule, p: Array, state: Mapping[str, Any], t: int, lr: Any = None) -> tuple[Any, Any]:
        """Point and state after step t: from the gradient at p, or, for a method, from what it evaluates itself."""
        if not is_method(rule):
            new_p, new_state = rule.step(p, self(p)[1], state, t, lr)
            return new_p, new_state
        new_p, new_state, _ = rule.step(self, p, state, t, lr, self.hessian)
        return new_p, new_state

    def __call__(self, p: Array) -> tuple[Any, Array]:
        """Value and gradient with its noise: what an optimizer sees."""
        value, slope = self._clean(p)
        return value, slope + self._noise

    def hessian(self, p: Array) -> Array:
        """The matrix of second derivatives, at the price of two gradients."""
        value = float(self._clean(p)[0])
        for _ in range(HESSIAN_COST):
            self._count(p, value)
        return self.surface.hessian(p)

    def _clean(self, p: Array) -> tuple[Any, Array]:
        key = p.tobytes()
        if key not in self._known:
            if self.count == self.budget:
                raise BudgetSpentError
            self._known[key] = self.surface.value_and_gradient(p)
            self._count(p, float(self._known[key][0]))
        return self._known[key]

    def _count(self, p: Array, value: float) -> None:
        if self.count == self.budget:
            raise BudgetSpentError
        self.track.append((np.copy(p), value))
