"""What the entries of the table have in common: broadcasting and its undoing, elementwise operations, batching."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from downslope.autodiff import frames
from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, handles, register, uniform
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import untraceable
from downslope.errors import ShapeError


def misfit(what: str, nodes: Sequence[Node], why: str, do: str) -> ShapeError:
    """Shapes that do not fit, with every operand named."""
    shown = ", ".join(f"{n.full_name} {n.shape}" for n in nodes)
    return ShapeError("graph-misfit", f"{what}: {shown}", where=frames.where(frames.user_frame()), why=why, do=do)


def broadcast_shapes(*nodes: Node) -> Shape:
    """Common shape of the operands."""
    first = nodes[0].shape
    if all(n.shape == first or not n.shape for n in nodes):
        return first
    try:
        return np.broadcast_shapes(*(n.shape for n in nodes))
    except ValueError:
        raise misfit(
            "shapes do not broadcast",
            nodes,
            "aligned from the right, two lengths must be equal or one of them 1",
            "transpose, reshape or add an axis (x[:, None]) so that they line up",
        ) from None


@lru_cache(maxsize=4096)
def result_type(ufunc: np.ufunc, *kinds: Any) -> np.dtype[Any]:
    """Type of a ufunc's result; a Python type among ``kinds`` stands for a Python number, which gives way."""
    return ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout))[-1]


def kind(node: Node) -> Any:
    """Type of an operand for promotion: Python's own for a Python number."""
    return {"f": float, "i": int, "b": np.dtype(bool)}[node.dtype.kind] if node.weak else node.dtype


def promoted(*nodes: Node) -> np.dtype[Any]:
    """NumPy's common type of several operands."""
    if all(n.dtype == nodes[0].dtype for n in nodes):
        return nodes[0].dtype
    samples = [{"f": 1.0, "i": 1, "b": True}[n.dtype.kind] if n.weak else n.dtype for n in nodes]
    return np.result_type(*samples)


def sum_to(g: Any, shape: Shape) -> Any:
    """Undo broadcasting: what one element fed to many places gets back the sum of their adjoints."""
    if g.shape == shape:
        return g
    added = len(g.shape) - len(shape)
    axes = tuple(range(added)) + tuple(i + added for i, n in enumerate(shape) if n == 1 and g.shape[i + added] != 1)
    if axes:
        g = np.sum(g, axis=axes)
    return g if g.shape == shape else np.reshape(g, shape)


def as_type_of(g: Any, x: Value) -> Any:
    """The adjoint of a float32 input is float32, also where it met a float64 array."""
    return g if g.dtype == x.dtype or x.node.weak or g.node.weak else g.astype(x.dtype)


Chain = Callable[..., Any]


def chain_vjp(chain: Sequence[Chain | None]) -> Callable[..., Any]:
    """Reverse rule of an elementwise operation from its chain-rule factors, one ``(g, out, *xs)`` for each input."""

    def vjp(i: int, g: Any, out: Value, *xs: Value, **attrs: Any) -> Any:
        step = chain[i]
        if step is None:
            return None
        back = step(g, out, *xs, **attrs)
        if xs[i].shape == out.shape:  # the adjoint may stay narrower than that: the next rule broadcasts it anyway
            return as_type_of(back, xs[i])
        if back.shape != out.shape:
            back = np.broadcast_to(as_type_of(back, out), out.shape)
        return as_type_of(sum_to(back, xs[i].shape), xs[i])

    return vjp


def chain_jvp(chain: Sequence[Chain | None]) -> Callable[..., Any]:
    """Forward rule of the same operation: the same factors, times the tangents, added up."""

    def jvp(tangents: Sequence[Any], out: Value, *xs: Value, **attrs: Any) -> Any:
        parts = [step(d, out, *xs, **attrs) for d, step in zip(tangents, chain, strict=True) if d is not None and step]
        total = parts[0] if parts else None
        for part in parts[1:]:
            total = total + part
        return total if total is None or total.shape == out.shape else np.broadcast_to(total, out.shape)

    return jvp


def lined_up(batched: Sequence[bool], xs: Sequence[Value]) -> list[Value]:
    """Operands of a broadcasting operation with the examples' axis first: 1s go between it and a lower rank."""
    rank = max(len(x.shape) - b for b, x in zip(batched, xs, strict=True))
    return [
        np.reshape(x, (x.shape[0], *(1,) * (rank - len(x.shape) + 1), *x.shape[1:]))
        if b and len(x.shape) - 1 < rank
        else x
        for b, x in zip(batched, xs, strict=True)
    ]


def carried(batched: Sequence[bool], xs: Sequence[Value]) -> list[Value]:
    """All operands with the examples' axis first, repeated where they have none."""
    size = next(x.shape[0] for b, x in zip(batched, xs, strict=True) if b)
    return [x if b else np.broadcast_to(x, (size, *x.shape)) for b, x in zip(batched, xs, strict=True)]


