"""Adagrad: every number has a rate of its own, divided by the root of all squared gradients that it has seen."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import not_negative, positive, rate, switch, switched_on


@optimizer()
def adagrad(
    lr: Rate = 1e-2,
    eps: float = 1e-10,
    lr_decay: float = 0.0,
    initial: float = 0.0,
    weight_decay: float = 0.0,
    eps_inside: bool = False,
) -> Optimizer:
    """v ← v + g²;  p ← p − lr_t · g / (√v + eps), where g = dL/dp and lr_t = lr / (1 + (t − 1) · lr_decay).

    Rare features keep large steps, frequent ones get small ones. v never shrinks, so under gradients of constant size
    the steps fall like 1/√t: a schedule that is right for convex problems and stalls in others.

    lr: learning rate, above 0. eps: above 0, or 0 where initial is above 0. lr_decay: of the rate, at least 0. initial:
    what v starts at. weight_decay: coupled (L2): g ← g + weight_decay · p first. eps_inside: divide by √(v + eps)
    instead. State: v, the sum of squared gradients. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", 2011 (its diagonal form).
    Differs from PyTorch (``torch.optim.Adagrad``) in nothing. Differs from optax (``optax.adagrad``), which is
    ``adagrad(eps=1e-7, initial=0.1, eps_inside=True)``, and from "Dive into Deep Learning", which has eps inside.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = adagrad(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8331
    0.7805
    """
    initial = not_negative("adagrad", "initial", initial)
    eps = not_negative("adagrad", "eps", eps) if initial else positive("adagrad", "eps", eps)
    lr_decay = not_negative("adagrad", "lr_decay", lr_decay)
    weight_decay = not_negative("adagrad", "weight_decay", weight_decay)
    eps_inside = switch("adagrad", "eps_inside", eps_inside)

    def start(p: Array) -> State:
        return {"v": np.full_like(p, initial)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        v = state["v"] + g * g
        root = np.sqrt(v + eps) if eps_inside else np.sqrt(v) + eps
        p = p - lr / (1 + (t - 1) * lr_decay) * g / root
        return p, {"v": v}

    more = switched_on(lr_decay=lr_decay, initial=initial, weight_decay=weight_decay, eps_inside=eps_inside)
    return Optimizer("adagrad", rate("adagrad", lr), {"eps": eps, **more}, start, update)
