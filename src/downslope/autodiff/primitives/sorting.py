"""Sorting: a permutation that the values decide, and the order that it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.autodiff.primitive import Primitive, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import one_axis, refuse_options
from downslope.autodiff.trace import bind

ARGSORT: Primitive = register(
    Primitive(
        name="argsort",
        forward=lambda x, axis: np.argsort(x, axis=axis, kind="stable"),
        aval=lambda x, axis: (x.shape, np.dtype(np.intp)),
        text=lambda node, ins: f"np.argsort({ins[0]}, axis={node.attrs['axis']})",
        latex=r"\operatorname{{argsort}} {0}",
        sentence="The order of the values: positions, which have no derivative; asking for one is an error.",
        derivative="none",
        batch=lambda batched, x, axis: bind(ARGSORT, x, axis=axis + 1),
        sample=lambda rng: (
            (lambda x: np.take_along_axis(x, np.argsort(x, axis=-1), axis=-1)),
            [uniform(rng, sizes(rng, 2))],
        ),
    )
)


def _sorted_by(values: Any, x: Value, axis: int) -> Any:
    return np.take_along_axis(values, np.argsort(x, axis=axis), axis=axis)


def _sort_vjp(i: int, g: Any, out: Value, x: Value, axis: int) -> Any:
    # The inverse of a permutation is where each position has gone: the argsort of the argsort.
    return np.take_along_axis(g, np.argsort(np.argsort(x, axis=axis), axis=axis), axis=axis)


SORT: Primitive = register(
    Primitive(
        name="sort",
        forward=lambda x, axis: np.sort(x, axis=axis),
        aval=lambda x, axis: (x.shape, x.dtype),
        text=lambda node, ins: f"np.sort({ins[0]}, axis={node.attrs['axis']})",
        latex=r"\operatorname{{sort}} {0}",
        sentence="A permutation that depends on the values; the adjoint goes back through the same permutation.",
        derivative="kinked",
        kinks="where two values are equal; the one that stood first keeps its place",
        vjp=_sort_vjp,
        jvp=lambda d, out, x, axis: _sorted_by(d[0], x, axis),
        batch=lambda batched, x, axis: bind(SORT, x, axis=axis + 1),
        sample=lambda rng: (
            (lambda x: np.sort(x, axis=int(x.shape[0] % 2) - 1)),
            [uniform(rng, sizes(rng, 2))],
        ),
    )
)


@handles(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """Ascending along an axis."""
    x = np.reshape(a, (-1,)) if axis is None else a
    return bind(SORT, x, axis=one_axis(0 if axis is None else axis, np.ndim(x)))


@handles(np.argsort)
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """Stable order of the values."""
    x = np.reshape(a, (-1,)) if axis is None else a
    return bind(ARGSORT, x, axis=one_axis(0 if axis is None else axis, np.ndim(x)))


@handles(np.median)
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The middle of the sorted values."""
    refuse_options("median", out=out)
    x = np.reshape(a, (-1,)) if axis is None else a
    at = one_axis(0 if axis is None else axis, np.ndim(x))
    n = x.shape[at]
    middle = np.take(np.sort(x, axis=at), np.array([(n - 1) // 2, n // 2]), axis=at)
    kept = np.mean(middle, axis=at, keepdims=keepdims is True)
    return np.reshape(kept, (1,) * np.ndim(a)) if axis is None and keepdims is True else kept
