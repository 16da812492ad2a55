"""RAdam: Adam that waits with its division until enough gradients were seen to trust their size."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def radam(
    lr: Rate = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled_weight_decay: float = 0.0,
) -> Optimizer:
    """p ← p − lr · r · m̂ / (√v + eps) · √(1 − beta2^t) where ρ > 5, else p ← p − lr · m̂; m̂ = m / (1 − beta1^t).

    m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²; g = dL/dp. ρ = ρ∞ − 2t·beta2^t / (1 − beta2^t), with
    ρ∞ = 2 / (1 − beta2) − 1, is how many gradients v averages over; r² = (ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ) is 0 at first
    and goes to 1. With beta2 = 0.999 the first five steps are momentum's, and then the rate warms up by itself.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1); with beta2 ≤ 2/3 ρ never
    passes 5. eps: above 0. weight_decay: coupled (L2): g ← g + weight_decay · p first. decoupled_weight_decay:
    p ← (1 − lr · it) · p first. State: m and v. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: L. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020, Algorithm 2, with the
    threshold 5 of the authors' code in the place of 4.
    Differs from PyTorch (``torch.optim.RAdam``) in rounding only; from optax (``optax.radam``) in that eps is added to
    √v before the correction, as in PyTorch, not after it.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = radam(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8000
    0.6211
    0.4623
    """
    beta1, beta2 = fraction("radam", "beta1", beta1), fraction("radam", "beta2", beta2)
    eps = positive("radam", "eps", eps)
    weight_decay = not_negative("radam", "weight_decay", weight_decay)
    decoupled_weight_decay = not_negative("radam", "decoupled_weight_decay", decoupled_weight_decay)
    longest = 2 / (1 - beta2) - 1

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        p = (1 - lr * decoupled_weight_decay) * p if decoupled_weight_decay else p
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        step = lr * m / (1 - beta1**t)
        if longest > 5:
            length = longest - 2 * t * beta2**t / (1 - beta2**t)
            # abs: below 5 the ratio may be negative, and the result is not used
            ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            rectified = step * (abs(ratio) ** 0.5 * (1 - beta2**t) ** 0.5) / (np.sqrt(v) + eps)
            step = np.where(length > 5, rectified, step)
        return p - step, {"m": m, "v": v}

    more = switched_on(weight_decay=weight_decay, decoupled_weight_decay=decoupled_weight_decay)
    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, **more}
    return Optimizer("radam", rate("radam", lr), settings, start, update)
