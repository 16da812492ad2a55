"""Functions of vectors: what the entries of the primitives table write their vector forms with.

Each is made of arithmetic on lanes, without branches, tables or calls, so that any vector length and either precision
is the same code. NaN, infinities and denormal arguments give what NumPy gives; errors are a few units in the last
place (tests/autodiff/compile/machine/test_vectors.py holds each to its bound). Series are Taylor's, after the
argument has been brought near zero: J.-M. Muller, Elementary Functions, 3rd edition, 2016, chapters 3 and 11.
"""

from __future__ import annotations

from downslope.autodiff.compile.machine.angles import (
    arccos as arccos,
    arcsin as arcsin,
    arctan as arctan,
    arctan2 as arctan2,
    cos as cos,
    hypot as hypot,
    sin as sin,
    tan as tan,
)
from downslope.autodiff.compile.machine.elementary import (
    absolute as absolute,
    ceil as ceil,
    copysign as copysign,
    floor as floor,
    horner as horner,
    is_nan as is_nan,
    maximum as maximum,
    minimum as minimum,
    rint as rint,
    select as select,
    sign as sign,
    sqrt as sqrt,
    trunc as trunc,
    truth as truth,
)
from downslope.autodiff.compile.machine.exponentials import (
    arccosh as arccosh,
    arcsinh as arcsinh,
    arctanh as arctanh,
    cosh as cosh,
    erf as erf,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    sinh as sinh,
    tanh as tanh,
)
from downslope.autodiff.compile.machine.powers import (
    cbrt as cbrt,
    floor_divide as floor_divide,
    power as power,
    remainder as remainder,
    whole_power as whole_power,
)
