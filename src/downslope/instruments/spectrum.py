"""The spectrum of the Hessian: how many directions curve how much, as a smooth density."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import (
    Ritz,
    Vector,
    dense_hessian,
    hessian_product,
    lanczos,
    normal_direction,
)
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


def naive(
    step: Step,
    vectors: int = 4,
    products: int = 80,
    points: int = 256,
    width: float = 0.02,
    low: float | None = None,
    high: float | None = None,
    seed: int = 0,
) -> Measured:
    """The whole matrix, projected on the space that v, H v, H² v ... span, whose basis is built one by one."""
    matrix, found = dense_hessian(step), []
    if not np.isfinite(matrix).all():
        nothing = np.full(1, math.nan)
        return _density([Ritz(nothing, nothing, nothing)], points, width, low, high, len(matrix))
    size = np.linalg.norm(matrix)
    for k in range(vectors):
        v = normal_direction(len(matrix), seed, k)
        basis = [v / np.linalg.norm(v)]
        while len(basis) < min(products, len(matrix)):
            w = matrix @ basis[-1]
            for _ in range(2):
                for q in basis:
                    w = w - (q @ w) * q
            if np.linalg.norm(w) <= 1e-12 * size:
                break
            basis.append(w / np.linalg.norm(w))
        Q = np.array(basis).T
        values, rotation = np.linalg.eigh(Q.T @ matrix @ Q)
        found.append(Ritz(values, np.zeros(len(values)), rotation[0] ** 2))
    return _density(found, points, width, low, high, len(matrix))


@instrument(
    needs=("params", "hvp"),
    kind="spectrum",
    naive=naive,
    unit="share of all directions per unit of curvature",
    blind="which parameters or layers a direction belongs to; lines closer to each other than the width",
    cost="320 Hessian-vector products (4 vectors of 80), each about two gradients; memory for 80 directions",
    formula=r"\varphi_\sigma(t) = \frac{1}{k} \sum_{i=1}^{k} \sum_{l=1}^{m} \omega_l^{(i)} \,"
    r" \mathcal N(t; \theta_l^{(i)}, \sigma^2)",
    source='B. Ghorbani, S. Krishnan and Y. Xiao, "An Investigation into Neural Net Optimization via Hessian '
    'Eigenvalue Density", 2019',
)
def spectrum(
    step: Step,
    vectors: int = 4,
    products: int = 80,
    points: int = 256,
    width: float = 0.02,
    low: float | None = None,
    high: float | None = None,
    seed: int = 0,
) -> Measured:
    """The density of the Hessian's eigenvalues: which share of all directions curves how much, up or down.

    Stochastic Lanczos quadrature: Lanczos' method from a random direction gives eigenvalues θ with weights ω, each of
    which is drawn as a Gaussian; the mean over several directions is the density, whose integral is 1.

    vectors: random directions. products: steps of Lanczos' method from each. points: of the grid. width: standard
    deviation of the Gaussians, as a part of the distance from the lowest to the highest eigenvalue. low, high: ends of
    the grid, four widths beyond those if left out; give both to compare steps on one grid. seed: of the directions.

    Facts: eigenvalues, the grid; lowest and highest eigenvalue that was found; sigma, the width as a curvature;
    parameters, how many directions there are (a share times this is a number of eigenvalues). NaN: a product was not
    finite. Errors: SettingError ``instrument-value``.
    """
    require(vectors >= 1, "vectors", vectors, "at least 1")
    require(products >= 1, "products", products, "at least 1")
    require(points >= 2, "points", points, "at least 2")
    require(width > 0, "width", width, "a part of the whole range, for example 0.02")
    product, n = hessian_product(step), sum(math.prod(x.shape) for x in step.params.values())
    found = [lanczos(product, normal_direction(n, seed, k), products) for k in range(vectors)]
    return _density(found, points, width, low, high, n)


def _density(found: list[Ritz], points: int, width: float, low: float | None, high: float | None, n: int) -> Measured:
    lowest = min(float(ritz.values[0]) for ritz in found)
    highest = max(float(ritz.values[-1]) for ritz in found)
    # All directions curve alike: a Gaussian as wide as a part of that curvature, or of 1 where there is none.
    sigma = width * (highest - lowest or abs(highest) or 1.0)
    ends = (lowest - 4 * sigma if low is None else low), (highest + 4 * sigma if high is None else high)
    grid: Vector = np.linspace(*ends, points)
    density = np.zeros(points)
    for ritz in found:
        distance = (grid[:, None] - ritz.values) / sigma
        density += np.exp(-0.5 * distance**2) @ ritz.weights / (sigma * math.sqrt(2 * math.pi) * len(found))
    facts = {"eigenvalues": grid, "lowest": lowest, "highest": highest, "sigma": sigma, "parameters": float(n)}
    return Measured(density, (Axis("eigenvalue", tuple(grid.tolist())),), facts)
