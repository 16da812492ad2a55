"""Adamax: Adam with the largest recent gradient in the place of the root mean square, so that no step is above lr."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def adamax(
    lr: Rate = 2e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0
) -> Optimizer:
    """m ← beta1·m + (1−beta1)·g;  u ← max(beta2·u, |g| + eps);  p ← p − lr / (1 − beta1^t) · m / u, where g = dL/dp.

    u is what Adam's √v becomes when the powers 2 and 1/2 are replaced by k and 1/k and k goes to infinity. It starts at
    0 without harm, as a maximum needs no correction.

    lr: learning rate, above 0. beta1, beta2: parts of m and of u that are kept, in [0, 1). eps: above 0. weight_decay:
    coupled (L2): g ← g + weight_decay · p first. State: m and u. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015, Algorithm 2 (which has no eps).
    Differs from PyTorch (``torch.optim.Adamax``) and optax (``optax.adamax``) in rounding only.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adamax(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8052
    0.7155
    """
    beta1, beta2 = fraction("adamax", "beta1", beta1), fraction("adamax", "beta2", beta2)
    eps = positive("adamax", "eps", eps)
    weight_decay = not_negative("adamax", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "u": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        m = beta1 * state["m"] + (1 - beta1) * g
        u = np.maximum(beta2 * state["u"], np.abs(g) + eps)
        p = p - lr / (1 - beta1**t) * m / u
        return p, {"m": m, "u": u}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, **switched_on(weight_decay=weight_decay)}
    return Optimizer("adamax", rate("adamax", lr), settings, start, update)
