"""ADOPT: Adam in another order, each gradient divided by the size of those before it, so that any beta2 converges."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def adopt(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.9999, eps: float = 1e-6, weight_decay: float = 0.0
) -> Optimizer:
    """m ← beta1·m + (1−beta1)·clip(g / max(√v, eps));  p ← p − lr · m;  v ← beta2·v + (1−beta2)·g², where g = dL/dp.

    v is that of the step before, so that it is independent of g: what makes Adam fail for the example of Reddi et al.
    is that they are not. The clip is to ±(t−1)^¼. At the first step nothing moves, and v becomes g².

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    decoupled: p ← (1 − lr · weight_decay) · p first. State: m and v. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: S. Taniguchi et al., "ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate", 2024.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.adopt``) in nothing.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adopt(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    1.0000
    0.9900
    0.9711
    """
    beta1, beta2 = fraction("adopt", "beta1", beta1), fraction("adopt", "beta2", beta2)
    eps = positive("adopt", "eps", eps)
    weight_decay = not_negative("adopt", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p = (1 - lr * weight_decay) * p if weight_decay else p
        limit = (t - 1) ** 0.25 + 0 * g  # an array, so that it takes the type of g
        quotient = np.minimum(np.maximum(g / np.maximum(np.sqrt(state["v"]), eps), -limit), limit)
        m = beta1 * state["m"] + (1 - beta1) * quotient
        v = np.where(t == 1, g * g, beta2 * state["v"] + (1 - beta2) * (g * g))
        p = p - lr * m
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return Optimizer("adopt", rate("adopt", lr), settings, start, update)
