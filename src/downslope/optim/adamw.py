"""AdamW: Adam whose weight decay acts on the weights themselves and not through the gradient's running means."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def adamw(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-2
) -> Optimizer:
    """p ← (1 − lr · weight_decay) · p;  p ← p − lr · m̂ / (√v̂ + eps), where m̂ and v̂ are those of Adam.

    m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²;  m̂ = m / (1 − beta1^t);  v̂ = v / (1 − beta2^t); g = dL/dp.
    With coupled decay (``adam(weight_decay=...)``) a number whose gradient is large is hardly decayed, because the
    penalty is divided by √v̂ too; and where the loss is flat, the penalty alone makes Adam take whole steps of lr. Here
    every number shrinks by the same factor.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    decoupled, at least 0, in units of 1/lr: the same weights lose more at a larger lr. State: m and v, running means of
    the gradient and of its square. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019, Algorithm 2.
    Differs from PyTorch (``torch.optim.AdamW``) in rounding only; from optax (``optax.adamw``) in the default decay,
    1e-4 there. Differs from the paper in that the decay is multiplied by lr, as everywhere in practice.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adamw(lr=0.1, weight_decay=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8900
    0.7816
    0.6751
    """
    beta1, beta2 = fraction("adamw", "beta1", beta1), fraction("adamw", "beta2", beta2)
    eps = positive("adamw", "eps", eps)
    weight_decay = not_negative("adamw", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        root = (1 - beta2**t) ** 0.5  # as in Adam, numerator and denominator are multiplied by it
        alpha = lr * root / (1 - beta1**t)
        p = (1 - lr * weight_decay) * p - alpha * m / (np.sqrt(v) + eps * root)
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return Optimizer("adamw", rate("adamw", lr), settings, start, update)
