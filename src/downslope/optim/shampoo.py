"""Shampoo: a matrix is preconditioned from the left by its rows' history and from the right by its columns'."""

from __future__ import annotations

import numpy as np

from downslope.optim.matrix_roots import inverse_root
from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, rate, switched_on, whole


@optimizer()
def shampoo(
    lr: Rate = 0.1,
    eps: float = 1e-4,
    beta: float = 0.0,
    decay: float = 0.0,
    weight_decay: float = 0.0,
    root_steps: int = 30,
) -> Optimizer:
    """L ← L + g gᵀ;  R ← R + gᵀ g;  p ← p − lr · L^(−1/4) · g · R^(−1/4), where g = dL/dp and L, R start at eps · I.

    Full Adagrad would divide by the root of a matrix with a row for each weight; the product of L and R comes near to
    it with one row for each row and column. At the first step, with eps = 0, the update is U Vᵀ, where U S Vᵀ is g:
    the direction that Muon goes in. Arrays of more than two axes are taken as n × rest. Vectors and single numbers
    follow Adagrad: v ← v + g²;  p ← p − lr · g / √(v + eps).

    lr: learning rate, above 0. eps: at least 0; with 0 g must have full rank. beta: part of a momentum m ← beta·m + g
    that is kept, in [0, 1); 0 is none. decay: in [0, 1); above 0 L ← decay·L + (1−decay)·g gᵀ, and R so too, forget.
    weight_decay: coupled (L2): g ← g + weight_decay · p first. root_steps: of the roots' iteration; 30 fit matrices
    whose eigenvalues differ by a factor of 10⁸. State: left, right for matrices, v for others, m where beta is
    above 0; what is not needed is empty. Not elementwise. Slow: about 200 products of n × n a step, which a program
    that trains for days spreads over many steps. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: V. Gupta, T. Koren and Y. Singer, "Shampoo: Preconditioned Stochastic Tensor Optimization", 2018,
    Algorithm 1; roots: ``matrix_roots.py``.
    Differs from PyTorch in that it has none. Differs from R. Anil et al. 2020 in that the step's length is
    Shampoo's own, not grafted from another rule.

    Three steps of a diagonal matrix down the loss ½‖w‖², whose gradient is w: on a diagonal it is Adagrad.

    >>> rule = shampoo(lr=0.1, eps=0.0)
    >>> w, state = np.diag([1.0, 0.1]), rule.init(np.eye(2))
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, w, state, t)
    ...     print(np.diag(w).round(4))
    [0.9 0. ]
    [0.8331 0.    ]
    [0.7805 0.    ]
    """
    eps, beta = not_negative("shampoo", "eps", eps), fraction("shampoo", "beta", beta)
    decay, root_steps = fraction("shampoo", "decay", decay), whole("shampoo", "root_steps", root_steps)
    weight_decay = not_negative("shampoo", "weight_decay", weight_decay)
    new = 1 - decay if decay else 1.0
    old = decay or 1.0

    def start(p: Array) -> State:
        zeros = np.zeros_like(p)
        none = np.zeros_like(p, shape=0)
        momentum = {"m": zeros} if beta else {}
        if zeros.ndim < 2:
            return {"left": none, "right": none, "v": zeros, **momentum}
        n, k = np.reshape(zeros, (zeros.shape[0], -1)).shape
        left, right = eps * np.eye(n, dtype=zeros.dtype), eps * np.eye(k, dtype=zeros.dtype)
        return {"left": left, "right": right, "v": none, **momentum}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        after = dict(state)
        if np.ndim(p) < 2:
            after["v"] = v = old * state["v"] + new * (g * g)
            d = g / np.sqrt(v + (eps or float(np.finfo(v.dtype).tiny)))
        else:
            matrix = np.reshape(g, (np.shape(g)[0], -1))
            turned = np.swapaxes(matrix, 0, 1)
            after["left"] = left = old * state["left"] + new * (matrix @ turned)
            after["right"] = right = old * state["right"] + new * (turned @ matrix)
            d = inverse_root(left, 4, root_steps) @ matrix @ inverse_root(right, 4, root_steps)
            d = np.reshape(d, np.shape(p))
        if beta:
            after["m"] = d = beta * state["m"] + d
        p = p - lr * d
        return p, after

    more = switched_on(beta=beta, decay=decay, weight_decay=weight_decay)
    settings = {"eps": eps, **more, "root_steps": root_steps}
    return Optimizer("shampoo", rate("shampoo", lr), settings, start, update, elementwise=False)
