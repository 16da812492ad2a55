"""Gradient accumulation: many small mini-batches take one step together, as one large batch would."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State
from downslope.optim.settings import whole
from downslope.optim.wrapper import around, wrapper


@wrapper()
def accumulate(optimizer: Optimizer, steps: int) -> Optimizer:
    """s ← s + g;  at each call number k · steps: one step with s / steps, and s ← 0; in between nothing moves.

    The mean of the gradients of ``steps`` mini-batches of equal size is the gradient of the batch that they make up
    (but for layers that look across a batch, as batch normalisation does). The inner rule's t counts its own steps,
    1, 2 ..., and so does a schedule; the one step that counts is computed at every call and dropped in between, so
    that a traced program has no branches.

    optimizer: the rule that takes the step. steps: mini-batches to one step, from 1. State: the inner rule's, and sum.
    Errors: SettingError ``optimizer-setting``, ``optimizer-inner``, ``optimizer-wrapped-twice``.

    Source: folklore.
    Differs from PyTorch, where the user divides the loss by ``steps`` and leaves ``zero_grad`` out; from optax
    (``optax.MultiSteps``) in rounding only.

    >>> from downslope.optim import gradient_descent
    >>> rule = accumulate(gradient_descent(lr=1.0), steps=2)
    >>> w, state = 0.0, rule.init(0.0)
    >>> for t, g in enumerate([1.0, 3.0, 5.0, 5.0], start=1):
    ...     w, state = rule.step(w, g, state, t)
    ...     print(float(w))
    0.0
    -2.0
    -2.0
    -7.0
    """
    steps = whole("accumulate", "steps", steps)

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        sums = [state["sum"] + g for state, g in zip(states, gs, strict=True)]
        due = t % steps == 0
        inner = [{name: x for name, x in state.items() if name != "sum"} for state in states]
        # (t + steps - 1) // steps is the number of the step that this call is a part of: 1 at the very first
        number = (t + (steps - 1)) // steps
        new_ps, new = optimizer.advance([s / steps for s in sums], inner, ps, number, lr)
        after = [
            {name: np.where(due, x, before[name]) for name, x in state.items()}
            for state, before in zip(new, inner, strict=True)
        ]
        for state, s in zip(after, sums, strict=True):
            state["sum"] = np.where(due, np.zeros_like(s), s)
        return [np.where(due, x, p) for x, p in zip(new_ps, ps, strict=True)], after

    return around(
        optimizer, "accumulate", {"steps": steps}, together, more=lambda p: {"sum": np.zeros_like(p)}, every=steps
    )
