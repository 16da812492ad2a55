"""Yogi: Adam whose memory of gradient sizes moves by small, even steps, so that a quiet spell does not erase it."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def yogi(
    lr: Rate = 1e-2, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-3, initial: float = 1e-6
) -> Optimizer:
    """m ← beta1·m + (1−beta1)·g;  v ← v − (1−beta2)·sign(v − g²)·g²;  p ← p − lr · m̂ / (√v̂ + eps), where g = dL/dp.

    In Adam v changes by (1−beta2)·(v − g²): where gradients become small it decays geometrically and the steps leap.
    Here the change is as large as g² itself. m̂ = m / (1 − beta1^t) and v̂ = v / (1 − beta2^t).

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. initial: what
    m and v start at, at least 0. State: m and v. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: M. Zaheer et al., "Adaptive Methods for Nonconvex Optimization", 2018, Algorithm 2, with Adam's corrections.
    Differs from PyTorch in that it has none. Differs from optax (``optax.yogi``) in rounding only. Differs from the
    paper in the corrections, and in that v starts from the first mini-batch's g² there.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = yogi(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9001
    0.8006
    0.7018
    """
    beta1, beta2 = fraction("yogi", "beta1", beta1), fraction("yogi", "beta2", beta2)
    eps, initial = positive("yogi", "eps", eps), not_negative("yogi", "initial", initial)

    def start(p: Array) -> State:
        return {"m": np.full_like(p, initial), "v": np.full_like(p, initial)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        m = beta1 * state["m"] + (1 - beta1) * g
        square = g * g
        v = state["v"] - (1 - beta2) * np.sign(state["v"] - square) * square
        p = p - lr / (1 - beta1**t) * m / (np.sqrt(v / (1 - beta2**t)) + eps)
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "initial": initial}
    return Optimizer("yogi", rate("yogi", lr), settings, start, update)
