"""LARS: every layer moves by the same part of its own length, so that very large batches can be trained on."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def lars(lr: Rate, beta: float = 0.9, trust: float = 1e-3, weight_decay: float = 0.0) -> Optimizer:
    """v ← beta · v + lr · λ · (g + weight_decay · p);  p ← p − v, where λ = trust · ‖p‖ / (‖g‖ + weight_decay · ‖p‖).

    g = dL/dp of one parameter array, ‖·‖ the length of the whole array. Layers whose gradients are large beside their
    weights no longer set the rate for all others. λ = 1 where ‖p‖ or ‖g‖ is 0.

    lr: learning rate, above 0; with trust = 0.001 typically above 1. beta: part of the velocity that is kept, in
    [0, 1). trust: above 0; by what part of its length a layer moves at lr = 1. weight_decay: coupled (L2), and part of
    λ. State: v, the velocity. Not elementwise. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: Y. You, I. Gitman and B. Ginsburg, "Large Batch Training of Convolutional Networks", 2017, Algorithm 1.
    Differs from PyTorch in that it has none. Differs from optax (``optax.lars``) in λ: there the denominator is
    ‖g + weight_decay · p‖; the same without decay. Biases are scaled like all arrays; some programs leave them out.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = lars(lr=100.0)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.7200
    0.4860
    """
    beta, trust = fraction("lars", "beta", beta), positive("lars", "trust", trust)
    weight_decay = not_negative("lars", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p_length, g_length = np.sqrt(np.sum(p * p)), np.sqrt(np.sum(g * g))
        unusable = (p_length == 0) | (g_length == 0)  # NaN is usable: it must show
        below = np.where(unusable, 1.0, g_length + weight_decay * p_length)
        ratio = np.where(unusable, 1.0, trust * p_length / below)
        v = beta * state["v"] + lr * ratio * (g + weight_decay * p)
        p = p - v
        return p, {"v": v}

    settings = {"beta": beta, "trust": trust, "weight_decay": weight_decay}
    return Optimizer("lars", rate("lars", lr), settings, start, update, elementwise=False)
