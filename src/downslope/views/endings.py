"""How a run ended, as an event: the node that failed, or why it stopped early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.views.event import Event

if TYPE_CHECKING:
    from downslope.runs import Run


def endings(run: Run, n: int) -> list[Event]:
    """One event for a run that ended early, none for others. n: its last step."""
    if run.failure is not None:
        text = f"step {run.failure.step}: first NaN or infinity, in {run.failure.operation} ({run.failure.node})"
        return [Event("failure", text, step=int(run.failure.step))]
    return [Event("stopped", run.stopped, step=n)] if run.stopped else []
