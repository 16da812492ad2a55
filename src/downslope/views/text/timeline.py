"""The time line of a run in words: each recorded number as a line of bars, the snapshots, and what happened when."""

from __future__ import annotations

from downslope.views.reading_payload import TimelineView
from downslope.views.text.loss_curve import Scale, sparkline
from downslope.views.text.words import number, to_left, wrapped


def timeline(payload: TimelineView, width: int = 80) -> str:
    """A line for each track: first value, bars, last value, and its extremes over all steps."""
    lines = [payload.title]
    wide = max((len(track.label) for track in payload.tracks), default=0)
    for track in payload.tracks:
        finite = [value for value in (*track.low, *track.high) if value is not None]
        if not track.first:
            continue
        shape = sparkline(track.first, track.mean, payload.n_steps, Scale(finite), max(width - wide - 50, 12))
        extremes = f"{number(min(finite))} to {number(max(finite))}" if finite else "no finite value"
        lines.append(
            f"  {to_left(track.label, wide)}  {number(track.mean[0]):>9} {shape} {number(track.mean[-1]):<9} {extremes}"
        )
    gaps = [b - a for a, b in zip(payload.snapshots, payload.snapshots[1:], strict=False)]
    count = len(payload.snapshots)
    if count:
        reach = f", at most {max(gaps):,} steps apart" if gaps else ""
        lines.append(f"  {count} snapshot{'s' * (count != 1)}{reach}")
    for event in payload.events:
        where = "" if event.step is None else f"step {event.step:,}: "
        lines += wrapped(f"{event.kind}: {where}{event.text}", width)
    return "\n".join(lines)
