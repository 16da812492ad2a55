"""Lion: the sign of a momentum, so that every number moves by exactly lr; found by a program that searched programs."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, rate


@optimizer()
def lion(lr: Rate = 1e-4, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0) -> Optimizer:
    """p ← p − lr · (sign(beta1·m + (1−beta1)·g) + weight_decay · p);  m ← beta2·m + (1−beta2)·g, where g = dL/dp.

    Half of Adam's memory. As every step is lr long in every number, it wants an lr three to ten times smaller than
    Adam's and a weight decay as much larger, and it never comes nearer to a minimum than lr without a schedule.

    lr: learning rate, above 0. beta1: part of m in the direction, beta2: part of m that is kept, in [0, 1).
    weight_decay: decoupled, at least 0. State: m, a running mean of gradients. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
    Differs from PyTorch in that it has none. Differs from optax (``optax.lion``) in the default decay, 1e-3 there.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = lion(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8000
    0.7000
    """
    beta1, beta2 = fraction("lion", "beta1", beta1), fraction("lion", "beta2", beta2)
    weight_decay = not_negative("lion", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        direction = np.sign(beta1 * state["m"] + (1 - beta1) * g)
        p = p - lr * (direction + weight_decay * p)
        m = beta2 * state["m"] + (1 - beta2) * g
        return p, {"m": m}

    settings = {"beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}
    return Optimizer("lion", rate("lion", lr), settings, start, update)
