"""Reductions: many numbers to fewer. Axes are stored as non-negative numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import axes_of, multilinear, one_axis, refuse_options
from downslope.autodiff.primitives.sources import cast
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer

Axes = tuple[int, ...]
SMALL = 1 << 16  # numbers; a constant vector of so many still costs less than a reduction's overhead


def reduced(shape: Shape, axis: Axes, keepdims: bool) -> Shape:
    """Shape after a reduction."""
    if keepdims:
        return tuple(1 if i in axis else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axis)


def spread(g: Any, x: Value, axis: Axes) -> Any:
    """A reduced value with its axes back, as length 1, so that it broadcasts over x: the adjoint of a sum."""
    kept = reduced(x.shape, axis, keepdims=True)
    return g if not g.shape or g.shape == kept else np.reshape(g, kept)


def count(x: Any, axis: Axes) -> int:
    """How many numbers went into each result."""
    n = 1
    for i in axis:
        n *= x.shape[i]
    return n


def written(name: str) -> Callable[[Node, list[str]], str]:
    """np.sum(x, axis=0, keepdims=True), with only the options that say something."""

    def write(node: Node, ins: list[str]) -> str:
        axis, keepdims, *_ = node.attrs.values()
        is_whole = len(node.shape) == (len(axis) if keepdims else 0)
        options = [] if is_whole else [f"axis={axis[0] if len(axis) == 1 else axis}"]
        options += ["keepdims=True"] if keepdims else []
        options += [f"{k}={v}" for k, v in node.attrs.items() if k not in ("axis", "keepdims") and v]
        return f"np.{name}({', '.join([*ins, *options])})"

    return write


def _forward(f: Callable[..., Any], x: Any, axis: Axes, keepdims: bool, **more: Any) -> Any:
    return f(x, axis=axis, keepdims=keepdims, **more)


def _reduced_aval(x: Node, axis: Axes, keepdims: bool, is_float: bool = False, **_: Any) -> Aval:
    dtype = x.dtype
    if is_float:
        dtype = np.dtype(float) if dtype.kind != "f" else dtype
    elif dtype.kind == "b":
        dtype = np.dtype(int)
    return reduced(x.shape, axis, keepdims), dtype


def _inner_axes(axis: Axes) -> Axes:
    return tuple(a + 1 for a in axis)


def _sample(call: Callable[..., Any], low: float = -2.0, high: float = 2.0) -> Callable[..., Sample]:
    def sample(rng: np.random.Generator) -> Sample:
        shape = sizes(rng, int(rng.integers(1, 4)), low=2)
        axis: Any = None
        if rng.random() < 0.7:
            axis = int(rng.integers(-len(shape), len(shape)))
            if len(shape) > 1 and rng.random() < 0.3:
                axis = (axis, axis - 1 if axis > 0 else axis + 1)
        keep = bool(rng.random() < 0.4)
        return partial(call, axis=axis, keepdims=keep), [uniform(rng, shape, low, high)]

    return sample


def reduction(
    name: str, f: Callable[..., Any], *, into: Any = None, is_float: bool = False, low: float = -2.0, **faces: Any
) -> Primitive:
    """Register a reduction with ``axis`` and ``keepdims``."""

    def batch(batched: Sequence[bool], x: Value, axis: Axes, keepdims: bool, **more: Any) -> Any:
        return bind(entry, x, axis=_inner_axes(axis), keepdims=keepdims, **more)

    def handler(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **more: Any
    ) -> Any:
        refuse_options(name, out=out, **{k: v for k, v in more.items() if k in ("where", "initial", "mean")})
        more = {k: v for k, v in more.items() if k in ("ddof", "correction")}
        if "correction" in more:
            more["ddof"] = more.pop("correction")
        x = a if dtype is None else cast(a, dtype)
        return bind(entry, x, axis=axes_of(axis, len(x.shape)), keepdims=keepdims is True or keepdims == 1, **more)

    entry = register(
        Primitive(
            name=name,
            forward=partial(_forward, f),
            aval=partial(_reduced_aval, is_float=is_float),
            text=written(name),
            into=into,
            narrow="number",
            batch=batch,
            sample=faces.pop("sample", None) or _sample(f, low),
            flops=lambda out, x, **_: x.size,
            **faces,
        )
    )
    handles(f)(handler)
    return entry


def _weighted_into(weight: Callable[[int], float]) -> Callable[..., str]:
    """Sums and means in place. A product with a constant vector takes a third of the time of a reduction."""

    def write(node: Node, ins: list[str], out: str, xs: Sequence[Node], constant: Callable[[Any], str]) -> str:
        x, axis, keepdims = xs[0], node.attrs["axis"], node.attrs["keepdims"]
        n = count(x, axis)
        if x.dtype == node.dtype and len(x.shape) == 2 and len(axis) == 1 and not keepdims:
            ends = constant(np.full(n, weight(n), node.dtype))
            return f"np.dot({ends}, {ins[0]}, {out})" if axis == (0,) else f"np.dot({ins[0]}, {ends}, {out})"
        if x.dtype == node.dtype and len(axis) == len(x.shape) and not keepdims and n <= SMALL:
            vector = ins[0] if len(x.shape) == 1 else f"{ins[0]}.ravel()"
            return f"np.dot({vector}, {constant(np.full(n, weight(n), node.dtype))}, {out})"
        total = f"np.add.reduce({ins[0]}, {axis}, None, {out}, {keepdims})"
        scale = constant(node.dtype.type(weight(n)))
        return total if weight(n) == 1 else f"{total}; np.multiply({out}, {scale}, {out})"

    return write


SUM: Primitive = reduction(
    "sum",
    np.sum,
    into=_weighted_into(lambda n: 1.0),
    latex=r"\sum {0}",
    sentence="Adds up; every summand gets the whole adjoint.",
    vjp=lambda i, g, out, x, axis, keepdims: spread(g, x, axis),
    jvp=multilinear(lambda: SUM),
)

MEAN: Primitive = reduction(
    "mean",
    np.mean,
    is_float=True,
    into=_weighted_into(lambda n: 1 / n),
    latex=r"\operatorname{{mean}} {0}",
    sentence="The average; every value gets the adjoint divided by how many there are: here the 1/n comes from.",
    vjp=lambda i, g, out, x, axis, keepdims: spread(g / count(x, axis), x, axis),
    jvp=multilinear(lambda: MEAN),
)


def _others(x: Value, axis: Axes) -> Any:
    """For each element the product of all the others, also where some of them are zero: products from both sides."""
    moved = np.moveaxis(x, axis, tuple(range(-len(axis), 0)))
    kept = moved.shape[: moved.ndim - len(axis)]
    flat = np.reshape(moved, (*kept, count(x, axis)))
    n = flat.shape[-1]
    from_left = from_right = np.ones((*kept, 1), x.dtype)
    left, right = [from_left], [from_right]
    for k in range(n - 1):
        from_left = from_left * flat[..., k : k + 1]
        from_right = from_right * flat[..., n - 1 - k : n - k]
        left.append(from_left)
        right.append(from_right)
    both = np.concatenate(left, axis=-1) * np.concatenate(right[::-1], axis=-1) if n > 1 else np.ones_like(flat)
    back = np.reshape(both, moved.shape)
    return np.moveaxis(back, tuple(range(-len(axis), 0)), axis)


PROD: Primitive = reduction(
    "prod",
    np.prod,
    latex=r"\prod {0}",
    sentence="The product; each factor's adjoint is scaled by the product of the others (right also when one is zero).",
    vjp=lambda i, g, out, x, axis, keepdims: spread(g, x, axis) * _others(x, axis),
    jvp=lambda d, out, x, axis, keepdims: np.sum(d[0] * _others(x, axis), axis=axis, keepdims=keepdims),
)


def _centred(x: Value, axis: Axes) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


def _var_vjp(i: int, g: Any, out: Value, x: Value, axis: Axes, keepdims: bool, ddof: float = 0) -> Any:
    return spread(g * (2 / (count(x, axis) - ddof)), x, axis) * _centred(x, axis)


def _var_jvp(d: Any, out: Value, x: Value, axis: Axes, keepdims: bool, ddof: float = 0) -> Any:
    return np.sum(d[0] * _centred(x, axis), axis=axis, keepdims=keepdims) * (2 / (count(x, axis) - ddof))


def _std_vjp(i: int, g: Any, out: Value, x: Value, axis: Axes, keepdims: bool, ddof: float = 0) -> Any:
    return _var_vjp(i, g / (2 * out), out, x, axis, keepdims, ddof)


VAR: Primitive = reduction(
    "var",
    np.var,
    is_float=True,
    latex=r"\operatorname{{var}} {0}",
    sentence="The mean squared distance from the mean; the mean's own share cancels out on the way back.",
    vjp=_var_vjp,
    jvp=_var_jvp,
)

STD: Primitive = reduction(
    "std",
    np.std,
    is_float=True,
    latex=r"\operatorname{{std}} {0}",
    sentence="The root of the variance.",
    kinks="where all values are equal the derivative is NaN (0/0), as in PyTorch",
    vjp=_std_vjp,
    jvp=lambda d, out, x, axis, keepdims, ddof=0: _var_jvp(d, out, x, axis, keepdims, ddof) / (2 * out),
)


def _winners(x: Value, axis: Axes, out: Value) -> Any:
    """Shares of the adjoint: 1 for the extreme element, equal parts for several that are equal."""
    is_extreme = (x == spread(out, x, axis)).astype(x.dtype)
    return is_extreme / np.sum(is_extreme, axis=axis, keepdims=True)


def _extreme_vjp(i: int, g: Any, out: Value, x: Value, axis: Axes, keepdims: bool) -> Any:
    return spread(g, x, axis) * _winners(x, axis, out)


def _extreme_jvp(d: Any, out: Value, x: Value, axis: Axes, keepdims: bool) -> Any:
    return np.sum(d[0] * _winners(x, axis, out), axis=axis, keepdims=keepdims)


for _name, _f, _ufunc in (("max", np.max, "maximum"), ("min", np.min, "minimum")):
    reduction(
        _name,
        _f,
        into=lambda node, ins, out, *_, u=_ufunc: (
            f"np.{u}.reduce({ins[0]}, {node.attrs['axis']}, None, {out}, {node.attrs['keepdims']})"
        ),
        latex=rf"\{_name} {{0}}",
        sentence="The extreme value; only the element that it was taken from gets the adjoint.",
        derivative="kinked",
        kinks="where several elements are equal they share the adjoint evenly (as torch.amax and JAX; torch.max(dim) "
        "gives all to one)",
        vjp=_extreme_vjp,
        jvp=_extreme_jvp,
    )


@handles(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """A weighted mean, as NumPy defines it."""
    refuse_options("average", returned=returned or None)
    keep = keepdims is True
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keep)
    w: Value = weights if isinstance(weights, Tracer) else np.asarray(weights, float)
    if np.shape(w) != np.shape(a):  # one weight for each place along the axis
        at = one_axis(axis, np.ndim(a))
        w = np.broadcast_to(np.reshape(w, [-1 if i == at else 1 for i in range(np.ndim(a))]), np.shape(a))
    return np.sum(a * w, axis=axis, keepdims=keep) / np.sum(w, axis=axis, keepdims=keep)


@handles(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Largest minus smallest."""
    refuse_options("ptp", out=out)
    return np.max(a, axis=axis, keepdims=keepdims is True) - np.min(a, axis=axis, keepdims=keepdims is True)


@handles(np.all, np.any)
def all_or_any(a: Any, *_: Any, **__: Any) -> Any:
    """Truth over an axis is a decision, which a graph does not take."""
    return bool(a)