def multilinear(entry: Callable[[], Primitive], linear: Sequence[int] | None = None) -> Callable[..., Any]:
    """Forward rule of what is linear in each input: replace one input by its tangent at a time, and add."""

    def jvp(tangents: Sequence[Any], out: Value, *xs: Value, **attrs: Any) -> Any:
        total = None
        for i, d in enumerate(tangents):
            if d is not None and (linear is None or i in linear):
                part = bind(entry(), *xs[:i], d, *xs[i + 1 :], **attrs)
                total = part if total is None else total + part
        return total

    return jvp


def sampled(call: Callable[..., Any], *domains: tuple[float, float], apart: float = 0.0) -> Callable[..., Sample]:
    """Samples of an elementwise operation: random shapes that broadcast, values inside the domains, away from kinks."""

    def sample(rng: np.random.Generator) -> Sample:
        shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 4)))
        arrays = []
        for low, high in domains:
            own = shape[int(rng.integers(0, len(shape) + 1)) :] if len(domains) > 1 else shape
            own = tuple(1 if rng.random() < 0.25 else n for n in own) if len(domains) > 1 else own
            arrays.append(uniform(rng, own, low, high))
        if apart and len(arrays) == 2:
            gap = arrays[0] - arrays[1]
            if np.abs(gap).min() < apart:
                return sample(rng)
        elif apart:
            arrays[0] = np.where(np.abs(arrays[0]) < apart, arrays[0] + 2 * apart, arrays[0])
        return call, arrays

    return sample


def elementwise(
    name: str,
    ufunc: np.ufunc,
    *,
    chain: Sequence[Chain | None] | None = None,
    domain: Sequence[tuple[float, float]] = (),
    apart: float = 0.0,
    aliases: Sequence[np.ufunc] = (),
    text: str = "",
    scalar: Callable[..., Any] | None = None,
    **faces: Any,
) -> Primitive:
    """Register an elementwise operation. ``chain[i](g, out, *xs)`` is ``g`` times the derivative by input i.

    scalar: Python's own operator for two Python numbers, whose result stays a Python number.
    """

    def aval(*nodes: Node) -> Aval:
        if scalar is not None and all(n.weak for n in nodes):
            zero = {"f": 1.0, "i": 1, "b": True}
            return (), np.dtype(type(scalar(*(zero[n.dtype.kind] for n in nodes))))
        return broadcast_shapes(*nodes), result_type(ufunc, *map(kind, nodes))

    def batch(batched: Sequence[bool], *xs: Value) -> Any:
        return bind(entry, *lined_up(batched, xs))

    def handler(*xs: Any, **options: Any) -> Any:
        if set(options) - {"dtype", "casting", "order", "subok"} or options.get("dtype") is not None:
            refuse_options(name, **options)
        return bind(entry, *xs)

    operands = ", ".join(f"{{{i}}}" for i in range(ufunc.nin))
    # `maximum` and `minimum` warn when `out` is given by position.
    out = "out={out}" if name in ("maximum", "minimum") else "{out}"
    entry = register(
        Primitive(
            name=name,
            forward=ufunc,
            aval=aval,
            text=text or f"np.{name}({operands})",
            into=f"np.{ufunc.__name__}({operands}, {out})",
            vjp=chain_vjp(chain) if chain else None,
            jvp=chain_jvp(chain) if chain else None,
            narrow="any",
            batch=batch,
            sample=faces.pop("sample", None)
            or sampled(lambda *xs: ufunc(*xs), *(domain or ((-2.0, 2.0),) * ufunc.nin), apart=apart),
            derivative=faces.pop("derivative", "smooth" if chain else "zero"),
            **faces,
        )
    )
    handles(ufunc, *aliases)(handler)
    return entry


def refuse_options(name: str, **options: Any) -> None:
    """Options of a NumPy function that the graph does not carry (``out=``, ``where=`` ...), if they are used."""
    used = [k for k, v in options.items() if v is not None and v is not np._NoValue]
    if used:
        untraceable(
            "traced-option",
            f"np.{name} is called with {', '.join(f'{k}=' for k in used)}",
            "this option has no rule in the graph",
            "leave it out: use np.where for masks, astype for types, and a new name instead of out=",
        )


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as sorted non-negative numbers; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(one_axis(a, ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,))))


def one_axis(axis: Any, ndim: int) -> int:
    """A non-negative axis; ShapeError outside of the array."""
    index = operator.index(axis)
    if not -ndim <= index < ndim:
        raise ShapeError(
            "graph-axis",
            f"axis {index} of an array with {ndim} axes",
            where=frames.where(frames.user_frame()),
            why="axes are counted from 0, or from the end with negative numbers",
            do=f"use an axis from {-ndim} to {ndim - 1}" if ndim else "a single number has no axis",
        )
    return index % ndim
