"""Steps and runs whose every number is known by algebra: quadratic losses with given curvature, and given arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from downslope.runs.step import OptimizerFacts, Step

Array = Any


class Given(Step):
    """A step that knows just what it is given."""

    def __init__(self, **quantities: Any) -> None:
        vars(self).update(quantities)


def rows_of(*gradients: Sequence[float] | Array) -> Given:
    """A step of one parameter "w" with these gradients, one for each row."""
    g = np.array(gradients, float)
    return Given(per_example_grads={"w": g}, rows=np.arange(100, 100 + len(g)))


def rotated(eigenvalues: Sequence[float], seed: int = 0) -> Array:
    """A symmetric matrix with these eigenvalues, along directions that no axis shares."""
    n = len(eigenvalues)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return Q @ np.diag(eigenvalues) @ Q.T


def facts(name: str, **settings: Any) -> OptimizerFacts:
    return OptimizerFacts(name, settings, name)


def bowl(
    H: Array,
    w: Array | None = None,
    rule: OptimizerFacts | None = None,
    lr: float = 0.1,
    update: Array | None = None,
    dtype: Any = np.float64,
    **more: Any,
) -> Given:
    """A step on the loss ½ wᵀ H w, whose parameters are "a" (the first number) and "b" (all others, a column)."""
    w = np.ones(len(H)) if w is None else np.asarray(w, float)

    def split(v: Array) -> dict[str, Array]:
        return {"a": np.asarray(v[:1], dtype), "b": np.asarray(v[1:, None], dtype)}

    def join(tensors: Mapping[str, Array]) -> Array:
        return np.concatenate([np.asarray(tensors["a"], float), np.asarray(tensors["b"], float)[:, 0]])

    def loss_at(params: Mapping[str, Array]) -> float:
        at = join({**split(w), **params})
        return float(0.5 * at @ H @ at)

    return Given(
        t=1,
        params=split(w),
        grads=split(H @ w),
        updates=split(-lr * H @ w if update is None else update),
        loss=float(0.5 * w @ H @ w),
        loss_at=loss_at,
        hvp=lambda v: split(H @ join(v)),
        lr=lr,
        optimizer=rule or facts("gradient_descent"),
        optimizer_state={},
        **more,
    )


def descent(H: Array, start: Array, lr: float, steps: int, seconds: Sequence[float] = ()) -> Any:
    """A run of gradient descent on ½ wᵀ H w: what run-level instruments ask a run for, and no more."""
    path = [np.asarray(start, float)]
    for _ in range(steps):
        path.append(path[-1] - lr * H @ path[-1])

    def try_rates(at: int, rates: Sequence[float]) -> Array:
        w, losses = path[at - 1], []
        for rate in rates:
            losses.append(0.5 * w @ H @ w)
            w = w - rate * H @ w
        return np.array(losses)

    return SimpleNamespace(
        at=lambda t: bowl(H, path[t - 1], lr=lr),
        steps=steps,
        path=np.array(path),
        try_rates=try_rates,
        series=lambda name: {"seconds": np.array(seconds)}[name],
    )
