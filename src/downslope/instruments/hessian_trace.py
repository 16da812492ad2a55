"""The trace of the Hessian: the sum of all curvatures, from a few random directions."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import dense_hessian, hessian_product, random_signs
from downslope.runs.instrument import instrument
from downslope.runs.reading import Measured
from downslope.runs.step import Step


def naive(step: Step, samples: int = 30, seed: int = 0) -> Measured:
    """The same signs around the whole matrix."""
    matrix, n = dense_hessian(step), sum(np.size(x) for x in step.params.values())
    found = []
    for k in range(samples):
        z = random_signs(n, seed, k)
        found.append(sum(float(z[i] * (matrix[i] @ z)) for i in range(n)))
    mean = sum(found) / samples
    spread = sum((value - mean) ** 2 for value in found)
    error = math.sqrt(spread / (samples - 1) / samples) if samples > 1 else math.nan
    return Measured(np.asarray(mean), (), {"standard_error": error})


@instrument(
    needs=("params", "hvp"),
    kind="scalar",
    naive=naive,
    blind="how the curvature is spread over directions: large ones up and down cancel in the sum",
    cost="30 Hessian-vector products, each about two gradients",
    formula=r"\operatorname{tr} H \approx \frac{1}{m} \sum_{k=1}^{m} z_k^\top H z_k, \quad z_k \in \{-1, 1\}^n",
    source='M. Hutchinson, "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing '
    'splines", 1990',
)
def hessian_trace(step: Step, samples: int = 30, seed: int = 0) -> Measured:
    """The sum of all eigenvalues of the Hessian, estimated: how much the mini-batch's loss curves over all directions.

    Hutchinson's estimator: the mean of zᵀ H z over vectors z of random signs. It is right on average, and exact where H
    is diagonal.

    samples: how many vectors. seed: of their signs.

    Fact: standard_error, the spread of the samples over the root of their number; NaN for a single one. NaN: a product
    was not finite. Errors: SettingError ``instrument-value``.
    """
    require(samples >= 1, "samples", samples, "at least 1, and 2 for a standard error")
    product, n = hessian_product(step), sum(math.prod(x.shape) for x in step.params.values())
    signs = [random_signs(n, seed, k) for k in range(samples)]
    with np.errstate(invalid="ignore"):
        found = np.array([z @ product(z) for z in signs])
        error = float(found.std(ddof=1)) / math.sqrt(samples) if samples > 1 else math.nan
        return Measured(found.mean(), (), {"standard_error": error})
