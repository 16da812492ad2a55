"""The workloads that every contender trains, with the same start parameters and the same mini-batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.data import digits


@dataclass(frozen=True, eq=False)
class Workload:
    """A network and its mini-batches for one epoch. xs: (steps, B, n_in), ys: (steps, B, n_out), float32."""

    name: str
    sizes: tuple[int, ...]
    rate: float
    xs: Any
    ys: Any

    def start(self) -> list[tuple[Any, Any]]:
        """Fresh weights and biases, a pair for each layer: He normal, the same on every call."""
        rng = np.random.default_rng(1)
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [
            ((rng.standard_normal((i, o)) * (2 / i) ** 0.5).astype(np.float32), np.zeros(o, np.float32))
            for i, o in pairs
        ]


def on_digits(name: str, sizes: tuple[int, ...], batch: int) -> Workload:
    """Mini-batches of the handwritten digits in a fixed shuffled order."""
    split = digits().train
    steps = len(split) // batch
    rows = np.random.default_rng(100).permutation(len(split))[: steps * batch]
    xs = split.x[rows].astype(np.float32).reshape(steps, batch, -1)
    ys = np.eye(10, dtype=np.float32)[split.y[rows]].reshape(steps, batch, 10)
    return Workload(name, sizes, 1e-3, xs, ys)


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "S": lambda: on_digits("S", (64, 32, 10), 32),
    "M": lambda: on_digits("M", (64, 256, 256, 10), 128),
}
