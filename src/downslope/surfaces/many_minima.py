"""Many minima: where a run ends depends on where it begins, and on how far its steps carry."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.surfaces.table import surface

_JAMIL_YANG = 'M. Jamil and X.-S. Yang, "A Literature Survey of Benchmark Functions for Global Optimization", 2013'
_SURJANOVIC = 'S. Surjanovic and D. Bingham, "Virtual Library of Simulation Experiments", 2013'


@surface(
    formula="(x² + y − 11)² + (x + y² − 7)²",
    latex=r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    domain=((-5, 5), (-5, 5)),
    minima=[
        ((3, 2), 0.0),
        ((-2.805118086952745, 3.131312518250573), 0.0),
        ((-3.779310253377747, -3.2831859912861696), 0.0),
        ((3.5844283403304917, -1.8481265269644034), 0.0),
    ],
    teaches="Four minima of the same depth: the start decides which one is found, and their borders are finely folded.",
    start=(0, -0.5),
    lr=0.01,
    source='D. M. Himmelblau, "Applied Nonlinear Programming", 1972',
)
def himmelblau(x: Any, y: Any) -> Any:
    """Also four saddles and one maximum, near (−0.27, −0.92)."""
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface(
    formula="20 + x² + y² − 10 cos(2πx) − 10 cos(2πy)",
    latex=r"20 + x^2 + y^2 - 10\cos(2\pi x) - 10\cos(2\pi y)",
    domain=((-5.12, 5.12), (-5.12, 5.12)),
    minima=[((0, 0), 0.0)],
    teaches="A bowl under an egg box: gradient descent ends in the nearest of about a hundred hollows.",
    start=(2.2, -1.3),
    lr=0.002,
    source='L. A. Rastrigin, "Systems of Extremal Control", 1974; H. Mühlenbein et al., 1991',
)
def rastrigin(x: Any, y: Any) -> Any:
    """A local minimum close to every point with whole coordinates; curvature 397 at the lowest."""
    return 20 + x**2 + y**2 - 10 * np.cos(2 * np.pi * x) - 10 * np.cos(2 * np.pi * y)


@surface(
    formula="−20 exp(−0.2 √((x² + y²)/2)) − exp((cos 2πx + cos 2πy)/2) + e + 20",
    latex=r"-20\,e^{-0.2\sqrt{(x^2 + y^2)/2}} - e^{(\cos 2\pi x + \cos 2\pi y)/2} + e + 20",
    domain=((-5, 5), (-5, 5)),
    minima=[((0, 0), 0.0)],
    teaches="Ripples on the way to a funnel hold small steps, and at the funnel's sharp tip a constant rate dances.",
    start=(1.2, 0.7),
    lr=0.01,
    source='D. H. Ackley, "A Connectionist Machine for Genetic Hillclimbing", 1987',
    kinks="at the minimum (0, 0), the tip of a cone, where 0 is taken for the gradient",
)
def ackley(x: Any, y: Any) -> Any:
    """The slope beside the tip is 2√2. np.where keeps the root's infinite derivative at 0 away from the tip."""
    square = (x**2 + y**2) / 2
    distance = np.where(square > 0, np.sqrt(np.where(square > 0, square, 1.0)), 0.0)
    waves = (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 2
    return -20 * np.exp(-0.2 * distance) - np.exp(waves) + np.e + 20


_DEEP, _SHALLOW = -2.903534027771177, 2.746802770990837  # where 4t³ − 32t + 5 is 0


@surface(
    formula="(x⁴ − 16x² + 5x + y⁴ − 16y² + 5y)/2",
    latex=r"\tfrac{1}{2}(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y)",
    domain=((-5, 5), (-5, 5)),
    minima=[
        ((_DEEP, _DEEP), -78.33233140754284),
        ((_SHALLOW, _DEEP), -64.19561235905536),
        ((_DEEP, _SHALLOW), -64.19561235905536),
        ((_SHALLOW, _SHALLOW), -50.05889331056788),
    ],
    teaches="Every coordinate for itself has a deep and a shallow hollow, so one of four minima is the best.",
    start=(0.5, -0.5),
    lr=0.01,
    source='M. A. Styblinski and T.-S. Tang, "Experiments in Nonconvex Optimization", 1990',
)
def styblinski_tang(x: Any, y: Any) -> Any:
    """A sum of two functions of one number each: its Hessian is diagonal everywhere."""
    return (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y) / 2


@surface(
    formula="(1 + (x+y+1)² (19 − 14x + 3x² − 14y + 6xy + 3y²)) · (30 + (2x−3y)² (18 − 32x + 12x² + 48y − 36xy + 27y²))",
    latex=r"\bigl(1 + (x+y+1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\bigr)"
    r"\bigl(30 + (2x-3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\bigr)",
    domain=((-2, 2), (-2, 2)),
    minima=[((0, -1), 3.0), ((-0.6, -0.4), 30.0), ((1.8, 0.2), 84.0), ((1.2, 0.8), 840.0)],
    teaches="Values from 3 to a million: no single rate fits, and the gradient's size says nothing about the distance.",
    start=(-0.5, -1.2),
    lr=0.0001,
    source='A. A. Goldstein and J. F. Price, "On Descent from Local Minima", 1971',
)
def goldstein_price(x: Any, y: Any) -> Any:
    """Four minima; the curvatures at the lowest are 403 and 965."""
    first = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    second = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return first * second


@surface(
    formula="(4 − 2.1 x² + x⁴/3) x² + xy + (4y² − 4) y²",
    latex=r"(4 - 2.1\,x^2 + \tfrac{x^4}{3})\,x^2 + xy + (4y^2 - 4)\,y^2",
    domain=((-2, 2), (-1.1, 1.1)),
    minima=[
        ((0.08984201310031806, -0.7126564030207396), -1.0316284534898774),
        ((-0.08984201310031806, 0.7126564030207396), -1.0316284534898774),
        ((1.703606714969981, -0.7960835686726252), -0.21546382438371836),
        ((-1.703606714969981, 0.7960835686726252), -0.21546382438371836),
        ((1.607104752920197, 0.5686514548841314), 2.1042503103112584),
        ((-1.607104752920197, -0.5686514548841314), 2.1042503103112584),
    ],
    teaches="Six hollows of three depths, in pairs: two runs that start side by side may end far apart.",
    start=(1.9, 1),
    lr=0.01,
    source='L. C. W. Dixon and G. P. Szegő, "The Global Optimization Problem: An Introduction", 1978',
)
def six_hump_camel(x: Any, y: Any) -> Any:
    """f(−x, −y) = f(x, y), so minima come in pairs."""
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


@surface(
    formula="(y − 5.1/(4π²) x² + 5/π x − 6)² + 10 (1 − 1/(8π)) cos x + 10",
    latex=r"\bigl(y - \tfrac{5.1}{4\pi^2} x^2 + \tfrac{5}{\pi} x - 6\bigr)^2"
    r" + 10\bigl(1 - \tfrac{1}{8\pi}\bigr)\cos x + 10",
    domain=((-5, 10), (0, 15)),
    minima=[
        ((-np.pi, 12.275), 5 / (4 * np.pi)),
        ((np.pi, 2.275), 5 / (4 * np.pi)),
        ((3 * np.pi, 2.475), 5 / (4 * np.pi)),
    ],
    teaches="Three equal minima along one bent valley, with a low pass between each two.",
    start=(6, 14),
    lr=0.02,
    source='F. H. Branin, "Widely Convergent Method for Finding Multiple Solutions of Simultaneous '
    'Nonlinear Equations", 1972',
)
def branin(x: Any, y: Any) -> Any:
    """Where cos x = −1 and the square is 0 the value is 10/(8π) = 0.397887."""
    bend = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


@surface(
    "levi13",
    formula="sin²(3πx) + (x − 1)² (1 + sin²(3πy)) + (y − 1)² (1 + sin²(2πy))",
    latex=r"\sin^2(3\pi x) + (x - 1)^2 (1 + \sin^2(3\pi y)) + (y - 1)^2 (1 + \sin^2(2\pi y))",
    domain=((-10, 10), (-10, 10)),
    minima=[((1, 1), 0.0)],
    teaches="Waves in both directions on a bowl: small steps see only the waves, large ones only the bowl.",
    start=(-4, 6),
    lr=0.001,
    source=f'A. V. Levy and A. Montalvo, "The Tunneling Algorithm", 1985, as number 13 in {_SURJANOVIC}',
)
def levy(x: Any, y: Any) -> Any:
    """Also found as ``levi13``, the name that is common in benchmark suites."""
    return (
        np.sin(3 * np.pi * x) ** 2
        + (x - 1) ** 2 * (1 + np.sin(3 * np.pi * y) ** 2)
        + (y - 1) ** 2 * (1 + np.sin(2 * np.pi * y) ** 2)
    )


@surface(
    formula="(x² + y²)/4000 − cos x · cos(y/√2) + 1",
    latex=r"\tfrac{x^2 + y^2}{4000} - \cos x \cos\tfrac{y}{\sqrt{2}} + 1",
    domain=((-10, 10), (-10, 10)),
    minima=[((0, 0), 0.0)],
    teaches="From afar a smooth bowl, from near all waves: which one is seen depends on the length of the steps.",
    start=(4, 3),
    lr=0.2,
    source='A. O. Griewank, "Generalized Descent for Global Optimization", 1981',
)
def griewank(x: Any, y: Any) -> Any:
    """Published on [−600, 600]², where the bowl is seen; the domain here shows the waves."""
    return (x**2 + y**2) / 4000 - np.cos(x) * np.cos(y / np.sqrt(2)) + 1


@surface(
    formula="−cos x · cos y · exp(−(x − π)² − (y − π)²)",
    latex=r"-\cos x \cos y \, e^{-(x - \pi)^2 - (y - \pi)^2}",
    domain=((-2, 8), (-2, 8)),
    minima=[((np.pi, np.pi), -1.0)],
    teaches="A hole in a flat plain: outside it the gradient is too small to follow and no larger rate helps for long.",
    start=(4, 2.4),
    lr=0.2,
    source=f"{_JAMIL_YANG}, function 50; E. E. Easom, 1990",
)
def easom(x: Any, y: Any) -> Any:
    """Published on [−100, 100]², of which the hole is a thousandth; the domain here shows it."""
    return -np.cos(x) * np.cos(y) * np.exp(-((x - np.pi) ** 2) - (y - np.pi) ** 2)


@surface(
    formula="100 √|y − 0.01 x²| + 0.01 |x + 10|",
    latex=r"100\sqrt{|y - 0.01\,x^2|} + 0.01\,|x + 10|",
    domain=((-15, -5), (-3, 3)),
    minima=[((-10, 1), 0.0)],
    teaches="A knife's edge: the slope grows without end towards the floor, so every constant rate is thrown off it.",
    start=(-7, 2),
    lr=0.0001,
    source=f"{_JAMIL_YANG}, function 28; A. D. Bukin, 1997",
    kinks="on the parabola y = 0.01 x², where 0 is taken for the root's infinite slope, and on x = −10",
)
def bukin6(x: Any, y: Any) -> Any:
    """np.where takes the slope 0 on the edge itself; beside it the slope is 50/√distance."""
    height = np.abs(y - 0.01 * x**2)
    root = np.where(height > 0, np.sqrt(np.where(height > 0, height, 1.0)), 0.0)
    return 100 * root + 0.01 * np.abs(x + 10)
