"""Muon: for a matrix of weights, momentum with all its directions made equally long."""

from __future__ import annotations

import math

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switch, whole

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients a, b, c of Jordan et al.: steep at 0, so that five steps lift even small singular values; not exact."""


@optimizer()
def muon(
    lr: Rate = 0.02,
    beta: float = 0.95,
    nesterov: bool = True,
    weight_decay: float = 0.0,
    steps: int = 5,
    eps: float = 1e-7,
    vectors: float = 0.015,
) -> Optimizer:
    """m ← beta·m + (1−beta)·g;  p ← p − lr · √max(1, n/k) · orthogonalised(u), with u = beta·m + (1−beta)·g.

    g = dL/dp of one n × k matrix. Gradients of a matrix lie mostly in few directions; the update has them all, each
    with a singular value between about 0.7 and 1.2: nearly U Vᵀ, where U S Vᵀ is u. That is the steepest descent when
    distance is the largest stretch of any input. Arrays of more than two axes (convolutions) are taken as n × rest.
    Vectors and single numbers have no directions to level: they follow AdamW, with the rate vectors · lr.

    lr: learning rate, above 0. beta: part of the momentum that is kept, in [0, 1). nesterov: use u; if False, m.
    weight_decay: decoupled: p ← (1 − lr · weight_decay) · p first. steps: of the orthogonalisation. eps: least length
    that u is divided by, above 0. vectors: above 0. State: m; v for vectors, empty for matrices. Not elementwise.
    Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, who advise AdamW also for
    the first and the last layer.
    Differs from PyTorch (``torch.optim.Muon``) in that PyTorch orthogonalises in bfloat16 and refuses all but matrices;
    lr = 0.001 and weight_decay = 0.1 by default there. Differs from optax (``optax.contrib.muon``) in the vectors'
    rate, which is lr itself there.

    Three steps of a diagonal matrix down the loss ½‖w‖², whose gradient is w: the small number moves as fast.

    >>> rule = muon(lr=0.1)
    >>> w, state = np.diag([1.0, 0.1]), rule.init(np.eye(2))
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, w, state, t)
    ...     print(np.diag(w).round(4))
    [0.9298 0.0291]
    [ 0.86  -0.053]
    [ 0.7904 -0.155 ]
    """
    beta, nesterov = fraction("muon", "beta", beta), switch("muon", "nesterov", nesterov)
    weight_decay = not_negative("muon", "weight_decay", weight_decay)
    steps, eps = whole("muon", "steps", steps), positive("muon", "eps", eps)
    vectors = positive("muon", "vectors", vectors)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p), "v": np.zeros_like(p) if np.ndim(p) < 2 else np.zeros_like(p, shape=0)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p = (1 - lr * weight_decay) * p if weight_decay else p
        if np.ndim(p) < 2:
            m, v = 0.9 * state["m"] + 0.1 * g, 0.999 * state["v"] + 0.001 * (g * g)
            d = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            return p - lr * vectors * d, {"m": m, "v": v}
        m = beta * state["m"] + (1 - beta) * g
        u = beta * m + (1 - beta) * g if nesterov else m
        n = np.shape(p)[0]
        matrix = np.reshape(u, (n, -1))
        stretch = math.sqrt(max(1, n / max(1, matrix.shape[1])))
        direction = np.reshape(orthogonalised(matrix, steps, eps), np.shape(p))
        return p - lr * stretch * direction, {**state, "m": m}

    settings = {"beta": beta, "nesterov": nesterov, "weight_decay": weight_decay, "steps": steps, "eps": eps}
    settings["vectors"] = vectors
    return Optimizer("muon", rate("muon", lr), settings, start, update, elementwise=False)


def orthogonalised(x: Array, steps: int = 5, eps: float = 1e-7) -> Array:
    """A matrix with x's singular vectors and singular values of about 1: x / ‖x‖, then the quintic ``steps`` times.

    eps: least length that x is divided by.

    >>> orthogonalised(np.diag([1.0, 0.1])).round(4)
    array([[0.702 , 0.    ],
           [0.    , 0.7087]])
    """
    tall = x.shape[0] > x.shape[1]
    x = np.swapaxes(x, 0, 1) if tall else x
    x = newton_schulz(x / np.maximum(np.sqrt(np.sum(x * x)), eps), steps)
    return np.swapaxes(x, 0, 1) if tall else x


def newton_schulz(x: Array, steps: int = 5) -> Array:
    """x ← a·x + b·(x xᵀ)·x + c·(x xᵀ)²·x, ``steps`` times: each singular value s becomes a·s + b·s³ + c·s⁵.

    x: a matrix with singular values of at most 1, not taller than wide.
    """
    a, b, c = QUINTIC
    for _ in range(steps):
        gram = x @ np.swapaxes(x, 0, 1)
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x
