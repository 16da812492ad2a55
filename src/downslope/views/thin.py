"""Series of any length down to what a picture can show, without losing an extreme or a NaN."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from downslope.views.event import Event

Series = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_EVENTS = 12


def median(values: ArrayLike) -> float:
    """The median, also where the sum of the two in the middle is larger than any number."""
    return 2 * float(np.median(np.divide(values, 2)))


def extremes(values: Series, buckets: int) -> Places:
    """Places to keep of ``values`` (n,), sorted: of each bucket the lowest and highest finite value, and the first one
    that is not finite; always the first and the last place. All n if there are at most two to a bucket.

    >>> extremes(np.array([3.0, 1, 2, 9, np.nan, 5, 4, 4]), buckets=2).tolist()
    [0, 1, 3, 4, 5, 6, 7]
    """
    n = len(values)
    if n <= 2 * buckets:
        return np.arange(n, dtype=np.int64)
    kept = [0, n - 1]
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if finite[start:stop].any():
            kept += [start + int(low[start:stop].argmin()), start + int(high[start:stop].argmax())]
        if not finite[start:stop].all():
            kept.append(start + int(finite[start:stop].argmin()))
    return np.unique(np.array(kept, dtype=np.int64))


def running_median(values: Series, window: int, places: Places) -> Series:
    """Median of the finite ones among the ``window`` values around each place; NaN where none of them is finite.

    A median, because a mean would draw one bad batch as a hill of the width of the window.
    """
    half = window // 2
    medians = np.full(len(places), np.nan)
    for k, place in enumerate(places.tolist()):
        near = values[max(place - half, 0) : place + half + 1]
        near = near[np.isfinite(near)]
        if len(near):
            medians[k] = median(near)
    return medians


def or_none(values: Series) -> tuple[float | None, ...]:
    """The numbers as JSON can hold them: None for NaN and infinity."""
    if np.isfinite(values).all():
        return tuple(values.tolist())
    return tuple(value if math.isfinite(value) else None for value in values.tolist())


def not_finite_events(values: Series, steps: Places, what: str) -> list[Event]:
    """One event for each unbroken stretch of NaN or infinite values; many stretches are summed up in the last event.

    >>> [event.text for event in not_finite_events(np.array([1, np.nan, np.nan, 2]), np.arange(4), "loss")]
    ['the loss is NaN from step 1 to 2']
    """
    bad = np.concatenate(([0], (~np.isfinite(values)).astype(np.int8), [0]))
    starts, stops = np.flatnonzero(np.diff(bad) == 1), np.flatnonzero(np.diff(bad) == -1)
    events = [
        _stretch(values[a:b], steps[a:b], what)
        for a, b in zip(starts[:MOST_EVENTS].tolist(), stops[:MOST_EVENTS].tolist(), strict=True)
    ]
    if len(starts) > MOST_EVENTS:
        rest = int((stops - starts)[MOST_EVENTS:].sum())
        step = int(steps[starts[MOST_EVENTS]])
        kinds = "NaN or infinite"
        text = f"the {what} is {kinds} at {rest} more steps from step {step} on"
        events.append(Event("nan", text, step=step, count=rest))
    return events


def _stretch(values: Series, steps: Places, what: str) -> Event:
    nan = bool(np.isnan(values).any())
    word = "NaN" if np.isnan(values).all() else "NaN or infinite" if nan else "infinite"
    first, last = int(steps[0]), int(steps[-1])
    when = f"at step {first}" if first == last else f"from step {first} to {last}"
    return Event("nan" if nan else "infinite", f"the {what} is {word} {when}", step=first, count=len(values))
