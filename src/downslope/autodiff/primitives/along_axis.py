"""Along one axis: where the extreme value stands, and running totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.autodiff.primitive import Primitive, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.reductions import reduced
from downslope.autodiff.primitives.rules import multilinear, one_axis, refuse_options
from downslope.autodiff.trace import bind


def _arg_batch(name: str) -> Callable[..., Any]:
    def batch(batched: Sequence[bool], x: Value, axis: int) -> Any:
        return bind(ARG[name], x, axis=axis + 1)

    return batch


def _arg_entry(name: str, f: Callable[..., Any]) -> Primitive:
    entry = register(
        Primitive(
            name=name,
            forward=lambda x, axis: f(x, axis=axis),
            aval=lambda x, axis: (reduced(x.shape, (axis,), False), np.dtype(np.intp)),
            text=lambda node, ins: f"np.{name}({ins[0]}, axis={node.attrs['axis']})",
            latex=rf"\operatorname{{{{{name}}}}} {{0}}",
            sentence="A position, not a value: it jumps, so it has no derivative, and asking for one is an error.",
            derivative="none",
            batch=_arg_batch(name),
            sample=lambda rng: (
                (lambda x: x[np.arange(x.shape[0]), f(x, axis=1)]),
                [uniform(rng, sizes(rng, 2, low=2))],
            ),
            flops=lambda out, x, **_: x.size,
        )
    )

    @handles(f)
    def handler(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        refuse_options(name, out=out)
        x = np.reshape(a, (-1,)) if axis is None else a
        at = one_axis(0 if axis is None else axis, len(x.shape))
        place = bind(entry, x, axis=at)
        return np.expand_dims(place, at) if keepdims is True else place

    return entry


ARG = {"argmax": _arg_entry("argmax", np.argmax), "argmin": _arg_entry("argmin", np.argmin)}


def _backwards(x: Any, axis: int) -> Any:
    return np.flip(x, axis=axis)


CUMSUM: Primitive = register(
    Primitive(
        name="cumsum",
        forward=lambda x, axis: np.cumsum(x, axis=axis),
        aval=lambda x, axis: (x.shape, np.dtype(int) if x.dtype.kind == "b" else x.dtype),
        text=lambda node, ins: f"np.cumsum({ins[0]}, axis={node.attrs['axis']})",
        latex=r"\operatorname{{cumsum}} {0}",
        sentence="Running totals; on the way back running totals from the other end.",
        vjp=lambda i, g, out, x, axis: _backwards(np.cumsum(_backwards(g, axis), axis=axis), axis),
        jvp=multilinear(lambda: CUMSUM),
        batch=lambda batched, x, axis: bind(CUMSUM, x, axis=axis + 1),
        sample=lambda rng: ((lambda x: np.cumsum(x, axis=-1)), [uniform(rng, sizes(rng, int(rng.integers(1, 4))))]),
    )
)


@handles(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Along one axis, or over the flattened array."""
    refuse_options("cumsum", out=out, dtype=dtype)
    x = np.reshape(a, (-1,)) if axis is None else a
    return bind(CUMSUM, x, axis=one_axis(0 if axis is None else axis, len(x.shape)))
