"""SM3: Adagrad with one number for each row and one for each column of a matrix, each the largest of what it covers."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, positive, rate


@optimizer()
def sm3(lr: Rate = 0.1, beta: float = 0.9, eps: float = 1e-8) -> Optimizer:
    """v = min(row, column) + g²;  m ← beta·m + (1−beta) · g / √(v + eps);  p ← p − lr · m, where g = dL/dp.

    row ← the largest v of each row, column ← the largest of each column: n + k numbers for an n × k matrix, and v is
    never smaller than Adagrad's sum of g² would be. Arrays of more than two axes are taken as n × rest. For vectors and
    single numbers v is Adagrad's own.

    lr: learning rate, above 0. beta: part of the momentum that is kept, in [0, 1). eps: above 0. State: m; row and
    column for matrices, v for others, what is not needed is empty. Not elementwise. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: R. Anil et al., "Memory-Efficient Adaptive Optimization", 2019, SM3-II.
    Differs from PyTorch in that it has none. Differs from optax (``optax.sm3``) for more than two axes, each of which
    has its own accumulators there.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = sm3(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9900
    0.9740
    0.9538
    """
    beta, eps = fraction("sm3", "beta", beta), positive("sm3", "eps", eps)

    def start(p: Array) -> State:
        zeros, none = np.zeros_like(p), np.zeros_like(p, shape=0)
        if zeros.ndim < 2:
            return {"m": zeros, "row": none, "column": none, "v": zeros}
        n, k = zeros.reshape(zeros.shape[0], -1).shape
        return {"m": zeros, "row": np.zeros_like(p, shape=(n, 1)), "column": np.zeros_like(p, shape=(1, k)), "v": none}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        after = dict(state)
        if np.ndim(p) < 2:
            after["v"] = v = state["v"] + g * g
        else:
            matrix = np.reshape(g, (np.shape(g)[0], -1))
            v = np.minimum(state["row"], state["column"]) + matrix * matrix
            after["row"], after["column"] = np.max(v, axis=1, keepdims=True), np.max(v, axis=0, keepdims=True)
            v = np.reshape(v, np.shape(p))
        after["m"] = m = beta * state["m"] + (1 - beta) * (g / np.sqrt(v + eps))
        p = p - lr * m
        return p, after

    return Optimizer("sm3", rate("sm3", lr), {"beta": beta, "eps": eps}, start, update, elementwise=False)
