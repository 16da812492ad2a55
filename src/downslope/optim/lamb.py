"""LAMB: Adam's direction, with a length that is lr times the length of the layer's own weights."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def lamb(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-6, weight_decay: float = 0.0
) -> Optimizer:
    """d = m̂ / (√v̂ + eps) + weight_decay · p;  p ← p − lr · ‖p‖ / ‖d‖ · d, where m̂ and v̂ are those of Adam.

    m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²;  m̂ = m / (1 − beta1^t);  v̂ = v / (1 − beta2^t); g = dL/dp
    of one parameter array, ‖·‖ the length of the whole array; the ratio is 1 where ‖p‖ or ‖d‖ is 0. Each step changes
    every layer by the part lr of its length, whatever the batch size.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    decoupled from m and v, but inside of the length. State: m and v. Not elementwise. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: Y. You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2020, Algorithm 2,
    with φ(z) = z.
    Differs from PyTorch in that it has none. Differs from optax (``optax.lamb``) in rounding only.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = lamb(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8100
    0.7290
    """
    beta1, beta2 = fraction("lamb", "beta1", beta1), fraction("lamb", "beta2", beta2)
    eps = positive("lamb", "eps", eps)
    weight_decay = not_negative("lamb", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        d = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * p
        p_length, d_length = np.sqrt(np.sum(p * p)), np.sqrt(np.sum(d * d))
        unusable = (p_length == 0) | (d_length == 0)  # NaN is usable: it must show
        ratio = np.where(unusable, 1.0, p_length / np.where(unusable, 1.0, d_length))
        p = p - lr * ratio * d
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return Optimizer("lamb", rate("lamb", lr), settings, start, update, elementwise=False)
