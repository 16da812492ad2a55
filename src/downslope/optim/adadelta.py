"""Adadelta: steps as long as the last steps were, in units of the parameter, so that the rate is always 1."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def adadelta(lr: Rate = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0) -> Optimizer:
    """v ← rho·v + (1−rho)·g²;  d = g · √(u + eps) / √(v + eps);  u ← rho·u + (1−rho)·d²;  p ← p − lr · d; g = dL/dp.

    d has the unit of a parameter, as Newton's step has, and no rate needs to be chosen. u starts at 0, so the first
    steps are about √eps long: eps sets how slowly it begins, and is no mere guard against a division by zero.

    lr: learning rate, above 0. rho: part of v and of u that is kept, in [0, 1). eps: above 0. weight_decay: coupled
    (L2): g ← g + weight_decay · p first. State: v and u, running means of squared gradients and of squared steps.
    Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: M. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    Differs from PyTorch (``torch.optim.Adadelta``) and optax (``optax.adadelta``) in nothing. Differs from Zeiler in
    that there is an lr at all; his is 1.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adadelta(lr=1.0)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9968
    0.9936
    0.9903
    """
    rho = fraction("adadelta", "rho", rho)
    eps = positive("adadelta", "eps", eps)
    weight_decay = not_negative("adadelta", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"v": np.zeros_like(p), "u": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        v = rho * state["v"] + (1 - rho) * (g * g)
        d = g * (np.sqrt(state["u"] + eps) / np.sqrt(v + eps))
        u = rho * state["u"] + (1 - rho) * (d * d)
        p = p - lr * d
        return p, {"v": v, "u": u}

    settings = {"rho": rho, "eps": eps, **switched_on(weight_decay=weight_decay)}
    return Optimizer("adadelta", rate("adadelta", lr), settings, start, update)
