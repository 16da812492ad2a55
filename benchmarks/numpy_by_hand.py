"""The step that a careful person writes by hand: NumPy with ``out=``, flat state, nothing allocated, nothing generated.

It is the yardstick of the in-place dialect. Without all but its products it is a limit: no step that calls BLAS for
them through NumPy can be quicker.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
BLOCK = 2**14  # numbers of a block of Adam's state that stays in the cache


class Buffers:
    """All arrays of a step: parameters and gradients as views of flat vectors, activations, adjoints."""

    def __init__(self, w: Workload) -> None:
        start, B = w.start(), w.batch
        self.p = np.concatenate([part.ravel() for pair in start for part in pair])
        self.g = np.zeros_like(self.p)
        self.weights, self.biases = self.views(w, self.p)
        self.weight_grads, self.bias_grads = self.views(w, self.g)
        self.z = [np.empty((B, n), np.float32) for n in w.sizes[1:]]
        self.delta = [np.empty((B, n), np.float32) for n in w.sizes[1:]]
        self.x, self.y = np.empty((B, w.sizes[0]), np.float32), np.empty((B, w.sizes[-1]), np.float32)

    @staticmethod
    def views(w: Workload, flat: Any) -> tuple[list[Any], list[Any]]:
        """The weights and the biases in a flat vector."""
        weights, biases, at = [], [], 0
        for rows, columns in zip(w.sizes, w.sizes[1:], strict=False):
            weights.append(flat[at : at + rows * columns].reshape(rows, columns))
            at += rows * columns
            biases.append(flat[at : at + columns])
            at += columns
        return weights, biases


def by_hand(w: Workload, threads: int) -> Contender:
    """The whole step."""
    buffers, gathered = Buffers(w), [np.empty((w.steps, w.batch, a.shape[1]), np.float32) for a in w.arrays]
    forward, update = _forward_of(w, buffers), (_adam if w.rule == "adam" else _sgd)(w, buffers)
    backward = _backward_of(w, buffers)

    def epoch(number: int) -> None:
        rows = w.rows(number)
        np.take(w.x, rows, 0, gathered[0], "clip")  # "raise" would copy
        np.take(w.y, rows, 0, gathered[1], "clip")
        t = 1 + number * w.steps
        for x, y in zip(*gathered, strict=True):
            forward(x, y)
            backward(x)
            update(t)
            t += 1

    return training(w, epoch, lambda: list(zip(buffers.weights, buffers.biases, strict=True)))


def products(w: Workload, threads: int) -> Contender:
    """The matrix products of a step and nothing else, as ``np.dot`` calls into arrays that are there."""
    b, depth = Buffers(w), len(w.sizes) - 1
    hs = [b.x, *b.z]
    calls: list[tuple[Any, Any, Any]] = [(hs[k], b.weights[k], b.z[k]) for k in range(depth)]
    for k in range(depth - 1, -1, -1):
        calls.append((hs[k].T, b.delta[k], b.weight_grads[k]))
        if k:
            calls.append((b.delta[k], b.weights[k].T, b.delta[k - 1]))
    for array in (*b.z, *b.delta, b.x):
        array[...] = 0

    def run(first: int, count: int) -> None:
        dot = np.dot
        for _ in range(count * w.steps):
            for left, right, out in calls:
                dot(left, right, out)

    return Contender(run, None)


def _forward_of(w: Workload, b: Buffers) -> Any:
    """(x, y) -> the loss; the adjoint of the last layer's sum is left in ``b.delta[-1]``."""
    dot, add, sub, mul, div, top = np.dot, np.add, np.subtract, np.multiply, np.divide, np.maximum
    exp, log, tanh, zero, one = np.exp, np.log, np.tanh, np.float32(0), np.float32(1)
    layers = list(zip(b.weights, b.biases, b.z, strict=True))
    out, d, share = b.z[-1], b.delta[-1], np.float32(1 / w.batch / (1 if w.classes else w.sizes[-1]))
    out_flat, d_flat = out.ravel(), d.ravel()
    peak, total = np.empty((w.batch, 1), np.float32), np.empty(w.batch, np.float32)
    column, ones, ones_b = total[:, None], np.ones(w.sizes[-1], np.float32), np.ones(w.batch, np.float32)
    picked, logs, peaks = np.zeros((), np.float32), np.zeros((), np.float32), np.maximum.reduce

    def logits(x: Any) -> None:
        h = x
        for weights, bias, z in layers:
            dot(h, weights, z)
            add(z, bias, z)
            if not w.classes:
                tanh(z, z)
            elif z is not out:
                top(z, zero, out=z)
            h = z

    def cross_entropy(x: Any, y: Any) -> float:
        logits(x)
        peaks(out, 1, None, peak, True)  # type: ignore[call-overload]  # its stub knows fewer arguments
        sub(out, peak, out)
        dot(out_flat, y.ravel(), picked)
        exp(out, d)
        dot(d, ones, total)
        div(d, column, d)
        log(total, total)
        dot(total, ones_b, logs)
        sub(d, y, d)
        mul(d, share, d)
        return (float(logs) - float(picked)) / w.batch

    def half_mse(x: Any, y: Any) -> float:
        logits(x)
        sub(out, y, d)
        dot(d_flat, d_flat, picked)
        mul(d, share, d)
        mul(out, out, out)
        sub(one, out, out)
        mul(d, out, d)
        return float(picked) / 2 / w.batch

    return cross_entropy if w.classes else half_mse


