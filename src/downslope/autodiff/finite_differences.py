"""Finite differences that know their own error: the independent truth that derivative rules are checked against.

A central difference ``D(h) = (f(x + h) - f(x - h)) / 2h`` is off by ``c h**2`` (h too large) and by ``noise / h`` (h
too small, f is rounded). So it is taken over a sweep of h, each about a quarter of the one before, and extrapolated to
h = 0.

The smallest h have the last word. Near a kink large steps agree with each other on a slope that is not the one at x:
for ``|x - 1e-6|`` at 0 every h above 1e-6 says about 0 and every h below says -1. An extrapolation that a smaller step
contradicts by more than rounding is therefore thrown away, however sure of itself it is.

Synonyms: Richardson extrapolation, Romberg's tableau. Sources: Ridders 1982 (the tableau and its error); Moré & Wild
2011 (differences of high order show the rounding of f).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
RATIO = 3.7  # no whole number: a staircase would look smooth at steps that are multiples of each other
ORDER = 4  # rows of the tableau: each takes one more even power of h away
TAIL = 8  # how many of the smallest steps are asked for the rounding of f


@dataclass(frozen=True)
class Slope:
    """The derivative of a function of one number at 0.

    value, error: the extrapolated derivative and how far off it may be. left, right: the one-sided slopes.
    is_kink: they differ and do not approach each other. is_flat: f did not change at all, at any step. The value is
    infinite where the differences grow without end as h falls (a jump, a vertical tangent).
    steps, central: the sweep, from the largest h to the smallest, and its central differences (NaN where f has none).
    rounding: for each step how much of its central difference may be rounding. change: how far f moved at most.
    """

    value: float
    error: float
    left: float
    right: float
    is_kink: bool
    is_flat: bool
    steps: Array
    central: Array
    rounding: Array
    change: float


def slope(f: Callable[[float], float], largest: float, smallest: float, at: float = 0.0) -> Slope:
    """The derivative of ``f`` at 0 from a sweep of steps between ``largest`` and ``smallest``.

    at: the size of the number that the steps are added to, whose own rounding then counts too.

    >>> found = slope(lambda t: math.exp(3 * t), 0.1, 1e-8)
    >>> abs(found.value - 3) < found.error < 1e-10
    True
    """
    h = largest * RATIO ** -np.arange(max(ORDER + 4, 1 + math.ceil(math.log(largest / smallest, RATIO))))
    centre = f(0.0)
    ahead, behind = np.array([f(t) for t in h]), np.array([f(-t) for t in h])
    with np.errstate(all="ignore"):
        right, left = (ahead - centre) / h, (centre - behind) / h
        central = (ahead - behind) / (2 * h)
        # The gap between both sides, without its part that falls as h (the curvature): zero where f is smooth.
        gap = np.full(len(h), np.nan)
        gap[1:] = (RATIO * (right - left)[1:] - (right - left)[:-1]) / (RATIO - 1)
        sizes = np.maximum(np.maximum(np.abs(ahead), np.abs(behind)), abs(centre))
        rounding = _epsilon(ahead, behind, centre) * (4 * sizes + 2 * at * np.abs(central)) / h
        is_flat = bool(np.all(ahead == centre) and np.all(behind == centre))
        change = float(np.nanmax(np.abs([ahead - centre, behind - centre]), initial=0.0))
        plateau = _plateau(gap, rounding)
        is_clean = _is_clean(gap, central, rounding) and _is_no_staircase(gap, central)
        if plateau is not None and not (is_clean and _closes(gap, rounding, plateau)):
            low, high = (float((RATIO * s[plateau] - s[plateau - 1]) / (RATIO - 1)) for s in (left, right))
            error = max(abs(low - left[plateau]), abs(high - right[plateau])) + rounding[plateau]
            return Slope((low + high) / 2, float(error), low, high, True, False, h, central, rounding, change)
        jump = abs(central[-1]) > 10 * rounding[-1] and _is_unbounded(central)
        if not is_clean:
            moved = np.concatenate([[np.nan], np.diff(central)])
            rounding = np.maximum(rounding, max(_roughness(gap, h), _roughness(moved, h)) / h)
        value, error = _extrapolated(central, rounding, h)
        if jump:
            value, error = math.copysign(math.inf, central[-1]), math.inf
    return Slope(value, error, value, value, False, is_flat, h, central, rounding, change)


def _epsilon(ahead: Array, behind: Array, centre: float) -> float:
    """Relative rounding of f: float32's, if every value it returned is a float32 number."""
    values = np.unique(np.concatenate([ahead, behind, [centre]]))
    values = values[np.isfinite(values)]
    is_single = len(values) > 6 and bool(np.all(values == values.astype(np.float32)))
    return float(np.finfo(np.float32 if is_single else np.float64).eps)


