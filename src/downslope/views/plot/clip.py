"""What of a path lies on the map: cut at its edge, and up to the step that leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.views.payload import PathView, Spot, SurfaceView

Pairs: TypeAlias = NDArray[np.float64]


def clipped(points: Pairs, domain: tuple[float, float, float, float]) -> Pairs:
    """The part of a path, shape (n, 2), that lies in the domain, with NaN between its pieces.

    A path that stays inside keeps its n points. Done here and not by matplotlib, to which 1e300 is no place.
    """
    left, right, bottom, top = domain
    low, high = np.array([left, bottom]), np.array([right, top])
    finite = points[: int(np.argmin(np.append(np.isfinite(points).all(axis=1), False)))]
    if ((finite >= low) & (finite <= high)).all():
        return finite
    pieces: list[Any] = []
    for a, b in pairwise(finite):
        with np.errstate(all="ignore"):
            part = clip(a, b - a, low, high)
        if part is None:
            continue
        first, last = a + part[0] * (b - a), a + part[1] * (b - a)
        if not pieces or not np.array_equal(pieces[-1], first):
            pieces += [np.full(2, np.nan), first] if pieces else [first]
        pieces.append(last)
    return np.array(pieces) if pieces else np.empty((0, 2))


def clip(a: Pairs, move: Pairs, low: Pairs, high: Pairs) -> tuple[float, float] | None:
    """From where to where on a + s·move, s in [0, 1], the box is; None where nowhere. Source: Liang and Barsky 1984."""
    enter, leave = 0.0, 1.0
    for at, step, least, most in zip(a, move, low, high, strict=True):
        if step == 0:
            if not least <= at <= most:
                return None
            continue
        s = sorted(((least - at) / step, (most - at) / step))
        enter, leave = max(enter, float(s[0])), min(leave, float(s[1]))
    return (enter, leave) if enter <= leave else None


def first_outside(path: PathView) -> int:
    """The row after the step that goes over the edge for the first time; the number of rows if none does."""
    return len(path.steps) if path.left is None else int(np.searchsorted(path.steps, path.left))


def parts(path: PathView, until: int) -> tuple[Pairs, Pairs]:
    """A path up to its first step over the edge, and what came later, as far as the verdict's step if it diverged."""
    points = array(path.points)
    last = len(points)
    if path.verdict == "diverged" and path.at is not None:
        last = min(int(np.searchsorted(path.steps, path.at)) + 1, last)
    return points[: until + 1], points[until:last]


def array(spots: Sequence[Spot]) -> Pairs:
    """Spots as an array of shape (n, 2), with NaN for None."""
    return np.array(spots, dtype=np.float64).reshape(-1, 2)


def inside(points: Pairs, payload: SurfaceView) -> NDArray[np.bool_]:
    """For each point whether it lies on the map, edges included."""
    left, right, bottom, top = payload.domain
    x, y = points.T
    return np.asarray((left <= x) & (x <= right) & (bottom <= y) & (y <= top))
