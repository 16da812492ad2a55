"""A recorded number of a run of any length, by stretches of steps: a run of a million is never read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from downslope.runs import Run

Array = Any

LONG = 100_000
"""Steps from which a run is shown by the summaries in its file, each of 1,024 steps."""


class Stretches:
    """Of each stretch its first and last step, lowest, mean and highest of its finite numbers, and how many are not.

    Where a stretch has no finite number, the three are NaN.
    """

    def __init__(self, first: Array, last: Array, low: Array, mean: Array, high: Array, bad: Array) -> None:
        self.first, self.last, self.low, self.mean, self.high, self.bad = first, last, low, mean, high, bad

    def __len__(self) -> int:
        return len(self.first)


def stretches(run: Run, name: str, most: int, first: int | None = None, last: int | None = None) -> Stretches:
    """A recorded scalar in at most ``most`` stretches of about the same length.

    first, last: of the steps that are looked at; all if None. Of summaries those that reach into them count whole.
    """
    start, end = max(1, first or 1), min(run.steps, last or run.steps)
    if end - start >= LONG:
        found = run.history.overview(name)
        inside = (found.first <= end) & (found.first + found.count > start)
        low, mean, high, bad = (column[inside] for column in (found.low, found.mean, found.high, found.bad))
        return merged(found.first[inside], found.count[inside], low, mean, high, bad, most)
    values = np.asarray(run.series(name, start, end) if end >= start else (), np.float64)
    steps, bad = np.arange(start, start + len(values)), (~np.isfinite(values)).astype(np.int64)
    sound = np.where(bad == 0, values, np.nan)
    return merged(steps, np.ones_like(steps), sound, sound, sound, bad, most)


def merged(first: Array, count: Array, low: Array, mean: Array, high: Array, bad: Array, most: int) -> Stretches:
    """Neighbouring stretches put together until at most ``most`` are left."""
    last = first + count - 1
    if len(first) <= most:
        return Stretches(first, last, low, mean, high, bad)
    starts = np.linspace(0, len(first), most + 1)[:-1].astype(np.int64)
    finite = (count - bad) * ~np.isnan(mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.add.reduceat(finite, starts)
        means = np.add.reduceat(np.where(finite > 0, mean, 0.0) * finite, starts) / weights
    return Stretches(
        first[starts],
        last[np.append(starts[1:] - 1, len(first) - 1)],
        np.fmin.reduceat(low, starts),
        np.where(weights > 0, means, np.nan),
        np.fmax.reduceat(high, starts),
        np.add.reduceat(bad, starts),
    )
