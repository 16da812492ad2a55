"""The time line of a run: its recorded numbers from the first step to the last, and what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from downslope.runs import snapshots
from downslope.runs.fork import changes
from downslope.views.endings import endings
from downslope.views.event import Event
from downslope.views.reading_payload import TimelineView, Track
from downslope.views.stretches import stretches
from downslope.views.thin import or_none

if TYPE_CHECKING:
    from downslope.runs import Run

MOST_STRETCHES = 400
LABELS = {"loss": "loss", "grad_norm": "gradient norm", "lr": "learning rate", "seconds": "seconds a step"}


def timeline_view(
    run: Run,
    scalars: Sequence[str] = ("loss", "grad_norm", "lr"),
    *,
    first: int | None = None,
    last: int | None = None,
    most: int = MOST_STRETCHES,
) -> TimelineView:
    """The payload of a time line. scalars: recorded ones, each a track; the main held-out metric is a track of its own.

    first, last: of the steps that can be seen, all if None; what happened is told of the whole run. most: into how many
    stretches they are divided. From 100,000 steps on only the summaries in the run's file are read.
    """
    tracks = [_track(run, name, most, first, last) for name in scalars]
    if len(run.metrics["step"]):
        tracks.append(_judged(run, first or 1, last or run.steps))
    return TimelineView(
        title=f"{run.name}: {run.steps:,} step{'' if run.steps == 1 else 's'} of {run.optimizer.name}",
        n_steps=run.steps,
        tracks=tuple(tracks),
        snapshots=tuple(sorted({mark.step for mark in snapshots.marks(run.file) if mark.step <= run.steps})),
        events=tuple(_events(run, tracks)),
    )


def _track(run: Run, name: str, most: int, first: int | None, last: int | None) -> Track:
    found = stretches(run, name, most, first, last)
    return Track(
        name=name,
        label=LABELS.get(name, name),
        first=tuple(found.first.tolist()),
        last=tuple(found.last.tolist()),
        low=or_none(found.low),
        mean=or_none(found.mean),
        high=or_none(found.high),
        not_finite=tuple(found.bad.tolist()),
    )


def _judged(run: Run, first: int, last: int) -> Track:
    name, _ = run.metric
    judged = np.asarray(run.metrics["step"], np.int64)
    seen = (judged >= first) & (judged <= last)
    values = or_none(np.asarray(run.metrics[name], np.float64)[seen])
    steps = tuple(judged[seen].tolist())
    bad = tuple(int(value is None) for value in values)
    return Track(name, f"held-out {'R²' if name == 'r2' else name}", steps, steps, values, values, values, bad)


def _events(run: Run, tracks: Sequence[Track]) -> list[Event]:
    found = [
        Event(
            "nan",
            f"{track.label}: {sum(track.not_finite):,} of {run.steps:,} numbers are not finite",
            step=next(first for first, bad in zip(track.first, track.not_finite, strict=True) if bad),
            count=sum(track.not_finite),
        )
        for track in tracks
        if any(track.not_finite)
    ]
    forked = run.parent["step"] if run.parent else None
    found += [
        Event("fork", f"from step {now.first:,} on: {changes(before, now)}", step=now.first)
        for before, now in pairwise(run.segments)
        if now.first != forked
    ]
    if run.parent:
        found.append(Event("fork", f"forked at step {run.parent['step']:,}: {run.parent['about']}", run.parent["step"]))
    found += [Event("fork", f"a fork at step {step:,}: {about}", step=step) for _, step, about in run.forks]
    found += [Event("note", text, step=step) for step, text in run.notes]
    found += [Event("damaged", text) for text in run.damage]
    return [*sorted(found, key=lambda event: event.step or 0), *endings(run, run.steps)]
