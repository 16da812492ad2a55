"""Adam: momentum divided by the size that gradients usually have, so that every number moves at its own scale."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def adam(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0
) -> Optimizer:
    """m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²;  p ← p − lr · m̂ / (√v̂ + eps), where g = dL/dp.

    m and v start at 0 and would be too small at first; m̂ = m / (1 − beta1^t) and v̂ = v / (1 − beta2^t) correct that at
    step t. The first step is lr · sign(g), up to eps.

    The same is computed here in another order. With root = √(1 − beta2^t), √v̂ = √v / root, so numerator and
    denominator may both be multiplied by root: p ← p − alpha · m / (√v + eps·root), alpha = lr · root / (1 − beta1^t).
    The corrections are then a few operations on single numbers, and no array is divided by them.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    coupled (L2): g ← g + weight_decay · p first, so that the division by √v̂ undoes most of it; ``adamw`` decouples it.
    State: m and v, running means of the gradient and of its square. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015, Algorithm 1; the order is the one
    that its section 2 proposes for speed, with eps rescaled so that it means the same as in Algorithm 1.
    Differs from PyTorch (``torch.optim.Adam``) and optax (``optax.adam``) in rounding only.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adam(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8004
    0.7016
    """
    beta1, beta2 = fraction("adam", "beta1", beta1), fraction("adam", "beta2", beta2)
    eps = positive("adam", "eps", eps)
    weight_decay = not_negative("adam", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        root = (1 - beta2**t) ** 0.5
        alpha = lr * root / (1 - beta1**t)
        p = p - alpha * m / (np.sqrt(v) + eps * root)
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, **switched_on(weight_decay=weight_decay)}
    return Optimizer("adam", rate("adam", lr), settings, start, update)
