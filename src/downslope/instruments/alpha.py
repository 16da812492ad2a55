"""The normalised step length: did the step stop before the minimum along its direction, in it, or beyond it?"""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import dot, namespace
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy, Measured
from downslope.runs.step import Step


def naive(step: Step) -> Measured:
    """The parabola with coefficients w by least squares, and its minimum."""
    start, end, slope_start, slope_end = _ends(step)
    design = np.array([[1, 0, 0], [1, 1, 1], [0, 1, 0], [0, 1, 2]], float)
    told = np.array([start, end, slope_start, slope_end])
    if not np.isfinite(told).all() or not told[2:].any():
        return _measured(math.nan, *told)
    w = np.linalg.solve(design.T @ design, design.T @ told)
    if w[1] >= 0:
        return _measured(math.inf, *told)
    minimum = -w[1] / (2 * w[2])
    return _measured(1 / minimum - 1, *told)


@instrument(
    needs=("params", "grads", "updates", "loss"),
    kind="scalar",
    naive=naive,
    healthy=Healthy(
        -1, 1, "F. Schneider, F. Dangel and P. Hennig 2021: above 1 the parabola ends higher than it began"
    ),
    blind="other directions than that of the step, and other mini-batches: the noise-free form, on the step's own rows",
    cost="six losses and a gradient",
    formula=r"\alpha = -1 - \frac{\ell'(1) - \ell'(0)}{w_1}, \quad"
    r" w_1 = \frac{\ell(1) - \ell(0)}{5} + \frac{9 \, \ell'(0) - \ell'(1)}{10}",
    source='F. Schneider, F. Dangel and P. Hennig, "Cockpit: A Practical Debugging Tool for the Training of Deep '
    'Neural Networks", 2021',
)
def alpha(step: Step) -> Measured:
    """How far the step went along its direction: -1 is not at all, 0 to the minimum, 1 as far again beyond it.

    ℓ(τ) is the loss of the step's own mini-batch at params + τ · update. The parabola w_0 + w_1 τ + w_2 τ² that comes
    closest (least squares) to ℓ(0), ℓ(1), ℓ'(0) and ℓ'(1) has its minimum at τ* = −w_1 / (2 w_2), and α = 1/τ* − 1. On
    a quadratic loss gradient descent has α = lr · curvature − 1: above 1 it diverges. ℓ'(0) is exact; ℓ'(1) comes from
    four losses around the end of the step, with an error of the fourth order.

    Below −1: the loss curves down along the step, no minimum lies ahead. Infinity: the step went uphill from the start.
    NaN: there was no step, or a number is not finite. Facts: loss_start, loss_end, slope_start, slope_end, for τ.
    Differs from Cockpit, where the four numbers come from two mini-batches and are weighted by their noise.
    """
    told = _ends(step)
    start, end, slope_start, slope_end = told
    slope = (end - start) / 5 + (9 * slope_start - slope_end) / 10
    if not math.isfinite(sum(told)) or slope_start == slope_end == 0:
        return _measured(math.nan, *told)
    return _measured(math.inf if slope >= 0 else -1 - (slope_end - slope_start) / slope, *told)


def _ends(step: Step) -> tuple[float, float, float, float]:
    """Loss at the start and at the end of the step, then the slopes there."""

    def loss(tau: float) -> float:
        return float(step.loss_at({name: p + tau * step.updates[name] for name, p in step.params.items()}))

    first = next(iter(step.params.values()))
    h = float(namespace(first).finfo(first.dtype).eps) ** 0.2  # balances rounding eps/h with the error h⁴
    around = [loss(1 + k * h) for k in (-2, -1, 1, 2)]
    slope_end = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * h)
    return loss(0.0), loss(1.0), dot(step.grads, step.updates), slope_end


def _measured(value: float, start: float, end: float, slope_start: float, slope_end: float) -> Measured:
    facts = {"loss_start": start, "loss_end": end, "slope_start": slope_start, "slope_end": slope_end}
    return Measured(np.asarray(value), (), {name: float(number) for name, number in facts.items()})
