"""Signal to noise of the gradient: how well the rows agree on where to go."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import namespace
from downslope.runs.instrument import instrument
from downslope.runs.step import Step


def naive(step: Step) -> dict[str, float]:
    """Row by row and number by number."""
    found = {}
    for name, grads in step.per_example_grads.items():
        rows = np.asarray(grads, float).reshape(len(grads), -1)
        means = [sum(column) / len(rows) for column in rows.T]
        signal = sum(mean**2 for mean in means)
        noise = [sum((g - mean) ** 2 for g in column) for column, mean in zip(rows.T, means, strict=True)]
        found[name] = _ratio(float(signal), float(sum(noise)) / (len(rows) - 1) if len(rows) > 1 else math.nan)
    return found


@instrument(
    needs=("per_example_grads",),
    kind="per parameter",
    naive=naive,
    blind="gradients that agree on a bad direction; noise from one mini-batch to the next, beyond that of its rows",
    cost="the gradient of each row",
    formula=r"\frac{\sum_j \bar g_j^2}{\sum_j \frac{1}{B-1} \sum_i (g_{ij} - \bar g_j)^2}",
    source='J. Liu et al., "Understanding Why Neural Networks Generalize Well Through GSNR of Parameters", 2020',
)
def gradient_snr(step: Step) -> dict[str, float]:
    """How large the mean gradient of each parameter is against its spread from row to row, both squared.

    For an array with numbers j, and gradients g_ij of the rows i: Σ_j ḡ_j² / Σ_j s_j², where ḡ_j is the mean and s_j²
    the variance (divided by B − 1) over the B rows. Liu et al. define the ratio of each single number; here signal and
    noise are each summed over the array first, because a number without any noise would make the mean of ratios
    infinite.

    Pure noise reads about 1/B and not 0, because the mean of B rows is still as long as that. Infinity: the rows agree
    exactly. NaN: there is one row only, there is no gradient at all, or a gradient is not finite.
    """
    found = {}
    for name, grads in step.per_example_grads.items():
        xp, B = namespace(grads), grads.shape[0]
        rows = xp.astype(grads, xp.float64)
        with np.errstate(all="ignore"):  # infinities and NaN show in the answer
            mean = xp.mean(rows, axis=0)
            noise = float(xp.sum((rows - mean) ** 2)) / (B - 1) if B > 1 else math.nan
        found[name] = _ratio(float(xp.sum(mean**2)), noise)
    return found


def _ratio(signal: float, noise: float) -> float:
    if noise:  # also where it is NaN
        return signal / noise
    return math.inf if signal > 0 else math.nan
