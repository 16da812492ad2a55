"""The simplest functions of vectors: choosing, comparing, rounding, polynomials."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.autodiff.compile.machine.vec import Vec

# Bits of the fraction, bias of the exponent, kind of whole numbers of the same size.
FORM = {"f32": (23, 127, "i32"), "f64": (52, 1023, "i64")}
TINY = {"f32": 2.0**-126, "f64": 2.0**-1022}


def select(mask: Vec, x: Vec, y: object) -> Vec:
    """x where the mask is true, else y."""
    return mask.f.select(mask, x, y)


def horner(u: Vec, coefficients: Sequence[float]) -> Vec:
    """A polynomial in u; coefficients from the constant term on."""
    total = u.like(coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total.fma(u, c)
    return total


def is_nan(x: Vec) -> Vec:
    """True for NaN."""
    return x.compare("uno", "ne", x)


def absolute(x: Vec) -> Vec:
    """The distance from zero."""
    return x.call("fabs") if x.is_float else select(x < 0, -x, x)


def copysign(x: Vec, sign: Vec) -> Vec:
    """x with the sign bit of the other."""
    return x.call("copysign", sign)


def sqrt(x: Vec) -> Vec:
    """The square root, correctly rounded."""
    return x.call("sqrt")


def rint(x: Vec) -> Vec:
    """To the nearest integer, halves to even."""
    return x.call("rint")


def floor(x: Vec) -> Vec:
    """Down to an integer."""
    return x.call("floor")


def ceil(x: Vec) -> Vec:
    """Up to an integer."""
    return x.call("ceil")


def trunc(x: Vec) -> Vec:
    """Towards zero to an integer."""
    return x.call("trunc")


def maximum(x: Vec, y: Vec) -> Vec:
    """The larger one; NaN where either is. One instruction where one of them is a number that is written down."""
    if not x.is_float:
        return select(x > y, x, y)
    if x.written is not None:
        return select(x > y, x, y)  # unordered: y
    larger = select(y > x, y, x)  # unordered: x
    return larger if y.written is not None else select(is_nan(y), y, larger)


def minimum(x: Vec, y: Vec) -> Vec:
    """The smaller one; NaN where either is."""
    if not x.is_float:
        return select(x < y, x, y)
    if x.written is not None:
        return select(x < y, x, y)
    smaller = select(y < x, y, x)
    return smaller if y.written is not None else select(is_nan(y), y, smaller)


def sign(x: Vec) -> Vec:
    """-1, 0 or 1; NaN stays."""
    if not x.is_float:
        return select(x > 0, x.like(1), select(x < 0, x.like(-1), x.like(0)))
    one = copysign(x.like(1.0), x)
    return select((x > 0) | (x < 0), one, select(is_nan(x), x, 0.0))


def truth(x: Vec) -> Vec:
    """True where not zero."""
    return x.cast("bool")
