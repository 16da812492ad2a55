"""Steps that are no plain network, each written once for NumPy's and JAX's namespace: convolutions, attention, an LSTM,
and a function as only its author would write it. All of them are trained by Adam on sequences or images of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.workloads import Workload

B, STEPS, CLASSES = 32, 16, 10
Xp = Any  # numpy or jax.numpy


@dataclass(frozen=True)
class Problem:
    """loss_in: (namespace, params, x, y, conv=...) -> loss, y one-hot. shape: of an example. shapes: of parameters."""

    loss_in: Callable[..., Any]
    shape: tuple[int, ...]
    shapes: dict[str, tuple[int, ...]]
    rate: float = 1e-3

    @cached_property
    def arrays(self) -> tuple[Any, Any]:
        """x (n, ...) and one-hot y (n, CLASSES), float32."""
        rng = np.random.default_rng(0)
        n = B * STEPS
        x = rng.standard_normal((n, *self.shape)).astype(np.float32)
        return x, np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, n)]

    @property
    def x(self) -> Any:
        """Rows."""
        return self.arrays[0]

    @property
    def y(self) -> Any:
        """Targets."""
        return self.arrays[1]

    def rows(self, epoch: int) -> Any:
        """Which rows the mini-batches of an epoch hold: (STEPS, B)."""
        return np.random.default_rng(100 + epoch % 8).permutation(B * STEPS).reshape(STEPS, B)

    def start(self) -> dict[str, Any]:
        """Start parameters: normal by the number of inputs, and those of one axis at 0 (scales at 1)."""
        rng, found = np.random.default_rng(1), {}
        for name, shape in self.shapes.items():
            if len(shape) == 1:
                found[name] = np.full(shape, float(name.startswith("scale")), np.float32)
            else:
                spread = (1 / np.prod(shape[:-1])) ** 0.5
                found[name] = (rng.standard_normal(shape) * spread).astype(np.float32)
        return found


def cross_entropy(xp: Xp, z: Any, y: Any) -> Any:
    """Of logits (B, CLASSES), by log-sum-exp. The logits here are small: no peak needs to be taken off."""
    return xp.mean(xp.log(xp.sum(xp.exp(z), axis=1)) - xp.sum(z * y, axis=1))


def conv_net(xp: Xp, p: Any, x: Any, y: Any, *, conv: Any) -> Any:
    """Three blocks of convolution, relu and mean of 2 x 2, then a dense layer: 1 x 16 x 16 images."""
    h = x
    for k in (1, 2, 3):
        h = xp.maximum(conv(h, p[f"w{k}"]) + xp.reshape(p[f"b{k}"], (-1, 1, 1)), 0)
        n, high, wide = h.shape[1], h.shape[2] // 2, h.shape[3] // 2
        h = xp.mean(xp.reshape(h, (B, n, high, 2, wide, 2)), axis=(3, 5))
    return cross_entropy(xp, xp.reshape(h, (B, -1)) @ p["w4"] + p["b4"], y)


def _normed(xp: Xp, h: Any, scale: Any, shift: Any) -> Any:
    centred = h - xp.mean(h, axis=-1, keepdims=True)
    spread = xp.sqrt(xp.mean(centred * centred, axis=-1, keepdims=True) + 1e-5)
    return centred / spread * scale + shift


def attention(xp: Xp, p: Any, x: Any, y: Any, *, conv: Any) -> Any:
    """LayerNorm, four heads of attention with a residual, LayerNorm, a hidden layer with a residual: 16 x 32."""
    length, width, heads = 16, 32, 4
    h = _normed(xp, x, p["scale1"], p["shift1"])
    split = [xp.swapaxes(xp.reshape(h @ p[n], (B, length, heads, width // heads)), 1, 2) for n in ("wq", "wk", "wv")]
    e = xp.exp(split[0] @ xp.swapaxes(split[1], 2, 3) * (width // heads) ** -0.5)
    seen = (e / xp.sum(e, axis=-1, keepdims=True)) @ split[2]
    x = x + xp.reshape(xp.swapaxes(seen, 1, 2), (B, length, width)) @ p["wo"]
    h = _normed(xp, x, p["scale2"], p["shift2"])
    x = x + xp.maximum(h @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"]
    return cross_entropy(xp, xp.mean(x, axis=1) @ p["w3"] + p["b3"], y)


def lstm(xp: Xp, p: Any, x: Any, y: Any, *, conv: Any) -> Any:
    """32 units over 20 steps of 16 numbers, all steps written out; the last state is classified."""
    n = 32

    def sigmoid(z: Any) -> Any:
        return 0.5 * (xp.tanh(0.5 * z) + 1)

    h = xp.zeros((B, n), np.float32)
    c = xp.zeros((B, n), np.float32)
    for t in range(20):
        z = x[:, t] @ p["wx"] + h @ p["wh"] + p["b"]
        c = sigmoid(z[:, :n]) * c + sigmoid(z[:, n : 2 * n]) * xp.tanh(z[:, 2 * n : 3 * n])
        h = sigmoid(z[:, 3 * n :]) * xp.tanh(c)
    return cross_entropy(xp, h @ p["wo"] + p["bo"], y)


def odd(xp: Xp, p: Any, x: Any, y: Any, *, conv: Any) -> Any:
    """Waves of learned frequency, damped, some of them sorted out by a comparison, compared pair by pair."""
    waves = xp.sin(x[:, :, None] * p["frequency"] + p["phase"]) * xp.exp(-(p["damping"] ** 2) * xp.abs(x[:, :, None]))
    h = xp.sum(xp.where(waves > 0.2, waves**3, 0.1 * waves), axis=1)
    apart = xp.sqrt(xp.sum((h[:, None, :] - p["centres"]) ** 2, axis=2) + 1e-3)
    z = xp.log1p(apart) @ p["w"] / (1 + xp.mean(xp.abs(h), axis=1, keepdims=True))
    return cross_entropy(xp, z, y) + 1e-3 * xp.sum(p["w"] * p["w"])


def _conv_shapes() -> dict[str, tuple[int, ...]]:
    channels = (1, 8, 16, 32)
    found: dict[str, tuple[int, ...]] = {}
    for k, (n_in, n_out) in enumerate(pairwise(channels), 1):
        found |= {f"w{k}": (3, 3, n_in, n_out), f"b{k}": (n_out,)}
    return found | {"w4": (32 * 2 * 2, CLASSES), "b4": (CLASSES,)}


_ATTENTION: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("wq", "wk", "wv", "wo"), (32, 32)),
    **{f"{name}{k}": (32,) for k in (1, 2) for name in ("scale", "shift")},
    **{"w1": (32, 64), "b1": (64,), "w2": (64, 32), "b2": (32,), "w3": (32, CLASSES), "b3": (CLASSES,)},
}
_LSTM: dict[str, tuple[int, ...]] = {
    **{"wx": (16, 128), "wh": (32, 128), "b": (128,), "wo": (32, CLASSES), "bo": (CLASSES,)},
}
_ODD: dict[str, tuple[int, ...]] = {
    **{"frequency": (12, 24), "phase": (24,), "damping": (12, 24), "centres": (20, 24), "w": (20, CLASSES)},
}
PROBLEMS = {
    "conv net, 3 blocks": Problem(conv_net, (1, 16, 16), _conv_shapes()),
    "LayerNorm + attention": Problem(attention, (16, 32), _ATTENTION),
    "LSTM over 20 steps": Problem(lstm, (20, 16), _LSTM),
    "a user's odd function": Problem(odd, (12,), _ODD),
}
GENERAL = {name: Workload(name, (), B, most=STEPS) for name in PROBLEMS}
"""As the harness sees them: a name and a number of steps."""
