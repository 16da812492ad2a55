"""The loss over the steps: every step's own value thinned, its running median, and the held-out part once an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.views.endings import endings
from downslope.views.payload import Event, LossCurve
from downslope.views.stretches import LONG, stretches
from downslope.views.thin import MOST_EVENTS, Places, Series, extremes, not_finite_events, or_none, running_median

if TYPE_CHECKING:
    from downslope.runs import Run

BUCKETS = 500
SMOOTHED_POINTS = 400
FEWEST_TO_SMOOTH = 40


def loss_curve(run: Run, *, buckets: int = BUCKETS) -> LossCurve:
    """The payload of the loss curve. buckets: how many pairs of lowest and highest value a long run is thinned to.

    Steps count from 1. A step's loss is that of its mini-batch, before the step changes the parameters; a held-out loss
    is measured after its step. Of more than 100,000 steps whose losses are not in memory, only the summaries in the
    run's file are read.
    """
    if "loss" not in vars(run) and run.steps > LONG:
        return _of_summaries(run, buckets)
    loss = np.asarray(run.loss, dtype=np.float64)
    steps = np.arange(1, len(loss) + 1, dtype=np.int64)
    kept = extremes(loss, buckets)
    window = _window(len(loss))
    places = np.linspace(0, len(loss) - 1, SMOOTHED_POINTS).astype(np.int64) if window else np.arange(0)
    places = np.unique(places)
    held_steps, held = _held_out(run)
    return LossCurve(
        title=_title(run, len(loss)),
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
            *endings(run, len(loss)),
        ),
    )


def _of_summaries(run: Run, buckets: int) -> LossCurve:
    """The same from lowest, mean and highest of each stretch of steps."""
    found = stretches(run, "loss", buckets)
    middle = (found.first + found.last) // 2
    steps, loss = np.column_stack((found.first, middle)).ravel(), np.column_stack((found.low, found.high)).ravel()
    bad = np.flatnonzero(found.bad)
    lost = [Event("nan", f"{found.bad[k]} losses between step {found.first[k]} and {found.last[k]} are not finite",
                  step=int(found.first[k]), count=int(found.bad[k])) for k in bad[:MOST_EVENTS]]  # fmt: skip
    if run.failure:
        steps, loss = np.append(steps, run.failure.step), np.append(loss, run.failure.loss)
    held_steps, held = _held_out(run)
    n = run.steps + bool(run.failure)
    return LossCurve(
        title=_title(run, n),
        x_label="step",
        y_label=_y_label(run),
        n_steps=n,
        steps=tuple(steps.tolist()),
        loss=or_none(loss),
        window=int(found.last[0] - found.first[0] + 1),
        smoothed_steps=tuple(middle.tolist()),
        smoothed=or_none(found.mean),
        held_out_steps=tuple(held_steps.tolist()),
        held_out_loss=or_none(held),
        not_finite=int(found.bad.sum()) + bool(run.failure and not np.isfinite(run.failure.loss)),
        events=(*lost, *not_finite_events(held, held_steps, "held-out loss"), *endings(run, n)),
        smoothed_by="mean",
    )


def _title(run: Run, n: int) -> str:
    return f"{run.data.name}: loss over {n:,} step{'' if n == 1 else 's'}"


def _held_out(run: Run) -> tuple[Places, Series]:
    """Steps and losses of the held-out part."""
    held = np.asarray(run.metrics.get("held_out_loss", ()), dtype=np.float64)
    return np.asarray(run.metrics.get("step", ()), dtype=np.int64)[: len(held)], held


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
