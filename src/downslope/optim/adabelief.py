"""AdaBelief: Adam that divides by how much gradients differ from what was expected, not by how large they are."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switched_on


@optimizer()
def adabelief(
    lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-16, decoupled_weight_decay: float = 0.0
) -> Optimizer:
    """m ← beta1·m + (1−beta1)·g;  s ← beta2·s + (1−beta2)·(g − m)² + eps;  p ← p − lr · m̂ / (√ŝ + eps).

    g = dL/dp, m̂ = m / (1 − beta1^t), ŝ = s / (1 − beta2^t). m is the belief in what the next gradient will be. Where
    gradients are large but steady, Adam takes steps of lr and AdaBelief longer ones; where they vary, both are careful.

    lr: learning rate, above 0. beta1, beta2: parts of m and of s that are kept, in [0, 1). eps: above 0; added twice.
    decoupled_weight_decay: p ← (1 − lr · it) · p first. State: m and s. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: J. Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients", 2020.
    Differs from PyTorch in that it has none. Differs from optax (``optax.adabelief``) in nothing while its eps and
    eps_root are equal, as they are by default.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adabelief(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8889
    0.7727
    0.6523
    """
    beta1, beta2 = fraction("adabelief", "beta1", beta1), fraction("adabelief", "beta2", beta2)
    eps = positive("adabelief", "eps", eps)
    decoupled_weight_decay = not_negative("adabelief", "decoupled_weight_decay", decoupled_weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "s": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p = (1 - lr * decoupled_weight_decay) * p if decoupled_weight_decay else p
        m = beta1 * state["m"] + (1 - beta1) * g
        surprise = g - m
        s = beta2 * state["s"] + (1 - beta2) * (surprise * surprise) + eps
        p = p - lr / (1 - beta1**t) * m / (np.sqrt(s / (1 - beta2**t)) + eps)
        return p, {"m": m, "s": s}

    more = switched_on(decoupled_weight_decay=decoupled_weight_decay)
    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, **more}
    return Optimizer("adabelief", rate("adabelief", lr), settings, start, update)
