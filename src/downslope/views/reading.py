"""A reading as what can be shown, chosen by the shape of its values: courses, bars, a heat map, curves, a slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.runs.reading import Reading
from downslope.views.event import Event
from downslope.views.payload import ReadingView
from downslope.views.reading_arrays import curves, histograms, plane
from downslope.views.reading_facts import Facts, facts_of, labels_at
from downslope.views.reading_payload import Band, BarsView, CourseView, HeatView, Line, Panel
from downslope.views.thin import extremes, not_finite_events, or_none

MOST_LINES = 8
"""Names of one picture that are lines; more are the rows of a heat map."""
MOST_SHADES = 40
"""Lines in each of several small pictures: their colours show their order."""
MOST_PANELS = 6
MOST_POINTS = 1500  # of all lines together
MOST_COLUMNS = 240  # of a heat map

Array = Any


def reading_view(reading: Reading) -> ReadingView:
    """The payload of a reading.

    Numbers by name over several steps are lines (more than eight: a heat map), at one step bars. An axis of numbers is
    the x axis of curves, two of them a slice of the loss; sizes by sign are histograms. Of curves at many steps a few
    are shown, of slices the last one, and an event says so.
    """
    values, axes = np.asarray(reading.values, np.float64), reading.axes
    facts = facts_of(reading)
    if [axis.name for axis in axes[-2:]] == ["sign", "at least"]:
        return histograms(reading, values, facts)
    numeric = [_are_places(labels_at(reading, 0, k)) for k in range(len(axes))] if len(reading.steps) else []
    if numeric == [True]:
        return curves(reading, values, facts)
    if numeric == [True, True]:
        return plane(reading, values, facts)
    if not axes:
        names = reading.parts or (reading.target or reading.id,)
        panels = [("", names, values.reshape(len(values), len(names)))]
        axis = "part"
    elif len(axes) == 2 and len(axes[1].labels) <= MOST_PANELS and len(axes[0].labels) <= MOST_SHADES:
        names, axis = tuple(map(str, axes[0].labels)), axes[0].name
        panels = [(str(title), names, values[:, :, k]) for k, title in enumerate(axes[1].labels)]
    else:
        names, axis = _flat_names(reading)
        panels = [("", names, values.reshape(len(values), len(names)))]
    if len(values) == 1:
        return _bars(reading, panels, axis, facts)
    if len(names) > MOST_LINES and len(panels) == 1:
        return _heat(reading, panels[0][1], panels[0][2], axis, facts)
    return _course(reading, panels, facts)


def _are_places(labels: Sequence[Any]) -> bool:
    """Whether labels are places on a line; whole numbers are names (rows, classes)."""
    return bool(labels) and all(isinstance(label, float) for label in labels)


def _flat_names(reading: Reading) -> tuple[tuple[str, ...], str]:
    """A name for each place of the arrays, and what they are. Rows that change from step to step have no name."""
    first, *others = reading.axes
    at_steps = [labels_at(reading, k) for k in range(len(reading.steps))]
    same = all(labels == at_steps[0] for labels in at_steps)
    names = tuple(map(str, at_steps[0] if same and at_steps else range(1, len(first.labels) + 1)))
    for axis in others:
        names = tuple(f"{name} {label}" for name in names for label in axis.labels)
    return names, first.name if same else f"{first.name}, by place: they change from step to step"


def band_of(reading: Reading) -> Band | None:
    """The healthy range."""
    healthy = reading.healthy
    return Band(healthy.low, healthy.high, healthy.source) if healthy else None


def _course(reading: Reading, panels: Sequence[tuple[str, Sequence[str], Array]], facts: Facts) -> CourseView:
    steps = np.asarray(reading.steps, np.int64)
    columns = [column for _, _, block in panels for column in block.T]
    kept = [extremes(column, max(MOST_POINTS // (2 * len(columns)), 50)) for column in columns]
    places = np.unique(np.concatenate([np.arange(0), *kept])).astype(np.int64)
    events = []
    for title, names, block in panels:
        for name, column in zip(names, block.T, strict=True):
            what = " ".join(dict.fromkeys(filter(None, (title, name))))
            events += not_finite_events(column, steps, f"value of {what}")
    return CourseView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        n_steps=len(steps),
        steps=tuple(steps[places].tolist()),
        panels=tuple(
            Panel(title, tuple(Line(n, or_none(c[places])) for n, c in zip(names, block.T, strict=True)))
            for title, names, block in panels
        ),
        band=band_of(reading),
        not_finite=facts.not_finite,
        events=tuple(events),
    )


def _bars(reading: Reading, panels: Sequence[tuple[str, Sequence[str], Array]], axis: str, facts: Facts) -> BarsView:
    names = panels[0][1]
    bad = [
        f"{title} {name}".strip()
        for title, _, block in panels
        for name, value in zip(names, block[0], strict=True)
        if not np.isfinite(value)
    ]
    more = f" and {len(bad) - 6} more" if len(bad) > 6 else ""
    events = [Event("nan", f"not finite: {', '.join(bad[:6])}{more}", count=len(bad))] if bad else []
    return BarsView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        step=int(reading.steps[0]),
        axis=axis,
        names=tuple(names),
        panels=tuple(Panel(title, (Line("", or_none(block[0])),)) for title, _, block in panels),
        band=band_of(reading),
        not_finite=facts.not_finite,
        events=tuple(events),
    )


def _heat(reading: Reading, names: Sequence[str], block: Array, axis: str, facts: Facts) -> HeatView:
    steps = np.asarray(reading.steps, np.int64)
    edges = np.unique(np.linspace(0, len(steps), min(len(steps), MOST_COLUMNS) + 1).astype(np.int64))
    stretches = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    events = facts.events
    if len(stretches) < len(steps):
        text = f"{len(steps):,} steps in {len(stretches)} columns: each has the value farthest from 0, or shows a NaN"
        events = (*events, Event("thinned", text, count=len(steps)))
    columns = np.array([_farthest(block[a:b]) for a, b in stretches])
    return HeatView(
        title=facts.title,
        unit=reading.unit,
        sentence=reading.sentence,
        n_steps=len(steps),
        steps=tuple(steps[edges[:-1]].tolist()),
        axis=axis,
        names=tuple(names),
        values=tuple(or_none(row) for row in columns.T),
        not_finite=facts.not_finite,
        events=events,
    )


def _farthest(block: Array) -> Array:
    """Of each column of (n, k) the value of largest magnitude, with its sign; what is not finite goes first."""
    size = np.where(np.isfinite(block), np.abs(block), np.inf)
    return np.take_along_axis(block, size.argmax(axis=0)[None], axis=0)[0]
