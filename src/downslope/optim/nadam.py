"""NAdam: Adam with Nesterov's look ahead, the next step's momentum applied already in this one."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import between, fraction, not_negative, positive, rate, switched_on


@optimizer()
def nadam(
    lr: Rate = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    momentum_decay: float = 4e-3,
    reduction: float = 0.5,
    weight_decay: float = 0.0,
    decoupled_weight_decay: float = 0.0,
) -> Optimizer:
    """p ← p − lr · ((1−μ) / (1−c) · g + μ' / (1−c·μ') · m) / (√v̂ + eps), where g = dL/dp.

    μ = beta1 · (1 − reduction · 0.96^(t · momentum_decay)) grows towards beta1, μ' is that of step t + 1, and c is the
    product of all μ so far. m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²;  v̂ = v / (1 − beta2^t).

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0.
    momentum_decay: at least 0; how fast the momentum warms up. reduction: in [0, 1]; by what part it is smaller before.
    weight_decay: coupled (L2): g ← g + weight_decay · p first. decoupled_weight_decay: p ← (1 − lr · it) · p first.
    State: m, v, and c: one number, held once for each parameter so that the rule stays elementwise. Errors:
    SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    Differs from PyTorch (``torch.optim.NAdam``) in rounding only. Differs from optax (``optax.nadam``), which has no
    warm-up of the momentum: ``nadam(reduction=0)``.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = nadam(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8944
    0.8200
    0.7527
    """
    beta1, beta2 = fraction("nadam", "beta1", beta1), fraction("nadam", "beta2", beta2)
    eps = positive("nadam", "eps", eps)
    momentum_decay = not_negative("nadam", "momentum_decay", momentum_decay)
    reduction = between("nadam", "reduction", reduction, 0, 1)
    weight_decay = not_negative("nadam", "weight_decay", weight_decay)
    decoupled_weight_decay = not_negative("nadam", "decoupled_weight_decay", decoupled_weight_decay)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p), "c": np.ones_like(p)}

    def momentum(t: Any) -> Any:
        return beta1 * (1 - reduction * 0.96 ** (t * momentum_decay))

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        p = (1 - lr * decoupled_weight_decay) * p if decoupled_weight_decay else p
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        now, after = momentum(t), momentum(t + 1)
        c = state["c"] * now
        ahead = (1 - now) / (1 - c) * g + after / (1 - c * after) * m
        p = p - lr * ahead / (np.sqrt(v / (1 - beta2**t)) + eps)
        return p, {"m": m, "v": v, "c": c}

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "momentum_decay": momentum_decay, "reduction": reduction}
    more = switched_on(weight_decay=weight_decay, decoupled_weight_decay=decoupled_weight_decay)
    return Optimizer("nadam", rate("nadam", lr), {**settings, **more}, start, update)
