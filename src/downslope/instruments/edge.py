"""The edge of stability: how close the learning rate is to the largest one that this curvature allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import Vector, dense_hessian, hessian_product, lanczos, normal_direction, vector
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy, Measured
from downslope.runs.step import Step


def naive(step: Step, tolerance: float = 1e-4, most: int = 100, seed: int = 0) -> Measured:
    """All eigenvalues of P⁻¹ H, and the limit by watching where the rule's own recurrence begins to grow."""
    rule, lr = step.optimizer, float(step.lr)
    scales, decay = _scales(step), _coupled_decay(rule)
    if scales is None:
        return _measured(math.nan, math.nan, lr)
    matrix = scales[:, None] ** 2 * (dense_hessian(step) + decay * np.eye(len(scales)))
    if not np.isfinite(matrix).all():
        return _measured(math.nan, math.nan, lr)
    steepest = float(np.linalg.eigvals(matrix).real.max())
    stable, unstable = 1e-3, 1e3  # of lr · curvature
    while unstable - stable > 1e-10 * unstable:
        middle = (stable + unstable) / 2
        if np.abs(np.linalg.eigvals(_recurrence(rule.name, rule.settings, middle, lr))).max() < 1:
            stable = middle
        else:
            unstable = middle
    return _measured(steepest, stable, lr)


def _recurrence(name: str, settings: Mapping[str, Any], a: float, lr: float) -> Any:
    """One step from (p, lr · velocity) to the next on a bowl of curvature a / lr, where the gradient is a / lr · p."""
    beta = settings.get("beta", settings.get("beta1", settings.get("momentum", 0.0)))
    into = 1 - settings.get("dampening", beta if name in ("adam", "adamw") else 0.0)
    if name == "nesterov":
        return np.array([[1 - a - beta * a, -beta * beta], [a, beta]])
    kept = 1 - lr * settings.get("weight_decay", 0.0) if name == "adamw" else 1.0
    return np.array([[kept - into * a, -beta], [into * a, beta]])


@instrument(
    needs=("params", "grads", "hvp", "optimizer_state", "lr"),
    kind="scalar",
    naive=naive,
    healthy=Healthy(None, 1, "J. Cohen et al. 2021: full-batch training rises to 1 and then hovers there"),
    blind="directions that curve down, which no rate makes stable; the noise of mini-batches, which keeps the "
    "sharpness below the limit; a limit on a bowl says nothing about farther away",
    cost="as sharpness: 10 to 100 Hessian-vector products",
    formula=r"\frac{\mathrm{lr} \cdot \lambda_{\max}(P^{-1} H)}{c}, \quad c = 2 \text{ for gradient descent},"
    r" \; 2 + 2\beta \text{ for momentum}, \; \frac{2 + 2\beta_1}{1 - \beta_1} \text{ for Adam}",
    source='J. Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability", 2021; '
    'J. Cohen et al., "Adaptive Gradient Methods at the Edge of Stability", 2022',
)
def edge(step: Step, tolerance: float = 1e-4, most: int = 100, seed: int = 0) -> Measured:
    """Learning rate times sharpness, as a part of the largest product that is stable: 1 is the edge of stability.

    On a bowl each rule is stable while lr · curvature stays below a constant c:

    - ``gradient_descent`` 2; ``momentum`` (2 + 2·beta) / (1 − dampening); ``nesterov`` (2 + 2·beta) / (1 + 2·beta).
    - ``rmsprop`` 2 + 2·momentum; ``adam`` (2 + 2·beta1) / (1 − beta1), which is 38 for beta1 = 0.9; ``adamw`` (1 +
      beta1)·(2 − lr·weight_decay) / (1 − beta1). The curvature is then that of P⁻¹ H, where the rule divides by the
      diagonal matrix P: √v + eps in rmsprop, (1 − beta1^t)·(√v̂ + eps) in Adam, with the v of this very step.

    A coupled weight decay adds to the curvature. The sharpness is found as in ``sharpness``.

    tolerance: of the largest eigenvalue, relative. most: products at most. seed: of the direction to start from.

    Facts: sharpness, the largest eigenvalue of P⁻¹ H (of H for the first three); limit, the largest that is stable at
    this rate, c / lr.

    **NaN for every other rule** (Lion, Muon, a rule inside clip_by_norm, centred RMSprop ...): no such limit is known
    for it, and nothing is claimed. Also NaN: a product was not finite. Infinity: a decoupled decay so strong that
    nothing is stable. Errors: SettingError ``instrument-value``.
    """
    require(most >= 1, "most", most, "at least 1 product")
    require(tolerance > 0, "tolerance", tolerance, "a number above 0, for example 1e-4")
    rule, lr = step.optimizer, float(step.lr)
    scales, decay = _scales(step), _coupled_decay(rule)
    if scales is None:
        return _measured(math.nan, math.nan, lr)
    product = hessian_product(step)

    def scaled(v: Vector) -> Vector:  # P^-1/2 H P^-1/2 has the eigenvalues of P^-1 H, and is symmetric
        inner: Vector = scales * v
        return np.asarray(scales * (product(inner) + decay * inner))

    found = lanczos(
        scaled,
        normal_direction(len(scales), seed),
        most,
        lambda ritz: bool(ritz.residuals[-1] <= tolerance * abs(ritz.values[-1])),
    )
    return _measured(float(found.values[-1]), _constant(rule.name, rule.settings, lr), lr)


