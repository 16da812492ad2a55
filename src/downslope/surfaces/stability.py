"""Which learning rates are stable on a quadratic surface, exactly: the rule itself is measured, not its name.

On a quadratic, a rule such as gradient descent, momentum or Nesterov maps (distance from the minimum, what it
remembers) to the same one step later, linearly, and each principal direction by itself. The matrix of that map is read
off by letting the rule step from the unit vectors; its largest eigenvalue in size is the growth of the error a step.
Rules that are not linear (Adam, sign descent) or change with the step (a schedule) are recognised, and nothing is
claimed about them.

Sources: B. Polyak 1964 (heavy ball: lr·λ < 2 + 2·beta); J. Cohen et al., "Gradient Descent on Neural Networks
Typically Occurs at the Edge of Stability", 2021, appendix B (Nesterov: (2 + 2·beta)/(1 + 2·beta)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.surfaces.rule import Rule, constant_rate, is_method
from downslope.surfaces.surface import Array, Surface

_DIGITS = 12  # of the constant, after rounding away the last bits of the bisection


@dataclass(frozen=True)
class Stability:
    """What a linear rule does on a quadratic surface.

    curvatures: of the flattest and the steepest direction. growth: the factor by which the error along each of them
    grows a step in the long run, below 1 where it shrinks. constant: lr · λ must stay below it; 2 for gradient descent,
    2 + 2·beta for momentum. limit: constant / λmax, the largest stable rate, or None where no rate is stable because
    the surface curves down.
    """

    lr: float
    curvatures: tuple[float, float]
    growth: tuple[float, float]
    constant: float
    limit: float | None
    beta: float | None

    def __str__(self) -> str:
        flat, steep = self.curvatures
        factors = f"a step multiplies the error by {self.growth[1]:.6g} along the steepest direction"
        factors += f" and by {self.growth[0]:.6g} along the flattest" if flat != steep else ""
        if self.limit is None:
            return (
                f"exactly: the surface curves down ({flat:g}) along one direction, so no rate is stable: every step "
                f"multiplies the distance along it by {self.growth[0]:.6g}, and by {self.growth[1]:.6g} across"
            )
        formula = "2" if self.constant == 2 else f"{self.constant:.6g}"
        if self.beta and math.isclose(self.constant, 2 + 2 * self.beta):
            formula = f"(2 + 2·{self.beta:g})"
        limit = f"{formula}/λmax = {formula}/{steep:g} = {self.limit:.6g}"
        relation = "is below it" if self.lr < self.limit else "is above it"
        if math.isclose(self.lr, self.limit, rel_tol=1e-12):
            relation = "is exactly there"
        return f"exactly: lr must stay below {limit}, and lr = {self.lr:g} {relation}; {factors}"


def stability(surface: Surface, rule: Rule, lr: float | None = None) -> Stability | None:
    """The exact limit of the rate and the growth at ``lr``; None unless surface is quadratic and the rule linear."""
    if not surface.is_quadratic or is_method(rule) or not getattr(rule, "elementwise", False):
        return None
    rate = constant_rate(rule) if lr is None else lr
    if rate is None:
        return None
    flat, steep = (float(value) for value in surface.eigenvalues(surface.start))
    growths = [_growth(rule, curvature, rate) for curvature in (flat, steep)]
    if steep <= 0 or None in growths:
        return None
    constant = _constant(rule, steep)
    if constant is None:
        return None
    beta = getattr(rule, "settings", {}).get("beta")
    growth = (growths[0] or 0.0, growths[1] or 0.0)
    return Stability(rate, (flat, steep), growth, constant, constant / steep if flat >= 0 else None, beta)


def _constant(rule: Rule, curvature: float) -> float | None:
    """The largest lr · curvature at which the error does not grow, by bisection."""
    low, high = 1e-3 / curvature, 2e-3 / curvature
    if (_growth(rule, curvature, low) or 2.0) >= 1:
        return None
    while (_growth(rule, curvature, high) or 0.0) < 1:
        low, high = high, 2 * high
        if high * curvature > 1e6:
            return None
    while (middle := (low + high) / 2) not in (low, high):
        if (_growth(rule, curvature, middle) or 0.0) < 1:
            low = middle
        else:
            high = middle
    return round(high * curvature, _DIGITS)


def _growth(rule: Rule, curvature: float, lr: float) -> float | None:
    """The spectral radius of one step; None if the step is not linear, or not the same at every t."""
    start = rule.init(np.zeros(1))
    if any(np.shape(value) != (1,) for value in start.values()):
        return None

    def step(vector: Array, t: int) -> Array:
        p, state = vector[:1], {name: vector[i : i + 1] for i, name in enumerate(start, 1)}
        new_p, new_state = rule.step(p, curvature * p, state, t, lr)
        return np.concatenate([new_p, *(np.asarray(new_state[name], float) for name in start)])

    size = 1 + len(start)
    with np.errstate(all="ignore"):
        matrix = np.stack([step(unit, 2) for unit in np.eye(size)], axis=1)
        if not np.isfinite(matrix).all() or step(np.zeros(size), 2).any():
            return None
        for scale, t in ((1e-3, 3), (1.0, 11), (1e3, 1000)):
            probe: Any = scale * np.cos(np.arange(1.0, size + 1))
            if not np.allclose(step(probe, t), matrix @ probe, rtol=1e-9, atol=1e-9 * scale):
                return None
        return float(np.max(np.abs(np.linalg.eigvals(matrix))))
