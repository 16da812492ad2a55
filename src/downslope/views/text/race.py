"""A race in words: its conditions and a table of the optimizers, the lowest first."""

from __future__ import annotations

from downslope.views.payload import RaceView
from downslope.views.text.words import columns, number


def race(payload: RaceView) -> str:
    """The conditions, then a table with the lowest first."""
    runs = f"{payload.runs} run{'s' * (payload.runs != 1)}"
    lines = [f"race on {payload.surface}: {payload.budget:,} gradient evaluations for each of {runs}"]
    head = ["optimizer", "lr", "median best", "quarter", "three quarters", "diverged", "rate"]
    cells = [
        [each.name, each.lr, *(number(curve[-1]) for curve in (each.median, each.low, each.high)),
         f"{each.diverged} of {payload.runs}", f"tuned, {each.tuning:,}" if each.tuned else "stated"]
        for each in payload.entrants
    ]  # fmt: skip
    lines += columns([head, *cells])
    if payload.lowest is not None:
        lines.append(f"  the lowest known value is {payload.lowest:.10g}")
    tuned = any(each.tuned for each in payload.entrants)
    lines += ["  tuned: the best of the rates tried, and the gradients that finding it cost"] if tuned else []
    return "\n".join([*lines, *(f"  note: {note.removeprefix('note: ')}" for note in payload.notes)])
