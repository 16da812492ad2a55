"""Views of readings whose values are arrays along lines: curves, histograms over the steps, planes of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.runs.reading import Reading
from downslope.views.event import Event
from downslope.views.reading_facts import Facts, labels_at
from downslope.views.reading_payload import Counts, Curve, CurveView, HistogramView, Mark, SliceView
from downslope.views.thin import or_none

MOST_CURVES = 6
MOST_COLUMNS = 240
MOST_PANELS = 8
FEW = 4  # names in a sentence
LEVELS = 14

# Facts that are places on the x axis, by instrument, with the words that they are shown under.
MARKS = {
    "lr_range": {"steepest": "falls fastest", "lowest": "lowest", "diverged": "diverges"},
    "spectrum": {"lowest": "lowest", "highest": "highest"},
}

Array = Any


def curves(reading: Reading, values: Array, facts: Facts) -> CurveView:
    """A curve for each of at most six steps, the first and the last among them."""
    n, axis = len(reading.steps), reading.axes[0]
    shown = _evenly(n, MOST_CURVES)
    events = facts.events + _left_out(reading, shown)
    smooth = np.asarray(reading.facts.get("smoothed", ()), np.float64)
    marks = [
        Mark(words, float(reading.facts[name][-1]))
        for name, words in MARKS.get(reading.id, {}).items()
        if name in reading.facts and np.isfinite(reading.facts[name][-1])
    ]
    places = np.array(labels_at(reading, n - 1), np.float64)
    ratios = places[1:] / places[:-1] if (places > 0).all() else np.zeros(0)
    return CurveView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        x_label=axis.name + (f" ({axis.unit})" if axis.unit else ""),
        is_log=bool(len(ratios) and places[-1] > 10 * places[0] and np.allclose(ratios, ratios[0])),
        curves=tuple(
            Curve(
                int(reading.steps[k]),
                tuple(float(x) for x in labels_at(reading, k)),
                or_none(values[k]),
                or_none(smooth[k]) if smooth.shape == values.shape else (),
            )
            for k in shown
        ),
        marks=tuple(marks),
        not_finite=facts.not_finite,
        events=events,
    )


def histograms(reading: Reading, values: Array, facts: Facts) -> HistogramView:
    """Counts (n, arrays, 2 signs, bins) as one row of bins from the most negative to the most positive."""
    shown = _evenly(len(reading.steps), MOST_COLUMNS)
    whose = reading.axes[0].labels if len(reading.axes) == 3 else (reading.target or "",)
    counts = values.reshape(len(values), len(whose), 2, -1)
    edges, counts = _trimmed(reading.axes[-1].labels, counts)
    rows = np.concatenate((counts[:, :, 0, ::-1], counts[:, :, 1]), axis=2).astype(np.int64)
    apart = {
        name: np.asarray(reading.facts.get(name, np.zeros(len(values))), np.float64).reshape(len(values), -1)
        for name in ("zero", "nan", "+inf", "-inf")
    }
    bad = np.broadcast_to(apart["nan"] + apart["+inf"] + apart["-inf"], (len(values), len(whose)))
    zero = np.broadcast_to(apart["zero"], (len(values), len(whose)))
    events = _left_out(reading, shown)
    if len(whose) > MOST_PANELS:
        others = ", ".join(map(str, whose[MOST_PANELS : MOST_PANELS + FEW]))
        others += f" and {len(whose) - MOST_PANELS - FEW} more" if len(whose) > MOST_PANELS + FEW else ""
        events = (*events, Event("thinned", f"not shown: {others}; ask for one with target=", count=len(whose)))
    for k, name in enumerate(whose):
        if bad[:, k].any():
            first = int(reading.steps[int(np.argmax(bad[:, k] > 0))])
            text = f"{name}: {int(bad[:, k].sum()):,} numbers are NaN or infinite, from step {first:,} on"
            events = (*events, Event("nan", text, step=first, count=int(bad[:, k].sum())))
    return HistogramView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        n_steps=len(values),
        steps=tuple(int(reading.steps[k]) for k in shown),
        edges=edges,
        panels=tuple(
            Counts(
                str(name),
                tuple(tuple(row) for row in rows[shown, k].tolist()),
                or_none(zero[shown, k]),
                or_none(bad[shown, k]),
            )
            for k, name in enumerate(whose[:MOST_PANELS])
        ),
        not_finite=int(bad.sum()),
        events=events,
        left_out=tuple(map(str, whose[MOST_PANELS:])),
    )


PER_DECADE = 4  # bins of the histogram, as its instrument has them: what is left begins with a whole decade


def _trimmed(labels: Sequence[Any], counts: Array) -> tuple[tuple[float, ...], Array]:
    """Edges and counts (..., bins) without the magnitudes at both ends that occur nowhere: most of 73 do not."""
    edges = tuple(map(float, labels))
    held = np.flatnonzero(counts.sum(axis=tuple(range(counts.ndim - 1))))
    if not len(held):
        return edges[:2], counts[..., :2]
    low = max(int(held[0]) - (int(held[0]) - 1) % PER_DECADE, 1)  # bin 0, from 0 to the first edge, always stays
    kept = slice(low, int(held[-1]) + 2)
    return (edges[0], *edges[kept]), np.concatenate((counts[..., :1], counts[..., kept]), axis=-1)


def plane(reading: Reading, values: Array, facts: Facts) -> SliceView:
    """The plane of the last step, with the path through it where the reading has one."""
    z, first, second = values[-1], *reading.axes
    path, steps = reading.facts.get("path"), reading.facts.get("path_steps")
    explained = or_none(np.asarray(reading.facts["explained"][-1])) if "explained" in reading.facts else (None, None)
    points = [] if path is None else [or_none(point) for point in np.asarray(path[-1], np.float64)]
    bad = int((~np.isfinite(z)).sum())
    lost = (Event("nan", f"{bad:,} of {z.size:,} places have no finite loss", count=bad),) if bad else ()
    return SliceView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        step=int(reading.steps[-1]),
        x_label=first.name,
        y_label=second.name,
        x=tuple(map(float, first.labels)),
        y=tuple(map(float, second.labels)),
        z=tuple(or_none(row) for row in z.T),  # the first direction goes to the right
        levels=_levels(z),
        path=tuple((x, y) for x, y in points),
        path_steps=() if steps is None else tuple(int(t) for t in steps[-1]),
        explained=(explained[0], explained[1]),
        not_finite=bad,
        events=lost + _left_out(reading, np.array([len(values) - 1])),
    )


def _levels(z: Array) -> tuple[float, ...]:
    """Contours: closer to each other near the lowest loss, where the shape of the valley is."""
    sound = z[np.isfinite(z)]
    if not len(sound) or sound.max() <= sound.min():
        return ()
    part = np.linspace(0, 1, LEVELS + 2)[1:-1]
    low, high = float(sound.min()), float(np.quantile(sound, 0.98))
    high = high if high > low else float(sound.max())
    return tuple(sorted({float(level) for level in low + (high - low) * part**2}))


def _evenly(n: int, most: int) -> Array:
    """At most so many places of n, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def _left_out(reading: Reading, shown: Array) -> tuple[Event, ...]:
    n = len(reading.steps)
    if len(shown) == n:
        return ()
    text = f"{len(shown)} of {n:,} steps are shown; all are in the reading"
    return (Event("thinned", text, count=n - len(shown)),)
