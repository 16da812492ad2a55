"""Valleys: easy to fall into, hard to follow to the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.surfaces.table import surface

_JAMIL_YANG = 'M. Jamil and X.-S. Yang, "A Literature Survey of Benchmark Functions for Global Optimization", 2013'


@surface(
    formula="100 (y − x²)² + (1 − x)²",
    latex=r"100\,(y - x^2)^2 + (1 - x)^2",
    domain=((-2, 2), (-1, 3)),
    minima=[((1, 1), 0.0)],
    teaches="A curved, flat valley: its floor is found in a few steps, following it to the minimum takes thousands.",
    start=(-1.2, 1),
    lr=0.001,
    source='H. H. Rosenbrock, "An Automatic Method for Finding the Greatest or Least Value of a Function", 1960',
)
def rosenbrock(x: Any, y: Any) -> Any:
    """The banana. At the minimum the curvatures are 0.3994 and 1001.6, condition number 2508."""
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2


@surface(
    formula="0.05 x² + 10 (y − sin x)²",
    latex=r"0.05\,x^2 + 10\,(y - \sin x)^2",
    domain=((-6, 3), (-2.5, 2.5)),
    minima=[((0, 0), 0.0)],
    teaches="The walls of a narrow, winding ravine throw a large step to and fro, while its floor hardly falls.",
    start=(-5, 2),
    lr=0.03,
    source="Downslope's own; the floor is the graph of the sine",
)
def narrow_ravine(x: Any, y: Any) -> Any:
    """Curvatures 0.05 and 40 at the minimum, condition number 800; momentum overshoots the bends."""
    return 0.05 * x**2 + 10 * (y - np.sin(x)) ** 2


@surface(
    formula="(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
    latex=r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
    domain=((-4.5, 4.5), (-4.5, 4.5)),
    minima=[((3, 0.5), 0.0)],
    teaches="Steep corners around a flat cross: a rate that is safe at the rim is far too small in the middle.",
    start=(1, 1),
    lr=0.01,
    source='E. M. L. Beale, "On an Iterative Method for Finding a Local Minimum of a Function of More than One '
    'Variable", 1958',
)
def beale(x: Any, y: Any) -> Any:
    """Values reach 180,000 in the corners of the domain, and stay below 20 near the minimum."""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


@surface(
    formula="(x + 2y − 7)² + (2x + y − 5)²",
    latex=r"(x + 2y - 7)^2 + (2x + y - 5)^2",
    domain=((-10, 10), (-10, 10)),
    minima=[((1, 3), 0.0)],
    teaches="Two equations solved by least squares: a bowl that is turned by the off-diagonal of its Hessian.",
    start=(-8, 2),
    lr=0.05,
    source=f"{_JAMIL_YANG}, function 17",
    is_quadratic=True,
)
def booth(x: Any, y: Any) -> Any:
    """Hessian [[10, 8], [8, 10]], curvatures 2 and 18: gradient descent converges for lr < 1/9."""
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


@surface(
    formula="0.26 (x² + y²) − 0.48 xy",
    latex=r"0.26\,(x^2 + y^2) - 0.48\,xy",
    domain=((-10, 10), (-10, 10)),
    minima=[((0, 0), 0.0)],
    teaches="A nearly flat diagonal: the value is almost down long before the point has arrived.",
    start=(9, 5),
    lr=1.0,
    source=f"{_JAMIL_YANG}, function 71",
    is_quadratic=True,
)
def matyas(x: Any, y: Any) -> Any:
    """Hessian [[0.52, −0.48], [−0.48, 0.52]], curvatures 0.04 and 1: gradient descent converges for lr < 2."""
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


@surface(
    formula="sin(x + y) + (x − y)² − 1.5 x + 2.5 y + 1",
    latex=r"\sin(x + y) + (x - y)^2 - 1.5\,x + 2.5\,y + 1",
    domain=((-1.5, 4), (-3, 4)),
    minima=[
        ((0.5 - np.pi / 3, -0.5 - np.pi / 3), -np.sqrt(3) / 2 - np.pi / 3),
        ((0.5 + 2 * np.pi / 3, -0.5 + 2 * np.pi / 3), -np.sqrt(3) / 2 + 2 * np.pi / 3),
    ],
    teaches="A wave along a trough: which hollow is found depends on which side of a crest the start lies.",
    start=(3.5, 0),
    lr=0.1,
    source='G. P. McCormick, "Computability of Global Solutions to Factorable Nonconvex Programs", 1976',
)
def mccormick(x: Any, y: Any) -> Any:
    """Along x + y the floor is sin(s) + s/2 and a constant: a hollow every 2π, each π higher than the one before."""
    return np.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1


@surface(
    formula="2x² − 1.05 x⁴ + x⁶/6 + xy + y²",
    latex=r"2x^2 - 1.05\,x^4 + \tfrac{x^6}{6} + xy + y^2",
    domain=((-2.5, 2.5), (-2.5, 2.5)),
    minima=[
        ((0, 0), 0.0),
        ((1.7475523458302893, -0.8737761729151446), 0.29863844223685954),
        ((-1.7475523458302893, 0.8737761729151446), 0.29863844223685954),
    ],
    teaches="Three hollows in a row: the two outer ones hold whoever starts there without momentum.",
    start=(2.2, 1.5),
    lr=0.03,
    source=f"{_JAMIL_YANG}, function 29; F. H. Branin, 1972",
)
def three_hump_camel(x: Any, y: Any) -> Any:
    """The outer minima are local only."""
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


@surface(
    formula="x² + y² + (x/2 + y)² + (x/2 + y)⁴",
    latex=r"x^2 + y^2 + (\tfrac{x}{2} + y)^2 + (\tfrac{x}{2} + y)^4",
    domain=((-5, 10), (-5, 10)),
    minima=[((0, 0), 0.0)],
    teaches="A bowl whose curvature grows with the distance: the rate that fits the end diverges at the start.",
    start=(5, 3),
    lr=0.002,
    source=f"{_JAMIL_YANG}, function 173",
)
def zakharov(x: Any, y: Any) -> Any:
    """The largest curvature is 4.5 at the minimum and above 600 at the start."""
    tilt = 0.5 * x + y
    return x**2 + y**2 + tilt**2 + tilt**4
