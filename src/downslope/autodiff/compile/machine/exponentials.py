"""Exponentials and logarithms of vectors, and the functions that are made of them."""

from __future__ import annotations

import math

from downslope.autodiff.compile.machine.elementary import (
    FORM,
    TINY,
    absolute,
    copysign,
    horner,
    is_nan,
    maximum,
    select,
    sqrt,
)
from downslope.autodiff.compile.machine.vec import Vec
from downslope.autodiff.primitives.special import FAR, NEAR

# ln 2 in two pieces: the first has zeros at the end, so that small multiples of it are exact.
_LN2 = {"f32": (0.693359375, -2.1219444005469057e-4), "f64": (0.6931471803691238, 1.9082149292705877e-10)}
# Added to a number below 2^22 (2^51), its last bits are the nearest whole number; taken away again, that is left.
_ROUNDER = {"f32": 1.5 * 2.0**23, "f64": 1.5 * 2.0**52}
# Between these e^x is a normal number; below it counts as zero, above as infinite.
_RANGE = {"f32": (-87.33654, 88.72283), "f64": (-708.3964185322641, 709.782712893384)}


def in_powers_of_two(x: Vec) -> tuple[Vec, Vec, Vec]:
    """(n, bits that add n to an exponent, r) with x = n · ln 2 + r and |r| ≤ ln 2 / 2."""
    bits, _, whole = FORM[x.kind]
    shifted = x.fma(1 / math.log(2), x.like(_ROUNDER[x.kind]))
    n = shifted - _ROUNDER[x.kind]
    high, low = _LN2[x.kind]
    return n, shifted.bitcast(whole).bits("shl", bits), n.fma(-low, n.fma(-high, x))


def _series(terms: int, first: int = 0) -> list[float]:
    return [1 / math.factorial(k) for k in range(first, terms)]


def _add_to_exponent(x: Vec, n: Vec) -> Vec:
    return (x.bitcast(n.kind) + n).bitcast(x.kind)


def _with_range(x: Vec, found: Vec, low: float, high: float) -> Vec:
    """0 below, infinity above, NaN where it is."""
    found = select(x > high, x.like(math.inf), select(x < low, x.like(0.0), found))
    return select(is_nan(x), x, found)


def exp(x: Vec) -> Vec:
    """e^x: 1 ulp."""
    _, n, r = in_powers_of_two(x)
    found = _add_to_exponent(horner(r, _series(8 if x.kind == "f32" else 14)), n)
    return _with_range(x, found, *_RANGE[x.kind])


def exp2(x: Vec) -> Vec:
    """2^x."""
    bits, _, whole = FORM[x.kind]
    shifted = x + _ROUNDER[x.kind]
    r = (x - (shifted - _ROUNDER[x.kind])) * math.log(2)
    found = horner(r, _series(8 if x.kind == "f32" else 14))
    found = _add_to_exponent(found, shifted.bitcast(whole).bits("shl", bits))
    low, high = (-126.0, 127.99999) if x.kind == "f32" else (-1022.0, 1023.9999999999999)
    return _with_range(x, found, low, high)


def expm1(x: Vec) -> Vec:
    """e^x − 1 without cancellation near zero."""
    single = x.kind == "f32"
    low, high = (-20.0, 89.0) if single else (-40.0, 710.0)
    clamped = select(x > high, x.like(high), select(x < low, x.like(low), x))
    n, bits, r = in_powers_of_two(clamped)
    tail = (r * r) * horner(r, _series(9 if single else 16, 2))  # e^r − 1 − r
    # Doubled at the end, because 2^128 and 2^1024 are no numbers while half of them are.
    scale = _add_to_exponent(x.like(0.5), bits)
    far = scale.fma(r + tail, scale - 0.5) * 2.0
    return select(n.eq(0.0), r + tail, far)


def tanh(x: Vec) -> Vec:
    """From e^(−2|x|) − 1, which loses nothing near zero and cannot overflow."""
    size = absolute(x)
    e = expm1(size * -2.0)
    return copysign(-e / (e + 2.0), x)


def split(x: Vec) -> tuple[Vec, Vec]:
    """(e, m) with x = m · 2^e and √½ ≤ m < √2, for positive finite x, denormal ones too."""
    bits, _, whole = FORM[x.kind]
    is_denormal = x.bitcast(whole) < (1 << bits)  # by its bits: a denormal number may count as zero elsewhere
    up = 2.0 ** (bits + 2)
    scaled = select(is_denormal, x * up, x)
    word = scaled.bitcast(whole)
    root = 0x3F3504F3 if bits == 23 else 0x3FE6A09E667F3BCD  # the bits of √½
    shifted = word - root
    e = shifted.bits("ashr", bits)
    m = (word - e.bits("shl", bits)).bitcast(x.kind)
    e = e.cast(x.kind) if whole != "i64" else e.cast("f64")
    return select(is_denormal, e - float(bits + 2), e), m


