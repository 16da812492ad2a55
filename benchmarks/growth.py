"""How the cost of a step grows with its nodes and FLOPs, beside what the machine could do at best (its roofline)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.child import environment
from benchmarks.contenders import OURS, Entry, chosen
from benchmarks.downslope_steps import traced
from benchmarks.measure import Pace, Say, measured
from benchmarks.worker import workload_of
from downslope.autodiff.cost import cost

WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
DEPTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
FEW_WIDTHS, FEW_DEPTHS = (8, 64, 256, 1024), (1, 4, 16, 64)
STATE = 24  # bytes that Adam moves for a parameter at least: p, m and v are read and written
CACHE = 2**25  # bytes: parameters and state that are larger do not stay in a cache


def growth(points: Sequence[str], families: tuple[str, ...], pace: Pace, say: Say) -> dict[str, Any]:
    """Point -> its size, and microseconds a step of each contender. With the roofline, see :func:`roofline`."""
    roof, found = peaks(), dict[str, Any]()
    for point in points:
        size = size_of(point)
        found[point] = {
            **size,
            "roofline": roofline(size, roof),
            "contenders": measured(chosen("growth", families), point, pace, say),
        }
    return {"peaks": roof, "points": found}


def points(whole: bool) -> list[str]:
    """The networks: all, or a few of them."""
    widths, depths = (WIDTHS, DEPTHS) if whole else (FEW_WIDTHS, FEW_DEPTHS)
    return [f"width {n}" for n in widths] + [f"depth {n}" for n in depths]


def size_of(point: str) -> dict[str, int]:
    """Nodes of the step's graph, its FLOPs and parameters."""
    graph, carried, *_ = traced(workload_of(point))
    return {"nodes": len(graph.nodes), "flops": cost(graph).flops, "parameters": carried.layout.size}


def roofline(size: dict[str, int], roof: dict[str, float]) -> float:
    """Microseconds that a step takes at least on all cores: its arithmetic at the speed of the largest product, or its
    parameters and state through memory, where they do not stay in a cache."""
    arithmetic = size["flops"] / roof["FLOP a second"]
    moved = STATE * size["parameters"]
    memory = moved / roof["bytes a second"] if moved / 2 > CACHE else 0.0
    return max(arithmetic, memory) * 1e6


def peaks() -> dict[str, float]:
    """FLOP a second of a large product and bytes a second of a copy, on all cores, measured in a fresh process."""
    entry = Entry("peaks", "", "", (), threads=2)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth"],
        env=environment(entry, ""),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measured_peaks() -> dict[str, float]:
    """In this process."""
    n = 1536
    a, b, c = np.ones((n, n), np.float32), np.ones((n, n), np.float32), np.empty((n, n), np.float32)
    source, goal = np.ones(2**25, np.float32), np.empty(2**25, np.float32)
    flops, copied = [], []
    for _ in range(8):
        began = time.perf_counter()
        np.dot(a, b, c)
        flops.append(2 * n**3 / (time.perf_counter() - began))
        began = time.perf_counter()
        np.copyto(goal, source)
        copied.append(2 * source.nbytes / (time.perf_counter() - began))
    return {"FLOP a second": max(flops), "bytes a second": max(copied)}


def cliffs(found: dict[str, Any]) -> list[str]:
    """Where Downslope's cost grows more than twice as fast as the FLOPs from one point to the next."""
    told, points_ = [], found["points"]
    for kind in ("width", "depth"):
        line = [(name, p) for name, p in points_.items() if name.startswith(kind) and "best" in p["contenders"][OURS]]
        for (_, before), (name, after) in pairwise(line):
            dearer = after["contenders"][OURS]["best"] / before["contenders"][OURS]["best"]
            larger = after["flops"] / before["flops"]
            if dearer > 2 * larger:
                told.append(f"{name}: {dearer:.1f} times the time for {larger:.1f} times the FLOPs")
    return told


if __name__ == "__main__":
    print(json.dumps(measured_peaks()))
