"""Activation statistics: mean, spread, zeros, extremes and numbers that are not finite, of each layer's output."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import Array, namespace, norm
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step

STATISTICS = ("mean", "std", "zero share", "min", "max", "not finite")


def naive(step: Step) -> Measured:
    """Each statistic by its definition, over a list of numbers."""
    names = [name for name in step.layers if name in step.activations]
    rows = []
    for name in names:
        h = [float(number) for number in np.ravel(step.activations[name])]
        n, bad = len(h), sum(not math.isfinite(number) for number in h)
        mean = math.fsum(h) / n if not bad else float(np.sum(h))
        std = math.sqrt(math.fsum((number - mean) ** 2 for number in h) / n) if not bad else math.nan
        nan = any(map(math.isnan, h))
        low, high = (math.nan, math.nan) if nan else (min(h), max(h))
        rows.append([mean, std, h.count(0.0) / n, low, high, float(bad)])
    return Measured(np.array(rows), (Axis("layer", tuple(names)), Axis("statistic", STATISTICS)))


@instrument(
    needs=("activations",),
    kind="per layer",
    naive=naive,
    unit="activation; the share and the count have none",
    blind="single units: a layer with a good mean may hold dead and saturated ones side by side",
    cost="one forward pass",
    formula=r"\mu = \frac{1}{n} \sum_i h_i, \quad \sigma = \sqrt{\frac{1}{n} \sum_i (h_i - \mu)^2}, \quad "
    r"\frac{1}{n} \#\{h_i = 0\}",
    source='X. Glorot and Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks", 2010',
)
def activation_stats(step: Step) -> Measured:
    """How the signal fares on its way forward: mean, standard deviation, share of zeros and extremes of each layer.

    Over all n numbers h of a layer's output in this mini-batch: the mean, the standard deviation (divided by n), the
    share that is exactly 0, the least and the greatest, and how many are not finite. A standard deviation that shrinks
    or grows from layer to layer is a bad start; a share of zeros near 1, a layer that lets nothing through.

    One NaN makes mean, standard deviation and extremes NaN; an infinite number makes the mean infinite (NaN where both
    infinities meet) and the standard deviation NaN.
    """
    names = tuple(name for name in step.layers if name in step.activations)
    table = np.array([_statistics(step.activations[name]) for name in names])
    return Measured(table, (Axis("layer", names), Axis("statistic", STATISTICS)))


def _statistics(h: Array) -> tuple[float, ...]:
    xp = namespace(h)
    h = xp.astype(h, xp.float64)
    n = math.prod(h.shape)
    bad = int(xp.sum(xp.astype(~xp.isfinite(h), xp.int64)))
    low, high = float(xp.min(h)), float(xp.max(h))
    zeros = int(xp.sum(xp.astype(h == 0, xp.int64))) / n
    if bad:  # low + high is what the mean is then: NaN, one infinity, or NaN where both are there
        return (low + high, math.nan, zeros, low, high, float(bad))
    mean = float(xp.mean(h))
    return (mean, norm(h - mean) / math.sqrt(n), zeros, low, high, 0.0)
