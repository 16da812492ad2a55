"""Powers, roots and remainders of vectors."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from downslope.autodiff.compile.machine.elementary import (
    absolute,
    copysign,
    floor,
    horner,
    is_nan,
    rint,
    select,
    sqrt,
    trunc,
)
from downslope.autodiff.compile.machine.exponentials import exp, log, split
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.vec import Vec


def cbrt(x: Vec) -> Vec:
    """The cube root: from the logarithm, then one step of Newton's rule."""
    size = absolute(x)
    r = exp(log(size) * (1 / 3))
    better = r - (r - size / (r * r)) * (1 / 3)
    is_plain = (size > 0.0) & (size < math.inf)
    return select(is_plain, copysign(better, x), x)


def power(x: Vec, y: Vec) -> Vec:
    """x^y as C's pow has it. Small whole and half exponents that are written down become products and roots."""
    n = y.written
    if n is not None and float(n).is_integer() and abs(n) <= 16:
        return whole_power(x, int(n))
    if not x.is_float:
        raise NotGenerated("whole numbers to a power that is not written down")
    if n == 0.5:
        return sqrt(x)
    base = x.written if x.written is None or x.kind == "f64" else float(np.float32(x.written))
    if base is not None and 0 < base < math.inf and base != 1:
        found = _power_of_a_constant(x.f.const("f64", x.lanes, base), y.cast("f64"))
    else:
        found = _power(x.cast("f64"), y.cast("f64"))
    return found.cast(x.kind)


def _log_in_two(size: Vec) -> tuple[Vec, Vec]:
    """ln of a positive number as a sum of two, to about 70 bits: y · ln x then has an error below e^x's own."""
    e, m = split(size)
    f = m - 1.0
    d = m + 1.0
    d_low = m - (d - 1.0)
    s = f / d
    s_low = (d.fma(-s, f) - s * d_low) / d  # s + s_low = f / (m + 1)
    z = s * s
    z_low = s.fma(s, -z) + s * s_low * 2.0
    # 2 artanh s = 2s + 2/3 s³ + s⁵ · R(s²); the first two terms carry their rounding along.
    third = Fraction(2, 3)
    t_high = float(third)
    t_low = float(third - Fraction(t_high))
    cube = z * s
    cube_low = z.fma(s, -cube) + z_low * s + z * s_low
    a = cube * t_high
    a_low = cube.fma(t_high, -a) + cube_low * t_high + cube * t_low
    rest = cube * z * horner(z, [2 / (2 * k + 5) for k in range(13)])
    ln2_high = 0.6931471803691238  # 21 zero bits at its end: times any exponent it is exact
    ln2_low = float(Fraction(_ln2_fraction()) - Fraction(ln2_high))
    first = e * ln2_high
    high, error = _two_sum(first, s * 2.0)
    high, more = _two_sum(high, a)
    low = e.fma(ln2_low, error + more + s_low * 2.0 + a_low + rest)
    return _two_sum(high, low)


def _ln2_fraction() -> Fraction:
    """ln 2 to 40 digits: Σ 1 / (k 2^k)."""
    return sum((Fraction(1, k * 2**k) for k in range(1, 140)), Fraction(0))


def _two_sum(a: Vec, b: Vec) -> tuple[Vec, Vec]:
    """a + b and what its rounding lost (Knuth). Written with fma, which no optimisation may take apart."""
    one = a.like(1.0)
    total = a.fma(one, b)
    part = total.fma(one, -a)
    return total, a.fma(one, -(total.fma(one, -part))).fma(one, b.fma(one, -part))


def _constant_log_in_two(size: float) -> tuple[float, float]:
    """ln of a positive number that is known beforehand, as a sum of two."""
    with localcontext(prec=60):
        exact = Decimal(size).ln()
        return float(exact), float(exact - Decimal(float(exact)))


def _power_of_a_constant(x: Vec, y: Vec) -> Vec:
    """As :func:`_power` for a positive, finite number that is written down: no logarithm and few cases are left.

    Optimizers ask for beta^t in every step, in which nothing else can begin before.
    """
    high, low = _constant_log_in_two(x.written)
    product = y * high
    lost = y.fma(y.like(high), -product) + y * low
    found = exp(product)
    return select(found < math.inf, found.fma(select(absolute(lost) < 1.0, lost, 0.0), found), found)


