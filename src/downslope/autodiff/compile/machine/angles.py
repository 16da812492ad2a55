"""Sines, tangents and angles of vectors."""

from __future__ import annotations

import math

from downslope.autodiff.compile.machine.elementary import (
    absolute,
    copysign,
    horner,
    is_nan,
    maximum,
    minimum,
    rint,
    select,
    sqrt,
)
from downslope.autodiff.compile.machine.vec import Vec

# π/2 in three pieces.
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)


def _quadrant(x: Vec) -> tuple[Vec, Vec]:
    """(n mod 4, r) with x = n · π/2 + r, |r| ≤ π/4, in float64 also for float32, up to |x| of about 1e9."""
    wide = x.cast("f64")
    n = rint(wide * (2 / math.pi))
    r = wide
    for piece in _HALF_PI:
        r = n.fma(-piece, r)
    is_near = absolute(wide) < 2.0**31
    whole = select(is_near, n, 0.0).cast("i64").bits("and", 3)
    return whole, r


def _sine(r: Vec, single: bool) -> Vec:
    z = r * r
    terms = 6 if single else 9
    series = [(-1) ** k / math.factorial(2 * k + 1) for k in range(1, terms)]
    return (r * z).fma(horner(z, series), r)


def _cosine(r: Vec, single: bool) -> Vec:
    z = r * r
    terms = 7 if single else 10
    series = [(-1) ** k / math.factorial(2 * k) for k in range(2, terms)]
    half = z * 0.5
    rounded = 1.0 - half
    return rounded + (((1.0 - rounded) - half) + z * z * horner(z, series))


def _turned(x: Vec, ahead: int) -> Vec:
    quadrant, r = _quadrant(x)
    quadrant = quadrant + ahead
    single = x.kind == "f32"
    found = select(quadrant.bits("and", 1).eq(0), _sine(r, single), _cosine(r, single))
    found = select(quadrant.bits("and", 2).eq(0), found, -found)
    return select(x.eq(0.0), x if not ahead else x.like(1.0), found.cast(x.kind))


def sin(x: Vec) -> Vec:
    """The sine."""
    return _turned(x, 0)


def cos(x: Vec) -> Vec:
    """The cosine, a quarter of a turn ahead."""
    return _turned(x, 1)


def tan(x: Vec) -> Vec:
    """Sine by cosine of what is left of the angle."""
    quadrant, r = _quadrant(x)
    single = x.kind == "f32"
    s, c = _sine(r, single), _cosine(r, single)
    found = select(quadrant.bits("and", 1).eq(0), s / c, -c / s)
    return select(x.eq(0.0), x, found.cast(x.kind))


def _arctan_of_ratio(y: Vec, x: Vec) -> Vec:
    """The angle of (x, y) for x, y ≥ 0, not both zero or infinite: the smaller by the larger, then π/8 turned off."""
    swapped = y > x
    small, large = select(swapped, x, y), select(swapped, y, x)
    # tan(a − π/8) = (t − c) / (1 + c t) with c = √2 − 1: what is left is below π/8.
    c = math.sqrt(2) - 1
    is_steep = small > large * c
    t = select(is_steep, (small - large * c) / (large + small * c), small / large)
    t = select(small.eq(0.0), small, t)
    z = t * t
    series = [(-1) ** k / (2 * k + 1) for k in range(1, 9 if y.kind == "f32" else 21)]
    angle = (t * z).fma(horner(z, series), t)
    angle = select(is_steep, angle + math.pi / 8, angle)
    return select(swapped, math.pi / 2 - angle, angle)


def arctan(x: Vec) -> Vec:
    """The angle whose tangent is x."""
    size = absolute(x)
    is_large = size > 1.0
    # 1 / x before the division, so that infinity has an angle too.
    t = _arctan_of_ratio(select(is_large, size.like(1.0), size), select(is_large, size, 1.0))
    flipped = select(is_large, _arctan_below_one(1.0 / size), t)
    return copysign(select(is_large, math.pi / 2 - flipped, t), x)


def _arctan_below_one(t: Vec) -> Vec:
    return _arctan_of_ratio(t, t.like(1.0))


def arctan2(y: Vec, x: Vec) -> Vec:
    """The angle of the point (x, y), with all the signed zeros and infinities of C."""
    a, b = absolute(y), absolute(x)
    both_infinite = a.eq(math.inf) & b.eq(math.inf)
    both_zero = a.eq(0.0) & b.eq(0.0)
    a_, b_ = select(both_infinite, a.like(1.0), a), select(both_infinite | both_zero, b.like(1.0), b)
    # An infinite one against a finite one: 0 or a quarter turn.
    a_, b_ = select(b_.eq(math.inf), a.like(0.0), a_), select(a_.eq(math.inf), b.like(0.0), b_)
    a_ = select(a_.eq(math.inf), a.like(1.0), a_)
    b_ = select(b_.eq(math.inf), b.like(1.0), b_)
    # A common factor leaves the angle, and keeps sums and differences of the two among the normal numbers.
    middle = 60 if x.kind == "f32" else 500
    factor = select(maximum(a_, b_) > 2.0**middle, x.like(2.0**-30), x.like(2.0**middle))
    angle = _arctan_of_ratio(a_ * factor, b_ * factor)
    angle = select(copysign(x.like(1.0), x) < 0.0, math.pi - angle, angle)
    angle = copysign(angle, y)
    return select(is_nan(x) | is_nan(y), x + y, angle)


def arcsin(x: Vec) -> Vec:
    """By the legs of the triangle with hypotenuse 1; NaN outside of [-1, 1]."""
    return arctan2(x, sqrt((1.0 - x) * (x + 1.0)))


def arccos(x: Vec) -> Vec:
    """Twice the angle of half the triangle: exact also where x is near 1."""
    return arctan2(sqrt(1.0 - x), sqrt(x + 1.0)) * 2.0


def hypot(x: Vec, y: Vec) -> Vec:
    """√(x² + y²) without overflow on the way; infinite where either is."""
    a, b = absolute(x), absolute(y)
    large, small = maximum(a, b), minimum(a, b)
    ratio = small / select(large.eq(0.0), large.like(1.0), large)
    found = large * sqrt(ratio.fma(ratio, 1.0))
    is_infinite = a.eq(math.inf) | b.eq(math.inf)
    return select(is_infinite, found.like(math.inf), found)
