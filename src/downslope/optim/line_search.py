"""Line searches: how far to go in a direction, by Armijo's condition or by the strong conditions of Wolfe.

Both look at φ(a) = f(p + a·d), with its slope φ'(a) = ∇f(p + a·d)·d, along a direction d that goes down, φ'(0) < 0.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import SettingError
from downslope.optim.method import Evaluate

Array = Any
MOST = 40  # evaluations; halving 40 times leaves a step of 1e-12


class Found(NamedTuple):
    """Where a search ended: the step a, the point p + a·d with its value and gradient, and the evaluations it took.

    accepted: the conditions hold there. If they hold nowhere that was looked at, it is the lowest point that was seen,
    which is the start itself (a = 0) where no point was lower.
    """

    step: float
    p: Array
    value: float
    g: Array
    evaluations: int
    accepted: bool


class _Line:
    """φ, counting evaluations and remembering the lowest point."""

    def __init__(self, f: Evaluate, p: Array, d: Array, value: float, g: Array) -> None:
        self.f, self.p, self.d = f, p, d
        self.slope = float(np.sum(g * d))
        self.best = Found(0.0, p, value, g, 0, False)
        # Near a minimum values differ by rounding alone while gradients still tell: so much higher is no higher.
        self.slack = 4 * float(np.finfo(np.asarray(g).dtype).eps) * abs(value)
        self.evaluations = 0
        if not self.slope < 0:
            raise SettingError(
                "line-search",
                f"the slope along the direction is {self.slope:.6g}",
                where="a line search",
                why="only along a direction with a slope below 0 is there a smaller value to be found",
                do="Give a direction d with (gradient · d) < 0, for example d = -gradient.",
            )

    def at(self, a: float) -> tuple[Found, float]:
        """The point, and the slope there. A value that is not finite counts as infinitely high."""
        point = self.p + a * self.d
        value, g = self.f(point)
        self.evaluations += 1
        value = float(value) if np.isfinite(value) else math.inf
        found = Found(a, point, value, g, self.evaluations, False)
        if value < self.best.value:
            self.best = found
        return found, float(np.sum(g * self.d))

    def promise(self, a: float, value: float, c1: float) -> float:
        """The highest value that Armijo's condition lets through at a, where the search starts with ``value``."""
        return value + c1 * a * self.slope + self.slack

    def end(self, found: Found | None = None) -> Found:
        chosen = found or self.best
        return chosen._replace(evaluations=self.evaluations, accepted=found is not None)


def armijo(
    f: Evaluate, p: Array, d: Array, value: float, g: Array, first: float = 1.0, c1: float = 1e-4, shrink: float = 0.5
) -> Found:
    """The first of first, shrink·first, shrink²·first ... with φ(a) ≤ φ(0) + c1·a·φ'(0): backtracking.

    f: ``p -> (value, gradient)``. p, value, g: where it starts. d: the direction. c1: the part of the slope's promise
    that must be kept. Errors: SettingError ``line-search``.

    Source: L. Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", 1966.

    >>> found = armijo(lambda w: (w**2, 2 * w), 1.0, -2.0, 1.0, 2.0)
    >>> found.step, found.p, found.evaluations
    (0.5, 0.0, 2)
    """
    line, a = _Line(f, p, d, value, g), first
    while line.evaluations < MOST:
        found, _ = line.at(a)
        if found.value <= line.promise(a, value, c1):
            return line.end(found)
        a *= shrink
    return line.end()


def strong_wolfe(
    f: Evaluate, p: Array, d: Array, value: float, g: Array, first: float = 1.0, c1: float = 1e-4, c2: float = 0.9
) -> Found:
    """A step with φ(a) ≤ φ(0) + c1·a·φ'(0) and |φ'(a)| ≤ c2·|φ'(0)|: low enough, and flat enough to be near a minimum.

    First the step grows until it has a minimum behind it, then the bracket shrinks by cubic interpolation. With it
    y·s > 0 for the change y of the gradient and the step s, which is what quasi-Newton methods live on. c2: 0.9 for
    them, 0.1 for conjugate gradients. Errors: SettingError ``line-search``.

    Source: J. Nocedal and S. Wright, "Numerical Optimization", 2nd ed. 2006, Algorithms 3.5 and 3.6.

    >>> found = strong_wolfe(lambda w: (w**2, 2 * w), 1.0, -2.0, 1.0, 2.0, first=0.01, c2=0.1)
    >>> round(found.step, 6), found.accepted
    (0.5, True)
    """
    line = _Line(f, p, d, value, g)
    start = Found(0.0, p, value, g, 0, False)
    low, low_slope, a = start, line.slope, first
    while line.evaluations < MOST:
        found, slope = line.at(a)
        too_high = found.value > line.promise(a, value, c1)
        if too_high or (low.step > 0 and found.value >= low.value + line.slack):
            return _zoom(line, value, c1, c2, (low, low_slope), (found, slope))
        if abs(slope) <= -c2 * line.slope:
            return line.end(found)
        if slope >= 0:
            return _zoom(line, value, c1, c2, (found, slope), (low, low_slope))
        wider = _cubic(low, low_slope, found, slope)
        a = min(max(wider, 2 * a), 10 * a)
        low, low_slope = found, slope
    return line.end()


def _zoom(
    line: _Line, value: float, c1: float, c2: float, low: tuple[Found, float], high: tuple[Found, float]
) -> Found:
    """Shrink a bracket until a point in it is accepted. Its end ``low`` is low enough and slopes towards the other."""
    while line.evaluations < MOST:
        a, b = low[0].step, high[0].step
        left, width = min(a, b), abs(b - a)
        if width <= 1e-14 * max(abs(a), abs(b)):
            break
        guess = _cubic(*low, *high) if math.isfinite(high[0].value) else (a + b) / 2
        guess = min(max(guess, left + 0.1 * width), left + 0.9 * width)
        found, slope = line.at(guess)
        if found.value > line.promise(guess, value, c1) or found.value >= low[0].value + line.slack:
            high = (found, slope)
            continue
        if abs(slope) <= -c2 * line.slope:
            return line.end(found)
        if slope * (b - a) >= 0:
            high = low
        low = (found, slope)
    return line.end()


def _cubic(one: Found, one_slope: float, two: Found, two_slope: float) -> float:
    """Minimum of the cubic with these values and slopes at two steps; their middle where it has none."""
    a, b = one.step, two.step
    s = one_slope + two_slope - 3 * (two.value - one.value) / (b - a)
    square = s * s - one_slope * two_slope
    if not square >= 0:
        return (a + b) / 2
    root = math.copysign(math.sqrt(square), b - a)
    below = two_slope - one_slope + 2 * root
    return b - (b - a) * (two_slope + root - s) / below if below else (a + b) / 2
