"""Prodigy: Adam that estimates its own rate, from how far the gradients say that the start was from the minimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.optim.optimizer import Array, Optimizer, State, optimizer
from downslope.optim.schedule import Rate
from downslope.optim.settings import fraction, not_negative, positive, rate


@optimizer()
def prodigy(
    lr: Rate = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    first: float = 1e-6,
    weight_decay: float = 0.0,
) -> Optimizer:
    """p ← p − a · (m / (√v + d·eps) + weight_decay · p), with a = d · lr · √(1 − beta2^t) / (1 − beta1^t); g = dL/dp.

    m ← beta1·m + (1−beta1)·d·g;  v ← beta2·v + (1−beta2)·d²·g². The distance d starts as ``first`` and only grows:
    d ← max(d, h / Σ|s|), where h ← √beta2·h + a·(d/first)·Σ g·(p_start − p) and s ← √beta2·s + a·(d/first)·g. For a
    convex loss h / Σ|s| never exceeds the distance from the start to the minimum. All parameters count together, so
    they must come in one call.

    lr: factor of the rate, above 0; 1 is the method, and a schedule that falls from 1 goes well with it. beta1, beta2:
    parts that are kept, in [0, 1). eps: above 0. first: d to begin with, above 0. weight_decay: decoupled, at least 0.
    State: m, v, s, start; h and d, each one number that is held once for each parameter, so that all may be one flat
    vector. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: K. Mishchenko and A. Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", 2023.
    Differs from PyTorch in that it has none. Differs from optax (``optax.contrib.prodigy``) in nothing.

    Three steps down the loss w², whose gradient is 2w:

    >>> rule = prodigy(lr=1.0, first=0.1)
    >>> w, state = 1.0, rule.init(1.0)
    >>> for t in (1, 2, 3):
    ...     w, state = rule.step(w, 2 * w, state, t)
    ...     print(f"{w:.4f}")
    0.9000
    0.8004
    0.7016
    """
    beta1, beta2 = fraction("prodigy", "beta1", beta1), fraction("prodigy", "beta2", beta2)
    eps, first = positive("prodigy", "eps", eps), positive("prodigy", "first", first)
    weight_decay = not_negative("prodigy", "weight_decay", weight_decay)
    beta3 = beta2**0.5

    def start(p: Array) -> State:
        zeros = {name: np.zeros_like(p) for name in ("m", "v", "s", "h")}
        return {**zeros, "start": np.copy(p), "d": np.full_like(p, first)}

    def together(
        gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        scale = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        promised = sum(np.sum(g * (state["start"] - p)) for g, state, p in zip(gs, states, ps, strict=True))
        after = []
        for g, state in zip(gs, states, strict=True):
            d = state["d"]
            a = d * scale
            m = beta1 * state["m"] + (1 - beta1) * d * g
            v = beta2 * state["v"] + (1 - beta2) * (d * d) * (g * g)
            s = beta3 * state["s"] + a * (d / first) * g
            h = beta3 * state["h"] + a * (d / first) * promised
            after.append({"m": m, "v": v, "s": s, "h": h, "start": state["start"], "d": d})
        size = sum(np.sum(np.abs(state["s"])) for state in after)
        new_ps = []
        for p, state in zip(ps, after, strict=True):
            d = state["d"]
            step = state["m"] / (np.sqrt(state["v"]) + d * eps)
            step = step + weight_decay * p if weight_decay else step
            new_ps.append(p - d * scale * step)
            state["d"] = np.maximum(d, np.where(size == 0, d, state["h"] / np.where(size == 0, 1.0, size)))
        return new_ps, after

    def update(g: Array, state: State, p: Array, t: float, lr: float) -> tuple[Array, State]:
        ps, states = together([g], [state], [p], t, lr)
        return ps[0], states[0]

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "first": first, "weight_decay": weight_decay}
    return Optimizer("prodigy", rate("prodigy", lr), settings, start, update, together=together, across=True)
