"""The loss over the steps: every step's own value thinned, its running median, and the held-out part once an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.views.payload import Event, LossCurve
from downslope.views.thin import extremes, not_finite_events, or_none, running_median

if TYPE_CHECKING:
    from downslope.runs import Run

BUCKETS = 500
SMOOTHED_POINTS = 400
FEWEST_TO_SMOOTH = 40


def loss_curve(run: Run, *, buckets: int = BUCKETS) -> LossCurve:
    """The payload of the loss curve. buckets: how many pairs of lowest and highest value a long run is thinned to.

    Steps count from 1. A step's loss is that of its mini-batch, before the step changes the parameters; a held-out loss
    is measured after its step.
    """
    loss = np.asarray(run.loss, dtype=np.float64)
    steps = np.arange(1, len(loss) + 1, dtype=np.int64)
    kept = extremes(loss, buckets)
    window = _window(len(loss))
    places = np.linspace(0, len(loss) - 1, SMOOTHED_POINTS).astype(np.int64) if window else np.arange(0)
    places = np.unique(places)
    held_steps = np.asarray(run.metrics.get("step", ()), dtype=np.int64)
    held = np.asarray(run.metrics.get("held_out_loss", ()), dtype=np.float64)
    held_steps = held_steps[: len(held)]
    return LossCurve(
        title=f"{run.data.name}: loss over {len(loss):,} step{'' if len(loss) == 1 else 's'}",
        x_label="step",
        y_label=_y_label(run),
        n_steps=len(loss),
        steps=tuple(steps[kept].tolist()),
        loss=or_none(loss[kept]),
        window=window,
        smoothed_steps=tuple(steps[places].tolist()),
        smoothed=or_none(running_median(loss, window, places)),
        held_out_steps=tuple(held_steps.tolist()),
        held_out_loss=or_none(held),
        not_finite=int((~np.isfinite(loss)).sum()),
        events=(
            *not_finite_events(loss, steps, "loss"),
            *not_finite_events(held, held_steps, "held-out loss"),
            *_endings(run, len(loss)),
        ),
    )


def _window(n: int) -> int:
    """An odd number of steps, a fortieth of the run but at least 5 and at most 501; 0 (no median) for short runs."""
    if n < FEWEST_TO_SMOOTH:
        return 0
    return min(max(n // 40, 5), 501) | 1


def _y_label(run: Run) -> str:
    """The name of the loss and its unit: nats for the cross-entropy; a squared target has no unit once standardised."""
    name = str(getattr(run.loss_function, "__name__", "loss")).replace("_", " ").strip("<>")
    if "cross entropy" in name:
        return f"{name} (nats per row)"
    if run.data.task == "regression":
        return f"{name} of {run.data.target}{'' if run.data.target_scale == (0.0, 1.0) else ' (standardised)'}"
    return name


def _endings(run: Run, n: int) -> list[Event]:
    events = []
    if run.failure is not None:
        events.append(
            Event(
                "failure",
                f"step {run.failure.step}: first NaN or infinity, in {run.failure.operation} ({run.failure.node})",
                step=int(run.failure.step),
            )
        )
    elif run.stopped:
        events.append(Event("stopped", run.stopped, step=n))
    return events
