"""The sweep in Downslope and in NumPy: 64 copies of S, 64 learning rates, 200 steps of Adam. An epoch is all of it."""

from __future__ import annotations

import contextlib
from collections import deque
from threading import Thread
from typing import Any

import numpy as np

import downslope as ds
from benchmarks.contender import Contender
from benchmarks.downslope_steps import nested, network, pairs, traced
from benchmarks.workloads import RATES, SWEEP_STEPS, Workload, sweep_rows
from downslope.autodiff.compile import machine

machine.available()  # loads llvmlite


def machine_code(w: Workload, threads: int) -> Contender:
    """Each copy in machine code, written once for all, in as many Python threads as there are cores."""
    runs: list[tuple[Any, Any, Any]] = []
    rows, t = sweep_rows(), np.arange(1, SWEEP_STEPS + 1)
    for rate in RATES:
        graph, carried, bound, over = traced(w)
        streamed = [i for i in graph.inputs if i not in bound][:2]
        found = dict(zip(streamed, (w.x, w.y), strict=True))
        step = machine.loop(graph, bound, over, graph.outputs[:1], gathered=found).function
        runs.append((step, carried, np.full(SWEEP_STEPS, rate)))
    start = runs[0][1].copy()

    def one(copy: tuple[Any, Any, Any]) -> None:
        step, carried, rates = copy
        carried.follow(start)
        step((rows, rows, t, rates), (np.empty(SWEEP_STEPS),))

    def take(todo: deque[Any]) -> None:
        with contextlib.suppress(IndexError):
            while True:
                one(todo.popleft())

    def run(first: int, count: int) -> None:
        for _ in range(count):
            todo = deque(runs)
            pool = [Thread(target=take, args=(todo,)) for _ in range(threads)]
            for thread in pool:
                thread.start()
            for thread in pool:
                thread.join()

    return Contender(run, lambda: [w.loss(pairs(carried.params())) for _, carried, _ in runs])


def train_many(w: Workload, threads: int) -> Contender:
    """``ds.train_many``, with all that it does for a user beside the steps. It decides on the order of rows itself, and
    so is not compared by its losses but by those of ``ds.train``, which its own tests do."""
    many: Any = getattr(ds, "train_many", None)
    if many is None:
        raise NotImplementedError("this version of Downslope has no ds.train_many")
    taken = w.steps * w.batch  # as the others leave out the rows that do not fill a mini-batch
    (model, _), data = network(w), ds.data.arrays(w.x[:taken], w.labels[:taken], held_out=0)
    start = nested(w)

    def run(first: int, count: int) -> None:
        for _ in range(count):
            many(
                model, data, optimizer=ds.optim.adam(), lr=RATES.tolist(), params=start, seed=0, steps=SWEEP_STEPS,
                batch_size=w.batch, workers=threads,
            )  # fmt: skip

    return Contender(run, None)


def batched(w: Workload, threads: int) -> Contender:
    """NumPy with a leading axis for the copies."""
    rows, rates = sweep_rows(), RATES.astype(np.float32)[:, None]
    (w1, b1), (w2, b2) = w.start()
    shapes = [(w1.shape, b1.shape), (w2.shape, b2.shape)]
    flat = np.concatenate([part.ravel() for part in (w1, b1, w2, b2)])
    found: list[Any] = []

    def views(p: Any) -> list[Any]:
        cuts, at = [], 0
        for shape in (shape for pair in shapes for shape in pair):
            n = int(np.prod(shape))
            cuts.append(p[:, at : at + n].reshape(len(p), *(shape if len(shape) == 2 else (1, *shape))))
            at += n
        return cuts

    def whole() -> Any:
        p = np.tile(flat, (len(rates), 1))
        g, m, v = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
        (a1, c1, a2, c2), (ga1, gc1, ga2, gc2) = views(p), views(g)
        for t, index in enumerate(rows, 1):
            x, y = w.x[index], w.y[index]
            h = np.maximum(x @ a1 + c1, 0)
            z = h @ a2 + c2
            e = np.exp(z - z.max(axis=2, keepdims=True))
            d = (e / e.sum(axis=2, keepdims=True) - y) / np.float32(w.batch)
            np.matmul(h.transpose(0, 2, 1), d, out=ga2)
            np.sum(d, axis=1, keepdims=True, out=gc2)
            d = (d @ a2.transpose(0, 2, 1)) * (h > 0)
            np.matmul(x.T, d, out=ga1)
            np.sum(d, axis=1, keepdims=True, out=gc1)
            m += np.float32(0.1) * (g - m)
            v += np.float32(0.001) * (g * g - v)
            root = (1 - 0.999**t) ** 0.5
            p -= rates * np.float32(root / (1 - 0.9**t)) * m / (np.sqrt(v) + np.float32(1e-8 * root))
        return p

    def run(first: int, count: int) -> None:
        for _ in range(count):
            found[:] = [whole()]

    def result() -> list[float]:
        a1, c1, a2, c2 = views(found[0])
        return [w.loss([(a1[k], c1[k, 0]), (a2[k], c2[k, 0])]) for k in range(len(RATES))]

    return Contender(run, result)
