"""Looking up and putting back: slices and integer arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from downslope.autodiff import frames
from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import carried, one_axis, refuse_options
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer, untraceable
from downslope.errors import ShapeError

# An index is kept as a tuple of parts: ("int", i), ("slice", start, stop, step), ("new",) for np.newaxis and
# ("array", k) for the k-th integer array among the inputs. There is one part for every axis, and no Ellipsis.
Parts = tuple[tuple[Any, ...], ...]
WHOLE = ("slice", None, None, None)


def _rebuilt(parts: Parts, arrays: Sequence[Any]) -> tuple[Any, ...]:
    """The index as NumPy takes it."""

    def one(kind: str, *values: Any) -> Any:
        if kind == "slice":
            return slice(*values)
        return arrays[values[0]] if kind == "array" else (values[0] if kind == "int" else None)

    return tuple(one(*p) for p in parts)


def _forward(x: Any, *arrays: Any, parts: Parts) -> Any:
    return x[_rebuilt(parts, arrays)]


def _aval(x: Node, *arrays: Node, parts: Parts) -> Aval:
    # NumPy's own indexing on an array without memory gives the shape, and its own errors.
    stand_in = np.broadcast_to(np.zeros((), bool), x.shape)
    try:
        found = stand_in[_rebuilt(parts, [np.broadcast_to(np.zeros((), int), a.shape) for a in arrays])]
    except IndexError as error:
        _out_of_range(str(error), x.shape)
    return found.shape, x.dtype


def _out_of_range(what: str, shape: Shape) -> NoReturn:
    raise ShapeError(
        "graph-index",
        f"index out of range: {what}",
        where=frames.where(frames.user_frame()),
        why=f"the array has shape {shape}",
        do="check the index against the shape; negative numbers count from the end",
    ) from None


def _text_parts(parts: Parts, arrays: Sequence[str]) -> str:
    def one(p: tuple[Any, ...]) -> str:
        if p[0] == "slice":
            start, stop, step = ("" if v is None else str(v) for v in p[1:])
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return arrays[p[1]] if p[0] == "array" else (str(p[1]) if p[0] == "int" else "None")

    shown = [one(p) for p in parts]
    while len(shown) > 1 and shown[-1] == ":":
        shown.pop()
    return ", ".join(shown)


def _vjp(i: int, g: Any, out: Value, x: Value, *arrays: Value, parts: Parts) -> Any:
    return bind(ADD_AT, g, *arrays, shape=x.shape, parts=parts) if i == 0 else None


def _splits(parts: Parts) -> bool:
    """Integer arrays with a slice between them: NumPy then puts the looked-up axes first."""
    places = [i for i, p in enumerate(parts) if p[0] in ("array", "int")]
    return any(p[0] == "array" for p in parts) and places != list(range(places[0], places[-1] + 1))


def _before(parts: Parts) -> int:
    """How many axes of the result stand before the looked-up ones."""
    if _splits(parts):
        return 0
    first = next(i for i, p in enumerate(parts) if p[0] in ("array", "int"))
    return sum(p[0] != "int" for p in parts[:first])


def _numbered(
    batched: Sequence[bool], x: Value, arrays: Sequence[Value], parts: Parts, size: int
) -> tuple[Parts, list[Any], int]:
    """The index for all examples at once: the example's own number stands as one more integer array in front."""
    if not any(batched):
        arrays, batched = [np.broadcast_to(a, (size, *a.shape)) for a in arrays], [True] * len(arrays)
    rank = max(a.ndim - b for b, a in zip(batched, arrays, strict=True))
    lined = [
        np.reshape(a, (size, *(1,) * (rank - a.ndim + 1), *a.shape[1:])) if b else a
        for b, a in zip(batched, arrays, strict=True)
    ]
    number = np.arange(size).reshape((size, *(1,) * rank))
    return (("array", len(lined)), *parts), [*lined, number], rank


def _batch(batched: Sequence[bool], x: Value, *arrays: Value, parts: Parts) -> Any:
    if not any(batched[1:]) and not _splits(parts):
        return bind(GETITEM, x, *arrays, parts=(WHOLE, *parts))
    x = carried(batched, (x, *arrays))[0]
    before = _before(parts)
    parts, numbered, rank = _numbered(batched[1:], x, arrays, parts, x.shape[0])
    found: Value = bind(GETITEM, x, *numbered, parts=parts)
    return np.moveaxis(found, range(1, 1 + rank), range(1 + before, 1 + before + rank)) if before else found


