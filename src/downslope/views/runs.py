"""The runs of a folder as a payload: what each file says of itself, and the course of its loss in a few points."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import numpy as np

from downslope.errors import DownslopeError
from downslope.runs.connect import NOT_READABLE
from downslope.runs.file import RunFile
from downslope.runs.glance import DAMAGED, Glance, course, glance
from downslope.views.event import Event
from downslope.views.list_payload import RunShown, RunsView
from downslope.views.thin import extremes
from downslope.views.values import in_short

MOST_RUNS = 500
COURSE = 30


def runs_view(folder: str | os.PathLike[str], *, live: Collection[str] = (), most: int = 200) -> RunsView:
    """The payload of a folder's run files, the newest first. live: names of those that are training now. most: how many
    are listed, up to ``MOST_RUNS``.
    """
    place = Path(folder)
    paths = [path for path in place.glob("*.run") if path.is_file()]
    newest = sorted(paths, key=lambda path: (-_written(path), path.name))[: max(1, min(most, MOST_RUNS))]
    shown = tuple(_shown(glance(path), path.name.removesuffix(".run") in live) for path in newest)
    damaged = [run.name for run in shown if run.state == DAMAGED]
    events = [Event("damaged", f"{name}: a part of the file cannot be read") for name in damaged]
    if len(newest) < len(paths):
        events.append(Event("thinned", f"the newest {len(newest)} of {len(paths)} runs are listed"))
    return RunsView(
        title=f"{len(paths)} run{'s' * (len(paths) != 1)} in {place.name or place}",
        folder=str(place),
        runs=shown,
        total=len(paths),
        events=tuple(events),
    )


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was taken away meanwhile
        return 0.0


def _shown(run: Glance, live: bool) -> RunShown:
    parent = run.parent or {}
    path = parent.get("path")
    return RunShown(
        name=run.name,
        state=run.state,
        why=run.why,
        live=live,
        data=run.data,
        model=run.model,
        optimizer=run.optimizer,
        steps=run.steps,
        until=run.until,
        first_loss=in_short(run.loss[0]),
        last_loss=in_short(run.loss[1]),
        course=_course(run),
        metric=run.metric[0],
        value=in_short(run.metric[1]),
        size=run.size,
        began=run.began,
        parent=Path(path).name.removesuffix(".run") if path else None,
        parent_step=parent.get("step"),
        about=str(parent.get("about", "")),
    )


def _course(run: Glance) -> tuple[float | None, ...]:
    """The loss in a few points: extremes stay, None where it is not finite."""
    if not run.steps:
        return ()
    try:
        file = RunFile.open(run.path)
    except (DownslopeError, OSError, *NOT_READABLE):
        return ()
    try:
        values = np.asarray(course(file, "loss", run.steps), np.float64)
    except (*NOT_READABLE, OSError, LookupError):
        return ()
    finally:
        file.close()
    return tuple(map(in_short, values[extremes(values, COURSE)].tolist()))
