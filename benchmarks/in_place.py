"""The in-place dialect on a workload: the very program that ``ds.train`` runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Workload
from downslope import nn, optim
from downslope.runs.step_program import Carried, StepProgram


def contender(w: Workload) -> tuple[Callable[[], float], Callable[[], Any]]:
    """(one epoch -> its summed loss, the parameters as one flat vector)."""
    model = nn.mlp(list(w.sizes), hidden="relu")
    params = {f"dense{k + 1}": {"w": a, "b": b} for k, (a, b) in enumerate(w.start())}
    carried = Carried.start(params, rule := optim.adam(w.rate), {})

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return nn.softmax_cross_entropy(model(params, x), y), memory

    program = StepProgram(objective, rule, carried, (w.xs[0], w.ys[0]))
    rates, losses, done = [w.rate] * len(w.xs), np.zeros(len(w.xs)), [0]

    def epoch() -> float:
        program.run(w.xs, w.ys, done[0] + 1, rates, [losses])
        done[0] += len(w.xs)
        return float(losses.sum())

    return epoch, lambda: carried.flat
