"""Staircases and comparisons: constant between their steps, so their derivative is taken as zero everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.autodiff.primitive import FUNCTIONS, Sample, handles, sizes, uniform
from downslope.autodiff.primitives.rules import elementwise, refuse_options

_ZERO = "the derivative is zero between the steps and is taken as zero on them (as in PyTorch and JAX)"

_ufunc: np.ufunc
_machine: Callable[..., Any]
for _name, _ufunc, _machine, _latex, _what in (
    ("floor", np.floor, lambda v, x: v.floor(x), r"\lfloor {0} \rfloor", "Rounds down"),
    ("ceil", np.ceil, lambda v, x: v.ceil(x), r"\lceil {0} \rceil", "Rounds up"),
    (
        "rint",
        np.rint,
        lambda v, x: v.rint(x),
        r"\operatorname{{round}}({0})",
        "Rounds to the nearest integer, halves to even",
    ),
    ("trunc", np.trunc, lambda v, x: v.trunc(x), r"\operatorname{{trunc}}({0})", "Rounds towards zero"),
    ("sign", np.sign, lambda v, x: v.sign(x), r"\operatorname{{sign}}({0})", "-1, 0 or 1"),
):
    elementwise(
        _name,
        _ufunc,
        latex=_latex,
        machine=_machine,
        sentence=f"{_what}; a staircase: {_ZERO}.",
        kinks="the steps",
        domain=((0.1, 0.4),),
    )

for _name, _ufunc, _machine, _symbol, _latex in (
    ("greater", np.greater, lambda v, x, y: x > y, ">", ">"),
    ("greater_equal", np.greater_equal, lambda v, x, y: x >= y, ">=", r"\ge"),
    ("less", np.less, lambda v, x, y: x < y, "<", "<"),
    ("less_equal", np.less_equal, lambda v, x, y: x <= y, "<=", r"\le"),
    ("equal", np.equal, lambda v, x, y: x.eq(y), "==", "="),
    ("not_equal", np.not_equal, lambda v, x, y: x.ne(y), "!=", r"\ne"),
):
    elementwise(
        _name,
        _ufunc,
        text="{0} " + _symbol + " {1}",
        precedence=1,
        machine=_machine,
        latex="[{0} " + _latex + " {1}]",
        sentence=f"Compares; true or false, {_ZERO}.",
        kinks="where both sides are equal",
        domain=((0.1, 0.4), (0.6, 0.9)),
    )

for _name, _ufunc, _machine, _latex in (
    ("isnan", np.isnan, lambda v, x: v.is_nan(x), r"\operatorname{{isnan}}({0})"),
    ("isinf", np.isinf, lambda v, x: v.absolute(x).eq(math.inf), r"\operatorname{{isinf}}({0})"),
    ("isfinite", np.isfinite, lambda v, x: v.absolute(x) < math.inf, r"\operatorname{{isfinite}}({0})"),
):
    elementwise(
        _name, _ufunc, latex=_latex, machine=_machine, sentence=f"True or false: {_ZERO}.", domain=((0.1, 0.9),)
    )


def _of_masks(ufunc: np.ufunc) -> Callable[[np.random.Generator], Sample]:
    """Samples of a logical operation: a user combines comparisons."""

    def sample(rng: np.random.Generator) -> Sample:
        shape = sizes(rng, int(rng.integers(0, 3)))
        arrays = [uniform(rng, shape, 0.1, 0.4) * rng.choice([-1.0, 1.0], shape) for _ in range(ufunc.nin)]
        return (lambda *xs: ufunc(*(x > 0 for x in xs))), arrays

    return sample


for _name, _ufunc, _machine, _latex in (
    ("logical_and", np.logical_and, lambda v, x, y: v.truth(x) & v.truth(y), r"{0} \wedge {1}"),
    ("logical_or", np.logical_or, lambda v, x, y: v.truth(x) | v.truth(y), r"{0} \vee {1}"),
    ("logical_xor", np.logical_xor, lambda v, x, y: v.truth(x) ^ v.truth(y), r"{0} \oplus {1}"),
    ("logical_not", np.logical_not, lambda v, x: ~v.truth(x), r"\neg {0}"),
):
    elementwise(
        _name,
        _ufunc,
        latex=_latex,
        machine=_machine,
        sentence=f"True or false: {_ZERO}.",
        sample=_of_masks(_ufunc),
    )


@handles(np.round, np.around)
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Rounding to decimals is rint of a scaled value."""
    refuse_options("round", out=out)
    scale = 10.0**decimals
    return np.rint(a) if decimals == 0 else np.rint(a * scale) / scale


FUNCTIONS[np.fix] = np.trunc
