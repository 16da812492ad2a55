"""The step as most people first write it: plain NumPy expressions, new arrays everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Workload


def contender(w: Workload) -> tuple[Callable[[], float], Callable[[], Any]]:
    """(one epoch -> its summed loss, the parameters as one flat vector)."""
    parts = [part for pair in w.start() for part in pair]
    first, second = [np.zeros_like(a) for a in parts], [np.zeros_like(a) for a in parts]
    depth, steps = len(parts) // 2, [0]

    def epoch() -> float:
        summed = 0.0
        for x, y in zip(w.xs, w.ys, strict=True):
            hs = [x]
            for k in range(depth):
                z = hs[-1] @ parts[2 * k] + parts[2 * k + 1]
                hs.append(np.maximum(z, 0) if k < depth - 1 else z)
            s = hs[-1] - hs[-1].max(axis=1, keepdims=True)
            e = np.exp(s)
            total = e.sum(axis=1, keepdims=True)
            summed += float(np.mean(np.log(total[:, 0]) - (y * s).sum(axis=1)))
            d = (e / total - y) / len(x)
            gradients: list[Any] = []
            for k in range(depth - 1, -1, -1):
                gradients[:0] = [hs[k].T @ d, d.sum(axis=0)]
                if k:
                    d = (d @ parts[2 * k].T) * (hs[k] > 0)
            steps[0] += 1
            t = steps[0]
            for i, g in enumerate(gradients):
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                corrected = np.sqrt(second[i] / (1 - 0.999**t)) + 1e-8
                parts[i] = parts[i] - w.rate * (first[i] / (1 - 0.9**t)) / corrected
        return summed

    return epoch, lambda: np.concatenate([a.ravel() for a in parts])
