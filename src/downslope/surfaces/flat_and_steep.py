"""Flat and steep places: where the gradient says too little or far too much."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.surfaces.table import surface


@surface(
    formula="x² − y²",
    latex=r"x^2 - y^2",
    domain=((-2, 2), (-2, 2)),
    minima=[],
    without_minimum="none: the value falls without end along y",
    teaches="A saddle repels, but only from beside it: 1e-8 off its ridge, leaving takes 101 steps of lr = 0.1.",
    start=(-1.5, 0.0001),
    lr=0.1,
    source='Y. Dauphin et al., "Identifying and Attacking the Saddle Point Problem in High-Dimensional Non-Convex '
    'Optimization", 2014',
    is_quadratic=True,
)
def saddle(x: Any, y: Any) -> Any:
    """Curvatures 2 and −2: x shrinks by 1 − 2 lr a step, y grows by 1 + 2 lr."""
    return x**2 - y**2


@surface(
    formula="x³ − 3xy²",
    latex=r"x^3 - 3xy^2",
    domain=((-1.5, 1.5), (-1.5, 1.5)),
    minima=[],
    without_minimum="none: the value falls without end along three valleys",
    teaches="At a degenerate saddle the whole Hessian is zero, so Newton's method has nothing to divide by.",
    start=(1.2, 0.0001),
    lr=0.05,
    source='D. Hilbert and S. Cohn-Vossen, "Anschauliche Geometrie", 1932, section 29',
)
def monkey_saddle(x: Any, y: Any) -> Any:
    """Two valleys for the legs and one for the tail; both curvatures at the origin are 0."""
    return x**3 - 3 * x * y**2


@surface(
    formula="1 − exp(−(x² + y²)/2)",
    latex=r"1 - e^{-(x^2 + y^2)/2}",
    domain=((-5, 5), (-5, 5)),
    minima=[((0, 0), 0.0)],
    teaches="A hole in a plateau: where the gradient vanishes, only a rule that divides by its size gets going.",
    start=(2.5, 2),
    lr=1.0,
    source="Downslope's own; a saturated loss, as behind a sigmoid or tanh far from 0",
)
def plateau(x: Any, y: Any) -> Any:
    """At distance r the gradient is r·exp(−r²/2): 0.6 at most, 0.02 at the start, 4e-6 five steps' width away."""
    return 1 - np.exp(-(x**2 + y**2) / 2)


@surface(
    formula="(h₂₀ − 0.7)², h₀ = 0.5, hₜ = x·σ(hₜ₋₁) + y",
    latex=r"(h_{20} - 0.7)^2, \quad h_0 = 0.5, \; h_t = x\,\sigma(h_{t-1}) + y",
    domain=((4, 6), (-3, -1.8)),
    minima=[((4.25, -2.1334059176682247), 0.0)],
    teaches="Weights used again and again make a wall: one gradient on it throws the point far away, unless clipped.",
    start=(4.8, -2.1),
    lr=0.003,
    source='R. Pascanu, T. Mikolov and Y. Bengio, "On the Difficulty of Training Recurrent Neural Networks", 2013, '
    "figure 6 (there with 50 steps)",
)
def cliff(x: Any, y: Any) -> Any:
    """A recurrent network of one unit with weight x and bias y, its loss after 20 steps.

    The minima are a curve along the foot of the wall; one of its points is listed, with curvatures 0 and 544.
    """
    h: Any = 0.5
    for _ in range(20):
        h = x / (1 + np.exp(-h)) + y
    return (h - 0.7) ** 2


@surface(
    formula="|x| + |y|",
    latex=r"|x| + |y|",
    domain=((-3, 3), (-3, 3)),
    minima=[((0, 0), 0.0)],
    teaches="The gradient never gets small, so a constant rate never arrives: it swings to and fro, lr/2 off at best.",
    start=(-2.3, 1.1),
    lr=0.1,
    source='N. Z. Shor, "Minimization Methods for Non-Differentiable Functions", 1985',
    kinks="on both axes, where 0 is taken for the derivative across",
)
def absolute(x: Any, y: Any) -> Any:
    """The subgradient method needs rates that shrink to 0 here, and yet sum to infinity."""
    return np.abs(x) + np.abs(y)
