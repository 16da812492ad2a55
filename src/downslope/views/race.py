"""A race of optimizers: the best value so far against the gradients that it cost, over several runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.views.payload import Event, RaceEntrant, RaceView
from downslope.views.thin import or_none

MOST_COLUMNS = 1000


def race_view(race: Any) -> RaceView:
    """The payload of a race. race: with the attributes of ``downslope.surfaces.Race``, taken by them alone."""
    at = np.unique(np.linspace(0, race.budget - 1, min(race.budget, MOST_COLUMNS)).astype(np.int64))
    runs = len(race.starts)
    entrants = [
        RaceEntrant(
            name=each.name,
            lr=f"{each.lr:g}" if isinstance(each.lr, int | float) else str(each.lr),
            tuned=bool(each.tried),
            evaluations=each.evaluations,
            tuning=each.tuning,
            low=or_none(each.low[at]),
            median=or_none(each.median[at]),
            high=or_none(each.high[at]),
            diverged=each.diverged,
        )
        for each in race.ranking
    ]
    events = [
        Event(
            "infinite",
            f"{each.name} ended in NaN or infinity in {each.diverged} of {runs} runs; their best value before counts",
            count=each.diverged,
        )
        for each in entrants
        if each.diverged
    ]
    return RaceView(
        title=f"{race.surface.name}: the best value for {race.budget:,} gradients",
        surface=race.surface.name,
        budget=race.budget,
        runs=runs,
        lowest=race.surface.lowest,
        at=tuple((at + 1).tolist()),
        entrants=tuple(entrants),
        notes=tuple(race.notes),
        events=tuple(events),
    )
