"""The networks that every contender trains: the same rows in the same order, from the same start parameters.

T, S, M and L are those of the tables that Downslope is compared by; any other network is one more line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from downslope.data import digits

ORDERS = 64  # different epochs, made beforehand; after them they come again

Pair = tuple[Any, Any]  # a weight (n_in, n_out) and a bias (n_out,)


@dataclass(frozen=True)
class Workload:
    """A network, how it is trained and on what; its arrays are made when they are first asked for.

    sizes: of inputs, hidden layers and outputs. rule: "adam" or "sgd". hidden: "relu", with logits and softmax
    cross-entropy at the end; or "tanh", after the last layer too, and half the mean squared error. data: "digits",
    "noise" or "circle". most: mini-batches of an epoch at most.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    rule: str = "adam"
    rate: float = 1e-3
    hidden: str = "relu"
    data: str = "digits"
    most: int = 1_000

    @cached_property
    def arrays(self) -> tuple[Any, Any]:
        """x (n, n_in) and y (n, n_out), float32: one-hot rows for classes."""
        if self.data == "digits":
            split = digits(held_out=0).train
            return split.x.astype(np.float32), np.eye(10, dtype=np.float32)[split.y]
        rng = np.random.default_rng(0)
        if self.data == "noise":
            x = rng.standard_normal((2_048, self.sizes[0])).astype(np.float32)
            return x, np.eye(10, dtype=np.float32)[rng.integers(0, 10, len(x))]
        x = (rng.uniform(-1, 1, (500, 2)) * 3).astype(np.float32)
        return x, np.where((x**2).sum(1) < 4, 1, -1).astype(np.float32)[:, None]

    @property
    def x(self) -> Any:
        """Rows (n, n_in)."""
        return self.arrays[0]

    @property
    def y(self) -> Any:
        """Targets (n, n_out)."""
        return self.arrays[1]

    @cached_property
    def labels(self) -> Any:
        """The classes (n,), for contenders that take them so; the targets themselves where they are numbers."""
        return self.y.argmax(1).astype(np.int32) if self.classes else self.y

    @property
    def classes(self) -> bool:
        """Whether the targets are classes."""
        return self.hidden == "relu"

    @property
    def steps(self) -> int:
        """Mini-batches of an epoch; rows that do not fill one are left out."""
        return min(len(self.x) // self.batch, self.most)

    def rows(self, epoch: int) -> Any:
        """Which rows the mini-batches of an epoch hold: (steps, B)."""
        return self._orders[epoch % ORDERS]

    @cached_property
    def _orders(self) -> list[Any]:
        seeds = range(100, 100 + ORDERS)
        shape = (self.steps, self.batch)
        kept = self.steps * self.batch
        return [np.random.default_rng(seed).permutation(len(self.x))[:kept].reshape(shape) for seed in seeds]

    def batches(self, epoch: int) -> Pair:
        """The mini-batches of an epoch, put together anew: (steps, B, n_in) and (steps, B, n_out)."""
        rows = self.rows(epoch)
        return self.x[rows], self.y[rows]

    def start(self) -> list[Pair]:
        """Fresh weights and biases, a pair for each layer: normal, the same on every call."""
        rng, gain = np.random.default_rng(1), 1.0 if self.classes else 0.7
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [
            ((rng.standard_normal((i, o)) * (2 / i) ** 0.5 * gain).astype(np.float32), np.zeros(o, np.float32))
            for i, o in pairs
        ]

    def loss(self, params: Sequence[Pair]) -> float:
        """The loss over all rows, in float64, by the naive definition: what contenders are compared by."""
        h = self.x.astype(np.float64)
        for k, (w, b) in enumerate(params):
            h = h @ np.asarray(w, np.float64) + np.asarray(b, np.float64)
            if not self.classes:
                h = np.tanh(h)
            elif k < len(params) - 1:
                h = np.maximum(h, 0)
        if not self.classes:
            return float(np.mean((h - self.y) ** 2) / 2)
        s = h - h.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(s).sum(axis=1)) - (s * self.y).sum(axis=1)))


T = Workload("T", (2, 8, 8, 1), 10, rule="sgd", rate=0.03, hidden="tanh", data="circle")
S = Workload("S", (64, 32, 10), 32)
M = Workload("M", (64, 256, 256, 10), 128)
L = Workload("L", (784, 1024, 1024, 10), 256, data="noise")
NETWORKS = {w.name: w for w in (T, S, M, L)}

SWEEP_STEPS = 200
SWEEP = replace(S, name="sweep")
RATES = np.geomspace(1e-4, 1e-2, 64)
"""The 64 copies of S that differ in their rate, each trained for SWEEP_STEPS mini-batches."""


def sweep_rows() -> Any:
    """The mini-batches of a sweep, the same for all copies: (SWEEP_STEPS, B)."""
    epochs = range(-(-SWEEP_STEPS // SWEEP.steps))
    return np.concatenate([SWEEP.rows(e) for e in epochs])[:SWEEP_STEPS]


def wide(n: int) -> Workload:
    """Two hidden layers of n units: the cost grows with n²."""
    return Workload(f"width {n}", (64, n, n, 10), 32, rate=1e-5, most=8)


def deep(n: int) -> Workload:
    """n hidden layers of 32 units: the cost grows with n, and so do the nodes of the graph."""
    return Workload(f"depth {n}", (64, *[32] * n, 10), 32, rate=1e-5, most=8)
