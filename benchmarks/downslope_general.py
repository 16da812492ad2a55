"""Downslope on steps that are no plain network: the same generator, given only the user's function."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.contender import Contender
from benchmarks.general import PROBLEMS, STEPS
from benchmarks.workloads import Workload
from downslope import nn, optim
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.in_place import loop
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

machine.available()  # loads llvmlite


def _conv(h: Any, weights: Any) -> Any:
    layer: Any = nn.conv2d(np.shape(weights)[-1], 3, padding="same", bias=False, name="conv")
    return layer({"w": weights}, h)


def general(w: Workload, threads: int, *, dialect: str = "machine") -> Contender:
    """In machine code, or in place."""
    problem = PROBLEMS[w.name]
    carried = Carried.start(problem.start(), rule := optim.adam(problem.rate), {})
    loss = partial(problem.loss_in, np, conv=_conv)

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return loss(params, x, y), memory

    graph = step_graph(objective, rule, carried, (problem.x[: w.batch], problem.y[: w.batch]))
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
    over = dict(zip(bound, graph.outputs[-n:], strict=True))
    is_machine = dialect == "machine"
    if is_machine:
        streamed = [i for i in graph.inputs if i not in bound][:2]
        found = dict(zip(streamed, (problem.x, problem.y), strict=True))
        step: Any = machine.loop(graph, bound, over, graph.outputs[:1], gathered=found).function
    else:
        step = loop(graph, bound, over, graph.outputs[:1]).function
    rates, losses = np.full(STEPS, problem.rate), np.zeros(STEPS)
    orders = [problem.rows(e) for e in range(8)]

    def run(first: int, count: int) -> None:
        for number in range(first, first + count):
            rows, t = orders[number % 8], 1 + number * STEPS
            xy = (rows, rows) if is_machine else (problem.x[rows], problem.y[rows])
            step((*xy, np.arange(t, t + STEPS), rates), (losses,))

    return Contender(run, losses.tolist)


in_place = partial(general, dialect="in place")
