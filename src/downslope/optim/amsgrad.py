"""AMSGrad: Adam that never forgets how large a gradient once was, so that its rates can only fall."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switch, switched_on


@optimizer()
def amsgrad(
    lr: Rate = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    corrected: bool = False,
) -> Optimizer:
    """m, v as in Adam;  u ← max(u, v);  p ← p − lr · m̂ / (√û + eps); û = u / (1 − beta2^t), m̂ = m / (1 − beta1^t).

    m ← beta1·m + (1−beta1)·g;  v ← beta2·v + (1−beta2)·g²; g = dL/dp. Adam forgets a rare, large, right gradient sooner
    than the frequent small ones that point the other way, and can walk to the worst point (the example of Reddi et al.
    is in the tests). The maximum keeps it from that.

    lr: learning rate, above 0. beta1, beta2: parts of m and of v that are kept, in [0, 1). eps: above 0. weight_decay:
    coupled (L2): g ← g + weight_decay · p first. corrected: take the maximum of v̂ = v / (1 − beta2^t) instead and do
    not correct it again. State: m, v and u. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: S. Reddi, S. Kale and S. Kumar, "On the Convergence of Adam and Beyond", 2018, Algorithm 2.
    Differs from PyTorch (``Adam(amsgrad=True)``) in rounding only. Differs from optax (``optax.amsgrad``), which is
    ``amsgrad(corrected=True)``, and from the paper, which corrects neither m nor u.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = amsgrad(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8004
    0.7016
    """
    beta1, beta2 = fraction("amsgrad", "beta1", beta1), fraction("amsgrad", "beta2", beta2)
    eps = positive("amsgrad", "eps", eps)
    weight_decay = not_negative("amsgrad", "weight_decay", weight_decay)
    corrected = switch("amsgrad", "corrected", corrected)

    def start(p: Array) -> State:
        return {name: np.zeros_like(p) for name in ("m", "v", "u")}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * (g * g)
        if corrected:
            u = np.maximum(state["u"], v / (1 - beta2**t))
            size = np.sqrt(u)
        else:
            u = np.maximum(state["u"], v)
            size = np.sqrt(u) / (1 - beta2**t) ** 0.5
        p = p - lr / (1 - beta1**t) * m / (size + eps)
        return p, {"m": m, "v": v, "u": u}

    more = switched_on(weight_decay=weight_decay, corrected=corrected)
    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, **more}
    return Optimizer("amsgrad", rate("amsgrad", lr), settings, start, update)
