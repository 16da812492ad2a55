"""Where values come from: inputs, constants, and the stand-ins that derivatives are taken with respect to."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Value, handles, register
from downslope.autodiff.primitives.rules import as_type_of
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer


def _never(*_: Any, **__: Any) -> Any:
    raise AssertionError("inputs have their value before evaluation begins")


def _sample(rng: np.random.Generator) -> Sample:
    return (lambda x: x), [rng.normal(size=(2, 3))]


INPUT: Primitive = register(
    Primitive(
        name="input",
        forward=_never,
        aval=_never,
        text="{name}",
        latex="{name}",
        sentence="An argument of the function.",
        internal="an argument is put here when the function is called",
        sample=_sample,
        flops=lambda *_, **__: 0,
    )
)

CONSTANT: Primitive = register(
    Primitive(
        name="constant",
        forward=lambda value: value,
        aval=_never,
        text=lambda node, ins: repr(node.attrs["value"]),
        latex="{name}",
        sentence="A number or an array that is written in the code; its derivative is zero.",
        internal="a number or array is put here where it meets a traced value",
        sample=lambda rng: ((lambda x: x + np.array([1.0, 2.0, 3.0])), [rng.normal(size=(2, 3))]),
        flops=lambda *_, **__: 0,
    )
)

VARIABLE: Primitive = register(
    Primitive(
        name="variable",
        forward=lambda x: np.asarray(x, float)[()],
        aval=lambda x: (x.shape, x.dtype),
        text="{0} * 1.0",
        latex="{0}",
        sentence="The value that a derivative is taken with respect to.",
        internal="a derivative puts it before each value that it is taken by, and finished graphs are without it",
        sample=_sample,
        vjp=lambda i, g, out, x: g,
        jvp=lambda tangents, out, x: tangents[0],
        batch=lambda batched, x: x,
        flops=lambda *_, **__: 0,
    )
)


def _cast_aval(x: Node, dtype: str) -> Aval:
    return x.shape, np.dtype(dtype)


CAST: Primitive = register(
    Primitive(
        name="astype",
        forward=lambda x, dtype: np.asarray(x).astype(dtype),
        aval=_cast_aval,
        text=lambda node, ins: f"np.astype({ins[0]}, np.{node.attrs['dtype']})",
        into=lambda node, ins, out, *_: f"np.copyto({out}, {ins[0]}, 'unsafe')",
        latex="{0}",
        sentence="The same numbers in another type; rounding to integers has derivative zero.",
        sample=lambda rng: ((lambda x: x.astype(np.float64)), [rng.normal(size=(2, 3)).astype(np.float32)]),
        vjp=lambda i, g, out, x, dtype: as_type_of(g, x) if out.dtype.kind == "f" and x.dtype.kind == "f" else None,
        jvp=lambda tangents, out, x, dtype: tangents[0].astype(dtype) if out.dtype.kind == "f" else None,
        batch=lambda batched, x, dtype: bind(CAST, x, dtype=dtype),
        flops=lambda *_, **__: 0,
    )
)


def cast(x: Value, dtype: Any) -> Tracer:
    """x in another type; x itself where it has that type already."""
    name = np.dtype(dtype).name
    return x if x.dtype.name == name and not x.node.weak else bind(CAST, x, dtype=name)


STOP: Primitive = register(
    Primitive(
        name="stop_gradient",
        forward=lambda x: x,
        aval=lambda x: (x.shape, x.dtype),
        text="{0}",
        view=True,
        latex=r"\mathrm{{const}}({0})",
        sentence="A value that derivatives take for a constant.",
        sample=lambda rng: (stop_gradient, [rng.normal(size=(2, 3))]),
        derivative="stopped",
        batch=lambda batched, x: bind(STOP, x),
        flops=lambda *_, **__: 0,
    )
)


def stop_gradient(x: Any) -> Any:
    """The value of ``x``, which derivatives take for a constant; plain arrays pass through unchanged."""
    return bind(STOP, x) if isinstance(x, Tracer) else x


@handles(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any) -> Any:
    """Zeros of a traced value's shape are a constant."""
    return np.zeros(a.shape if shape is None else shape, a.dtype if dtype is None else dtype)


@handles(np.ones_like, np.empty_like)
def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any) -> Any:
    """Ones of a traced value's shape are a constant."""
    return np.ones(a.shape if shape is None else shape, a.dtype if dtype is None else dtype)


@handles(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any
) -> Any:
    """A traced fill value is repeated over the shape and keeps its derivative."""
    shape, dtype = (a.shape if shape is None else shape), (a.dtype if dtype is None else dtype)
    if isinstance(fill_value, Tracer):
        return np.broadcast_to(cast(fill_value, dtype), shape)
    return np.full(shape, fill_value, dtype)


@handles(np.copy)
def copy(a: Any, *_: Any, **__: Any) -> Any:
    """A copy of a traced value is the value: nothing ever overwrites it."""
    return a


@handles(np.shape)
def shape(a: Any) -> Any:
    """Shapes are plain tuples."""
    return a.shape


@handles(np.ndim)
def ndim(a: Any) -> int:
    """The number of axes is a plain number."""
    return len(a.shape)


@handles(np.size)
def size(a: Any, axis: int | None = None) -> int:
    """Sizes are plain numbers."""
    return int(a.size if axis is None else a.shape[axis])


@handles(np.result_type)
def result_type(*xs: Any) -> Any:
    """Types are known while tracing."""
    return np.result_type(*(x.dtype if isinstance(x, Tracer) and not x.node.weak else x for x in xs))
