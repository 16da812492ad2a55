"""The learning-rate range test: which rates train at all, found by raising the rate from step to step on a fork."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.instruments.arrays import require
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Reading

BEYOND = 4.0  # times the least loss so far: diverged


def naive(
    run: Any, steps: Sequence[int], low: float = 1e-5, high: float = 10.0, points: int = 100, smoothing: float = 0.9
) -> Reading:
    """Loss by loss."""
    rates = [low * (high / low) ** (k / (points - 1)) for k in range(points)]
    losses, smoothed, facts = [], [], []
    for at in steps:
        losses.append([float(loss) for loss in run.try_rates(at, rates)])
        smooth = []
        for k in range(points):
            weights = [smoothing ** (k - i) for i in range(k + 1)]
            smooth.append(sum(w * x for w, x in zip(weights, losses[-1], strict=False)) / sum(weights))
        end = points
        for k in range(points):
            if not (math.isfinite(smooth[k]) and smooth[k] <= BEYOND * min(smooth[: k + 1])):
                end = k
                break
        slopes = [smooth[k + 1] - smooth[k] for k in range(end - 1)]
        steepest = rates[int(np.argmin(slopes))] if slopes and min(slopes) < 0 else math.nan
        lowest = rates[int(np.argmin(smooth[:end]))] if end else math.nan
        facts.append((steepest, lowest, rates[end] if end < points else math.nan))
        smoothed.append(smooth)
    settings = {"low": low, "high": high, "points": points, "smoothing": smoothing}
    return _reading(steps, rates, losses, smoothed, facts, settings)


@instrument(
    needs=("run",),
    kind="curve",
    naive=naive,
    unit="loss",
    blind="later training: a rate that is good for a hundred steps from here may be too large for a thousand",
    cost="a fork that trains 100 steps for each step that is asked for",
    formula=r"\mathrm{lr}_k = \mathrm{low} \cdot \left(\frac{\mathrm{high}}{\mathrm{low}}\right)^{k/(m-1)}",
    source='L. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3',
)
def lr_range(
    run: Any, steps: Sequence[int], low: float = 1e-5, high: float = 10.0, points: int = 100, smoothing: float = 0.9
) -> Reading:
    """The loss while the learning rate grows from step to step: where it falls fastest, and where training breaks.

    From each asked step a fork trains on, with rates that grow by the same factor from step to step; everything else
    (data, optimizer and what it remembers) goes on as in the run. values (n, points): the loss of each step, before its
    update.

    low, high: the first and the last rate. points: how many steps. smoothing: the part of the running mean that is kept
    a step, at least 0 and below 1.

    Facts: smoothed (n, points), the running mean, whose start is corrected; steepest (n,), the rate after which that
    falls most; lowest (n,), the rate at which it is least; diverged (n,), the first rate at which it is not finite or
    above four times its least value so far.

    Folklore: train with a rate near ``steepest``, or a tenth of ``lowest``. NaN: in values, the fork had failed; in
    steepest, it never fell; in diverged, it did not diverge. Differs from Smith, who raises the rate linearly. Errors:
    SettingError ``instrument-value``.
    """
    require(0 < low < high < math.inf, "low", low, f"a rate above 0 and below high={high!r}")
    require(points >= 2, "points", points, "at least 2")
    require(0 <= smoothing < 1, "smoothing", smoothing, "a number from 0 (none) to below 1")
    rates = [float(rate) for rate in np.geomspace(low, high, points)]
    losses = np.stack([np.asarray(run.try_rates(at, rates), float) for at in steps])
    smoothed = np.stack([_smoothed(course, smoothing) for course in losses])
    settings = {"low": low, "high": high, "points": points, "smoothing": smoothing}
    return _reading(steps, rates, losses, smoothed, [_marks(course, rates) for course in smoothed], settings)


def _smoothed(course: Any, keep: float) -> Any:
    found, total, weight = np.empty(len(course)), 0.0, 0.0
    for k, loss in enumerate(course.tolist()):
        total, weight = keep * total + (1 - keep) * loss, keep * weight + (1 - keep)
        found[k] = total / weight
    return found


def _marks(course: Any, rates: Sequence[float]) -> tuple[float, float, float]:
    """The rates "steepest", "lowest" and "diverged" of a smoothed course."""
    broken = ~np.isfinite(course) | (course > BEYOND * np.fmin.accumulate(course))
    end = int(np.argmax(broken)) if broken.any() else len(course)
    falls = np.diff(course[:end])
    steepest = rates[int(np.argmin(falls))] if len(falls) and falls.min() < 0 else math.nan
    lowest = rates[int(np.argmin(course[:end]))] if end else math.nan
    return steepest, lowest, rates[end] if end < len(course) else math.nan


def _reading(
    steps: Sequence[int], rates: Sequence[float], losses: Any, smoothed: Any, marks: Any, settings: dict[str, Any]
) -> Reading:
    found = dict(zip(("steepest", "lowest", "diverged"), np.array(marks).T, strict=True))
    return Reading(
        "lr_range",
        np.asarray(steps),
        np.asarray(losses),
        axes=(Axis("learning rate", tuple(rates)),),
        facts={"smoothed": np.asarray(smoothed), **found},
        unit="loss",
        settings=settings,
    )
