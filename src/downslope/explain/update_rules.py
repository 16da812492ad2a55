"""The usual optimizers written out once more by hand, with a switch for every mistake of ``update_mistakes.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
State: TypeAlias = dict[str, Any]


@dataclass
class Step:
    """One step of one array: the names that the formulas use. ``made(id)`` says whether a mistake is made."""

    g: Array
    state: State
    p: Array
    t: int
    lr: float
    settings: Mapping[str, Any]
    decay: float
    wrong: frozenset[str]

    def made(self, id: str) -> bool:
        """Whether this mistake is made."""
        return id in self.wrong

    def decayed(self, decoupled: bool) -> None:
        """Weight decay: in the gradient (L2), or on the weights themselves; left out, doubled, or the other way."""
        if not self.decay or self.made("decay-forgotten"):
            return
        if decoupled != self.made("decay-coupling"):
            by = 1.0 if self.made("decay-without-lr") else self.lr
            self.p = (1 - by * self.decay) * self.p
        else:
            self.g = self.g + self.decay * self.p * (-1 if self.made("decay-sign") else 1)

    def divided(self, x: Array, v: Array, eps: float, inside: bool) -> Array:
        """x / (√v + eps), or eps inside of the root; or the root, or eps, forgotten."""
        if self.made("root-forgotten"):
            return x / (v + eps)
        if self.made("eps-forgotten"):
            eps = 0.0
        return x / (np.sqrt(v + eps) if inside != self.made("eps-place") else np.sqrt(v) + eps)


def _adam(s: Step, decoupled: bool = False) -> tuple[Array, State]:
    beta1, beta2, eps = (s.settings[k] for k in ("beta1", "beta2", "eps"))
    if s.made("betas-exchanged"):
        beta1, beta2 = beta2, beta1
    s.decayed(decoupled)
    m = beta1 * s.state["m"] + (1.0 if s.made("one-minus-beta") else 1 - beta1) * s.g
    v = beta2 * s.state["v"] + (1.0 if s.made("one-minus-beta") else 1 - beta2) * (
        s.g if s.made("not-squared") else s.g * s.g
    )
    first, second = 1 - beta1**s.t, 1 - beta2**s.t
    if s.made("correction-forgotten") or s.made("correction-m-forgotten"):
        first = 1.0
    if s.made("correction-forgotten") or s.made("correction-v-forgotten"):
        second = 1.0
    kept = {"m": m, "v": v}
    if s.made("correction-stored"):
        kept = {"m": m / first, "v": v / second}
    if s.made("eps-before-correction"):  # √v + eps, and the correction of v outside of it
        return s.p - s.lr * (m / first) / ((np.sqrt(v) + eps) / np.sqrt(second)), kept
    return s.p - s.lr * s.divided(m / first, v / second, eps, inside=False), kept


def _momentum(s: Step) -> tuple[Array, State]:
    beta, dampening = s.settings["beta"], float(s.settings.get("dampening", 0.0))
    s.decayed(decoupled=False)
    if s.made("dampening"):
        dampening = 0.0 if dampening else beta
    if s.made("dampening-first"):  # (1 - beta) also for the first gradient: a running mean
        v = beta * s.state["v"] + (1 - beta) * s.g
        return s.p - s.lr * v, {"v": v}
    return _velocity(s, beta, s.g if s.t == 1 else (1 - dampening) * s.g, lambda v: v)


def _velocity(s: Step, beta: float, push: Array, step: Callable[[Array], Array]) -> tuple[Array, State]:
    """v ← beta v + push, p ← p - lr step(v); with the rate inside of the velocity, or the old velocity, if so wrong."""
    old = s.state["v"]
    if s.made("velocity-forgotten"):
        old = np.zeros_like(old)
    if s.made("rate-inside"):
        v = beta * old + s.lr * push
        return s.p - step(v), {"v": v}
    v = beta * old + push
    return s.p - s.lr * step(old if s.made("old-velocity") else v), {"v": v}


def _nesterov(s: Step) -> tuple[Array, State]:
    beta = s.settings["beta"]
    s.decayed(decoupled=False)
    if s.made("nesterov-plain"):
        return _velocity(s, beta, s.g, lambda v: v)
    if s.made("dampening-first") or s.made("dampening"):
        v = beta * s.state["v"] + (s.g if s.made("dampening") and s.t == 1 else (1 - beta) * s.g)
        return s.p - s.lr * (s.g + beta * v), {"v": v}
    scale = s.lr if s.made("rate-inside") else 1.0
    if s.made("nesterov-old"):
        old = s.state["v"]
        return s.p - s.lr * (s.g + beta * old), {"v": beta * old + s.g}
    return _velocity(s, beta, s.g, lambda v: scale * s.g + beta * v)


def _rmsprop(s: Step) -> tuple[Array, State]:
    rho, eps = s.settings["rho"], s.settings["eps"]
    s.decayed(decoupled=False)
    square = s.g if s.made("not-squared") else s.g * s.g
    v = rho * s.state["v"] + (1.0 if s.made("one-minus-beta") else 1 - rho) * square
    after = {"v": v}
    if s.settings.get("centred"):
        after["m"] = m = rho * s.state["m"] + (1 - rho) * s.g
        v = v if s.made("centre-forgotten") else np.maximum(v - m * m, 0)
    if s.made("correction-added"):
        v = v / (1 - rho**s.t)
    old = s.state["v"] if s.made("old-velocity") else v
    step = s.divided(s.g, old, eps, bool(s.settings.get("eps_inside")))
    beta = float(s.settings.get("momentum", 0.0))
    if beta:
        scale = s.lr if s.made("rate-inside") else 1.0
        after["b"] = step = beta * s.state["b"] + scale * step
        return s.p - (step if s.made("rate-inside") else s.lr * step), after
    return s.p - s.lr * step, after


def _adagrad(s: Step) -> tuple[Array, State]:
    s.decayed(decoupled=False)
    v = s.state["v"] + (s.g if s.made("not-squared") else s.g * s.g)
    if s.made("sum-forgotten"):
        v = s.g * s.g
    later = 0 if s.made("t-in-decay") else 1
    lr = s.lr / (1 + (s.t - later) * float(s.settings.get("lr_decay", 0.0)))
    used = s.state["v"] if s.made("old-velocity") else v
    return s.p - lr * s.divided(s.g, used, s.settings["eps"], bool(s.settings.get("eps_inside"))), {"v": v}


def _descent(s: Step) -> tuple[Array, State]:
    s.decayed(decoupled=False)
    return s.p - s.lr * s.g, {}


USUAL: dict[str, tuple[float, ...]] = {
    "beta": (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999),
    "beta1": (0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
    "beta2": (0.9, 0.95, 0.98, 0.99, 0.999, 0.9999),
    "rho": (0.9, 0.95, 0.99, 0.999),
    "eps": (1e-15, 1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3),
    "weight_decay": (1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 0.05, 0.1),
    "dampening": (0.1, 0.5, 0.9, 1.0),
}
"""Values that settings are usually given, for a step whose formula is right with another setting."""

FORMULAS: dict[str, Callable[[Step], tuple[Array, State]]] = {
    "adam": _adam,
    "adamw": lambda s: _adam(s, decoupled=True),
    "momentum": _momentum,
    "nesterov": _nesterov,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "gradient_descent": _descent,
}

# Mistakes that need no look inside: another gradient, step or rate is handed to the rule itself.
AROUND: dict[str, Callable[[Array, int, float], tuple[Array, int, float]]] = {
    "t-too-small": lambda g, t, lr: (g, t - 1, lr),
    "t-too-large": lambda g, t, lr: (g, t + 1, lr),
    "t-stays": lambda g, t, lr: (g, 1, lr),
    "uphill": lambda g, t, lr: (g, t, -lr),
    "gradient-doubled": lambda g, t, lr: (2 * g, t, lr),
    "gradient-halved": lambda g, t, lr: (0.5 * g, t, lr),
    "rate-twice": lambda g, t, lr: (lr * g, t, lr),
}
