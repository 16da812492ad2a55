"""Bowls: surfaces of constant curvature, on which everything about gradient descent is known exactly."""

from __future__ import annotations

from typing import Any

from downslope.surfaces.table import surface


@surface(
    "sphere",
    formula="x² + y²",
    latex=r"x^2 + y^2",
    domain=((-3, 3), (-3, 3)),
    minima=[((0, 0), 0.0)],
    teaches="Equal curvature in all directions: the gradient points at the minimum, and lr = 1/2 lands in one step.",
    start=(-2.5, 1.5),
    lr=0.1,
    source='K. A. De Jong, "An Analysis of the Behavior of a Class of Genetic Adaptive Systems", 1975, F1',
    is_quadratic=True,
)
def bowl(x: Any, y: Any) -> Any:
    """Both curvatures are 2, so gradient descent converges for lr < 1. Also found as ``sphere``."""
    return x**2 + y**2


@surface(
    formula="0.1 x² + 2 y²",
    latex=r"0.1\,x^2 + 2\,y^2",
    domain=((-6, 3), (-3, 3)),
    minima=[((0, 0), 0.0)],
    teaches="The steepest direction limits the rate, the flattest one the speed: gradient descent zigzags and crawls.",
    start=(-5, -2),
    lr=0.4,
    source='A. Zhang et al., "Dive into Deep Learning", section 12.6',
    is_quadratic=True,
)
def ill_conditioned_bowl(x: Any, y: Any) -> Any:
    """Curvatures 0.2 and 4, condition number 20: lr must stay below 2/4, and then x shrinks by at most 0.9 a step."""
    return 0.1 * x**2 + 2 * y**2


@surface(
    formula="0.1 (x + y)² + 2 (x − y)²",
    latex=r"0.1\,(x + y)^2 + 2\,(x - y)^2",
    domain=((-5, 5), (-5, 5)),
    minima=[((0, 0), 0.0)],
    teaches="Adam and Adagrad scale each coordinate by itself, which helps only while the valley runs along an axis.",
    start=(-4, -2),
    lr=0.2,
    source='A. Zhang et al., "Dive into Deep Learning", section 12.7, exercise 3',
    is_quadratic=True,
)
def rotated_bowl(x: Any, y: Any) -> Any:
    """Curvatures 0.4 and 8 along the diagonals: a diagonal preconditioner leaves the condition number at 20."""
    return 0.1 * (x + y) ** 2 + 2 * (x - y) ** 2
