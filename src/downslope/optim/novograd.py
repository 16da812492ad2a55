"""NovoGrad: momentum of gradients that are divided by the usual length of their layer's gradient."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def novograd(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.25, eps: float = 1e-6, weight_decay: float = 0.0
) -> Optimizer:
    """v ← beta2 · v + (1−beta2) · ‖g‖²;  m ← beta1 · m + g / (√v + eps) + weight_decay · p;  p ← p − lr · m.

    g = dL/dp of one parameter array and v one number for it, ‖g‖² at first. Half of Adam's memory, and layers whose
    gradients differ by orders of magnitude move alike.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    neither coupled nor quite decoupled: it is added after the division, but goes through the momentum m. State: m, and
    v, one number. Not elementwise. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: B. Ginsburg et al., "Training Deep Networks with Stochastic Normalized Gradient Descent", 2019.
    Differs from PyTorch in that it has none. Differs from optax (``optax.novograd``) in nothing.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = novograd(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.7128
    0.4520
    """
    beta1, beta2 = fraction("novograd", "beta1", beta1), fraction("novograd", "beta2", beta2)
    eps = positive("novograd", "eps", eps)
    weight_decay = not_negative("novograd", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p, shape=())}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        square = np.sum(g * g)
        v = np.where(t == 1, square, beta2 * state["v"] + (1 - beta2) * square)
        m = beta1 * state["m"] + g / (np.sqrt(v) + eps)
        m = m + weight_decay * p if weight_decay else m
        p = p - lr * m
        return p, {"m": m, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return Optimizer("novograd", rate("novograd", lr), settings, start, update, elementwise=False)
