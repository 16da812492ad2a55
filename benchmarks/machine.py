"""The machine dialect on a workload: a whole epoch is one call of generated code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Workload
from downslope import nn, optim
from downslope.autodiff.compile import machine
from downslope.runs.step_program import Carried, step_graph


def contender(w: Workload) -> tuple[Callable[[], float], Callable[[], Any]]:
    """(one epoch -> its summed loss, the parameters as one flat vector)."""
    model = nn.mlp(list(w.sizes), hidden="relu")
    params = {f"dense{k + 1}": {"w": a, "b": b} for k, (a, b) in enumerate(w.start())}
    carried = Carried.start(params, rule := optim.adam(w.rate), {})

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return nn.softmax_cross_entropy(model(params, x), y), memory

    graph = step_graph(objective, rule, carried, (w.xs[0], w.ys[0]))
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
    run: Any = machine.loop(graph, bound, dict(zip(bound, graph.outputs[-n:], strict=True)), graph.outputs[:1]).function
    rates, losses, done = np.full(len(w.xs), w.rate), np.zeros(len(w.xs)), [0]

    def epoch() -> float:
        run((w.xs, w.ys, np.arange(done[0] + 1, done[0] + 1 + len(w.xs)), rates), (losses,))
        done[0] += len(w.xs)
        return float(losses.sum())

    return epoch, lambda: carried.flat
