"""RMSprop: every number's gradient is divided by the size that it usually has, forgetting sizes of long ago."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate, switch, switched_on


@optimizer()
def rmsprop(
    lr: Rate = 1e-2,
    rho: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    centred: bool = False,
    weight_decay: float = 0.0,
    eps_inside: bool = False,
) -> Optimizer:
    """v ← rho · v + (1 − rho) · g²;  p ← p − lr · g / (√v + eps), where g = dL/dp and v starts at 0.

    It repairs Adagrad's ever shrinking steps by forgetting. v starts at 0 and is not corrected for it: the first step
    is lr / √(1 − rho) long, ten times lr for rho = 0.99.

    lr: learning rate, above 0. rho: part of v that is kept, in [0, 1). eps: above 0. momentum: in [0, 1); above 0 the
    quotient g / (√v + eps) feeds a velocity b ← momentum · b + quotient, and p ← p − lr · b. centred: divide by the
    spread √(v − m²) instead, m ← rho · m + (1 − rho) · g. weight_decay: coupled (L2): g ← g + weight_decay · p first.
    eps_inside: the root is √(v + eps). State: v; with momentum b; if centred m. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: G. Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012; centred: A. Graves, "Generating
    Sequences With Recurrent Neural Networks", 2013.
    Differs from PyTorch (``torch.optim.RMSprop``, rho is its alpha) in one case: where v − m² comes out below 0 by
    rounding, it counts as 0 here and gives NaN there. Differs from optax (``optax.rmsprop``), which is
    ``rmsprop(rho=0.9, eps_inside=True)``.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = rmsprop(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.0000
    -0.0000
    0.0000
    """
    rho, momentum = fraction("rmsprop", "rho", rho), fraction("rmsprop", "momentum", momentum)
    eps = positive("rmsprop", "eps", eps)
    centred, eps_inside = switch("rmsprop", "centred", centred), switch("rmsprop", "eps_inside", eps_inside)
    weight_decay = not_negative("rmsprop", "weight_decay", weight_decay)

    def start(p: Array) -> State:
        names = {"v": True, "m": centred, "b": momentum}
        return {name: np.zeros_like(p) for name, needed in names.items() if needed}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        g = g + weight_decay * p if weight_decay else g
        v = rho * state["v"] + (1 - rho) * (g * g)
        after = {"v": v}
        if centred:
            after["m"] = m = rho * state["m"] + (1 - rho) * g
            v = np.maximum(v - m * m, 0)
        step = g / (np.sqrt(v + eps) if eps_inside else np.sqrt(v) + eps)
        if momentum:
            after["b"] = step = momentum * state["b"] + step
        p = p - lr * step
        return p, after

    more = switched_on(momentum=momentum, centred=centred, weight_decay=weight_decay, eps_inside=eps_inside)
    return Optimizer("rmsprop", rate("rmsprop", lr), {"rho": rho, "eps": eps, **more}, start, update)
