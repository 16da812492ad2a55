"""Cosine to the last gradient: whether successive steps pull in the same direction."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import namespace, norm_of_all
from downslope.runs.instrument import instrument
from downslope.runs.step import Step


def naive(step: Step) -> float:
    """Both gradients as one long vector each."""
    if step.previous is None:
        return math.nan
    a, b = (np.concatenate([np.ravel(g) for g in one.grads.values()]).astype(float) for one in (step, step.previous))
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else math.nan


@instrument(
    needs=("grads",),
    kind="scalar",
    naive=naive,
    blind="why: gradients differ by the mini-batch as well as by the place, so near 0 is usual where mini-batches are "
    "small and parameters many",
    cost="two gradients",
    formula=r"\cos \varphi = \frac{g_t \cdot g_{t-1}}{\lVert g_t \rVert \, \lVert g_{t-1} \rVert}",
    source='A. Baydin, R. Cornish, D. Rubio, M. Schmidt and F. Wood, "Online Learning Rate Adaptation with '
    'Hypergradient Descent", 2018, where its sign says whether the rate should grow',
)
def cosine_to_last(step: Step) -> float:
    """Whether this gradient points where the last one did: 1 for the same direction, −1 for the opposite one.

    The cosine between the gradients of this step and of the one before, each as one vector. Steps that are too long for
    the valley jump across it, so that the gradient turns round: lasting values below 0 speak for a lower learning rate,
    lasting values near 1 for a higher one.

    NaN at the first step, where a gradient is 0, and where one holds a NaN or an infinity.
    """
    before = step.previous
    if before is None:
        return math.nan
    sizes = norm_of_all(step.grads.values()), norm_of_all(before.grads.values())
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        return math.nan
    total = 0.0
    for name, g in step.grads.items():
        xp = namespace(g)
        # Divided first: the product of two large gradients may overflow.
        a, b = (xp.astype(x, xp.float64) / size for x, size in zip((g, before.grads[name]), sizes, strict=True))
        total += float(xp.sum(a * b))
    return total
