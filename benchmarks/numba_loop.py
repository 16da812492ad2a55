"""Numba: the epoch as one compiled function, its products through ``np.dot``, all shapes written into its source."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from benchmarks.contender import Contender, training
from benchmarks.numpy_by_hand import Buffers
from benchmarks.workloads import Workload

PACKAGES = ("numba", "llvmlite")


def frozen(w: Workload, threads: int) -> Contender:
    """One call an epoch, on mini-batches that NumPy gathers."""
    names: dict[str, Any] = {"np": np, "math": math}
    exec("\n".join(source(w)), names)  # our own text, of numbers that we put in
    whole = numba.njit(fastmath=True, error_model="numpy")(names["whole"])
    buffers = Buffers(w)
    m, v = np.zeros_like(buffers.p), np.zeros_like(buffers.p)

    def epoch(number: int) -> None:
        whole(buffers.p, buffers.g, m, v, *w.batches(number), number * w.steps)

    return training(w, epoch, lambda: list(zip(buffers.weights, buffers.biases, strict=True)))


def source(w: Workload) -> list[str]:
    """The lines of the function ``whole``."""
    depth, B, at = len(w.sizes) - 1, w.batch, 0
    views = []
    for k, (i, o) in enumerate(zip(w.sizes, w.sizes[1:], strict=False)):
        for name, flat in (("w", "p"), ("dw", "g")):
            views.append(f"{name}{k} = {flat}[{at}:{at + i * o}].reshape(({i}, {o}))")
        at += i * o
        for name, flat in (("b", "p"), ("db", "g")):
            views.append(f"{name}{k} = {flat}[{at}:{at + o}]")
        at += o
        views.append(f"z{k} = np.empty(({B}, {o}), np.float32)")
        views.append(f"d{k} = np.empty(({B}, {o}), np.float32)")
    step = [line for k in range(depth) for line in _forward(w, k)]
    step += _loss(w)
    step += [line for k in range(depth - 1, -1, -1) for line in _backward(w, k)]
    step += _update(w, at)
    return [
        "def whole(p, g, m, v, xs, ys, t):",
        "    zero, one, summed = np.float32(0), np.float32(1), 0.0",
        *[f"    {line}" for line in views],
        f"    for n in range({w.steps}):",
        "        x, y = xs[n], ys[n]",
        *[f"        {line}" for line in step],
        "    return summed",
    ]


def _forward(w: Workload, k: int) -> list[str]:
    h = f"z{k - 1}" if k else "x"
    z = f"z{k}[r, c] + b{k}[c]"
    last = k == len(w.sizes) - 2
    value = f"math.tanh({z})" if not w.classes else z if last else f"max({z}, zero)"
    return [
        f"np.dot({h}, w{k}, z{k})",
        f"for r in range({w.batch}):",
        f"    for c in range({w.sizes[k + 1]}):",
        f"        z{k}[r, c] = {value}",
    ]


def _loss(w: Workload) -> list[str]:
    k, n, share = len(w.sizes) - 2, w.sizes[-1], f"np.float32({1 / w.batch!r})"
    if not w.classes:
        return [
            f"for r in range({w.batch}):",
            f"    for c in range({n}):",
            f"        h, e = z{k}[r, c], z{k}[r, c] - y[r, c]",
            "        summed += 0.5 * e * e",
            f"        d{k}[r, c] = e * (one - h * h) * {share} / np.float32({n})",
        ]
    return [
        f"for r in range({w.batch}):",
        f"    peak = z{k}[r, 0]",
        f"    for c in range(1, {n}):",
        f"        peak = max(peak, z{k}[r, c])",
        "    total, picked = zero, zero",
        f"    for c in range({n}):",
        f"        s = z{k}[r, c] - peak",
        "        picked += s * y[r, c]",
        f"        d{k}[r, c] = math.exp(s)",
        f"        total += d{k}[r, c]",
        "    summed += math.log(total) - picked",
        f"    for c in range({n}):",
        f"        d{k}[r, c] = (d{k}[r, c] / total - y[r, c]) * {share}",
    ]


def _backward(w: Workload, k: int) -> list[str]:
    n_in, n_out = w.sizes[k], w.sizes[k + 1]
    lines = [
        f"np.dot({f'z{k - 1}' if k else 'x'}.T, d{k}, dw{k})",
        f"db{k}[:] = zero",
        f"for r in range({w.batch}):",
        f"    for c in range({n_out}):",
        f"        db{k}[c] += d{k}[r, c]",
    ]
    if not k:
        return lines
    h, d = f"z{k - 1}[r, c]", f"d{k - 1}[r, c]"
    slope = f"{d} if {h} > zero else zero" if w.classes else f"{d} * (one - {h} * {h})"
    return [
        *lines,
        f"np.dot(d{k}, w{k}.T, d{k - 1})",
        f"for r in range({w.batch}):",
        f"    for c in range({n_in}):",
        f"        {d} = {slope}",
    ]


def _update(w: Workload, size: int) -> list[str]:
    if w.rule == "sgd":
        return [f"for i in range({size}):", f"    p[i] -= np.float32({w.rate}) * g[i]"]
    return [
        "t += 1",
        "root = (1 - 0.999**t) ** 0.5",
        f"alpha, eps = np.float32({w.rate} * root / (1 - 0.9**t)), np.float32(1e-8 * root)",
        f"for i in range({size}):",
        "    m[i] = np.float32(0.9) * m[i] + np.float32(0.1) * g[i]",
        "    v[i] = np.float32(0.999) * v[i] + np.float32(0.001) * g[i] * g[i]",
        "    p[i] -= alpha * m[i] / (math.sqrt(v[i]) + eps)",
    ]
