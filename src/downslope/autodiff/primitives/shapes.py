"""Rearranging: the same numbers in another shape. All of these are linear, and most are views that cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import (
    as_type_of,
    carried,
    misfit,
    multilinear,
    one_axis,
    promoted,
    refuse_options,
    sum_to,
)
from downslope.autodiff.trace import bind


def _free(*_: Any, **__: Any) -> int:
    return 0


def _random(rng: np.random.Generator, low: int = 1, high: int = 3) -> Any:
    return uniform(rng, sizes(rng, int(rng.integers(low, high + 1))))


# --- transpose ---------------------------------------------------------------------------------------------------


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(axes))


def _transpose_text(node: Node, ins: list[str]) -> str:
    axes = node.attrs["axes"]
    return f"{ins[0]}.T" if axes == (1, 0) else f"np.transpose({ins[0]}, {axes})"


def _transpose_sample(rng: np.random.Generator) -> Sample:
    x = _random(rng)
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
        flops=_free,
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
        flops=_free,
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
        flops=_free,
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


# --- joining and splitting ---------------------------------------------------------------------------------------


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
        flops=_free,
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


# --- moving along an axis ----------------------------------------------------------------------------------------


def _moving(
    name: str, f: Callable[..., Any], undo: Callable[..., Any], write: Callable[..., str], call: Any, sentence: str
) -> Primitive:
    entry = register(
        Primitive(
            name=name,
            forward=f,
            aval=lambda x, **_: (x.shape, x.dtype),
            text=write,
            latex=rf"\operatorname{{{{{name}}}}} {{0}}",
            sentence=sentence,
            vjp=lambda i, g, out, x, axis, **more: bind(entry, g, axis=axis, **undo(**more)),
            jvp=multilinear(lambda: entry),
            batch=lambda batched, x, axis, **more: bind(entry, x, axis=tuple(a + 1 for a in axis), **more),
            sample=lambda rng: (call, [_random(rng)]),
            flops=_free,
        )
    )
    return entry


FLIP: Primitive = _moving(
    "flip",
    lambda x, axis: np.flip(x, axis),
    dict,
    lambda node, ins: f"np.flip({ins[0]}, axis={node.attrs['axis']})",
    lambda x: np.flip(x, axis=0),
    "Reverses the order along axes; the adjoint is reversed too.",
)

ROLL: Primitive = _moving(
    "roll",
    lambda x, axis, shift: np.roll(x, shift, axis),
    lambda shift: {"shift": tuple(-s for s in shift)},
    lambda node, ins: f"np.roll({ins[0]}, {node.attrs['shift']}, axis={node.attrs['axis']})",
    lambda x: np.roll(x, 2, axis=-1),
    "Moves along an axis, around the end; the adjoint moves back.",
)


@handles(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """Reverse some axes, or all."""
    rank = np.ndim(m)
    axes = range(rank) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    return bind(FLIP, m, axis=tuple(one_axis(a, rank) for a in axes))


@handles(np.flipud)
def flipud(m: Any) -> Any:
    """Reverse the rows."""
    return flip(m, 0)


@handles(np.fliplr)
def fliplr(m: Any) -> Any:
    """Reverse the columns."""
    return flip(m, 1)


@handles(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Along one or several axes, or over the flattened array."""
    if axis is None:
        return np.reshape(roll(np.reshape(a, (-1,)), shift, 0), a.shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    return bind(ROLL, a, axis=tuple(one_axis(x, np.ndim(a)) for x in axes), shift=tuple(int(s) for s in shifts))


# --- padding -----------------------------------------------------------------------------------------------------


def _pad_vjp(i: int, g: Any, out: Value, x: Value, width: tuple[tuple[int, int], ...], value: float) -> Any:
    return g[tuple(slice(a, a + n) for (a, _), n in zip(width, x.shape, strict=True))]


PAD: Primitive = register(
    Primitive(
        name="pad",
        forward=lambda x, width, value: np.pad(x, width, constant_values=value),
        aval=lambda x, width, value: (
            tuple(n + a + b for n, (a, b) in zip(x.shape, width, strict=True)),
            x.dtype,
        ),
        text=lambda node, ins: (
            f"np.pad({ins[0]}, {node.attrs['width']}"
            + (f", constant_values={node.attrs['value']})" if node.attrs["value"] else ")")
        ),
        latex=r"\operatorname{{pad}} {0}",
        sentence="Puts a constant frame around; the frame's adjoint is cut off.",
        vjp=_pad_vjp,
        jvp=lambda d, out, x, width, value: bind(PAD, d[0], width=width, value=0),
        batch=lambda batched, x, width, value: bind(PAD, x, width=((0, 0), *width), value=value),
        sample=lambda rng: (
            (lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=0.5)),
            [uniform(rng, sizes(rng, 2))],
        ),
        flops=_free,
    )
)


@handles(np.pad)
def pad(array: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    """Constant values around the array; edge, reflect, symmetric and wrap repeat its own values."""
    rank = np.ndim(array)
    pairs = np.broadcast_to(np.asarray(pad_width, int), (rank, 2))
    width = tuple((int(a), int(b)) for a, b in pairs)
    value = options.pop("constant_values", 0)
    if mode == "constant" and np.ndim(value) == 0:
        return bind(PAD, array, width=width, value=value)
    for axis, (length, pair) in enumerate(zip(array.shape, width, strict=True)):
        places = np.pad(np.arange(length), pair, mode=mode, **options)  # type: ignore[call-overload]
        array = np.take(array, places, axis=axis)
    return array
