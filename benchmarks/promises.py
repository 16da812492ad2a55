"""Figures that Downslope promises beside its steps: from a function to a program, long chains, and its import."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from benchmarks.workloads import Workload
from downslope import nn, optim
from downslope.runs.step_program import Carried, StepProgram


def interleaved(contenders: dict[str, Callable[[], object]], seconds: float) -> dict[str, list[float]]:
    """Seconds of each call, contenders taking turns, so that a slow moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, call in contenders.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return times


def build(workload: Workload) -> dict[str, Any]:
    """Milliseconds from the user's function to a program that runs: trace, backpropagate, plan and write."""
    model = nn.mlp(list(workload.sizes))
    params, rows = model.init(0), workload.rows(0)[0]
    x, y = workload.x[rows], workload.y[rows]

    def loss(params: Any, x: Any, y: Any) -> Any:
        return nn.softmax_cross_entropy(model(params, x), y)

    def readable() -> object:
        return ds.trace(ds.value_and_grad(loss), params, x, y).program()

    def planned() -> object:
        return ds.trace(ds.value_and_grad(loss), params, x, y).program("in place")

    carried = Carried.start(params, rule := optim.adam(1e-3), {})

    def whole_step() -> object:
        return StepProgram(lambda p, memory, x, y, t: (loss(p, x, y), memory), rule, carried, (x, y))

    times = interleaved({"plain program": readable, "in-place program": planned, "training step": whole_step}, 1.0)
    best = {name: {"first": t[0] * 1e3, "best": min(t) * 1e3} for name, t in times.items()}
    return {"milliseconds": best, "limit": 20}


def chain(length: int) -> dict[str, Any]:
    """Seconds to trace, differentiate and run a chain of operations: no recursion, nothing quadratic."""

    def f(x: Any) -> Any:
        for _ in range(length // 2):
            x = np.sin(x) + 0.1
        return x

    began = time.perf_counter()
    ds.grad(f)(1.0)
    return {"operations": length, "seconds": time.perf_counter() - began, "limit": 3}


def import_cost() -> dict[str, Any]:
    """Milliseconds that ``import downslope`` costs more than ``import numpy``, fresh processes taking turns."""
    times: dict[str, list[float]] = {"numpy": [], "downslope": []}
    code = "import time; t = time.perf_counter(); import numpy; {}; print(time.perf_counter() - t)"
    for _ in range(7):
        for name, more in (("numpy", "pass"), ("downslope", "import downslope")):
            done = subprocess.run([sys.executable, "-c", code.format(more)], capture_output=True, text=True, check=True)
            times[name].append(float(done.stdout) * 1e3)
    best = {name: min(t) for name, t in times.items()}
    return {"milliseconds": best, "more than numpy": best["downslope"] - best["numpy"], "limit": 60}
