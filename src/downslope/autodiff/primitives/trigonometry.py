"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

import numpy as np

from downslope.autodiff.primitives.rules import elementwise

INSIDE = (-0.8, 0.8)

SIN = elementwise(
    "sin",
    np.sin,
    latex=r"\sin {0}",
    machine=lambda v, x: v.sin(x),
    sentence="The sine; on the way back the cosine.",
    chain=(lambda g, out, x: g * np.cos(x),),
)

COS = elementwise(
    "cos",
    np.cos,
    latex=r"\cos {0}",
    machine=lambda v, x: v.cos(x),
    sentence="The cosine; on the way back minus the sine.",
    chain=(lambda g, out, x: -g * np.sin(x),),
)

TAN = elementwise(
    "tan",
    np.tan,
    latex=r"\tan {0}",
    machine=lambda v, x: v.tan(x),
    sentence="The tangent.",
    kinks="poles at odd multiples of pi/2",
    domain=((-1.2, 1.2),),
    chain=(lambda g, out, x: g * (1 + out**2),),
)

ARCSIN = elementwise(
    "arcsin",
    np.arcsin,
    latex=r"\arcsin {0}",
    machine=lambda v, x: v.arcsin(x),
    sentence="The angle whose sine is x.",
    domain=(INSIDE,),
    chain=(lambda g, out, x: g / np.sqrt(1 - x**2),),
)

ARCCOS = elementwise(
    "arccos",
    np.arccos,
    latex=r"\arccos {0}",
    machine=lambda v, x: v.arccos(x),
    sentence="The angle whose cosine is x.",
    domain=(INSIDE,),
    chain=(lambda g, out, x: -g / np.sqrt(1 - x**2),),
)

ARCTAN = elementwise(
    "arctan",
    np.arctan,
    latex=r"\arctan {0}",
    machine=lambda v, x: v.arctan(x),
    sentence="The angle whose tangent is x.",
    chain=(lambda g, out, x: g / (1 + x**2),),
)

ARCTAN2 = elementwise(
    "arctan2",
    np.arctan2,
    latex=r"\operatorname{{atan2}}({0}, {1})",
    machine=lambda v, x, y: v.arctan2(x, y),
    sentence="The angle of the point (second, first).",
    kinks="no derivative at the origin, a jump of 2 pi across the negative axis",
    domain=((0.3, 2.0), (0.3, 2.0)),
    chain=(lambda g, out, y, x: g * (x / (x**2 + y**2)), lambda g, out, y, x: -g * (y / (x**2 + y**2))),
)

SINH = elementwise(
    "sinh",
    np.sinh,
    latex=r"\sinh {0}",
    machine=lambda v, x: v.sinh(x),
    sentence="The hyperbolic sine.",
    chain=(lambda g, out, x: g * np.cosh(x),),
)

COSH = elementwise(
    "cosh",
    np.cosh,
    latex=r"\cosh {0}",
    machine=lambda v, x: v.cosh(x),
    sentence="The hyperbolic cosine.",
    chain=(lambda g, out, x: g * np.sinh(x),),
)

TANH = elementwise(
    "tanh",
    np.tanh,
    latex=r"\tanh {0}",
    machine=lambda v, x: v.tanh(x),
    sentence="Squashes to (-1, 1); the derivative 1 - h^2 is at most 1 and vanishes where the unit is saturated.",
    chain=(lambda g, out, x: g * (1 - out**2),),
)

ARCSINH = elementwise(
    "arcsinh",
    np.arcsinh,
    latex=r"\operatorname{{arsinh}} {0}",
    machine=lambda v, x: v.arcsinh(x),
    sentence="The inverse of the hyperbolic sine.",
    chain=(lambda g, out, x: g / np.sqrt(1 + x**2),),
)

ARCCOSH = elementwise(
    "arccosh",
    np.arccosh,
    latex=r"\operatorname{{arcosh}} {0}",
    machine=lambda v, x: v.arccosh(x),
    sentence="The inverse of the hyperbolic cosine.",
    domain=((1.3, 3.0),),
    chain=(lambda g, out, x: g / np.sqrt(x**2 - 1),),
)

ARCTANH = elementwise(
    "arctanh",
    np.arctanh,
    latex=r"\operatorname{{artanh}} {0}",
    machine=lambda v, x: v.arctanh(x),
    sentence="The inverse of the hyperbolic tangent.",
    domain=(INSIDE,),
    chain=(lambda g, out, x: g / (1 - x**2),),
)

HYPOT = elementwise(
    "hypot",
    np.hypot,
    latex=r"\sqrt{{{{{0}}}^2 + {{{1}}}^2}}",
    machine=lambda v, x, y: v.hypot(x, y),
    sentence="The length of the vector (x, y).",
    kinks="no derivative at the origin: NaN there (as in PyTorch)",
    domain=((0.3, 2.0), (0.3, 2.0)),
    chain=(lambda g, out, x, y: g * (x / out), lambda g, out, x, y: g * (y / out)),
)
