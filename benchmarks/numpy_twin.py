"""The step that a careful person writes by hand: NumPy with ``out=``, flat Adam, nothing allocated, nothing generated.

It is the yardstick of the in-place dialect: the generated program may cost at most 1.15 times as much on S.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Workload

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def contender(w: Workload) -> tuple[Callable[[], float], Callable[[], Any]]:
    """(one epoch -> its summed loss, the parameters as one flat vector)."""
    start = w.start()
    p = np.concatenate([part.ravel() for pair in start for part in pair])
    g, m, v, tmp = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), np.empty_like(p)
    weights: list[Any] = []
    biases: list[Any] = []
    weight_grads: list[Any] = []
    bias_grads: list[Any] = []
    at = 0
    for rows, columns in zip(w.sizes, w.sizes[1:], strict=False):
        for vector, w_list, b_list in ((p, weights, biases), (g, weight_grads, bias_grads)):
            w_list.append(vector[at : at + rows * columns].reshape(rows, columns))
            b_list.append(vector[at + rows * columns : at + rows * columns + columns])
        at += rows * columns + columns
    batch, depth = w.xs.shape[1], len(weights)
    z = [np.empty((batch, n), np.float32) for n in w.sizes[1:]]
    delta = [np.empty((batch, n), np.float32) for n in w.sizes[1:]]
    mask = [np.empty((batch, n), bool) for n in w.sizes[1:]]
    peak, total = np.empty((batch, 1), np.float32), np.empty(batch, np.float32)
    ones_b, ones_c = np.ones(batch, np.float32), np.ones(w.sizes[-1], np.float32)
    picked, logs = np.zeros((), np.float32), np.zeros((), np.float32)
    zero, one_b = np.float32(0), np.array(1 / batch, np.float32)
    b1, b1c, b2, b2c = (np.array(c, np.float32) for c in (BETA1, 1 - BETA1, BETA2, 1 - BETA2))
    alpha, eps = np.zeros((), np.float32), np.zeros((), np.float32)
    weights_t, z_t = [a.T for a in weights], [a.T for a in z]
    out, out_flat, peaks_flat = z[-1], z[-1].ravel(), total[:, None]
    steps = [0]

    def epoch() -> float:
        # Local names are faster to look up than attributes and enclosing ones.
        dot, add, sub, mul, div = np.dot, np.add, np.subtract, np.multiply, np.divide
        top, exp, log, sqrt, greater = np.maximum, np.exp, np.log, np.sqrt, np.greater
        peaks: Any = top.reduce
        t, summed = steps[0], 0.0
        for x, y in zip(w.xs, w.ys, strict=True):
            h = x
            for k in range(depth):
                dot(h, weights[k], z[k])
                add(z[k], biases[k], z[k])
                if k < depth - 1:
                    top(z[k], zero, out=z[k])
                h = z[k]
            peaks(out, 1, None, peak, True)
            sub(out, peak, out)
            dot(out_flat, y.ravel(), picked)
            exp(out, out)
            dot(out, ones_c, total)
            div(out, peaks_flat, out)
            log(total, total)
            dot(total, ones_b, logs)
            sub(out, y, out)
            mul(out, one_b, out)
            d = out
            for k in range(depth - 1, -1, -1):
                dot(x.T if k == 0 else z_t[k - 1], d, weight_grads[k])
                dot(ones_b, d, bias_grads[k])
                if k:
                    dot(d, weights_t[k], delta[k - 1])
                    greater(z[k - 1], zero, mask[k - 1])
                    mul(delta[k - 1], mask[k - 1], delta[k - 1])
                    d = delta[k - 1]
            t += 1
            root = (1 - BETA2**t) ** 0.5
            alpha[()] = w.rate * root / (1 - BETA1**t)
            eps[()] = EPS * root
            mul(m, b1, m)
            mul(g, b1c, tmp)
            add(m, tmp, m)
            mul(v, b2, v)
            mul(g, g, g)
            mul(g, b2c, g)
            add(v, g, v)
            sqrt(v, tmp)
            add(tmp, eps, tmp)
            div(m, tmp, tmp)
            mul(tmp, alpha, tmp)
            sub(p, tmp, p)
            summed += (float(logs) - float(picked)) / batch
        steps[0] = t
        return summed

    return epoch, lambda: p
