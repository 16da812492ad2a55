"""Reductions, products and what runs along one axis: the rules of these primitives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from downslope.autodiff.compile.machine.kinds import NotGenerated, kind_of
from downslope.autodiff.compile.machine.lowering import Lowering, rule, same
from downslope.autodiff.compile.machine.values import Operand, Ref, Shape, contiguous
from downslope.autodiff.graph import Node


@rule("sum", "prod", "max", "min", "mean")
def _reduce(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    axis, kind, how = node.attrs["axis"], kind_of(node.dtype), node.primitive.name
    n = int(np.prod([stand_in.shape[a] for a in axis], dtype=int))
    mean = how == "mean"
    low.own(node, low.reduce("sum" if mean else how, value, stand_in, axis, kind, n if mean else 1))


@rule("var", "std")
def _variance(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    axis, kind, ddof = node.attrs["axis"], kind_of(node.dtype), node.attrs.get("ddof", 0)
    n = int(np.prod([stand_in.shape[a] for a in axis], dtype=int))
    x = low.ref(value, stand_in, stand_in.shape)
    mean = low.reduce("sum", value, stand_in, axis, kind, n)
    centre: list[Operand] = [x, low.ref(mean, low.base[mean], stand_in.shape)]
    square = low.map("squared distance", _squared_distance, stand_in.shape, kind, centre, [kind, kind])
    made = low.reduce("sum", square, low.base[square], axis, kind, n - ddof)
    if node.primitive.name == "std":
        shape = low.base[made].shape
        made = low.map("sqrt", _root, shape, kind, [low.ref(made, low.base[made], shape)], [kind])
    low.own(node, made)


@rule("norm")
def _norm(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    kind = kind_of(node.dtype)
    x = low.ref(value, stand_in, stand_in.shape)
    square = low.map("square", _two, stand_in.shape, kind, [x, x], [kind, kind])
    total = low.reduce("sum", square, low.base[square], node.attrs["axis"], kind)
    shape = low.base[total].shape
    low.own(node, low.map("sqrt", _root, shape, kind, [low.ref(total, low.base[total], shape)], [kind]))


def _squared_distance(v: Any, x: Any, mean: Any) -> Any:
    d = x - mean
    return d * d


def _root(v: Any, x: Any) -> Any:
    return v.sqrt(x)


@rule("argmax", "argmin", "cumsum")
def _along(low: Lowering, node: Node) -> None:
    value, stand_in = low.array(node.inputs[0])
    axis, name = node.attrs["axis"], node.primitive.name
    moved = np.moveaxis(stand_in, axis, -1)
    kind = "i64" if name != "cumsum" else kind_of(node.dtype)
    made = low.add("scan", node.shape, kind, name=name)
    own = low.base[made]
    target = np.moveaxis(own, axis, -1) if name == "cumsum" else own[..., None]
    source = low.ref(value, moved, moved.shape)
    goal = low.ref(made, np.broadcast_to(target, moved.shape), moved.shape)
    found = low.values[made]
    found.domain = tuple(n for n in moved.shape if n > 1)
    found.args, found.home = (source,), goal.strides
    found.kinds = (kind,) if name == "cumsum" else (low.values[value].kind,)
    found.attrs = {"length": moved.shape[-1]}
    low.own(node, made)


@rule("random_uniform")
def _random(low: Lowering, node: Node) -> None:
    t = low.graph[node.inputs[0]]
    if t.shape:
        raise NotGenerated("random numbers of several steps at once")
    arg: Operand = low.operand(t.id, ()) if t.weak else low.ref(*low.array(t.id), ())
    attrs = {k: node.attrs[k] for k in ("seed", "stream", "place")}
    made = low.add("random", node.shape, node.dtype, args=(arg,), name="random", attrs=attrs)
    low.own(node, made)


# --- products -------------------------------------------------------------------------------------------------------


def _typed(low: Lowering, i: int, kind: str) -> tuple[int, Any]:
    """Value and stand-in of a node in the type of the result."""
    value, stand_in = low.array(i)
    if low.values[value].kind == kind:
        return value, stand_in
    made = low.map("cast", same, stand_in.shape, kind, [low.ref(value, stand_in, stand_in.shape)], [kind])
    return made, low.base[made]


@rule("matmul")
def _matmul(low: Lowering, node: Node) -> None:
    kind = kind_of(node.dtype)
    (va, a), (vb, b) = (_typed(low, i, kind) for i in node.inputs)
    a, b = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    letters = "abcdefghijklmnopqrstuvw"[: len(stack)]
    a = np.broadcast_to(a, (*stack, *a.shape[-2:]))
    b = np.broadcast_to(b, (*stack, *b.shape[-2:]))
    made = contract(low, [(va, a, f"{letters}xz"), (vb, b, f"{letters}zy")], f"{letters}xy", kind)
    low.own(node, made)


@rule("einsum")
def _einsum(low: Lowering, node: Node) -> None:
    kind = kind_of(node.dtype)
    left, result = node.attrs["subscripts"].split("->")
    operands = []
    for i, term in zip(node.inputs, left.split(","), strict=True):
        value, stand_in = _typed(low, i, kind)
        letters = "".join(dict.fromkeys(term))
        shape = tuple(max(n for c, n in zip(term, stand_in.shape, strict=True) if c == letter) for letter in letters)
        strides = tuple(
            sum(s for c, s, n in zip(term, stand_in.strides, stand_in.shape, strict=True) if c == letter and n > 1)
            for letter in letters
        )
        operands.append((value, np.lib.stride_tricks.as_strided(stand_in, shape, strides), letters))
    low.own(node, contract(low, operands, result, kind))


def contract(low: Lowering, operands: Sequence[tuple[int, Any, str]], result: str, kind: str) -> int:
    """A sum of products over named axes: a matrix product where it is one, else a map that is summed."""
    lengths: dict[str, int] = {}
    for _, x, term in operands:
        for c, n in zip(term, x.shape, strict=True):
            lengths[c] = max(lengths.get(c, 1), n)
    long = [c for c in lengths if lengths[c] > 1]
    terms = [
        (
            value,
            x.__array_interface__["data"][0],
            {c: s // x.itemsize for c, s, n in zip(t, x.strides, x.shape, strict=True) if n > 1},
        )
        for value, x, t in operands
    ]
    shape = tuple(lengths[c] for c in result)
    home = dict(zip(result, contiguous(shape), strict=True))
    refs = [
        (
            Ref(value, (address - low.base[value].__array_interface__["data"][0]) // low.base[value].itemsize, ()),
            strides,
        )
        for value, address, strides in terms
    ]
    if len(operands) == 2 and kind in ("f32", "f64"):
        made = _as_product(low, refs, home, lengths, long, shape, kind)
        if made is not None:
            return made
    return _as_sum(low, refs, home, lengths, long, shape, kind)


Term = tuple[Ref, dict[str, int]]


def _as_product(
    low: Lowering,
    terms: Sequence[Term],
    home: dict[str, int],
    lengths: dict[str, int],
    long: list[str],
    shape: Shape,
    kind: str,
) -> int | None:
    """Every axis is one of rows, columns, summed and stacked; the last axis of the result counts columns."""
    (ra, a), (rb, b) = terms
    stacked = [c for c in long if c in a and c in b and c in home]
    summed = [c for c in long if c in a and c in b and c not in home]
    rows = [c for c in long if c in a and c not in b and c in home]
    columns = [c for c in long if c in b and c not in a and c in home]
    if not (rows and columns and summed) or len(stacked) + len(summed) + len(rows) + len(columns) != len(long):
        return None
    if min(home[c] for c in rows) < min(home[c] for c in columns):
        (ra, a), (rb, b), rows, columns = (rb, b), (ra, a), columns, rows
    m, n, k = (_merged(group, strides) for group, strides in (
        (rows, ({c: lengths[c] for c in rows}, a, home)),
        (columns, ({c: lengths[c] for c in columns}, b, home)),
        (summed, ({c: lengths[c] for c in summed}, a, b)),
    ))  # fmt: skip
    if m is None or n is None or k is None or n[1][1] != 1:
        return None
    domain = (*(lengths[c] for c in stacked), m[0], n[0], k[0])
    left = Ref(ra.value, ra.offset, (*(a[c] for c in stacked), m[1][0], 0, k[1][0]))
    right = Ref(rb.value, rb.offset, (*(b[c] for c in stacked), 0, n[1][0], k[1][1]))
    own = (*(home[c] for c in stacked), m[1][1], n[1][1], 0)
    return low.add(
        "product", shape, kind, domain=domain, home=own, args=(left, right), kinds=(kind, kind), name="product"
    )


def _merged(group: list[str], found: tuple[dict[str, int], ...]) -> tuple[int, tuple[int, int]] | None:
    """Several axes as one: (length, its two strides); None where memory does not allow it."""
    lengths, *strides = found
    order = sorted(group, key=lambda c: -strides[0][c])
    for outer, inner in pairwise(order):
        if any(s[outer] != s[inner] * lengths[inner] for s in strides):
            return None
    total = int(np.prod([lengths[c] for c in order], dtype=int))
    return total, (strides[0][order[-1]], strides[1][order[-1]])


def _as_sum(
    low: Lowering,
    terms: Sequence[Term],
    home: dict[str, int],
    lengths: dict[str, int],
    long: list[str],
    shape: Shape,
    kind: str,
) -> int:
    """Products number by number, summed as they are made. The axis that memory runs along goes last."""
    summed = [c for c in long if c not in home]
    sizes = [int(np.prod([lengths[c] for c in s], dtype=int)) for _, s in terms]
    widest = terms[int(np.argmax(sizes))][1]
    kept = sorted((c for c in long if c in home), key=lambda c: -home[c])
    last = min(long, key=lambda c: (widest.get(c, 1 << 60), home.get(c, 1 << 60)), default="")
    order = [c for c in [*kept, *summed] if c != last] + ([last] if last else [])
    domain = tuple(lengths[c] for c in order)
    args: list[Operand] = [Ref(r.value, r.offset, tuple(s.get(c, 0) for c in order)) for r, s in terms]
    own = tuple(home.get(c, 0) for c in order)
    if len(terms) > 3:
        raise NotGenerated("an einsum of more than three arrays")
    form, kinds = (same, _two, _three)[len(terms) - 1], (kind,) * len(terms)
    if not summed:
        return low.add(
            "map", shape, kind, domain=domain, home=own, args=tuple(args), kinds=kinds, name="multiply", form=form
        )  # fmt: skip
    factors = low.map("multiply", form, domain, kind, args, kinds)
    axes = tuple(k for k, c in enumerate(order) if c in summed)
    return low.add(
        "reduce", shape, kind, domain=domain, home=own, args=(Ref(factors, 0, contiguous(domain)),), kinds=(kind,),
        name="sum", attrs={"axes": axes, "divide": 1.0},
    )  # fmt: skip


def _two(v: Any, x: Any, y: Any) -> Any:
    return x * y


def _three(v: Any, x: Any, y: Any, z: Any) -> Any:
    return x * y * z
