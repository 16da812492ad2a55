"""Surfaces whose gradient is noisy, as that of a mini-batch is."""

from __future__ import annotations

from typing import Any

from downslope.surfaces.table import surface


@surface(
    formula="(x² + y²)/2, gradient + N(0, 1)",
    latex=r"\tfrac{1}{2}(x^2 + y^2), \quad g + \mathcal{N}(0, 1)",
    domain=((-5, 5), (-5, 5)),
    minima=[((0, 0), 0.0)],
    teaches="Under noise a constant rate ends at a floor of height lr/(2 − lr), and only smaller rates go below it.",
    start=(-4, 3),
    lr=0.1,
    source='H. Robbins and S. Monro, "A Stochastic Approximation Method", 1951; the floor follows from '
    "Var(p) = (1 − lr)² Var(p) + lr²",
    is_quadratic=True,
    noise=1.0,
)
def noisy_bowl(x: Any, y: Any) -> Any:
    """Both curvatures are 1; each coordinate ends with variance lr/(2 − lr), the value with mean lr/(2 − lr)."""
    return (x**2 + y**2) / 2
