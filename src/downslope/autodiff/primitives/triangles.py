"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.autodiff.primitive import Primitive, handles, register, sizes, uniform
from downslope.autodiff.primitives.indexing import add_at, getitem
from downslope.autodiff.primitives.rules import multilinear, refuse_options
from downslope.autodiff.trace import bind


def _triangle(name: str, f: Any, what: str) -> Primitive:
    entry = register(
        Primitive(
            name=name,
            forward=lambda x, k: f(x, k),
            aval=lambda x, k: (x.shape, x.dtype),
            text=lambda node, ins: f"np.{name}({ins[0]}" + (f", {node.attrs['k']})" if node.attrs["k"] else ")"),
            latex=rf"\operatorname{{{{{name}}}}} {{0}}",
            sentence=f"Keeps the {what} triangle and sets the rest to zero; the adjoint is cut the same way.",
            vjp=lambda i, g, out, x, k: bind(entry, g, k=k),
            jvp=multilinear(lambda: entry),
            batch=lambda batched, x, k: bind(entry, x, k=k),
            sample=lambda rng: (
                (lambda x: f(x, int(x.shape[0]) - 2)),
                [uniform(rng, sizes(rng, int(rng.integers(2, 4))))],
            ),
            flops=lambda *_, **__: 0,
        )
    )
    handles(f)(lambda m, k=0: bind(entry, m, k=int(k)))
    return entry


TRIL: Primitive = _triangle("tril", np.tril, "lower")
TRIU: Primitive = _triangle("triu", np.triu, "upper")


def _diagonal_places(rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    n = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return np.arange(n) + max(0, -offset), np.arange(n) + max(0, offset)


@handles(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    moved = np.moveaxis(a, (axis1, axis2), (-2, -1))
    return getitem(moved, (Ellipsis, *_diagonal_places(moved.shape[-2], moved.shape[-1], offset)))


@handles(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or a matrix with this diagonal."""
    if np.ndim(v) == 2:
        return diagonal(v, k)
    n = v.shape[0] + abs(k)
    return add_at((n, n), _diagonal_places(n, n, k), v)


@handles(np.trace)
def trace_(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum of the diagonal."""
    refuse_options("trace", dtype=dtype, out=out)
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)
