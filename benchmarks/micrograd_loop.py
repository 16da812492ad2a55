"""micrograd: every number an object of its own. On T only; other networks are extrapolated from it, and said to be."""

from __future__ import annotations

import math
import sys
from typing import Any

from micrograd.engine import Value

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload

PACKAGES = ("micrograd",)


def _tanh(z: Any) -> Any:
    h = math.tanh(z.data)
    out = Value(h, (z,), "tanh")

    def backward() -> None:
        z.grad += (1 - h * h) * out.grad

    out._backward = backward
    return out


def loop(w: Workload, threads: int) -> Contender:
    """Its own engine, with a tanh written as its relu is."""
    sys.setrecursionlimit(100_000)  # its backward pass is recursive
    weights = [[[Value(float(x)) for x in row] for row in a] for a, _ in w.start()]
    biases = [[Value(float(x)) for x in b] for _, b in w.start()]
    every = [x for a in weights for row in a for x in row] + [x for b in biases for x in b]

    def output(x: list[Any]) -> list[Any]:
        h = x
        for a, b in zip(weights, biases, strict=True):
            h = [_tanh(sum((h[i] * a[i][j] for i in range(len(h))), b[j])) for j in range(len(b))]
        return h

    def epoch(number: int) -> None:
        for x, y in zip(*w.batches(number), strict=True):
            loss = Value(0.0)
            for row, target in zip(x.tolist(), y.tolist(), strict=True):
                loss = loss + (output(row)[0] - target[0]) ** 2
            loss = loss * (0.5 / w.batch)
            for p in every:
                p.grad = 0.0
            loss.backward()
            for p in every:
                p.data -= w.rate * p.grad

    def params() -> list[Any]:
        pairs = zip(weights, biases, strict=True)
        return [([[x.data for x in row] for row in a], [x.data for x in b]) for a, b in pairs]

    return training(w, epoch, params)