def _put_batch(batched: Sequence[bool], g: Value, *arrays: Value, shape: Shape, parts: Parts) -> Any:
    size = next(x.shape[0] for b, x in zip(batched, (g, *arrays), strict=True) if b)
    if not any(batched[1:]) and not _splits(parts):
        return bind(ADD_AT, g, *arrays, shape=(size, *shape), parts=(WHOLE, *parts))
    g = carried(batched, (g, *arrays))[0]
    before = _before(parts)
    parts, numbered, rank = _numbered(batched[1:], g, arrays, parts, size)
    g = np.moveaxis(g, range(1 + before, 1 + before + rank), range(1, 1 + rank)) if before else g
    return bind(ADD_AT, g, *numbered, shape=(size, *shape), parts=parts)


def _put(g: Any, *arrays: Any, shape: Shape, parts: Parts) -> Any:
    full = np.zeros(shape, np.asarray(g).dtype)
    if arrays:
        np.add.at(full, _rebuilt(parts, arrays), g)  # the same place may be named twice, so it has to add
    else:
        full[_rebuilt(parts, arrays)] = g
    return full


def _get_sample(rng: np.random.Generator) -> Sample:
    a, b, c = (n + 1 for n in sizes(rng, 3))
    rows, columns = rng.integers(0, a, 3), rng.integers(0, b, 3)
    mask = np.arange(a) % 2 == 0
    index: Any = [
        0,
        (-1, slice(None, None, -1)),
        (Ellipsis, 0),
        (slice(1, None), None, slice(0, 2)),
        rows,
        (rows, columns),
        (rows[:, None], columns),
        (rows, slice(None), rng.integers(0, c, 3)),
        (slice(None), columns),
        mask,
        (0, slice(None), rng.integers(0, c, 2)),
    ][int(rng.integers(0, 11))]
    return (lambda x: x[index]), [uniform(rng, (a, b, c))]


GETITEM: Primitive = register(
    Primitive(
        name="getitem",
        forward=_forward,
        aval=_aval,
        text=lambda node, ins: f"{ins[0]}[{_text_parts(node.attrs['parts'], ins[1:])}]",
        precedence=90,
        latex=lambda x, *arrays, parts: f"{x}_{{[{_text_parts(parts, arrays)}]}}",
        sentence="Looks up a part; the adjoint goes back to its places, and adds up where one was taken twice.",
        vjp=_vjp,
        jvp=lambda d, out, x, *arrays, parts: bind(GETITEM, d[0], *arrays, parts=parts),
        batch=_batch,
        beyond_standard="an index that names only some of the axes, and several integer arrays in one index",
        sample=_get_sample,
        flops=lambda *_, **__: 0,
    )
)


def _put_text(node: Node, ins: list[str]) -> str:
    return f"add_at({node.shape}, ({_index_text(node.attrs['parts'], ins[1:])},), {ins[0]})"


def _index_text(parts: Parts, arrays: Sequence[str]) -> str:
    def one(p: tuple[Any, ...]) -> str:
        return f"slice({p[1]}, {p[2]}, {p[3]})" if p[0] == "slice" else _text_parts((p,), arrays)

    return ", ".join(one(p) for p in parts)


ADD_AT: Primitive = register(
    Primitive(
        name="add_at",
        forward=_put,
        aval=lambda g, *arrays, shape, parts: (shape, g.dtype),
        text=_put_text,
        latex=lambda g, *arrays, shape, parts: rf"\operatorname{{scatter}} {g}",
        sentence="Zeros, with values added at the given places: the adjoint of looking up.",
        vjp=lambda i, g, out, v, *arrays, shape, parts: bind(GETITEM, g, *arrays, parts=parts) if i == 0 else None,
        jvp=lambda d, out, v, *arrays, shape, parts: bind(ADD_AT, d[0], *arrays, shape=shape, parts=parts),
        batch=_put_batch,
        sample=lambda rng: ((lambda v: add_at((5, 2), (np.array([0, 3, 3]),), v)), [uniform(rng, (3, 2))]),
    )
)


