"""``make bench``: every figure that Downslope promises, beside its yardstick, as ratios within one run.

Absolute times are of this machine and this moment; ratios travel. BLAS runs on one thread, because two are slower on a
busy machine; OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE must be unset (they halve NumPy's products), and are recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import downslope as ds
from benchmarks import in_place, machine, numpy_naive, numpy_twin
from benchmarks.recording import recording
from benchmarks.workloads import WORKLOADS, Workload
from downslope import nn, optim
from downslope.runs.step_program import Carried, StepProgram

DISTORTING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
CONTENDERS = {"machine": machine, "in place": in_place, "by hand": numpy_twin, "naive NumPy": numpy_naive}


def interleaved(contenders: dict[str, Callable[[], float]], seconds: float) -> dict[str, list[float]]:
    """Seconds of each call, contenders taking turns, so that a slow moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 3:
        for name, call in contenders.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return times


def steps(workload: Workload, seconds: float) -> dict[str, Any]:
    """Microseconds a training step, best epoch and median; every contender must arrive at the same losses."""
    runs = {name: module.contender(workload) for name, module in CONTENDERS.items()}
    losses = {name: [epoch() for _ in range(3)] for name, (epoch, _) in runs.items()}
    for name, values in losses.items():
        np.testing.assert_allclose(values, losses["by hand"], rtol=1e-4, err_msg=f"{name} trains something else")
    times = interleaved({name: epoch for name, (epoch, _) in runs.items()}, seconds)
    n = len(workload.xs) / 1e6
    found = {k: {"best": min(v) / n, "median": float(np.median(v)) / n} for k, v in times.items()}
    ratios = {f"{name} / by hand": found[name]["best"] / found["by hand"]["best"] for name in ("machine", "in place")}
    return {"microseconds": found, **ratios, "limit in place": 1.15 if workload.name == "S" else None}


def build(workload: Workload) -> dict[str, Any]:
    """Milliseconds from the user's function to a program that runs: trace, backpropagate, plan and write."""
    model = nn.mlp(list(workload.sizes))
    params = model.init(0)

    def loss(params: Any, x: Any, y: Any) -> Any:
        return nn.softmax_cross_entropy(model(params, x), y)

    def readable() -> float:
        ds.trace(ds.value_and_grad(loss), params, workload.xs[0], workload.ys[0]).program()
        return 0.0

    def planned() -> float:
        ds.trace(ds.value_and_grad(loss), params, workload.xs[0], workload.ys[0]).program("in place")
        return 0.0

    carried = Carried.start(params, rule := optim.adam(1e-3), {})

    def whole_step() -> float:
        StepProgram(lambda p, memory, x, y, t: (loss(p, x, y), memory), rule, carried, (workload.xs[0], workload.ys[0]))
        return 0.0

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


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print a table, and write the numbers as JSON where ``--json`` says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that everything still runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = parser.parse_args(arguments)
    seconds = 0.2 if chosen.smoke else 8.0
    found: dict[str, Any] = {"environment": {k: os.environ[k] for k in DISTORTING if k in os.environ}}
    with threadpool_limits(1, user_api="blas"):
        for name, make in WORKLOADS.items():
            if not (chosen.smoke and name != "S"):
                found[f"step {name}"] = steps(make(), seconds)
        found["build M"] = build(WORKLOADS["M"]())
        found["chain"] = chain(2_000 if chosen.smoke else 20_000)
        found["import"] = import_cost()
    found["recording"] = recording(*((500, 2, 10_000) if chosen.smoke else (5_000, 9, 1_000_000)))
    print(json.dumps(found, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")
    return found


if __name__ == "__main__":
    main()
