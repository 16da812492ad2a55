"""DoG: the rate is the distance gone so far over the length of all gradients so far; there is nothing to tune."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.clip import norm
from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import positive, rate


@optimizer()
def dog(lr: Rate = 1.0, first: float = 1e-6, eps: float = 1e-8) -> Optimizer:
    """p ← p − lr · r / √(G + eps) · g, where r is the largest ‖p − p_start‖ so far, G = Σ‖g‖² and g = dL/dp.

    If the distance to a minimum were known, distance / √G would be the rate that a theorem asks for; what was gone so
    far stands for it, and grows to it. r begins as first · (1 + ‖p_start‖). All parameters count together, so they must
    come in one call. The authors evaluate with an average: ``ema(dog())``.

    lr: factor of the rate, above 0; 1 is the method. first: above 0. eps: above 0. State: start; r and G, each one
    number that is held once for each parameter, so that all may be one flat vector. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: M. Ivgi, O. Hinder and Y. Carmon, "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule",
    2023.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.dog``) in nothing.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = dog(lr=1.0, first=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.8000
    0.6751
    0.5235
    """
    first, eps = positive("dog", "first", first), positive("dog", "eps", eps)

    def start(p: Array) -> State:
        return {"start": np.copy(p), "r": np.zeros_like(p), "G": np.zeros_like(p)}

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        gone = norm([p - state["start"] for p, state in zip(ps, states, strict=True)])
        least, square = first * (1 + norm([state["start"] for state in states])), sum(np.sum(g * g) for g in gs)
        new_ps, after = [], []
        for g, state, p in zip(gs, states, ps, strict=True):
            r, G = np.maximum(np.maximum(state["r"], least), gone), state["G"] + square
            new_ps.append(p - lr * r / np.sqrt(G + eps) * g)
            after.append({"start": state["start"], "r": r, "G": G})
        return new_ps, after

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        ps, states = together([g], [state], [p], t, lr)
        return ps[0], states[0]

    settings = {"first": first, "eps": eps}
    return Optimizer("dog", rate("dog", lr), settings, start, update, together=together, across=True)