def _constant(name: str, settings: Mapping[str, Any], lr: float) -> float:
    """What lr · curvature must stay below: both roots of the step's characteristic polynomial lie inside the circle.

    With p ← k·p − lr·v and v ← beta·v + c·λ·p the polynomial is z² − (k + beta − c·lr·λ) z + k·beta. Its root leaves
    the circle at z = −1, where 1 + k + beta + k·beta = c·lr·λ. Nesterov: z² − (1 + beta − (1 + beta)·a) z + beta·(1 −
    a), with a = lr·λ, at z = −1: 2 + 2·beta = (1 + 2·beta)·a.
    """
    beta = settings.get("beta", settings.get("beta1", settings.get("momentum", 0.0)))
    if name == "nesterov":
        return float((2 + 2 * beta) / (1 + 2 * beta))
    part = beta if name in ("adam", "adamw") else settings.get("dampening", 0.0)
    kept = 1 - lr * settings.get("weight_decay", 0.0) if name == "adamw" else 1.0
    return float(max(0.0, (1 + kept) * (1 + beta)) / (1 - part)) if part < 1 else math.inf


def _coupled_decay(rule: Any) -> float:
    return 0.0 if rule.name == "adamw" else float(rule.settings.get("weight_decay", 0.0))


def _scales(step: Step) -> Vector | None:
    """The diagonal of P^-1/2, (n,); ones for rules without P; None for rules whose limit nobody knows."""
    rule, settings = step.optimizer, step.optimizer.settings
    params = vector(step.params)
    if rule.name in ("gradient_descent", "momentum", "nesterov"):
        return np.ones_like(params)
    if rule.name not in ("adam", "adamw", "rmsprop") or settings.get("centred"):
        return None
    g = vector(step.grads, step.params) + _coupled_decay(rule) * params
    before = step.optimizer_state["v"]
    keep = settings["rho"] if rule.name == "rmsprop" else settings["beta2"]
    v = keep * vector(before if isinstance(before, Mapping) else {"": before}, step.params) + (1 - keep) * g * g
    eps = settings["eps"]
    if rule.name == "rmsprop":
        divisor = np.sqrt(v + eps) if settings.get("eps_inside") else np.sqrt(v) + eps
    else:
        corrected = v / (1 - settings["beta2"] ** step.t)
        divisor = (1 - settings["beta1"] ** step.t) * (np.sqrt(corrected) + eps)
    return np.asarray(1 / np.sqrt(divisor))


def _measured(steepest: float, constant: float, lr: float) -> Measured:
    facts = {"sharpness": steepest, "limit": constant / lr if lr else math.inf}
    return Measured(np.asarray(lr * steepest / constant if constant else math.inf), (), facts)
