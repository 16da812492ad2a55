"""Many runs in words: for each setting the result over its runs, and those that came to nothing."""

from __future__ import annotations

from downslope.views.sweep_payload import SweepView
from downslope.views.text.words import columns, number


def sweep(payload: SweepView, width: int = 80) -> str:
    """A table of means and spreads, a row for each place of each line."""
    if not payload.meant:
        return f"{payload.title}\n  launch one on the lab's page Network, with `downslope sweep`, or with ds.train_many"
    head = [payload.x_label, "settings", f"mean {payload.y_label}", "spread", "runs"]
    cells = [
        [
            payload.words[int(point.x)] if payload.words else number(point.x),
            line.name or "-",
            number(point.mean),
            number(point.spread),
            str(len(point.values)),
        ]
        for line in payload.lines
        for point in line.points
    ]
    lines = [payload.title, *(columns([head, *cells]) if cells else [])]
    if payload.state != "done":
        why = f", {payload.why}" if payload.why else ""
        lines.append(f"  {payload.state}: {payload.done} of {payload.meant} runs{why}")
    return "\n".join([*lines, *(f"  note: {event.text}" for event in payload.events)])
