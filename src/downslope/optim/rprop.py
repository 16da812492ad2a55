"""Rprop: only the sign of the gradient counts; each step grows while it stays and shrinks as it turns."""

from __future__ import annotations

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import between, positive, rate


@optimizer()
def rprop(
    lr: Rate = 1e-2, shrink: float = 0.5, grow: float = 1.2, smallest: float = 1e-6, largest: float = 50.0
) -> Optimizer:
    """d ← d · grow (same sign), · shrink (sign turned), clipped;  p ← p − d · sign(g), where g = dL/dp.

    Where the sign has turned, a minimum was jumped over: no step is taken there, and the turn is forgotten, so that the
    next step is not punished again. Made for full batches: on mini-batches the signs are noise.

    lr: the step d that every number starts with, above 0; that of later steps has no effect. shrink: in [0, 1]. grow:
    from 1 to 10. smallest, largest: bounds of d, above 0. State: d, the steps, and g, the last gradients. Errors:
    SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", 1993; this variant, without a step back: C. Igel and M. Hüsken, "Improving the Rprop Learning
    Algorithm", 2000 (iRprop−).
    Differs from PyTorch (``torch.optim.Rprop``) in nothing. Differs from optax (``optax.rprop``), which takes every
    step one call later, and not at all where the sign has turned meanwhile.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = rprop(lr=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.7800
    0.6360
    """
    shrink, grow = between("rprop", "shrink", shrink, 0, 1), between("rprop", "grow", grow, 1, 10)
    smallest, largest = positive("rprop", "smallest", smallest), positive("rprop", "largest", largest)

    def start(p: Array) -> State:
        return {"d": np.zeros_like(p), "g": np.zeros_like(p)}

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        turn = g * state["g"]
        d = np.where(t == 1, lr + 0 * g, state["d"])
        d = np.clip(np.where(turn > 0, d * grow, np.where(turn < 0, d * shrink, d)), smallest, largest)
        g = np.where(turn < 0, np.zeros_like(g), g)
        p = p - d * np.sign(g)
        return p, {"d": d, "g": g}

    settings = {"shrink": shrink, "grow": grow, "smallest": smallest, "largest": largest}
    return Optimizer("rprop", rate("rprop", lr), settings, start, update)
