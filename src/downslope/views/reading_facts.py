"""What every view of a reading says beside its values: a title, a unit, and how many values are not finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.runs.instrument import INSTRUMENTS
from downslope.runs.reading import Reading
from downslope.views.event import Event


@dataclass(frozen=True)
class Facts:
    """title: the instrument and where it was read. events: about all values together."""

    title: str
    not_finite: int
    events: tuple[Event, ...]


def facts_of(reading: Reading) -> Facts:
    """The facts of any reading."""
    n = len(reading.steps)
    usual = INSTRUMENTS[reading.id].settings if reading.id in INSTRUMENTS else {}
    whose = [str(reading.settings.get("of", usual["of"].default))] if "of" in usual else []
    whose += [reading.target] if reading.target else reading.parts if len(reading.parts) == 1 else []
    name = reading.id.replace("_", " ") + (f" of {', '.join(whose)}" if whose else "")
    settings = ", ".join(
        f"{key}={value}"
        for key, value in reading.settings.items()
        if key != "of" and (key not in usual or usual[key].default != value)
    )
    span = "no step" if n == 0 else f"step {int(reading.steps[0]):,}"
    if n > 1:
        span = f"{n:,} steps from {int(reading.steps[0]):,} to {int(reading.steps[-1]):,}"
    bad = int((~np.isfinite(np.asarray(reading.values, np.float64))).sum())
    size = np.size(reading.values)
    events = (Event("nan", f"{bad:,} of {size:,} values are not finite", count=bad),) if bad else ()
    return Facts(f"{name}{f' ({settings})' if settings else ''}: {span}", bad, events)


def labels_at(reading: Reading, k: int, which: int = 0) -> tuple[Any, ...]:
    """An axis' labels at the k-th step. Where they change from step to step they are a fact of the plural name."""
    axis = reading.axes[which]
    own = reading.facts.get(f"{axis.name}s")
    if own is not None and np.shape(own) == (len(reading.steps), len(axis.labels)):
        return tuple(np.asarray(own)[k].tolist())
    return axis.labels
