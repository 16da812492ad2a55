"""Joining and splitting: several arrays end to end, one array in parts, the same array again and again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import (
    as_type_of,
    carried,
    misfit,
    one_axis,
    promoted,
)
from downslope.autodiff.primitives.shapes import free
from downslope.autodiff.trace import bind


def _concatenate_aval(*nodes: Node, axis: int) -> Aval:
    first = nodes[0].shape
    for n in nodes:
        if n.shape[:axis] != first[:axis] or n.shape[axis + 1 :] != first[axis + 1 :] or len(n.shape) != len(first):
            raise misfit(
                f"arrays do not fit for joining along axis {axis}",
                nodes,
                "all other axes must have equal lengths",
                "reshape them, or join along another axis",
            )
    return (*first[:axis], sum(n.shape[axis] for n in nodes), *first[axis + 1 :]), promoted(*nodes)


def _concatenate_vjp(i: int, g: Any, out: Value, *xs: Value, axis: int) -> Any:
    start = sum(x.shape[axis] for x in xs[:i])
    return as_type_of(g[(slice(None),) * axis + (slice(start, start + xs[i].shape[axis]),)], xs[i])


def _concatenate_jvp(tangents: Sequence[Any], out: Value, *xs: Value, axis: int) -> Any:
    return bind(
        CONCATENATE,
        *(np.zeros(x.shape, out.dtype) if d is None else d for d, x in zip(tangents, xs, strict=True)),
        axis=axis,
    )


def _concatenate_sample(rng: np.random.Generator) -> Sample:
    shape = sizes(rng, int(rng.integers(1, 4)))
    axis = int(rng.integers(0, len(shape)))
    lengths = rng.integers(1, 4, int(rng.integers(2, 4)))
    arrays = [uniform(rng, (*shape[:axis], int(n), *shape[axis + 1 :])) for n in lengths]
    return (lambda *xs: np.concatenate(xs, axis=axis)), arrays


CONCATENATE: Primitive = register(
    Primitive(
        name="concatenate",
        forward=lambda *xs, axis: np.concatenate(xs, axis=axis),
        aval=_concatenate_aval,
        text=lambda node, ins: (
            f"np.concatenate([{', '.join(ins)}]" + (f", axis={node.attrs['axis']})" if node.attrs["axis"] else ")")
        ),
        into=lambda node, ins, out, *_: f"np.concatenate(({', '.join(ins)},), {node.attrs['axis']}, {out})",
        latex=lambda *xs, axis: r"\begin{bmatrix} " + (r" \\ " if not axis else " & ").join(xs) + r" \end{bmatrix}",
        sentence="Joins arrays; each gets its own slice of the adjoint.",
        vjp=_concatenate_vjp,
        jvp=_concatenate_jvp,
        batch=lambda batched, *xs, axis: bind(CONCATENATE, *carried(batched, xs), axis=axis + 1),
        sample=_concatenate_sample,
        flops=free,
    )
)


def _rank(xs: Sequence[Any]) -> int:
    return max(np.ndim(x) for x in xs)


@handles(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Along an existing axis; axis=None flattens first."""
    xs = list(arrays)
    if axis is None:
        xs, axis = [np.reshape(x, (-1,)) for x in xs], 0
    return bind(CONCATENATE, *xs, axis=one_axis(axis, _rank(xs)))


@handles(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, **_: Any) -> Any:
    """Along a new axis."""
    xs = list(arrays)
    at = one_axis(axis, _rank(xs) + 1)
    return bind(CONCATENATE, *(np.expand_dims(x, at) for x in xs), axis=at)


@handles(np.vstack)
def vstack(tup: Any, **_: Any) -> Any:
    """One below the other."""
    return concatenate([np.atleast_2d(x) for x in tup], axis=0)


@handles(np.hstack)
def hstack(tup: Any, **_: Any) -> Any:
    """Side by side; vectors end to end."""
    xs = [np.atleast_1d(x) for x in tup]
    return concatenate(xs, axis=0 if np.ndim(xs[0]) == 1 else 1)


@handles(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Vectors as columns."""
    return concatenate([np.reshape(x, (-1, 1)) if np.ndim(x) < 2 else x for x in tup], axis=1)


@handles(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """A longer array; the first one stays as it is."""
    return concatenate([arr, values], axis=axis)


@handles(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Slices along an axis; as many equal ones, or cut at the given places."""
    n = ary.shape[one_axis(axis, np.ndim(ary))]
    if isinstance(indices_or_sections, int | np.integer) and n % indices_or_sections:
        what = f"{n} places along axis {axis} are split into {indices_or_sections}"
        raise misfit(
            what, (ary.node,), "np.split makes parts of equal length", "use np.array_split, or say where to cut"
        )
    return array_split(ary, indices_or_sections, axis)


@handles(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Slices along an axis, the first ones longer by one where the length does not divide."""
    at = one_axis(axis, np.ndim(ary))
    n = ary.shape[at]
    if isinstance(indices_or_sections, int | np.integer):
        parts = int(indices_or_sections)
        cuts = [int(c) for c in np.cumsum([n // parts + (k < n % parts) for k in range(parts)])][:-1]
    else:
        cuts = [int(c) for c in indices_or_sections]
    edges = [0, *cuts, n]
    return [ary[(slice(None),) * at + (slice(a, b),)] for a, b in pairwise(edges)]


@handles(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Split into rows."""
    return split(ary, indices_or_sections, 0)


@handles(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Split into columns."""
    return split(ary, indices_or_sections, 0 if np.ndim(ary) == 1 else 1)


@handles(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """The whole array again and again."""
    times = (reps,) if isinstance(reps, int | np.integer) else tuple(reps)
    shape = (1,) * (len(times) - np.ndim(A)) + tuple(A.shape)
    times = (1,) * (len(shape) - len(times)) + tuple(times)
    pairs = np.reshape(A, tuple(n for length in shape for n in (1, length)))
    full = tuple(int(n) for pair in zip(times, shape, strict=True) for n in pair)
    return np.reshape(np.broadcast_to(pairs, full), tuple(int(t * n) for t, n in zip(times, shape, strict=True)))


@handles(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element again and again."""
    x = np.reshape(a, (-1,)) if axis is None else a
    at = one_axis(0 if axis is None else axis, np.ndim(x))
    return np.take(x, np.repeat(np.arange(x.shape[at]), repeats), axis=at)
