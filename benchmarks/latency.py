"""How long until the first step: traced, written, compiled, found again on disk and in memory. In a process of its own.

``python -m benchmarks.latency REPEATS`` prints milliseconds as JSON. The process is warm: all is imported, and another
network was trained before; what is timed has shapes that it has not seen.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import downslope as ds
from benchmarks.downslope_general import _conv
from benchmarks.general import PROBLEMS
from benchmarks.workloads import S
from downslope import nn, optim
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine import build, program
from downslope.autodiff.compile.machine.cpu import Cpu, this_cpu
from downslope.autodiff.compile.machine.writer import Writer
from downslope.runs.step_graph import step_graph
from downslope.runs.step_program import Carried


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and what it returns."""
    began = time.perf_counter()
    found = call()
    return (time.perf_counter() - began) * 1e3, found


def first_steps(repeats: int) -> dict[str, Any]:
    """``ds.train(steps=1)``: from the call to the run, another number of units each time."""
    data = ds.data.digits()
    times: dict[str, list[float]] = {"in place": [], "in place, recorded": [], "machine, in memory": []}

    def one(units: int, dialect: str, record: bool) -> None:
        net = nn.mlp([64, units, 10])
        ds.train(net, data, optimizer=optim.adam(1e-3), steps=1, dialect=dialect, record=record)

    for dialect in ("in place", "machine"):
        one(7, dialect, True)
    for units in range(32, 32 + repeats):
        times["in place"].append(milliseconds(partial(one, units, "in place", False))[0])
        times["in place, recorded"].append(milliseconds(partial(one, units, "in place", True))[0])
        one(units, "machine", False)
        times["machine, in memory"].append(milliseconds(partial(one, units, "machine", False))[0])
    return {name: summary(t) for name, t in times.items()}


def compiling(objective: Callable[..., Any], start: Any, batch: tuple[Any, Any], rows: tuple[Any, Any]) -> Any:
    """Stage by stage, for a step that was never compiled here, and then for one that was."""
    carried = Carried.start(start, rule := optim.adam(1e-3), {})
    traced, graph = milliseconds(lambda: step_graph(objective, rule, carried, batch))
    n = len(carried.leaves)
    bound = dict(zip(graph.inputs[:n], carried.leaves, strict=True))
    over = dict(zip(bound, graph.outputs[-n:], strict=True))
    found = dict(zip([i for i in graph.inputs if i not in bound][:2], rows, strict=True))

    def loop() -> Any:
        return machine.loop(graph, bound, over, graph.outputs[:1], gathered=found)

    cpu = this_cpu()
    assert isinstance(cpu, Cpu)
    counts = {i: len(array) for i, array in found.items()}
    cold, _ = milliseconds(loop)
    written, text = milliseconds(lambda: Writer(graph, bound, over, graph.outputs[:1], cpu, counts))
    by_llvm, _ = milliseconds(lambda: build.compiled(text.ir, cpu))
    in_memory, _ = milliseconds(loop)
    program._written.clear()
    build._loaded.clear()
    from_disk, _ = milliseconds(loop)
    return {
        **{"trace": traced, "compile": cold, "of it: write": written, "of it: LLVM": by_llvm},
        **{"from disk": from_disk, "in memory": in_memory, "nodes": len(graph.nodes), "lines": text.ir.count("\n")},
    }


def network(units: int) -> Any:
    """S with so many units."""
    model = nn.mlp([64, units, 10])

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return nn.softmax_cross_entropy(model(params, x), y), memory

    return compiling(objective, model.init(0), (S.x[: S.batch], S.y[: S.batch]), (S.x, S.y))


def conv_net() -> Any:
    """The conv net of three blocks."""
    problem = PROBLEMS["conv net, 3 blocks"]
    loss = partial(problem.loss_in, np, conv=_conv)

    def objective(params: Any, memory: Any, x: Any, y: Any, t: Any) -> Any:
        return loss(params, x, y), memory

    return compiling(objective, problem.start(), (problem.x[: S.batch], problem.y[: S.batch]), problem.arrays)


def summary(times: list[float]) -> dict[str, float]:
    """Best and median."""
    return {"best": min(times), "median": float(np.median(times))}


def main(repeats: int) -> dict[str, Any]:
    """Everything."""
    first = first_steps(repeats)  # also loads LLVM
    networks = [network(32 + k) for k in range(repeats)]
    best = min(networks, key=lambda each: float(each["compile"]))
    return {"first step": first, "S": best, "conv net, 3 blocks": conv_net()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
