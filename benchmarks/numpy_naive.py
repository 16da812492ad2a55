"""The step as most people first write it: plain NumPy expressions, new arrays everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload


def naive(w: Workload, threads: int) -> Contender:
    """The whole step."""
    parts = [part for pair in w.start() for part in pair]
    first, second = [np.zeros_like(a) for a in parts], [np.zeros_like(a) for a in parts]
    depth = len(parts) // 2

    def gradients_of(x: Any, y: Any) -> tuple[float, list[Any]]:
        hs = [x]
        for k in range(depth):
            z = hs[-1] @ parts[2 * k] + parts[2 * k + 1]
            hs.append(np.tanh(z) if not w.classes else np.maximum(z, 0) if k < depth - 1 else z)
        if w.classes:
            s = hs[-1] - hs[-1].max(axis=1, keepdims=True)
            e = np.exp(s)
            total = e.sum(axis=1, keepdims=True)
            loss = float(np.mean(np.log(total[:, 0]) - (y * s).sum(axis=1)))
            d = (e / total - y) / len(x)
        else:
            loss = float(np.mean((hs[-1] - y) ** 2)) / 2
            d = (hs[-1] - y) / y.size * (1 - hs[-1] ** 2)
        gradients: list[Any] = []
        for k in range(depth - 1, -1, -1):
            gradients[:0] = [hs[k].T @ d, d.sum(axis=0)]
            if k:
                d = (d @ parts[2 * k].T) * ((hs[k] > 0) if w.classes else 1 - hs[k] ** 2)
        return loss, gradients

    def epoch(number: int) -> None:
        summed, t = 0.0, number * w.steps
        for x, y in zip(*w.batches(number), strict=True):
            loss, gradients = gradients_of(x, y)
            summed, t = summed + loss, t + 1
            for i, g in enumerate(gradients):
                if w.rule == "sgd":
                    parts[i] = parts[i] - w.rate * g
                    continue
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                corrected = np.sqrt(second[i] / (1 - 0.999**t)) + 1e-8
                parts[i] = parts[i] - w.rate * (first[i] / (1 - 0.9**t)) / corrected

    return training(w, epoch, lambda: list(zip(parts[::2], parts[1::2], strict=True)))
