"""Exponentials, logarithms and roots."""

from __future__ import annotations

import math

import numpy as np

from downslope.autodiff.primitives.rules import elementwise

POSITIVE = (0.2, 2.5)

EXP = elementwise(
    "exp",
    np.exp,
    latex="e^{{{0}}}",
    machine=lambda v, x: v.exp(x),
    sentence="The exponential is its own derivative, so the result is used again on the way back.",
    chain=(lambda g, out, x: g * out,),
)

EXP2 = elementwise(
    "exp2",
    np.exp2,
    latex="2^{{{0}}}",
    machine=lambda v, x: v.exp2(x),
    sentence="Two to the power of x.",
    chain=(lambda g, out, x: g * (out * math.log(2)),),
)

EXPM1 = elementwise(
    "expm1",
    np.expm1,
    latex="e^{{{0}}} - 1",
    machine=lambda v, x: v.expm1(x),
    sentence="exp(x) - 1 without the cancellation near zero.",
    chain=(lambda g, out, x: g * (out + 1),),
)

LOG = elementwise(
    "log",
    np.log,
    latex=r"\ln {0}",
    machine=lambda v, x: v.log(x),
    sentence="The natural logarithm; the adjoint is divided by the value.",
    domain=(POSITIVE,),
    chain=(lambda g, out, x: g / x,),
)

LOG1P = elementwise(
    "log1p",
    np.log1p,
    latex=r"\ln(1 + {0})",
    machine=lambda v, x: v.log1p(x),
    sentence="log(1 + x) without the rounding near zero.",
    domain=((-0.7, 2.0),),
    chain=(lambda g, out, x: g / (1 + x),),
)

LOG2 = elementwise(
    "log2",
    np.log2,
    latex=r"\log_2 {0}",
    machine=lambda v, x: v.log2(x),
    sentence="The logarithm to base 2: bits.",
    domain=(POSITIVE,),
    chain=(lambda g, out, x: g / (x * math.log(2)),),
)

LOG10 = elementwise(
    "log10",
    np.log10,
    latex=r"\log_{{10}} {0}",
    machine=lambda v, x: v.log10(x),
    sentence="The logarithm to base 10; its derivative has a factor 1/ln 10 that is easily forgotten.",
    domain=(POSITIVE,),
    chain=(lambda g, out, x: g / (x * math.log(10)),),
)

SQRT = elementwise(
    "sqrt",
    np.sqrt,
    latex=r"\sqrt{{{0}}}",
    machine=lambda v, x: v.sqrt(x),
    sentence="The square root; its slope grows without bound towards zero.",
    kinks="at x = 0 the derivative is infinite (as in PyTorch and JAX)",
    domain=(POSITIVE,),
    chain=(lambda g, out, x: g / (2 * out),),
)

CBRT = elementwise(
    "cbrt",
    np.cbrt,
    latex=r"\sqrt[3]{{{0}}}",
    machine=lambda v, x: v.cbrt(x),
    sentence="The cube root.",
    kinks="at x = 0 the derivative is infinite",
    domain=(POSITIVE,),
    chain=(lambda g, out, x: g / (3 * out**2),),
)

LOGADDEXP = elementwise(
    "logaddexp",
    np.logaddexp,
    latex=r"\ln(e^{{{0}}} + e^{{{1}}})",
    machine=lambda v, x, y: v.logaddexp(x, y),
    sentence="A soft maximum, stable for large values: logaddexp(0, x) is softplus; the adjoint is shared by softmax.",
    # sigmoid(x - y), written so that neither overflow nor the rounding of a large `out` spoils it.
    chain=(
        lambda g, out, x, y: g * np.exp(-np.logaddexp(0.0, y - x)),
        lambda g, out, x, y: g * np.exp(-np.logaddexp(0.0, x - y)),
    ),
)
