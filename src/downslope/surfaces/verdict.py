"""What happened on a path, in one word, with the numbers that justify it.

The rules, in this order; n is the number of steps.

1. diverged: a value or gradient is no longer a number, or the path ended more than ten times the domain's size away.
2. converged, or stuck at a saddle: the last gradient is below a millionth of the largest on the path, or so small that
   it is rounding. It is a saddle if
   a curvature there is negative, or if the curvatures are zero and a point nearby is lower.
3. oscillates: in the last quarter the path is at least four times as long as what it covers, and the spread of its
   points is not smaller than in the quarter before.
4. still moving: everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from downslope.surfaces.surface import Array, Surface, pair

Word: TypeAlias = Literal["converged", "still moving", "oscillates", "diverged", "stuck at a saddle"]

FAR = 10  # times the half width of the domain
SMALL_GRADIENT = 1e-6  # of the largest on the path
ROUNDING = 1e-14  # times curvature times the domain's width: what rounding the point does to its gradient
FOLDED = 4  # length of the path over what it covers
SHRINKING = 0.8  # spread of the last quarter over that of the one before
GROWING = 1.25
FEWEST_STEPS = 8  # before a swing can be told from a turn


@dataclass(frozen=True)
class Verdict:
    """word: what happened. step: where it began, if it has a beginning. because: one sentence. numbers: those in it."""

    word: Word
    step: int | None
    because: str
    numbers: Mapping[str, float]

    def __str__(self) -> str:
        when = f" at step {self.step}" if self.word == "diverged" else ""
        return f"{self.word}{when}: {self.because}"


def judge(surface: Surface, points: Array, values: Array, gradients: Array) -> Verdict:
    """The verdict on a path: points and noiseless gradients, shape (n + 1, 2), values, shape (n + 1,)."""
    with np.errstate(all="ignore"):
        found = _diverged(surface, points, values, gradients) or _arrived(surface, points, values, gradients)
        return found or _swinging(surface, points) or _moving(values, gradients)


def distance(surface: Surface, points: Array) -> tuple[Array, Any]:
    """How far points (..., n, 2) are from the domain's middle, its edge being at 1; and whether that is too far.

    Too far is over ten times the domain's size, or twice the start's distance if that is more; NaN is too far.
    """
    ends = np.array(surface.domain)
    middle, half = ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2
    away = np.max(np.abs(points - middle) / half, axis=-1)
    return away, ~(away <= np.maximum(FAR, 2 * away[..., :1]))


def _diverged(surface: Surface, points: Array, values: Array, gradients: Array) -> Verdict | None:
    finite = np.isfinite(points).all(axis=1) & np.isfinite(values) & np.isfinite(gradients).all(axis=1)
    away, is_far = distance(surface, points)
    if finite.all() and not is_far[-1]:
        return None
    last_near = np.flatnonzero(~is_far & finite)
    step = int(last_near[-1]) + 1 if len(last_near) else 0
    if not finite.all():
        first = int(np.argmin(finite))
        what = "value" if not np.isfinite(values[first]) else "gradient"
        because = f"the {what} at step {first} is {_shown(values[first] if what == 'value' else gradients[first])}"
        because += f", at {pair(points[first])}"
        if step < first:
            because = f"from there on it was over {FAR} times as far from the domain's middle as its edge is; {because}"
        step = min(step, first)
    else:
        because = f"from there on it was over {FAR} times as far from the domain's middle as its edge is; it ended at "
        because += f"{pair(points[-1])}, {away[-1]:.3g} times as far"
    if surface.without_minimum and values[-1] < values[0]:
        because += "; the value falls without end here, so that is where downhill leads"
    return Verdict("diverged", step, because, {"away": float(away[-1]), "value": float(values[-1])})


def _arrived(surface: Surface, points: Array, values: Array, gradients: Array) -> Verdict | None:
    sizes = np.linalg.norm(gradients, axis=1)
    largest, last = float(sizes.max()), float(sizes[-1])
    low, high = (float(value) for value in surface.eigenvalues(points[-1]))
    widest = max(right - left for left, right in surface.domain)
    is_rounding = last <= ROUNDING * max(abs(low), abs(high)) * widest
    if last > SMALL_GRADIENT * largest and not is_rounding:
        return None
    large = np.flatnonzero(sizes > SMALL_GRADIENT * largest)
    step = min(int(large[-1]) + 1, len(sizes) - 1) if len(large) else 0
    numbers = {"gradient": last, "largest_gradient": largest, "lowest_curvature": low, "highest_curvature": high}
    size = (
        f"the gradient is {last:.3g}, and since step {step} below a millionth of the largest on the way, {largest:.3g}"
    )
    size = f"the gradient is {last:.3g}, which is rounding" if last > SMALL_GRADIENT * largest else size
    size = size if largest else "the gradient is 0 from the start"
    if low < -1e-6 * abs(high) or (not low > 1e-6 * abs(high) and _falls_nearby(surface, points[-1])):
        kind = "a maximum" if high < 0 else "a saddle"
        because = f"{size}, but {pair(points[-1])} is {kind}: its curvatures are {low:.4g} and {high:.4g}"
        return Verdict("stuck at a saddle", step, because, numbers)
    because = f"{size}; the curvatures there are {low:.4g} and {high:.4g}"
    return Verdict("converged", step, because + _nearest_minimum(surface, points[-1], values[-1]), numbers)


def _falls_nearby(surface: Surface, point: Array) -> bool:
    """Whether a ring around a point, a thousandth of the domain wide, has a lower value."""
    angles = 2 * np.pi * np.arange(32) / 32
    radius = 1e-3 * max(high - low for low, high in surface.domain)
    ring = np.asarray(surface.value(point + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)))
    here = float(surface.value(point))
    return bool(np.min(ring) < here - 1e-12 * max(1.0, abs(here), float(np.max(np.abs(ring)))))


def _nearest_minimum(surface: Surface, point: Array, value: Any) -> str:
    if not surface.minima:
        return ""
    distances = [float(np.linalg.norm(point - np.array(minimum.point))) for minimum in surface.minima]
    best = int(np.argmin(distances))
    found = surface.minima[best]
    lowest = min(minimum.value for minimum in surface.minima)
    text = f"; it is {distances[best]:.3g} from the minimum at {pair(found.point)}"
    if float(value) - lowest > 1e-6 * max(1.0, abs(lowest)):
        text += f", and its value {float(value):.6g} is above the lowest one, {lowest:.6g}"
    return text


def _swinging(surface: Surface, points: Array) -> Verdict | None:
    n = len(points) - 1
    if n < FEWEST_STEPS:
        return None
    before, last = points[n // 2 : n // 2 + n // 4 + 1], points[n - n // 4 :]
    length = float(np.sum(np.linalg.norm(np.diff(last, axis=0), axis=1)))
    covered = float(np.linalg.norm(last[-1] - last[0])) if len(last) % 2 else float(np.linalg.norm(last[-2] - last[0]))
    spreads = [float(np.max(np.linalg.norm(part - part.mean(axis=0), axis=1))) for part in (before, last)]
    ratio = spreads[1] / spreads[0] if spreads[0] else 0.0
    if length <= FOLDED * covered or ratio < SHRINKING:
        return None
    size = (
        f"in the last {len(last) - 1} steps it went {length:.3g} far and covered {covered:.3g}, within {spreads[1]:.3g}"
    )
    if ratio > GROWING:
        because = f"{size} of their middle, and the swings grow: {ratio:.3g} times as wide as just before"
    else:
        because = f"{size} of their middle; the swings do not shrink ({ratio:.3g} times as wide as just before)"
    if surface.noise:
        because += f", because the gradient's noise (standard deviation {surface.noise:g}) does not"
    numbers = {"length": length, "covered": covered, "spread": spreads[1], "ratio": ratio}
    return Verdict("oscillates", n - n // 4, because, numbers)


def _moving(values: Array, gradients: Array) -> Verdict:
    back = max(1, (len(values) - 1) // 10) if len(values) > 1 else 0
    before, now = float(values[-1 - back]), float(values[-1])
    size, largest = float(np.linalg.norm(gradients[-1])), float(np.max(np.linalg.norm(gradients, axis=1)))
    way = "fell" if now < before else "rose" if now > before else "stayed"
    because = f"in the last {back} step{'s' * (back != 1)} the value {way} from {before:.6g} to {now:.6g}"
    because += f", and the gradient is {size:.3g}, {size / largest:.2g} of the largest on the way" if largest else ""
    return Verdict("still moving", None, because, {"before": before, "value": now, "gradient": size})


def _shown(value: Any) -> str:
    return str(value) if np.ndim(value) == 0 else f"({value[0]:g}, {value[1]:g})"