def _plateau(gap: Array, rounding: Array) -> int | None:
    """Last index of the last run of four steps over which the gap between both sides stays what it is: a kink."""
    for j in range(len(gap) - 1, 3, -1):
        run = gap[j - 3 : j + 1]
        ratios = run[1:] / run[:-1]
        if np.all((ratios > 0.8) & (ratios < 1.25)) and np.all(np.abs(run) > 10 * rounding[j - 3 : j + 1]):
            return j
    return None


def _closes(gap: Array, rounding: Array, plateau: int) -> bool:
    """Whether a smaller step shows that the gap has closed: the kink is near x, and not at it."""
    seen = 20 * rounding[plateau + 1 :] < abs(gap[plateau])
    return bool(np.any(seen & (np.abs(gap[plateau + 1 :]) <= 0.5 * abs(gap[plateau]))))


def _is_clean(gap: Array, central: Array, rounding: Array) -> bool:
    """Whether at the four smallest steps f behaves as a smooth function that is merely rounded."""
    moved = np.abs(np.diff(central))[-3:]
    return bool(np.all(np.abs(gap[-4:]) <= 10 * rounding[-4:]) and np.all(moved <= 4 * rounding[-3:]))


def _is_no_staircase(gap: Array, central: Array) -> bool:
    """A function of rounded intermediate values is flat at the smallest steps, and so is relu left of its kink.

    At larger steps, where the slope is seen, both sides of a staircase have the same one; those of a kink differ.
    """
    sloped = np.flatnonzero(central[1:] != 0) + 1
    if np.any(central[-4:] != 0) or not len(sloped):
        return True
    large = sloped[: max(1, len(sloped) - 2)]
    return bool(np.median(np.abs(gap[large])) >= 0.5 * np.median(np.abs(central[large])))


def _is_unbounded(central: Array) -> bool:
    """Whether the difference quotient grows at each of the last steps: a jump of f, or a vertical tangent."""
    growth = central[-5:] / central[-6:-1]
    return bool(np.all(growth > 1.1) and np.all(np.isfinite(growth)))


def _roughness(change: Array, h: Array) -> float:
    """Rounding of f as seen in the sweep: what a change of slope, in units of f, does not fall below as h falls."""
    rough = np.abs(change) * h
    fall = rough[:-1] / rough[1:]
    is_truncation = (fall > 8) & (
        fall < 2000
    )  # of a smooth function it falls by RATIO**3 or more, of x * |x| by RATIO**2
    is_noise = np.isfinite(rough)
    is_noise[:-1] &= ~is_truncation
    is_noise[1:] &= ~is_truncation
    return float(np.max(rough[-TAIL:], initial=0.0, where=is_noise[-TAIL:]))


def _extrapolated(central: Array, rounding: Array, h: Array) -> tuple[float, float]:
    """The entry of the tableau with the smallest error that no smaller step contradicts."""
    candidates: list[tuple[float, float, int]] = []
    row = central
    for order in range(1, ORDER + 1):
        better = np.full(len(h), np.nan)
        better[1:] = row[1:] + (row[1:] - row[:-1]) / (RATIO ** (2 * order) - 1)
        change = np.maximum(np.abs(better[1:] - row[1:]), np.abs(better[1:] - row[:-1]) * (order > 1))
        errors = change + 1.2 * rounding[1:]
        candidates += [
            (float(e), float(v), j + 1)
            for j, (e, v) in enumerate(zip(errors, better[1:], strict=True))
            if math.isfinite(e) and math.isfinite(v)
        ]
        row = better
    for error, value, j in sorted(candidates):
        smaller = slice(j + 1, None)
        truncated = abs(central[j] - value) * (h[smaller] / h[j]) ** 2
        off = np.abs(central[smaller] - value)
        if np.all((off <= 3 * rounding[smaller] + 3 * error + truncated) | ~np.isfinite(off)):
            return value, error
    return math.nan, math.inf