def _power(x: Vec, y: Vec) -> Vec:
    size = absolute(x)
    high, low = _log_in_two(select((size > 0.0) & (size < math.inf), size, 1.0))
    product = y * high
    lost = y.fma(high, -product) + y * low
    found = exp(product)
    found = select(found < math.inf, found.fma(select(absolute(lost) < 1.0, lost, 0.0), found), found)
    # |x| zero or infinite
    zero = size.eq(0.0)
    grows = select(zero, y.like(1.0), y.like(-1.0)) * y < 0.0
    edge = select(grows, y.like(math.inf), y.like(0.0))
    found = select(zero | size.eq(math.inf), edge, found)
    # an infinite exponent
    large = size > 1.0
    far = select(large.ne(y > 0.0), y.like(0.0), y.like(math.inf))
    found = select(absolute(y).eq(math.inf), select(size.eq(1.0), y.like(1.0), far), found)
    whole = floor(y).eq(y)
    odd = whole & (floor(y * 0.5) * 2.0).ne(y) & (absolute(y) < 2.0**53)
    is_negative = copysign(x.like(1.0), x) < 0.0
    found = select(is_negative & odd, -found, found)
    found = select((x < 0.0) & ~whole & (size < math.inf), found.like(math.nan), found)
    found = select(is_nan(x) | is_nan(y), x + y, found)
    return select(y.eq(0.0) | x.eq(1.0), y.like(1.0), found)


def whole_power(x: Vec, n: int) -> Vec:
    """x^n by repeated squaring."""
    total, square, left = None, x, abs(n)
    while left:
        if left & 1:
            total = square if total is None else total * square
        left >>= 1
        square = square * square if left else square
    found = x.like(1) if total is None else total
    return 1.0 / found if n < 0 else found


def _truncated_remainder(x: Vec, y: Vec) -> Vec:
    """x − y · trunc(x / y), exact for quotients up to 2^100: what a first rounded quotient leaves is divided again."""
    if x.kind == "f32":
        return _truncated_remainder(x.cast("f64"), y.cast("f64")).cast("f32")
    size = absolute(y)
    r = absolute(x)
    for _ in range(2):
        r = trunc(r / size).fma(-size, r)
    r = select(r < 0.0, r + size, r)
    r = select(r >= size, r - size, r)
    r = select(size.eq(math.inf) & (absolute(x) < math.inf), absolute(x), r)
    return select(y.eq(0.0) | absolute(x).eq(math.inf), x.like(math.nan), copysign(r, x))


def floor_divide(x: Vec, y: Vec) -> Vec:
    """Division rounded down, as Python has it: the remainder first, so that multiples divide exactly."""
    if not x.is_float:
        return _whole_floor_divide(x, y)
    r = _truncated_remainder(x, y)
    found = rint((x - r) / y) - select(r.ne(0.0) & (r < 0.0).ne(y < 0.0), r.like(1.0), r.like(0.0))
    found = select(found.eq(0.0), copysign(found, x / y), found)
    return select(y.eq(0.0), x / y, found)


def remainder(x: Vec, y: Vec) -> Vec:
    """What is left of the division rounded down; it has the sign of y."""
    if not x.is_float:
        return select(y.eq(0), x.like(0), x - _whole_floor_divide(x, y) * y)
    r = _truncated_remainder(x, y)
    r = select(r.ne(0.0) & (r < 0.0).ne(y < 0.0), r + y, r)
    return select(r.eq(0.0), copysign(r, y), r)


def _whole_floor_divide(x: Vec, y: Vec) -> Vec:
    """0 for a division by zero, as NumPy has it; the smallest integer by -1 is itself, and traps nowhere."""
    is_zero, is_minus = y.eq(0), y.eq(-1)
    safe = select(is_zero | is_minus, y.like(1), y)
    q = x / safe
    r = x - q * safe
    q = select(r.ne(0) & (r < 0).ne(safe < 0), q - 1, q)
    return select(is_zero, q.like(0), select(is_minus, -x, q))
