"""HIPS autograd: the gradient of a plain NumPy function, found anew in every step."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload

PACKAGES = ("autograd",)


def loop(w: Workload, threads: int) -> Contender:
    """The loop of its own examples, with Adam array by array."""
    parts = [part for pair in w.start() for part in pair]
    first, second = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    f = np.float32

    def loss(parts: Any, x: Any, y: Any) -> Any:
        h, depth = x, len(parts) // 2
        for k in range(depth):
            h = anp.dot(h, parts[2 * k]) + parts[2 * k + 1]
            if not w.classes:
                h = anp.tanh(h)
            elif k < depth - 1:
                h = anp.maximum(h, f(0))
        if not w.classes:
            return f(0.5) * anp.mean((h - y) ** 2)
        s = h - anp.max(h, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(s), axis=1)) - anp.sum(s * y, axis=1))

    step = value_and_grad(loss)

    def epoch(number: int) -> None:
        t = number * w.steps
        for x, y in zip(*w.batches(number), strict=True):
            _, gradients = step(parts, x, y)
            t += 1
            for k, g in enumerate(gradients):
                if w.rule == "sgd":
                    parts[k] = parts[k] - f(w.rate) * g
                    continue
                first[k] = f(0.9) * first[k] + f(0.1) * g
                second[k] = f(0.999) * second[k] + f(0.001) * g * g
                root = np.sqrt(second[k] / f(1 - 0.999**t)) + f(1e-8)
                parts[k] = parts[k] - f(w.rate) * (first[k] / f(1 - 0.9**t)) / root

    return training(w, epoch, lambda: list(zip(parts[::2], parts[1::2], strict=True)))
