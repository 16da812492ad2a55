"""Rearranging: the same numbers in another shape. All of these are linear, and most are views that cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Primitive, Sample, Shape, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import (
    misfit,
    multilinear,
    one_axis,
    refuse_options,
    sum_to,
)
from downslope.autodiff.trace import bind


def free(*_: Any, **__: Any) -> int:
    """The cost of what computes nothing."""
    return 0


def random_array(rng: np.random.Generator, low: int = 1, high: int = 3) -> Any:
    """A sample with a random number of axes."""
    return uniform(rng, sizes(rng, int(rng.integers(low, high + 1))))


# --- transpose ---------------------------------------------------------------------------------------------------


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(axes))


def _transpose_text(node: Node, ins: list[str]) -> str:
    axes = node.attrs["axes"]
    return f"{ins[0]}.T" if axes == (1, 0) else f"np.transpose({ins[0]}, {axes})"


def _transpose_sample(rng: np.random.Generator) -> Sample:
    x = random_array(rng)
    axes = tuple(int(a) for a in rng.permutation(x.ndim))
    return (lambda x: np.transpose(x, axes)), [x]


TRANSPOSE: Primitive = register(
    Primitive(
        name="transpose",
        forward=lambda x, axes: np.transpose(x, axes),
        aval=lambda x, axes: (tuple(x.shape[a] for a in axes), x.dtype),
        text=_transpose_text,
        precedence=90,
        view=True,
        latex=r"{0}^{{\top}}",
        sentence="Exchanges axes; the adjoint's axes are exchanged back.",
        vjp=lambda i, g, out, x, axes: np.transpose(g, _inverse(axes)),
        jvp=multilinear(lambda: TRANSPOSE),
        batch=lambda batched, x, axes: bind(TRANSPOSE, x, axes=(0, *(a + 1 for a in axes))),
        sample=_transpose_sample,
        flops=free,
    )
)


@handles(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    """All axes in reverse order, or as given."""
    rank = np.ndim(a)
    order = tuple(range(rank))[::-1] if axes is None else tuple(one_axis(x, rank) for x in axes)
    return a if order == tuple(range(rank)) else bind(TRANSPOSE, a, axes=order)


@handles(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(np.ndim(a)))
    i, j = one_axis(axis1, len(order)), one_axis(axis2, len(order))
    order[i], order[j] = order[j], order[i]
    return transpose(a, order)


@handles(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


@handles(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places, the rest in order."""
    rank = np.ndim(a)
    from_ = [one_axis(x, rank) for x in ((source,) if isinstance(source, int) else tuple(source))]
    to = [one_axis(x, rank) for x in ((destination,) if isinstance(destination, int) else tuple(destination))]
    order = [i for i in range(rank) if i not in from_]
    for place, axis in sorted(zip(to, from_, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


# --- reshape -----------------------------------------------------------------------------------------------------


def _reshape_sample(rng: np.random.Generator) -> Sample:
    a, b, c = sizes(rng, 3)
    target = [(a * b, c), (-1,), (a, b * c), (1, a, b, c, 1)][int(rng.integers(0, 4))]
    return (lambda x: np.reshape(x, target)), [uniform(rng, (a, b, c))]


def _reshape_text(node: Node, ins: list[str]) -> str:
    return f"np.reshape({ins[0]}, {node.shape})"


RESHAPE: Primitive = register(
    Primitive(
        name="reshape",
        forward=lambda x, shape: np.reshape(x, shape),
        aval=lambda x, shape: (shape, x.dtype),
        text=_reshape_text,
        view=True,
        latex="{0}",
        sentence="The same numbers in the same order in another shape; the adjoint takes the old shape.",
        vjp=lambda i, g, out, x, shape: np.reshape(g, x.shape),
        jvp=multilinear(lambda: RESHAPE),
        batch=lambda batched, x, shape: bind(RESHAPE, x, shape=(x.shape[0], *shape)),
        sample=_reshape_sample,
        flops=free,
    )
)


@handles(np.reshape)
def reshape(a: Any, shape: Any = None, order: str = "C", *, copy: Any = None, newshape: Any = None) -> Any:
    """Row-major order only; one length may be -1."""
    if order not in ("C", "A"):
        refuse_options("reshape", order=order)
    wanted = shape if shape is not None else newshape
    lengths = [int(n) for n in ((wanted,) if isinstance(wanted, int | np.integer) else wanted)]
    total = int(np.prod(a.shape, dtype=object)) if a.shape else 1
    if lengths.count(-1) == 1:
        rest = int(np.prod([n for n in lengths if n != -1], dtype=object))
        lengths[lengths.index(-1)] = total // rest if rest else 0
    new = tuple(lengths)
    if int(np.prod([*new, 1], dtype=object)) != total or -1 in new:
        raise misfit(
            f"{total} numbers do not fit into shape {tuple(wanted) if not isinstance(wanted, int) else wanted}",
            (a.node,),
            "reshape keeps every number",
            "use a shape with the same product, or -1 for one length",
        )
    return a if new == a.shape else bind(RESHAPE, a, shape=new)


@handles(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """One axis, row after row."""
    return reshape(a, (-1,), order)


@handles(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length 1 taken out."""
    rank = np.ndim(a)
    if axis is None:
        return reshape(a, tuple(n for n in a.shape if n != 1))
    axes = {one_axis(x, rank) for x in (axis if isinstance(axis, tuple) else (axis,))}
    if any(a.shape[x] != 1 for x in axes):
        why = "only axes of length 1 can be taken out"
        raise misfit(f"axis {axis} is squeezed", (a.node,), why, "take a mean or index it")
    return reshape(a, tuple(n for i, n in enumerate(a.shape) if i not in axes))


@handles(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length 1."""
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    rank = np.ndim(a) + len(axes)
    places = {one_axis(x, rank) for x in axes}
    lengths = iter(a.shape)
    return reshape(a, tuple(1 if i in places else next(lengths) for i in range(rank)))


@handles(np.atleast_1d)
def atleast_1d(a: Any) -> Any:
    """At least one axis."""
    return a if np.ndim(a) else reshape(a, (1,))


@handles(np.atleast_2d)
def atleast_2d(a: Any) -> Any:
    """At least two axes, new ones in front."""
    return a if np.ndim(a) > 1 else reshape(a, (1, a.shape[0] if a.shape else 1))


# --- broadcast ---------------------------------------------------------------------------------------------------


def _broadcast_batch(batched: Sequence[bool], x: Value, shape: Shape) -> Any:
    lined = np.reshape(x, (x.shape[0], *(1,) * (len(shape) - x.ndim + 1), *x.shape[1:]))
    return bind(BROADCAST, lined, shape=(x.shape[0], *shape))


def _broadcast_sample(rng: np.random.Generator) -> Sample:
    shape = sizes(rng, 3)
    own = tuple(n if rng.random() < 0.6 else 1 for n in shape)[int(rng.integers(0, 3)) :]
    return (lambda x: np.broadcast_to(x, shape)), [uniform(rng, own)]


BROADCAST: Primitive = register(
    Primitive(
        name="broadcast_to",
        forward=lambda x, shape: np.broadcast_to(x, shape),
        aval=lambda x, shape: (shape, x.dtype),
        text=lambda node, ins: f"np.broadcast_to({ins[0]}, {node.shape})",
        view=True,
        latex="{0}",
        sentence="Repeats along new or length-1 axes; the adjoints of the copies are added up.",
        vjp=lambda i, g, out, x, shape: sum_to(g, x.shape),
        jvp=multilinear(lambda: BROADCAST),
        batch=_broadcast_batch,
        sample=_broadcast_sample,
        flops=free,
    )
)


@handles(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """One value seen from many places."""
    new = (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
    if array.shape == new and not array.node.weak:
        return array
    try:
        fits = np.broadcast_shapes(array.shape, new) == new
    except ValueError:
        fits = False
    if not fits:
        raise misfit(
            f"this does not broadcast to {new}",
            (array.node,),
            "aligned from the right, a length must be equal or 1",
            "add an axis where the repetition should happen",
        )
    return bind(BROADCAST, array, shape=new)
