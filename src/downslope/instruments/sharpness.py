"""Sharpness: the largest eigenvalue of the Hessian, which sets how large a stable learning rate may be."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import Ritz, dense_hessian, hessian_product, lanczos, normal_direction
from downslope.runs.instrument import instrument
from downslope.runs.reading import Measured
from downslope.runs.step import Step


def naive(step: Step, tolerance: float = 1e-6, most: int = 100, seed: int = 0) -> Measured:
    """All eigenvalues of the whole matrix."""
    matrix = dense_hessian(step)
    if not np.isfinite(matrix).all():
        return Measured(np.asarray(math.nan), (), {"extreme": math.nan})
    values = np.linalg.eigvalsh(matrix)
    return Measured(values[-1], (), {"extreme": float(values[0] if -values[0] > values[-1] else values[-1])})


@instrument(
    needs=("params", "hvp"),
    kind="scalar",
    naive=naive,
    blind="all other eigenvalues but the extreme one; an eigenvector that the start vector hardly contains may be "
    "missed; the curvature of one mini-batch is, on average, larger than that over all rows",
    cost="10 to 100 Hessian-vector products, each about two gradients; memory for as many directions",
    formula=r"\lambda_{\max}(H), \quad H = \nabla^2 L",
    source='C. Lanczos, "An iteration method for the solution of the eigenvalue problem of linear differential and '
    'integral operators", 1950; as sharpness: J. Cohen et al., "Gradient Descent on Neural Networks Typically Occurs '
    'at the Edge of Stability", 2021',
)
def sharpness(step: Step, tolerance: float = 1e-6, most: int = 100, seed: int = 0) -> Measured:
    """The largest eigenvalue of the Hessian: the curvature of the mini-batch's loss along its steepest direction.

    Lanczos' method with full reorthogonalisation, from a random direction.

    tolerance: it ends when the residual ‖H u − λ u‖ is at most so large a part of the largest eigenvalue in size.
    most: it also ends after so many products; the true eigenvalue nearest to λ is never farther away than the residual.
    seed: of the direction to start from.

    Facts: extreme, the eigenvalue of largest magnitude (below 0 where the loss curves down more than up, equal to the
    sharpness otherwise); residual, the larger one of both; products, how many it took. NaN: a product was not finite.
    Errors: SettingError ``instrument-value``.
    """
    require(most >= 1, "most", most, "at least 1 product")
    require(tolerance > 0, "tolerance", tolerance, "a number above 0, for example 1e-6")
    start = normal_direction(sum(math.prod(x.shape) for x in step.params.values()), seed)
    found = lanczos(
        hessian_product(step), start, most, lambda ritz: _worst(ritz) <= tolerance * np.abs(ritz.values).max()
    )
    facts = {
        "extreme": float(found.values[_extreme(found)]),
        "residual": _worst(found),
        "products": float(found.products),
    }
    return Measured(found.values[-1], (), facts)


def _extreme(found: Ritz) -> int:
    """Place of the eigenvalue of largest magnitude."""
    return 0 if -found.values[0] > found.values[-1] else -1


def _worst(found: Ritz) -> float:
    return float(max(found.residuals[-1], found.residuals[_extreme(found)]))
