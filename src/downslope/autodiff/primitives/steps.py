"""Staircases and comparisons: constant between their steps, so their derivative is taken as zero everywhere."""

from __future__ import annotations

import numpy as np

from downslope.autodiff.primitive import FUNCTIONS, handles
from downslope.autodiff.primitives.rules import elementwise

_ZERO = "the derivative is zero between the steps and is taken as zero on them (as in PyTorch and JAX)"

for _name, _ufunc, _latex, _what in (
    ("floor", np.floor, r"\lfloor {0} \rfloor", "Rounds down"),
    ("ceil", np.ceil, r"\lceil {0} \rceil", "Rounds up"),
    ("rint", np.rint, r"\operatorname{{round}}({0})", "Rounds to the nearest integer, halves to even"),
    ("trunc", np.trunc, r"\operatorname{{trunc}}({0})", "Rounds towards zero"),
    ("sign", np.sign, r"\operatorname{{sign}}({0})", "-1, 0 or 1"),
):
    elementwise(
        _name, _ufunc, latex=_latex, sentence=f"{_what}; a staircase: {_ZERO}.", kinks="the steps", domain=((0.1, 0.4),)
    )

for _name, _ufunc, _symbol, _latex in (
    ("greater", np.greater, ">", ">"),
    ("greater_equal", np.greater_equal, ">=", r"\ge"),
    ("less", np.less, "<", "<"),
    ("less_equal", np.less_equal, "<=", r"\le"),
    ("equal", np.equal, "==", "="),
    ("not_equal", np.not_equal, "!=", r"\ne"),
):
    elementwise(
        _name,
        _ufunc,
        text="{0} " + _symbol + " {1}",
        precedence=1,
        latex="[{0} " + _latex + " {1}]",
        sentence=f"Compares; true or false, {_ZERO}.",
        kinks="where both sides are equal",
        domain=((0.1, 0.4), (0.6, 0.9)),
    )

for _name, _ufunc, _latex in (
    ("logical_and", np.logical_and, r"{0} \wedge {1}"),
    ("logical_or", np.logical_or, r"{0} \vee {1}"),
    ("logical_xor", np.logical_xor, r"{0} \oplus {1}"),
    ("logical_not", np.logical_not, r"\neg {0}"),
    ("isnan", np.isnan, r"\operatorname{{isnan}}({0})"),
    ("isinf", np.isinf, r"\operatorname{{isinf}}({0})"),
    ("isfinite", np.isfinite, r"\operatorname{{isfinite}}({0})"),
):
    elementwise(_name, _ufunc, latex=_latex, sentence=f"True or false: {_ZERO}.", domain=((0.1, 0.9),) * _ufunc.nin)


@handles(np.round, np.around)
def round(a: object, decimals: int = 0, out: object = None) -> object:
    """Rounding to decimals is rint of a scaled value."""
    scale = 10.0**decimals
    return np.rint(a) if decimals == 0 else np.rint(a * scale) / scale  # type: ignore[operator]


FUNCTIONS[np.fix] = np.trunc
