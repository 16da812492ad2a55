"""Two runs side by side as a payload: where they part, by what settings, and how far they drift apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.views.event import Event
from downslope.views.list_payload import CompareView, Difference
from downslope.views.thin import or_none
from downslope.views.values import in_short

if TYPE_CHECKING:
    from downslope.runs import Run


def compare_view(
    run: Run, other: Run, every: int | None = None, *, names: tuple[str, str] | None = None
) -> CompareView:
    """The payload of ``run.compare(other)``. every: how many steps apart; about forty times if None. names: of both."""
    found = run.compare(other, every)
    here, there = names or found.names
    numbers = np.column_stack((found.distance, found.relative, found.loss))
    bad = int((~np.isfinite(numbers)).any(axis=1).sum())
    events = []
    if bad and not np.isfinite(found.distance).any():
        events.append(Event("note", "their parameters have other shapes, so there is no distance between them"))
    elif bad:
        events.append(Event("nan", f"{bad} of {len(numbers)} places have a number that is not finite", count=bad))
    if found.first is not None:
        events.append(Event("fork", f"they part at step {found.first:,}", step=found.first))
    metric, value_here, value_there = found.metric
    known = bool(np.isfinite((value_here, value_there)).any())
    return CompareView(
        title=f"{here} and {there}",
        here=here,
        there=there,
        steps_here=found.lengths[0],
        steps_there=found.lengths[1],
        first=found.first,
        settings=tuple(Difference(*row) for row in found.settings),
        steps=tuple(int(t) for t in found.steps),
        distance=or_none(found.distance),
        relative=or_none(found.relative),
        loss_here=or_none(found.loss[:, 0]),
        loss_there=or_none(found.loss[:, 1]),
        metric=metric if known else "",
        metric_here=in_short(value_here),
        metric_there=in_short(value_there),
        not_finite=bad,
        events=tuple(events),
    )
