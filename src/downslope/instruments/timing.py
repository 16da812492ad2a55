"""How long the steps of a run took, as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.runs.instrument import instrument
from downslope.runs.reading import Reading

PARTS = ("mean", "median", "slowest")


def naive(run: Any, steps: Sequence[int]) -> Reading:
    """Stretch by stretch, step by step."""
    seconds, rows, before = [float(s) for s in run.series("seconds")], [], 0
    for t in steps:
        stretch = sorted(seconds[before:t])
        middle = (stretch[(len(stretch) - 1) // 2] + stretch[len(stretch) // 2]) / 2
        rows.append((sum(stretch) / len(stretch), middle, stretch[-1]))
        before = t
    return Reading("timing", np.asarray(steps), np.array(rows), PARTS, unit="seconds a step")


@instrument(
    needs=("run",),
    kind="curve",
    naive=naive,
    unit="seconds a step",
    blind="what the time went to; what else the machine was doing",
    cost="none: it was recorded",
    formula=r"\frac{1}{t_k - t_{k-1}} \sum_{t = t_{k-1} + 1}^{t_k} s_t",
    source="arithmetic",
)
def timing(run: Any, steps: Sequence[int]) -> Reading:
    """How long a step took: mean, median and slowest of each stretch of steps.

    A stretch reaches from the step after the one asked for before it (from the first step of the run, for the first) to
    the asked one: ``steps=[run.steps]`` tells of the whole run, ``every=100`` where it was slow. values (n, 3), parts
    "mean", "median" and "slowest". NaN: the clock of a step in the stretch was not recorded.

    steps: rising, from 1.
    """
    seconds, before = np.asarray(run.series("seconds"), float), 0
    rows = np.empty((len(steps), 3))
    for k, t in enumerate(steps):
        stretch = seconds[before:t]
        rows[k] = stretch.mean(), np.median(stretch), stretch.max()
        before = t
    return Reading("timing", np.asarray(steps), rows, PARTS, unit="seconds a step")
