"""Moving along an axis: reversed, shifted around the end, set into a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.autodiff.primitive import Primitive, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.rules import (
    multilinear,
    one_axis,
)
from downslope.autodiff.primitives.shapes import free, random_array
from downslope.autodiff.trace import bind


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
            sample=lambda rng: (call, [random_array(rng)]),
            flops=free,
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
        flops=free,
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
