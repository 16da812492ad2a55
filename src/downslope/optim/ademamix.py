"""AdEMAMix: Adam with a second momentum that remembers tens of thousands of steps."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def ademamix(
    lr: Rate = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    beta3: float = 0.9999,
    alpha: float = 5.0,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> Optimizer:
    """p ← (1 − lr · weight_decay) · p − lr · (m̂ + alpha · s) / (√v̂ + eps), where g = dL/dp.

    m and s are running means of g, the fast m ← beta1·m + (1−beta1)·g and the slow s ← beta3·s + (1−beta3)·g;
    v ← beta2·v + (1−beta2)·g². m̂ = m / (1 − beta1^t), v̂ = v / (1 − beta2^t); s starts at 0 and is not corrected, which
    is its warm-up. Old gradients stay useful for longer than one fast mean can hold, if a fast one is there as well.

    lr: learning rate, above 0. beta1, beta2, beta3: parts that are kept, in [0, 1). alpha: weight of the slow mean, at
    least 0. eps: above 0. weight_decay: decoupled, at least 0. State: m, s and v. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: M. Pagliardini, P. Ablin and D. Grangier, "The AdEMAMix Optimizer: Better, Faster, Older", 2024.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.ademamix``) in nothing; the paper lets
    alpha and beta3 grow during the first part of a long run.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = ademamix(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8003
    0.7013
    """
    beta1, beta2 = fraction("ademamix", "beta1", beta1), fraction("ademamix", "beta2", beta2)
    beta3, eps = fraction("ademamix", "beta3", beta3), positive("ademamix", "eps", eps)
    alpha = not_negative("ademamix", "alpha", alpha)
    weight_decay = not_negative("ademamix", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {name: np.zeros_like(p) for name in ("m", "s", "v")}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        m = beta1 * state["m"] + (1 - beta1) * g
        s = beta3 * state["s"] + (1 - beta3) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        p = (1 - lr * weight_decay) * p if weight_decay else p
        p = p - lr * (m / (1 - beta1**t) + alpha * s) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return p, {"m": m, "s": s, "v": v}

    settings = {"beta1": beta1, "beta2": beta2, "beta3": beta3, "alpha": alpha, "eps": eps}
    settings["weight_decay"] = weight_decay
    return Optimizer("ademamix", rate("ademamix", lr), settings, start, update)
