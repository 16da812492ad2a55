"""Adan: Adam with Nesterov's look ahead, written by the difference of two gradients in a row."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import between, fraction, not_negative, positive, rate


@optimizer()
def adan(
    lr: Rate = 1e-3,
    beta1: float = 0.98,
    beta2: float = 0.92,
    beta3: float = 0.99,
    ahead: float = 0.92,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> Optimizer:
    """p ← (p − lr · (m̂ + ahead · d̂) / (√(n̂ + eps) + eps)) / (1 + lr · weight_decay), where g = dL/dp.

    With the change c = g − g_before (0 at first): m ← beta1·m + (1−beta1)·g;  d ← beta2·d + (1−beta2)·c;
    n ← beta3·n + (1−beta3)·(g + ahead·c)²; a hat divides each by 1 − its beta^t. g + ahead·c is where the gradient is
    going, if it goes on changing so: Nesterov's idea without a second evaluation.

    lr: learning rate, above 0. beta1, beta2, beta3: parts of the means that are kept, in [0, 1). ahead: weight of the
    change, in [0, 1]; the paper's is the same as beta2. eps: above 0. weight_decay: decoupled, at least 0, as a
    division. State: m, d, n, and g, the last gradient. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: X. Xie et al., "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models", 2022.
    Differs from PyTorch in that it has none. Differs from optax (``optax.adan``), which takes 1 − beta2 = 0.08 for
    ahead, where the paper and the authors' program have 0.92, and whose decay is lr · weight_decay · p. The paper's
    betas are one minus these.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adan(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8008
    0.7021
    """
    beta1, beta2 = fraction("adan", "beta1", beta1), fraction("adan", "beta2", beta2)
    beta3, eps = fraction("adan", "beta3", beta3), positive("adan", "eps", eps)
    ahead = between("adan", "ahead", ahead, 0, 1)
    weight_decay = not_negative("adan", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {name: np.zeros_like(p) for name in ("m", "d", "n", "g")}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        change = np.where(t == 1, np.zeros_like(g), g - state["g"])
        coming = g + ahead * change
        m = beta1 * state["m"] + (1 - beta1) * g
        d = beta2 * state["d"] + (1 - beta2) * change
        n = beta3 * state["n"] + (1 - beta3) * (coming * coming)
        direction = m / (1 - beta1**t) + ahead * d / (1 - beta2**t)
        p = p - lr * direction / (np.sqrt(n / (1 - beta3**t) + eps) + eps)
        p = p / (1 + lr * weight_decay) if weight_decay else p
        return p, {"m": m, "d": d, "n": n, "g": g}

    settings = {"beta1": beta1, "beta2": beta2, "beta3": beta3, "ahead": ahead, "eps": eps}
    settings["weight_decay"] = weight_decay
    return Optimizer("adan", rate("adan", lr), settings, start, update)
