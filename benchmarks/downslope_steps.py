"""Downslope's own contenders: machine code, the in-place program, and ``ds.train`` as a user calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 -- loaded beforehand, as the other contenders' packages are

import downslope as ds
from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload
from downslope import nn, optim
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.in_place import loop
from downslope.data import order
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried

machine.available()  # loads llvmlite


def nested(w: Workload) -> dict[str, Any]:
    """The start parameters under the names that a model gives them."""
    return {f"dense{k}": {"w": a, "b": b} for k, (a, b) in enumerate(w.start(), 1)}


def pairs(params: Any) -> list[Any]:
    """And back."""
    return [(layer["w"], layer["b"]) for layer in params.values()]


def network(w: Workload) -> Any:
    """The model, and its loss."""
    if w.classes:
        return nn.mlp(list(w.sizes), w.hidden), nn.softmax_cross_entropy
    return nn.Model(w.sizes[:1], tuple(nn.dense(n, w.hidden) for n in w.sizes[1:])), nn.half_mse


def rule_of(w: Workload) -> Any:
    """The optimizer."""
    return optim.adam(w.rate) if w.rule == "adam" else optim.gradient_descent(w.rate)


def traced(w: Workload) -> tuple[Any, Carried, dict[int, Any], dict[int, int]]:
    """One step as a graph, what it carries, and which inputs that is bound to and replaced by."""
    model, loss = network(w)
    carried = Carried.start(nested(w), rule := rule_of(w), {})

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return loss(model(params, x), y), memory

    rows = w.rows(0)[0]
    graph = step_graph(objective, rule, carried, (w.x[rows], w.y[rows]))
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
    return graph, carried, bound, dict(zip(bound, graph.outputs[-n:], strict=True))


def machine_code(w: Workload, threads: int) -> Contender:
    """A whole epoch is one call of generated code, which gathers the rows itself."""
    graph, carried, bound, over = traced(w)
    streamed = [i for i in graph.inputs if i not in bound][:2]
    found = dict(zip(streamed, (w.x, w.y), strict=True))
    run: Any = machine.loop(graph, bound, over, graph.outputs[:1], gathered=found, threads=threads).function
    rates, losses = np.full(w.steps, w.rate), np.zeros(w.steps)

    def epoch(number: int) -> None:
        rows, t = w.rows(number), 1 + number * w.steps
        run((rows, rows, np.arange(t, t + w.steps), rates), (losses,))

    return training(w, epoch, lambda: pairs(carried.params()))


def in_place(w: Workload, threads: int) -> Contender:
    """The program that starts at once: NumPy with planned buffers."""
    graph, carried, bound, over = traced(w)
    run: Any = loop(graph, bound, over, graph.outputs[:1]).function
    rates, losses = [w.rate] * w.steps, np.zeros(w.steps)

    def epoch(number: int) -> None:
        t = 1 + number * w.steps
        run((*w.batches(number), range(t, t + w.steps), rates), (losses,))

    return training(w, epoch, lambda: pairs(carried.params()))


def train(w: Workload, threads: int) -> Contender:
    """``ds.train``, with all that it does for a user beside the steps.

    It decides on the order of the rows itself. For the epoch that is compared, they are laid out so that its order
    shows them in that of the others.
    """
    (model, loss), rule, kept = network(w), rule_of(w), w.steps * w.batch
    x, y = np.empty_like(w.x[:kept]), np.empty_like(w.labels[:kept])
    places, rows = order(kept, 0, 0), w.rows(0).ravel()
    x[places], y[places] = w.x[rows], w.labels[rows]
    data = ds.data.arrays(x, y, held_out=0)
    last: list[Any] = []

    def run(first: int, count: int) -> None:
        last[:] = [
            ds.train(
                model, data, optimizer=rule, loss=loss, batch_size=w.batch, epochs=count, params=nested(w),
                threads=threads, dialect="machine", record=False,
            )
        ]  # fmt: skip

    return Contender(run, lambda: [w.loss(pairs(last[0].params))])
