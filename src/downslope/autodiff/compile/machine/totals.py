"""Reductions in pieces: what they begin with, how two partial results become one, and what a finished one is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from downslope.autodiff.compile.machine import vectors
from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.values import Value
from downslope.autodiff.compile.machine.vec import Vec, folded_together


def identity(v: Value) -> float:
    """What changes nothing: 0 for a sum, 1 for a product, minus infinity for a maximum."""
    if v.name in ("sum", "prod"):
        return 0 if v.name == "sum" else 1
    if v.kind[0] == "f":
        return -math.inf if v.name == "max" else math.inf
    limit: int = 1 << (8 * KINDS[v.kind][2] - 1)
    return -limit if v.name == "max" else limit - 1


def combine(how: str, x: Vec, y: Vec) -> Vec:
    """Two partial results as one."""
    if how == "sum":
        return x + y
    if how == "prod":
        return x * y
    return vectors.maximum(x, y) if how == "max" else vectors.minimum(x, y)


def folded(how: str, xs: Sequence[Vec]) -> Vec:
    """All lanes of each as one lane of the result. A NaN wins against every extreme."""
    total = folded_together(xs, lambda x, y: combine(how, x, y))
    if how in ("sum", "prod") or not total.is_float:
        return total
    return vectors.select(vectors.is_nan(total), total.like(math.nan), total)


def finished(v: Value, total: Vec) -> Vec:
    """A sum becomes a mean."""
    divide = v.attrs["divide"]
    return total if divide == 1 else total / float(divide)
