"""Nesterov's momentum: the gradient corrects the step that the velocity is about to take, not the one it has taken."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, rate, switched_on


@optimizer()
def nesterov(lr: Rate, beta: float = 0.9, weight_decay: float = 0.0) -> Optimizer:
    """v ← beta · v + g;  p ← p − lr · (g + beta · v), where g = dL/dp and v starts at 0.

    Nesterov takes the gradient at the point ahead, x − lr·beta·v, where the velocity leads. Here p *is* that point (a
    change of variables), so g is taken where the parameters are, and no second evaluation is needed. On a bowl with
    curvature λ it converges for lr·λ < (2 + 2·beta) / (1 + 2·beta): less than momentum's 2 + 2·beta. With curvatures
    from μ to L, lr = 1/L and beta = (√κ − 1) / (√κ + 1), where κ = L/μ, shrink the distance by 1 − 1/√κ a step.

    lr: learning rate, above 0. beta: part of the velocity that is kept, in [0, 1). weight_decay: coupled (L2):
    g ← g + weight_decay · p first. State: v, the velocity. Errors: SettingError ``optimizer-rate``,
    ``optimizer-setting``.

    Source: Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", 1983; in this
    form: I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013; rates:
    L. Lessard, B. Recht and A. Packard, "Analysis and Design of Optimization Algorithms via Integral Quadratic
    Constraints", 2016.
    Differs from PyTorch (``SGD(momentum=beta, nesterov=True)``) and optax (``sgd(lr, momentum=beta, nesterov=True)``)
    in nothing. Differs from Nesterov 1983 in that beta is constant.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = nesterov(lr=0.1, beta=0.9)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.6200
    0.2224
    -0.1084
    """
    beta = fraction("nesterov", "beta", beta)
    weight_decay = not_negative("nesterov", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        return {"v": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        v = beta * state["v"] + g
        p = p - lr * (g + beta * v)
        return p, {"v": v}

    settings = {"beta": beta, **switched_on(weight_decay=weight_decay)}
    return Optimizer("nesterov", rate("nesterov", lr), settings, start, update)
