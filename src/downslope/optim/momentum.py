"""Momentum: a heavy ball that keeps some of its velocity, damping zigzags and adding up steady slopes."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import between, fraction, not_negative, rate, switched_on


@optimizer("heavy_ball")
def momentum(lr: Rate, beta: float = 0.9, dampening: float = 0.0, weight_decay: float = 0.0) -> Optimizer:
    """v ← beta · v + (1 − dampening) · g;  p ← p − lr · v, where g = dL/dp and v starts as the first g.

    Along a steady slope v grows to g / (1 − beta), so beta = 0.9 takes steps ten times as long as gradient descent with
    the same lr. On a bowl with curvature λ it converges for lr·λ < 2 + 2·beta. With dampening = beta, v is a running
    mean of gradients and the limit is (2 + 2·beta) / (1 − beta): 38 for beta = 0.9.

    lr: learning rate, above 0. beta: part of the velocity that is kept, in [0, 1). dampening: part of each gradient but
    the first that is left out, in [0, 1]. weight_decay: coupled (L2): g ← g + weight_decay · p first. State: v, the
    velocity. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; G. Goh, "Why Momentum
    Really Works", Distill, 2017.
    Differs from PyTorch (``SGD(momentum=beta, dampening=...)``) and optax (``sgd(lr, momentum=beta)``) in nothing.
    Differs from Polyak and from Sutskever et al. 2013 in that lr is not part of v: the same path while lr is constant,
    but here a new lr acts at once on the whole velocity.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = momentum(lr=0.1, beta=0.9)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8000
    0.4600
    0.0620
    """
    beta = fraction("momentum", "beta", beta)
    dampening = between("momentum", "dampening", dampening, 0, 1)
    weight_decay = not_negative("momentum", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        v = beta * state["v"] + g
        if dampening:
            v = np.where(t == 1, g, v - dampening * g)
        p = p - lr * v
        return p, {"v": v}

    settings = {"beta": beta, **switched_on(dampening=dampening, weight_decay=weight_decay)}
    return Optimizer("momentum", rate("momentum", lr), settings, start, update)


heavy_ball = momentum
