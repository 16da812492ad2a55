"""Comparing two runs: the first step at which they differ, and how far their futures drift apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.runs.reading import sparkline
from downslope.runs.run import Run

Array = Any
USUAL_STEPS = 40


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs side by side.

    first: the first step whose loss, or whose parameters before it, differ; None if all shared steps are the same bit
    for bit. settings: what differs in what was asked for, as (name, here, there). steps: (n,) steps at which the
    parameters were compared. distance: (n,) Euclidean distance of the parameters before the step; relative: that over
    the norm of the first run's parameters. NaN if the runs have parameters of other shapes. loss: (n, 2) of both.
    metric: its name and both values at the end.
    """

    names: tuple[str, str]
    lengths: tuple[int, int]
    first: int | None
    settings: tuple[tuple[str, str, str], ...]
    steps: Array
    distance: Array
    relative: Array
    loss: Array
    metric: tuple[str, float, float]

    def text(self) -> str:
        """A few lines: where they part, by what settings, how far they drift."""
        shared = min(self.lengths)
        lines = [f"{self.names[0]} and {self.names[1]}: {self.lengths[0]} and {self.lengths[1]} steps"]
        if self.first is None:
            lines.append(f"  the same in all {shared} shared steps, bit for bit")
        else:
            lines.append(f"  they part at step {self.first}")
        lines += [f"  {name:<10} {here} | {there}" for name, here, there in self.settings]
        if len(self.steps) and np.isfinite(self.distance).any():
            lines.append(
                f"  drift      {sparkline(self.distance)} to {self.distance[-1]:.4g} after {self.steps[-1] - 1} steps "
                f"({self.relative[-1]:.2%} of the parameters' norm)"
            )
        if len(self.loss):
            lines.append(f"  loss       {self.loss[-1, 0]:.4g} | {self.loss[-1, 1]:.4g} at step {self.steps[-1]}")
        name, here, there = self.metric
        lines.append(f"  {name:<10} {here:.4g} | {there:.4g} at the end, held out")
        return "\n".join(lines)

    __str__ = __repr__ = text


def compare(run: Run, other: Run, every: int | None = None) -> Comparison:
    """Where two runs part. every: how many steps apart the parameters are compared; about forty times if None."""
    shared = min(run.steps, other.steps)
    first = _first_difference(run, other, shared)
    start = first or 1
    wanted = (
        np.arange(start, shared + 1, every)
        if every
        else np.unique(np.linspace(start, shared, min(USUAL_STEPS, shared - start + 1)).round().astype(int))
        if shared >= start
        else np.zeros(0, int)
    )
    distance, relative = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    losses = np.zeros((len(wanted), 2))
    for k, t in enumerate(wanted.tolist()):
        here, there = run.history.replay.before(t).flat, other.history.replay.before(t).flat
        if here.shape == there.shape:
            distance[k] = np.linalg.norm(here.astype(float) - there.astype(float))
            size = float(np.linalg.norm(here.astype(float)))
            relative[k] = distance[k] / size if size else np.nan
        losses[k] = run.series("loss", t, t)[0], other.series("loss", t, t)[0]
    return Comparison(
        (run.path or run.name, other.path or other.name),
        (run.steps, other.steps),
        first,
        _settings(run, other),
        wanted,
        distance,
        relative,
        losses,
        (run.metric[0], run.metric[1], other.metric[1]),
    )


def _first_difference(run: Run, other: Run, shared: int) -> int | None:
    """By the losses, which take no replay; then by the parameters of the step before, which may have parted earlier."""
    here, there = run.series("loss", 1, shared), other.series("loss", 1, shared)
    parted = np.flatnonzero(~((here == there) | (np.isnan(here) & np.isnan(there))))
    t = int(parted[0]) + 1 if len(parted) else shared + 1
    # An edit of a weight, or another rate, shows in the parameters one step before it shows in a loss; a dead unit's
    # weights may differ for long without any loss telling.
    low, high = 1, t
    while low < high:  # the parameters are alike up to some step and never after it
        middle = (low + high) // 2
        if _alike(run, other, middle):
            low = middle + 1
        else:
            high = middle
    if low <= shared or (low == shared + 1 and not _alike(run, other, low)):
        return _by_settings(run, other, low)
    return t if t <= shared else None


def _by_settings(run: Run, other: Run, t: int) -> int:
    """Step t begins with other parameters: the step before it made them, unless they were edited by hand."""
    edited = any(segment.first == t and segment.edits for segment in (*run.segments, *other.segments))
    return t if edited or t == 1 else t - 1


def _alike(run: Run, other: Run, t: int) -> bool:
    here, there = run.history.replay.before(t).flat, other.history.replay.before(t).flat
    return here.shape == there.shape and np.array_equal(here, there, equal_nan=True)


def _settings(run: Run, other: Run) -> tuple[tuple[str, str, str], ...]:
    rows = [
        ("data", run.name, other.name),
        ("data hash", run.data.hash[:12], other.data.hash[:12]),
        ("model", repr(run.model), repr(other.model)),
        ("optimizer", str(run.optimizer), str(other.optimizer)),
        ("batch size", str(run.batch_size), str(other.batch_size)),
        ("seed", str(run.seed), str(other.seed)),
        ("edits", "; ".join(run.segment.edits), "; ".join(other.segment.edits)),
    ]
    return tuple(row for row in rows if row[1] != row[2])