def _log_parts(m: Vec) -> tuple[Vec, Vec, Vec]:
    """(f, h, q) with ln m = f − (h − q) for √½ ≤ m < √2: f = m − 1, h = f² / 2, and with s = f / (2 + f), of which
    ln m = 2 artanh s is an odd series in s, q = s · (h + R(s²))."""
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    rest = z * horner(z, [2 / (2 * k + 3) for k in range(5 if m.kind == "f32" else 11)])
    half = f * f * 0.5
    return f, half, s * (half + rest)


def _log_edges(x: Vec, found: Vec) -> Vec:
    """-inf at zero, NaN below, infinity and NaN as they are."""
    whole = FORM[x.kind][2]
    is_zero = x.bitcast(whole).bits("shl", 1).eq(0)
    found = select(x < math.inf, found, x)  # infinity and NaN
    found = select(x.bitcast(whole) < 0, found.like(math.nan), found)
    found = select(is_nan(x), x, found)
    return select(is_zero, found.like(-math.inf), found)


def log(x: Vec) -> Vec:
    """The natural logarithm: 1 ulp."""
    e, m = split(x)
    f, half, rest = _log_parts(m)
    high, low = _LN2[x.kind]
    return _log_edges(x, e.fma(high, f - (half - (rest + e * low))))


def log1p(x: Vec) -> Vec:
    """ln(1 + x): the logarithm of the rounded 1 + x, and what the rounding lost."""
    u = x + 1.0
    lost = select(x > 1.0, 1.0 - (u - x), x - (u - 1.0))
    found = log(u) + select(u < math.inf, lost / u, 0.0)
    return select(absolute(x) < TINY[x.kind] * 2.0, x, select(u.eq(0.0), x.like(-math.inf), found))


def log2(x: Vec) -> Vec:
    """To base 2; exact for powers of two."""
    e, m = split(x)
    f, half, rest = _log_parts(m)
    return _log_edges(x, (f - (half - rest)).fma(1 / math.log(2), e))


def log10(x: Vec) -> Vec:
    """To base 10."""
    return log(x) * (1 / math.log(10))


def logaddexp(x: Vec, y: Vec) -> Vec:
    """ln(e^x + e^y), stable for large values."""
    gap = x - y
    found = maximum(x, y) + log1p(exp(-absolute(gap)))
    return select(x.eq(y), x + math.log(2), found)


def sinh(x: Vec) -> Vec:
    """From e^|x| − 1; from e^(|x| − ln 2) where that would overflow."""
    size = absolute(x)
    e = expm1(size)
    near = (e + e / (e + 1.0)) * 0.5
    return copysign(select(size > 20.0, _half_exp(size), near), x)


def cosh(x: Vec) -> Vec:
    """From e^|x| and its reciprocal."""
    size = absolute(x)
    e = exp(select(size > 20.0, size.like(20.0), size))
    return select(is_nan(x), x, select(size > 20.0, _half_exp(size), (e + 1.0 / e) * 0.5))


def _half_exp(x: Vec) -> Vec:
    """e^x / 2, finite somewhat beyond the largest x that e^x is finite for."""
    half = exp(x * 0.5)
    return half * 0.5 * half


def arcsinh(x: Vec) -> Vec:
    """By log1p, so that small x stay exact; large x: ln 2|x|."""
    size = absolute(x)
    square = size * size
    near = log1p(size + square / (sqrt(square + 1.0) + 1.0))
    return copysign(select(size > 1e8, log(size) + math.log(2), near), x)


def arccosh(x: Vec) -> Vec:
    """By log1p of the distance from 1; NaN below 1."""
    t = x - 1.0
    near = log1p(t + sqrt(t * (t + 2.0)))
    return select(x < 1.0, x.like(math.nan), select(x > 1e8, log(x) + math.log(2), near))


def arctanh(x: Vec) -> Vec:
    """Half the logarithm of (1 + x) / (1 − x)."""
    size = absolute(x)
    return copysign(log1p(size * 2.0 / (1.0 - size)) * 0.5, x)


def erf(x: Vec) -> Vec:
    """The two polynomials of the NumPy form (primitives/special.py)."""
    size = absolute(x)
    small = select(size < 1.0, x, 0.0)
    near = small * horner(small * small, NEAR)
    far_size = select(size > 6.0, size.like(6.0), select(size < 1.0, size.like(1.0), size))
    square = far_size * far_size
    lost = far_size.fma(far_size, -square)  # what the square's rounding lost would be multiplied by e^(x²)
    tail = exp(-square) * (1.0 - lost) * horner((far_size - 2.5) / (far_size + 2.5), FAR)
    far = copysign(1.0 - tail, x)
    return select(is_nan(x), x, select(size < 1.0, near, far))