def _backward_of(w: Workload, b: Buffers) -> Any:
    """(x) -> None: the gradients of all parameters in ``b.g``."""
    dot, sub, mul, greater, zero, one = np.dot, np.subtract, np.multiply, np.greater, np.float32(0), np.float32(1)
    mask = [np.empty((w.batch, n), bool) for n in w.sizes[1:]]
    ones = np.ones(w.batch, np.float32)
    hidden = [
        (b.z[k - 1].T, b.delta[k], b.weight_grads[k], b.bias_grads[k], b.weights[k].T, b.delta[k - 1], b.z[k - 1], m)
        for k, m in zip(range(1, len(b.z)), mask, strict=False)
    ][::-1]
    first = b.delta[0], b.weight_grads[0], b.bias_grads[0]

    def backward(x: Any) -> None:
        for turned, d, weight_grad, bias_grad, weights_t, goal, h, m in hidden:
            dot(turned, d, weight_grad)
            dot(ones, d, bias_grad)
            dot(d, weights_t, goal)
            if w.classes:
                greater(h, zero, m)
                mul(goal, m, goal)
            else:
                mul(h, h, h)
                sub(one, h, h)
                mul(goal, h, goal)
        d, weight_grad, bias_grad = first
        dot(x.T, d, weight_grad)
        dot(ones, d, bias_grad)

    return backward


def _sgd(w: Workload, b: Buffers) -> Any:
    rate = np.float32(w.rate)

    def update(t: int) -> None:
        np.multiply(b.g, rate, b.g)
        np.subtract(b.p, b.g, b.p)

    return update


def _adam(w: Workload, b: Buffers) -> Any:
    m, v, tmp = np.zeros_like(b.p), np.zeros_like(b.p), np.empty(min(BLOCK, b.p.size), np.float32)
    b1, b1c, b2, b2c = (np.array(c, np.float32) for c in (BETA1, 1 - BETA1, BETA2, 1 - BETA2))
    alpha, eps = np.zeros((), np.float32), np.zeros((), np.float32)
    cuts = [slice(at, at + BLOCK) for at in range(0, b.p.size, BLOCK)]
    blocks = [(b.p[s], b.g[s], m[s], v[s], tmp[: b.p[s].size]) for s in cuts]
    add, sub, mul, div, sqrt = np.add, np.subtract, np.multiply, np.divide, np.sqrt

    def update(t: int) -> None:
        root = (1 - BETA2**t) ** 0.5
        alpha[()], eps[()] = w.rate * root / (1 - BETA1**t), EPS * root
        for p, g, m, v, r in blocks:
            mul(m, b1, m)
            mul(g, b1c, r)
            add(m, r, m)
            mul(v, b2, v)
            mul(g, g, g)
            mul(g, b2c, g)
            add(v, g, v)
            sqrt(v, r)
            add(r, eps, r)
            div(m, r, r)
            mul(r, alpha, r)
            sub(p, r, p)

    return update