def add_at(shape: Shape, index: Any, values: Any) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``index``; a place that is named twice gets both.

    >>> add_at((3,), np.array([0, 2, 2]), np.array([1.0, 10.0, 20.0]))
    array([ 1.,  0., 30.])
    """
    if not isinstance(values, Tracer):
        full = np.zeros(shape, np.asarray(values).dtype)
        np.add.at(full, index, values)
        return full
    parts, arrays = parse(index, shape)
    return bind(ADD_AT, values, *arrays, shape=shape, parts=parts)


def parse(index: Any, shape: Shape) -> tuple[Parts, list[Any]]:
    """An index as a user writes it -> parts and integer arrays. Boolean masks that are known become positions."""
    items: list[Any] = []
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, list):
            item = np.asarray(item) if item else np.zeros(0, int)
        if isinstance(item, np.bool_ | bool) or (isinstance(item, Tracer) and item.dtype.kind == "b"):
            untraceable(
                "traced-mask",
                "a traced boolean mask is used as an index",
                "how many elements it picks depends on the values, and a graph has fixed shapes",
                "use np.where(mask, x, 0) or multiply by the mask",
            )
        if isinstance(item, np.ndarray) and item.dtype.kind == "b":
            items.extend(np.nonzero(item))
        else:
            items.append(item)
    used = sum(item is not None and item is not Ellipsis for item in items)
    rest = [slice(None)] * (len(shape) - used)
    at = next((i for i, item in enumerate(items) if item is Ellipsis), len(items))
    items = [*items[:at], *rest, *(item for item in items[at:] if item is not Ellipsis)]
    parts: list[tuple[Any, ...]] = []
    arrays: list[Any] = []
    axes = iter(shape)
    for item in items:
        n = None if item is None else next(axes, None)
        if item is None:
            parts.append(("new",))
        elif isinstance(item, slice):
            parts.append(("slice", *(None if v is None else int(v) for v in (item.start, item.stop, item.step))))
        elif isinstance(item, int | np.integer):
            parts.append(("int", int(item)))
        else:
            parts.append(("array", len(arrays)))
            arrays.append(item)
            if (
                n is not None
                and isinstance(item, np.ndarray)
                and item.size
                and not (-n <= item.min() <= item.max() < n)
            ):
                _out_of_range(f"{item.min() if item.min() < -n else item.max()} is outside of {n} places", shape)
    return tuple(parts), arrays


def forwards(x: Any, parts: Parts) -> tuple[Any, Parts]:
    """Slices with a negative step as slices of the flipped array: not every array library has negative steps."""
    new, axis = list(parts), -1
    flipped = []
    for k, p in enumerate(parts):
        axis += p[0] != "new"
        if p[0] == "slice" and p[3] is not None and p[3] < 0:
            n = x.shape[axis]
            start, stop, step = slice(*p[1:]).indices(n)
            count = len(range(start, stop, step))
            new[k] = WHOLE if count == n else ("slice", n - 1 - start, n - 1 - stop, -step)
            flipped.append(axis)
    return (np.flip(x, tuple(flipped)) if flipped else x), tuple(new)


def getitem(x: Value, index: Any) -> Any:
    """x[index], as NumPy does it."""
    parts, arrays = parse(index, x.shape)
    x, parts = forwards(x, parts)
    if arrays and any(p[0] == "int" for p in parts):
        return _numbers_first(x, arrays, parts)
    if all(p == WHOLE for p in parts):
        return x
    if all(p in (("new",), WHOLE) for p in parts):
        return np.expand_dims(x, tuple(i for i, p in enumerate(parts) if p[0] == "new"))
    return bind(GETITEM, x, *arrays, parts=parts)


def _numbers_first(x: Any, arrays: Sequence[Any], parts: Parts) -> Any:
    """x[0, :, rows] in two steps. NumPy takes 0 for one more array and puts the rows in front, PyTorch does not."""
    only_numbers = tuple(p if p[0] == "int" else WHOLE for p in parts if p[0] != "new")
    rest = tuple(p for p in parts if p[0] != "int")
    found: Value = bind(GETITEM, bind(GETITEM, x, parts=only_numbers), *arrays, parts=rest)
    if not _splits(parts) or _splits(rest):
        return found
    rank, before = max(np.ndim(a) for a in arrays), _before(rest)
    return np.moveaxis(found, range(before, before + rank), range(rank))


@handles(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """Along one axis, or from the flattened array."""
    refuse_options("take", out=out)
    x = np.reshape(a, (-1,)) if axis is None else a
    at = one_axis(0 if axis is None else axis, np.ndim(x))
    places: Any = indices if isinstance(indices, Tracer) else np.asarray(indices)
    x = x if isinstance(x, Tracer) else places.home.lift(x)
    return getitem(x, (slice(None),) * at + (places,))


@handles(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """One element for each position of the other axes."""
    x = np.reshape(arr, (-1,)) if axis is None else arr
    at = one_axis(0 if axis is None else axis, np.ndim(x))
    shape = np.broadcast_shapes(
        tuple(1 if i == at else n for i, n in enumerate(x.shape)),
        tuple(1 if i == at else n for i, n in enumerate(np.shape(indices))),
    )
    grid = [np.arange(n).reshape([-1 if j == i else 1 for j in range(len(shape))]) for i, n in enumerate(shape)]
    x = x if isinstance(x, Tracer) else indices.home.lift(x)
    return getitem(x, tuple(indices if i == at else grid[i] for i in range(len(shape))))
