"""The simple noise scale: up to about which batch size more rows in a step are worth their time."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import namespace
from downslope.runs.instrument import instrument
from downslope.runs.reading import Measured
from downslope.runs.step import Step


def naive(step: Step) -> Measured:
    """The two estimates of appendix A.1 from batches of 1 row and of B rows, row by row."""
    B = len(next(iter(step.per_example_grads.values())))
    one, all_rows = 0.0, 0.0
    for grads in step.per_example_grads.values():
        rows = [np.asarray(row, float) for row in grads]
        one += sum(float((row**2).sum()) for row in rows) / B
        all_rows += float((sum(rows, np.zeros_like(rows[0])) ** 2).sum()) / B**2
    if B == 1:
        return _measured(math.nan, math.nan, B)
    return _measured((B * all_rows - one) / (B - 1), (one - all_rows) / (1 - 1 / B), B)


@instrument(
    needs=("per_example_grads",),
    kind="scalar",
    naive=naive,
    unit="rows",
    blind="one step alone: the estimate of |G|² is a small difference of large numbers, so single readings scatter by "
    "factors and the course over many steps is what counts; curvature; rows that depend on each other (batch norm)",
    cost="the gradient of each row",
    formula=r"B_{\mathrm{simple}} = \frac{\operatorname{tr} \Sigma}{|G|^2}",
    source='S. McCandlish et al., "An Empirical Model of Large-Batch Training", 2018, section 2.2 and appendix A.1',
)
def noise_scale(step: Step) -> Measured:
    """The batch size at which the noise of the gradient is as large as the gradient itself.

    B_simple = tr Σ / |G|², where G is the gradient over all rows and Σ the covariance of single rows' gradients. Both
    are unknown; from the B rows of a step come estimates that are right on average: tr Σ is the sum of all variances
    (divided by B − 1), and |G|² is |ḡ|² − tr Σ / B, because ḡ, the mean, still holds noise. **Their ratio has a large
    variance for one step**: read it over many steps, and average ``gradient`` and ``noise`` before dividing.

    Facts: gradient, the estimate of |G|²; noise, that of tr Σ; and what the paper predicts for this B from the ratio:
    steps, how many times the fewest steps are needed, 1 + B_simple/B; examples, how many times the fewest examples,
    1 + B/B_simple; rate, the best learning rate as a part of the best one for endless batches, 1/(1 + B_simple/B).

    Infinity: the estimate of |G|² is 0 or below it, no gradient stands out from the noise. NaN: one row only, neither
    gradient nor noise, or a gradient that is not finite.
    """
    B, length, noise = 0, 0.0, 0.0
    for grads in step.per_example_grads.values():
        xp, B = namespace(grads), grads.shape[0]
        rows = xp.astype(grads, xp.float64)
        with np.errstate(all="ignore"):  # infinities and NaN show in the answer
            mean = xp.mean(rows, axis=0)
            length += float(xp.sum(mean**2))
            noise += float(xp.sum((rows - mean) ** 2)) / (B - 1) if B > 1 else math.nan
    return _measured(length - noise / B, noise, B)


def _measured(gradient: float, noise: float, B: int) -> Measured:
    if math.isnan(gradient + noise) or (noise == 0 and gradient == 0):
        scale = math.nan
    else:
        scale = noise / gradient if gradient > 0 else math.inf
    facts = {
        "gradient": gradient,
        "noise": noise,
        "steps": 1 + scale / B,
        "examples": 1 + B / scale if scale else math.inf,
        "rate": 1 / (1 + scale / B),
    }
    return Measured(np.asarray(scale), (), facts)
