"""Where values come from, how they are seen, joined and looked up: the rules of these primitives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.kinds import NotGenerated, kind_of
from downslope.autodiff.compile.machine.lowering import Lowering, rule, same
from downslope.autodiff.compile.machine.values import Literal, Operand, Ref, Shape, contiguous
from downslope.autodiff.graph import Node


@rule("input")
def _input(low: Lowering, node: Node) -> None:
    made = low.add("input", node.shape, node.dtype)
    low.inputs[node.id] = made
    low.own(node, made)


@rule("constant")
def _constant(low: Lowering, node: Node) -> None:
    array = np.ascontiguousarray(node.attrs["value"])
    low.own(node, low.add("constant", node.shape, node.dtype, attrs={"array": array}))


def constant_array(low: Lowering, array: Any) -> tuple[int, Any]:
    """An array that the program brings along."""
    made = low.add("constant", array.shape, array.dtype, attrs={"array": np.ascontiguousarray(array)})
    return made, low.base[made]


@rule("reshape", "transpose", "broadcast_to", "stop_gradient", "flip", "variable")
def _view(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    seen = (
        stand_in
        if node.primitive.name in ("variable", "stop_gradient")
        else node.primitive.forward(stand_in, **node.attrs)
    )
    if not np.may_share_memory(seen, stand_in):  # a reshape of a transposed array
        value = low.copy(value, stand_in)
        seen = low.base[value].reshape(node.shape)
    low.seen[node.id] = (value, seen)


@rule("astype")
def _astype(low: Lowering, node: Node) -> None:
    (i,) = node.inputs
    x = low.graph[i]
    args: list[Operand] = [low.operand(i, node.shape)]
    kind = kind_of(node.dtype)
    cast = {"f32": _to_f32, "f64": _to_f64, "i64": _to_i64, "i32": _to_i32, "bool": _to_bool}[kind]
    low.own(node, low.map("astype", cast, node.shape, kind, args, [kind_of(x.dtype)]))


def _to_f32(v: Any, x: Any) -> Any:
    return x.cast("f32")


def _to_f64(v: Any, x: Any) -> Any:
    return x.cast("f64")


def _to_i64(v: Any, x: Any) -> Any:
    return x.cast("i64")


def _to_i32(v: Any, x: Any) -> Any:
    return x.cast("i32")


def _to_bool(v: Any, x: Any) -> Any:
    return x.cast("bool")


@rule("tril", "triu")
def _triangle(low: Lowering, node: Node) -> None:
    mask = node.primitive.forward(np.ones(node.shape[-2:], bool), **node.attrs)
    kind = kind_of(node.dtype)
    args: list[Operand] = [
        low.ref(*constant_array(low, mask), node.shape), low.operand(node.inputs[0], node.shape), Literal(0)
    ]  # fmt: skip
    low.own(node, low.map("where", _choose, node.shape, kind, args, ["bool", kind, kind]))


def _choose(v: Any, c: Any, x: Any, y: Any) -> Any:
    return v.select(c, x, y)


# --- arrays put together from parts ---------------------------------------------------------------------------------


def assembly(low: Lowering, shape: Shape, kind: str, parts: Sequence[tuple[int, Any, Any]], fill: float | None) -> int:
    """An array made of views, each with the index of a part of its shape; the rest is filled with one number."""
    whole = low.add("assembly", shape, kind)
    base = low.base[whole]
    if fill is not None:
        low.map("fill", same, shape, kind, [Literal(fill)], [kind], place=(whole, 0))
    for value, stand_in, index in parts:
        if low.values[value].kind != kind:
            args = [low.ref(value, stand_in, stand_in.shape)]
            value = low.map("cast", same, stand_in.shape, kind, args, [kind])
            stand_in = low.base[value]
        goal = base[index]
        place = low.ref(whole, goal, goal.shape)
        copy = low.copy(value, stand_in, place=(whole, place.offset))
        low.values[copy].home = place.strides
    return whole


@rule("concatenate")
def _concatenate(low: Lowering, node: Node) -> None:
    axis, start, parts = node.attrs["axis"], 0, []
    for i in node.inputs:
        if i in low.empty:
            continue
        value, stand_in = low.array(i)
        n = stand_in.shape[axis]
        parts.append((value, stand_in, (slice(None),) * axis + (slice(start, start + n),)))
        start += n
    low.own(node, assembly(low, node.shape, kind_of(node.dtype), parts, None))


@rule("pad")
def _pad(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    index = tuple(slice(a, a + n) for (a, _), n in zip(node.attrs["width"], stand_in.shape, strict=True))
    fill = node.attrs["value"]
    low.own(node, assembly(low, node.shape, kind_of(node.dtype), [(value, stand_in, index)], fill))


@rule("roll")
def _roll(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    for axis, shift in zip(node.attrs["axis"], node.attrs["shift"], strict=True):
        n = stand_in.shape[axis]
        k = shift % n
        before = (slice(None),) * axis
        parts = [(value, stand_in[(*before, slice(0, n - k))], (*before, slice(k, n)))]
        parts += [(value, stand_in[(*before, slice(n - k, n))], (*before, slice(0, k)))] if k else []
        value = assembly(low, node.shape, kind_of(node.dtype), parts, None)
        stand_in = low.base[value]
    low.seen[node.id] = (value, stand_in)


# --- looking up and putting back ------------------------------------------------------------------------------------


def _basic(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The slices and numbers of an index; integer arrays stand as whole slices.

    The Ellipsis at its end makes a view also where nothing but numbers stands in it: x[0, 1] alone is a copy.
    """

    def one(kind: str, *values: Any) -> Any:
        if kind == "slice":
            return slice(*values)
        if kind == "int":
            return values[0]
        return None if kind == "new" else slice(None)

    return (*(one(*part) for part in parts), Ellipsis)


