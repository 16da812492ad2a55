"""tinygrad: a step under TinyJit. Its CPU device needs clang or libLLVM on the machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from tinygrad import Tensor, TinyJit, nn
from tinygrad.helpers import Context

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload

PACKAGES = ("tinygrad",)


def jitted(w: Workload, threads: int) -> Contender:
    """The loop of its own examples, on rows that NumPy gathers."""
    parts = [Tensor(part) for pair in w.start() for part in pair]
    for part in parts:
        part.requires_grad = True
    rule: Any = nn.optim.Adam(parts, lr=w.rate, eps=1e-8) if w.rule == "adam" else nn.optim.SGD(parts, lr=w.rate)

    @TinyJit  # type: ignore[untyped-decorator, unused-ignore]  # typed only where tinygrad is installed
    def step(x: Any, y: Any) -> Any:
        rule.zero_grad()
        h, depth = x, len(parts) // 2
        for k in range(depth):
            h = h.matmul(parts[2 * k]) + parts[2 * k + 1]
            if not w.classes:
                h = h.tanh()
            elif k < depth - 1:
                h = h.relu()
        loss = h.sparse_categorical_crossentropy(y) if w.classes else 0.5 * ((h - y) ** 2).mean()
        loss.backward()
        return loss.realize(*rule.schedule_step())

    def epoch(number: int) -> None:
        rows = w.rows(number)
        with Context(TRAINING=1):
            for x, y in zip(w.x[rows], w.labels[rows], strict=True):
                loss = step(Tensor(x).realize(), Tensor(y).realize())
        loss.numpy()

    def params() -> list[Any]:
        arrays: list[Any] = [np.asarray(part.numpy()) for part in parts]
        return list(zip(arrays[::2], arrays[1::2], strict=True))

    return training(w, epoch, params)
