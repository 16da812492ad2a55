"""SignSGD: only the direction of every number counts, one bit of each gradient."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, rate, switched_on


@optimizer()
def sign_sgd(lr: Rate, beta: float = 0.0) -> Optimizer:
    """p ← p − lr · sign(g), where g = dL/dp. With beta above 0 it is Signum: the sign of m ← beta·m + (1−beta)·g.

    It is the steepest descent when distance means the largest change of any number, and what Adam becomes without its
    memory (beta1 = beta2 = eps = 0). It does not converge while lr is constant: it swings around a minimum by lr.

    lr: learning rate, above 0. beta: part of the running mean that is kept, in [0, 1). State: m where beta is above 0.
    Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: J. Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", 2018.
    Differs from PyTorch in that it has none. Differs from optax (``optax.sign_sgd``) in nothing; Signum is
    ``optax.signum``.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = sign_sgd(lr=0.3)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.7000
    0.4000
    0.1000
    """
    beta = fraction("sign_sgd", "beta", beta)

    def start(p: Array) -> State:
        return {"m": np.zeros_like(p)} if beta else {}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        if not beta:
            return p - lr * np.sign(g), {}
        m = beta * state["m"] + (1 - beta) * g
        p = p - lr * np.sign(m)
        return p, {"m": m}

    return Optimizer("sign_sgd", rate("sign_sgd", lr), switched_on(beta=beta), start, update)
