"""SOAP: Adam in the directions that Shampoo finds, instead of along the axes."""

from __future__ import annotations

import numpy as np

from downslope.optim.matrix_roots import orthogonal_basis
from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, whole


@optimizer()
def soap(
    lr: Rate = 3e-3,
    beta1: float = 0.95,
    beta2: float = 0.95,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    largest: int = 128,
) -> Optimizer:
    """G = Uᵀ g W;  v ← beta2·v + (1−beta2)·G²;  p ← p − lr · U (Uᵀ m̂ W / (√v̂ + eps)) Wᵀ, where g = dL/dp.

    U and W are nearly the eigenvectors of L ← beta2·L + (1−beta2)·g gᵀ and R ← beta2·R + (1−beta2)·gᵀ g: one step of
    orthogonal iteration, U ← Q of L·U = Q·(triangle), follows each step, beginning at U = I. So SOAP begins as Adam
    and turns its axes into those along which gradients vary independently. m ← beta1·m + (1−beta1)·g,
    m̂ = m / (1 − beta1^t), v̂ = v / (1 − beta2^t). Arrays of more than two axes are taken as n × rest; vectors and single
    numbers, and sides longer than ``largest``, keep their axes.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v, L and R that are kept, in [0, 1). eps: above 0.
    weight_decay: decoupled: p ← (1 − lr · weight_decay) · p first. largest: side of a matrix that is still turned.
    State: m, v; left, right and their bases u, w for matrices, else empty. Not elementwise. Slow: each side of length n
    costs n reflections a step. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: N. Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", 2024, Algorithms 3 and 4.
    Differs from PyTorch in that it has none. Differs from the authors' program in that it begins with
    exact eigenvectors, skipping the first step for it, and renews the bases every tenth step.

    Three steps of a diagonal matrix down the loss ½‖w‖², whose gradient is w: on a diagonal it is Adam.

    >>> rule = soap(lr=0.1)
    >>> w, state = np.diag([1.0, 0.1]), rule.init(np.eye(2))
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, w, state, t)
    ...     print(np.diag(w).round(4))
    [0.9 0. ]
    [ 0.8001 -0.0698]
    [ 0.7005 -0.0801]
    """
    beta1, beta2 = fraction("soap", "beta1", beta1), fraction("soap", "beta2", beta2)
    eps, largest = positive("soap", "eps", eps), whole("soap", "largest", largest)
    weight_decay = not_negative("soap", "weight_decay", weight_decay)

    def turns(p: Array) -> tuple[int, int]:
        """Lengths of the sides that are turned, 0 where the axes are kept."""
        if np.ndim(p) < 2:
            return 0, 0
        n = np.shape(p)[0]
        k = int(np.prod(np.shape(p)[1:]))
        return n if n <= largest else 0, k if k <= largest else 0

    def start(p: Array) -> State:
        zeros = np.zeros_like(p)
        n, k = turns(p)
        sides = {"left": np.zeros((n, n)), "right": np.zeros((k, k)), "u": np.eye(n), "w": np.eye(k)}
        return {"m": zeros, "v": np.zeros_like(p), **{name: x.astype(zeros.dtype) for name, x in sides.items()}}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        p = (1 - lr * weight_decay) * p if weight_decay else p
        m = beta1 * state["m"] + (1 - beta1) * g
        (n, k), u, w = turns(p), state["u"], state["w"]

        def turned(x: Array, left: Array, right: Array) -> Array:
            x = np.reshape(x, (np.shape(x)[0], -1)) if n or k else x
            x = left @ x if n else x
            x = x @ right if k else x
            return np.reshape(x, np.shape(p))

        there, back = (np.swapaxes(u, 0, 1), w), (u, np.swapaxes(w, 0, 1))
        inside = turned(g, *there)
        v = beta2 * state["v"] + (1 - beta2) * (inside * inside)
        d = turned(m / (1 - beta1**t), *there) / (np.sqrt(v / (1 - beta2**t)) + eps)
        p = p - lr * turned(d, *back)
        after = {**state, "m": m, "v": v}
        matrix = np.reshape(g, (np.shape(g)[0], -1)) if n or k else g
        if n:
            after["left"] = left = beta2 * state["left"] + (1 - beta2) * (matrix @ np.swapaxes(matrix, 0, 1))
            after["u"] = orthogonal_basis(left @ u)
        if k:
            after["right"] = right = beta2 * state["right"] + (1 - beta2) * (np.swapaxes(matrix, 0, 1) @ matrix)
            after["w"] = orthogonal_basis(right @ w)
        return p, after

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay, "largest": largest}
    return Optimizer("soap", rate("soap", lr), settings, start, update, elementwise=False)
