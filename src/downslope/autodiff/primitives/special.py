"""Special functions that NumPy does not have: the error function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Value, register
from downslope.autodiff.primitives.rules import chain_jvp, chain_vjp, sampled
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer

# Coefficients from the constant term on: Chebyshev interpolation in 40 digits.
NEAR = (
    1.1283791670955126,
    -0.3761263890318375,
    0.11283791670954882,
    -0.026866170645077334,
    0.005223977624823223,
    -0.0008548326981129666,
    0.00012055331122299266,
    -1.4925595519506043e-05,
    1.6461004480962034e-06,
    -1.6350354461959655e-07,
    1.4660051998394848e-08,
    -1.1373902296430911e-09,
    5.958930743134941e-11,
)
"""erf(x) / x as a polynomial in x², for |x| < 1."""
FAR = (
    0.2108063640611436,
    -0.3717367339489729,
    0.2517131932174539,
    -0.12503305237893594,
    0.03992253907500045,
    -0.00399370115921,
    -0.002642365935942896,
    0.0008759152680480653,
    0.00022837970479836845,
    -0.00012887462980932192,
    -3.4173553294271334e-05,
    1.859575564098258e-05,
    7.490724592623272e-06,
    -2.230983215862184e-06,
    -1.5728817716885597e-06,
)
"""erfc(x) · e^(x²) as a polynomial in (x − 2.5) / (x + 2.5), for 1 ≤ x ≤ 6."""


def _polynomial(coefficients: tuple[float, ...], u: Any) -> Any:
    """Horner's rule."""
    total = np.full_like(u, coefficients[-1])
    for c in coefficients[-2::-1]:
        total *= u
        total += c
    return total


def _erf(x: Any) -> Any:
    """Two polynomials. From 1 on the small erfc = 1 − erf is computed, so that its rounding hardly matters."""
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    found = np.empty_like(x)
    is_near = np.abs(x) < 1
    near, far = x[is_near], x[~is_near]
    found[is_near] = near * _polynomial(NEAR, near**2)
    size = np.minimum(np.abs(far), 6)  # erfc(6) is 2e-17: 1 − erfc is 1 from there on
    found[~is_near] = np.sign(far) * (1 - np.exp(-(size**2)) * _polynomial(FAR, (size - 2.5) / (size + 2.5)))
    return found[()]


def _aval(x: Node) -> Aval:
    return x.shape, x.dtype if x.dtype.kind == "f" else np.dtype(float)


def _chain(g: Any, out: Value, x: Value) -> Any:
    return g * (2 / math.sqrt(math.pi) * np.exp(-(x**2)))


ERF: Primitive = register(
    Primitive(
        name="erf",
        forward=_erf,
        aval=_aval,
        text="erf({0})",
        latex=r"\operatorname{{erf}}({0})",
        machine=lambda v, x: v.erf(x),
        sentence="The error function, 2/√π times the integral of e^(−t²) from 0 to x: the normal distribution is "
        "(1 + erf(x/√2)) / 2.",
        vjp=chain_vjp((_chain,)),
        jvp=chain_jvp((_chain,)),
        narrow="any",
        batch=lambda batched, x: bind(ERF, x),
        sample=sampled(lambda x: erf(x), (-3.0, 3.0)),
        source="W. J. Cody, Rational Chebyshev approximations for the error function, 1969 (own coefficients)",
        unportable="the array API standard has no erf; PyTorch and CuPy have one of this name",
    )
)


def erf(x: Any) -> Any:
    """The error function of each number, within 3 units in the last place (float64; float32: 4).

    x: an array of any shape, or a number. Its type stays. Differs from ``math.erf`` in taking arrays.

    >>> erf(np.array([0.0, 0.5, 1000.0])).round(6)
    array([0.    , 0.5205, 1.    ])
    """
    return bind(ERF, x) if isinstance(x, Tracer) else _erf(x)
