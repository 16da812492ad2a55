"""Arithmetic: sums, products, quotients, powers, choices between two values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from downslope.autodiff.primitive import Primitive, Sample, Value, handles, register, uniform
from downslope.autodiff.primitives.rules import (
    broadcast_shapes,
    chain_jvp,
    chain_vjp,
    elementwise,
    lined_up,
    promoted,
    refuse_options,
)
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import untraceable

NONZERO = (0.3, 2.5)

ADD = elementwise(
    "add",
    np.add,
    scalar=operator.add,
    text="{0} + {1}",
    precedence=4,
    latex="{0} + {1}",
    machine=lambda v, x, y: x + y,
    sentence="Adds; the adjoint goes to both unchanged.",
    chain=(lambda g, out, x, y: g, lambda g, out, x, y: g),
)

SUBTRACT = elementwise(
    "subtract",
    np.subtract,
    scalar=operator.sub,
    text="{0} - {1}",
    precedence=4,
    latex="{0} - {1}",
    machine=lambda v, x, y: x - y,
    sentence="Subtracts; the adjoint goes to the first unchanged and to the second with its sign flipped.",
    chain=(lambda g, out, x, y: g, lambda g, out, x, y: -g),
)

MULTIPLY = elementwise(
    "multiply",
    np.multiply,
    scalar=operator.mul,
    text="{0} * {1}",
    precedence=5,
    latex=r"{0} \odot {1}",
    machine=lambda v, x, y: x * y,
    sentence="Multiplies elementwise; each factor's adjoint is scaled by the other factor.",
    chain=(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x),
)

DIVIDE = elementwise(
    "divide",
    np.divide,
    scalar=operator.truediv,
    text="{0} / {1}",
    precedence=5,
    latex=r"\frac{{{0}}}{{{1}}}",
    machine=lambda v, x, y: x / y,
    sentence="Divides; a small denominator makes a large adjoint.",
    domain=((-2.0, 2.0), NONZERO),
    chain=(lambda g, out, x, y: g / y, lambda g, out, x, y: -(g * out) / y),
)

FLOOR_DIVIDE = elementwise(
    "floor_divide",
    np.floor_divide,
    scalar=operator.floordiv,
    text="{0} // {1}",
    precedence=5,
    latex=r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor",
    machine=lambda v, x, y: v.floor_divide(x, y),
    sentence="Divides and rounds down: a staircase, whose derivative is zero between the steps and is taken as zero.",
    domain=((0.35, 0.55), (0.9, 1.1)),
)

REMAINDER = elementwise(
    "remainder",
    np.remainder,
    scalar=operator.mod,
    text="{0} % {1}",
    precedence=5,
    latex=r"{0} \bmod {1}",
    machine=lambda v, x, y: v.remainder(x, y),
    sentence="What is left of a division; it follows the numerator with slope 1 and jumps at multiples of the divisor.",
    derivative="kinked",
    kinks="jumps where x is a multiple of y; the slope beside the jump is taken there",
    domain=((1.1, 1.7), (0.9, 1.0)),
    chain=(lambda g, out, x, y: g, lambda g, out, x, y: -g * np.floor_divide(x, y)),
)


def _power_base(g: Any, out: Value, x: Value, y: Value) -> Any:
    if y.literal is not None:
        return g * (y.literal * x ** (y.literal - 1))
    return g * (y * x ** (y - 1))


def _power_exponent(g: Any, out: Value, x: Value, y: Value) -> Any:
    # x ** y is flat in y at x = 0 (for y > 0), where log(x) alone would give -inf.
    return g * (out * np.log(np.where(x > 0, x, 1.0)))


POWER = elementwise(
    "power",
    np.power,
    scalar=operator.pow,
    text="{0} ** {1}",
    precedence=7,
    latex="{{{0}}}^{{{1}}}",
    machine=lambda v, x, y: v.power(x, y),
    sentence="Raises to a power; in the base the power rule, in the exponent the logarithm of the base.",
    derivative="smooth",
    kinks="the derivative by the exponent is taken as 0 for a base that is zero or negative",
    domain=((0.3, 2.0), (-1.5, 2.5)),
    chain=(_power_base, _power_exponent),
    aliases=(np.float_power,),
)

NEGATIVE = elementwise(
    "negative",
    np.negative,
    scalar=operator.neg,
    text="-{0}",
    precedence=6,
    latex="-{0}",
    machine=lambda v, x: -x,
    sentence="Flips the sign, and that of the adjoint.",
    chain=(lambda g, out, x: -g,),
)

POSITIVE = elementwise(
    "positive",
    np.positive,
    scalar=operator.pos,
    text="+{0}",
    precedence=6,
    latex="{0}",
    machine=lambda v, x: x,
    sentence="Leaves its value as it is.",
    chain=(lambda g, out, x: g,),
)

ABSOLUTE = elementwise(
    "absolute",
    np.absolute,
    scalar=operator.abs,
    text="np.abs({0})",
    latex=r"\left| {0} \right|",
    machine=lambda v, x: v.absolute(x),
    sentence="The distance from zero; the adjoint keeps or flips its sign.",
    derivative="kinked",
    kinks="at x = 0, where 0 is taken (as in PyTorch; JAX takes 1)",
    apart=0.05,
    chain=(lambda g, out, x: g * np.sign(x),),
    aliases=(np.fabs,),
)

SQUARE = elementwise(
    "square",
    np.square,
    scalar=lambda x: x * x,
    text="{0} ** 2",
    precedence=7,
    latex="{{{0}}}^2",
    machine=lambda v, x: x * x,
    sentence="The square; the adjoint is scaled by twice the value.",
    chain=(lambda g, out, x: g * (2 * x),),
)

RECIPROCAL = elementwise(
    "reciprocal",
    np.reciprocal,
    latex=r"\frac{{1}}{{{0}}}",
    machine=lambda v, x: 1.0 / x,
    sentence="One over the value.",
    domain=(NONZERO,),
    chain=(lambda g, out, x: -g * out**2,),
)


def _larger(g: Any, out: Value, x: Value, y: Value) -> Any:
    return g * (x > y)


def _smaller(g: Any, out: Value, x: Value, y: Value) -> Any:
    return g * (x < y)


_MASK = "a product of a number with true or false"
_TIE = "at x = y, where the second argument takes all of the adjoint, so relu = maximum(z, 0) has slope 0 at 0"

MAXIMUM = elementwise(
    "maximum",
    np.maximum,
    latex=r"\max({0}, {1})",
    machine=lambda v, x, y: v.maximum(x, y),
    sentence="The larger of two values; only the larger one gets the adjoint.",
    derivative="kinked",
    kinks=f"{_TIE} (as PyTorch's relu; torch.maximum and JAX give half to each)",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    apart=0.02,
    chain=(_larger, lambda g, out, x, y: g * (x <= y)),
    beyond_standard=_MASK,
    aliases=(np.fmax,),
)

MINIMUM = elementwise(
    "minimum",
    np.minimum,
    latex=r"\min({0}, {1})",
    machine=lambda v, x, y: v.minimum(x, y),
    sentence="The smaller of two values; only the smaller one gets the adjoint.",
    derivative="kinked",
    kinks="at x = y, where the second argument takes all of the adjoint (torch.minimum and JAX give half to each)",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    apart=0.02,
    chain=(_smaller, lambda g, out, x, y: g * (x >= y)),
    beyond_standard=_MASK,
    aliases=(np.fmin,),
)


@handles(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **options: Any
) -> Any:
    """Clip is minimum(maximum(a, low), high)."""
    refuse_options("clip", out=out, **options)
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    clipped = a if low is None else np.maximum(a, low)
    return clipped if high is None else np.minimum(clipped, high)


def _choose_sample(rng: np.random.Generator) -> Sample:
    mask = rng.random((3,)) < 0.5
    shapes = [(2, 3), (3,)] if rng.random() < 0.5 else [(), (2, 3)]
    return (lambda x, y: np.where(mask, x, y)), [uniform(rng, s) for s in shapes]


def _where_batch(batched: Any, *xs: Value) -> Any:
    return bind(WHERE, *lined_up(batched, xs))


WHERE: Primitive = register(
    Primitive(
        name="where",
        forward=np.where,
        aval=lambda c, x, y: (broadcast_shapes(c, x, y), promoted(x, y)),
        text="np.where({0}, {1}, {2})",
        latex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        machine=lambda v, c, x, y: v.select(c, x, y),
        sentence="Takes each element from one of two arrays; the adjoint goes to the one that was taken.",
        sample=_choose_sample,
        vjp=chain_vjp((None, lambda g, out, c, x, y: np.where(c, g, 0.0), lambda g, out, c, x, y: np.where(c, 0.0, g))),
        jvp=chain_jvp((None, lambda g, out, c, x, y: np.where(c, g, 0.0), lambda g, out, c, x, y: np.where(c, 0.0, g))),
        narrow="any",
        batch=_where_batch,
    )
)


@handles(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Three arguments only: with one, the shape of the result would depend on the values."""
    if x is None or y is None:
        untraceable(
            "traced-dynamic-shape",
            "np.where(condition) with one argument lists positions",
            "how many there are depends on the values, and a graph has fixed shapes",
            "use np.where(condition, x, y), or multiply by the mask",
        )
    return bind(WHERE, condition, x, y)


@handles(np.nonzero, np.flatnonzero, np.argwhere, np.unique)
def dynamic(a: Any, *_: Any, **__: Any) -> Any:
    """Functions whose result has a shape that depends on values."""
    return where(a)