@rule("getitem")
def _getitem(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    parts = node.attrs["parts"]
    if len(node.inputs) == 1:
        low.seen[node.id] = (value, stand_in[_basic(parts)])
        return
    x, index = _places(low, node, stand_in)
    domain = tuple(n for n in node.shape if n > 1)
    base = low.ref(value, x, node.shape)
    made = low.add(
        "look", node.shape, node.dtype, domain=domain, home=contiguous(domain),
        args=(base, *(ref for ref, _, _ in index)), name="look",
        attrs={"places": tuple((stride, limit) for _, stride, limit in index)},
    )  # fmt: skip
    low.own(node, made)


@rule("add_at")
def _add_at(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    parts, shape = node.attrs["parts"], node.shape
    kind = kind_of(node.dtype)
    if len(node.inputs) == 1:
        index = _basic(parts)
        wide = np.broadcast_to(stand_in, np.empty(shape, bool)[index].shape)
        low.own(node, assembly(low, shape, kind, [(value, wide, index)], 0.0))
        return
    made = low.add("scatter", shape, kind, node=node.id)
    x, index_refs = _places(low, node, low.base[made].reshape(shape))
    target = low.ref(made, x, x.shape)
    domain = tuple(n for n in x.shape if n > 1)
    found = low.values[made]
    found.domain, found.home, found.kinds, found.name = domain, target.strides, (kind,), "scatter"
    found.args = (low.ref(value, stand_in, x.shape), *(ref for ref, _, _ in index_refs))
    found.attrs = {"places": tuple((s, n) for _, s, n in index_refs), "offset": target.offset}
    low.own(node, made)


def _places(low: Lowering, node: Node, x: Any) -> tuple[Any, list[tuple[Ref, int, int]]]:
    """x[parts] as a view with stride 0 along the looked-up axes, and for each integer array (ref, stride, length)."""
    parts = node.attrs["parts"]
    if any(p[0] == "int" for p in parts):
        raise NotGenerated("numbers and integer arrays in one index")
    y = x[_basic(parts)]
    at = [k for k, p in enumerate(parts) if p[0] == "array"]  # axes of y, since new axes and slices keep theirs
    arrays = [low.array(node.inputs[1 + parts[k][1]]) for k in at]
    looked = np.broadcast_shapes(*(a.shape for _, a in arrays))
    first = at[0] if at == list(range(at[0], at[-1] + 1)) else 0
    rest = [k for k in range(y.ndim) if k not in at]
    order_shape = (*(y.shape[k] for k in rest[:first]), *looked, *(y.shape[k] for k in rest[first:]))
    strides = (*(y.strides[k] for k in rest[:first]), *(0,) * len(looked), *(y.strides[k] for k in rest[first:]))
    view = np.lib.stride_tricks.as_strided(y, order_shape, strides)
    found = []
    for k, (value, array) in zip(at, arrays, strict=True):
        lined = _lined(array, looked, first, len(order_shape) - first - len(looked))
        found.append((low.ref(value, lined, order_shape), y.strides[k] // x.itemsize, y.shape[k]))
    return view, found


def _lined(array: Any, looked: Shape, before: int, after: int) -> Any:
    """An index array with axes of length 1 around its own."""
    wide = np.broadcast_to(array, looked)
    return wide[(None,) * before + (Ellipsis,) + (None,) * after]
