"""Ordinary NumPy code becomes a graph; what cannot says why, what to write instead, and where."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from downslope.autodiff import check_gradients, grad, scope, trace, value_and_grad
from downslope.errors import DerivativeError, DownslopeError, ShapeError, TraceError

few = settings(max_examples=settings().max_examples // 2)


def arrays(*shapes: tuple[int, ...], low: float = 0.3, high: float = 2.0, seed: int = 0) -> list[Any]:
    """Random arrays without ties."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(low, high, shape) for shape in shapes]


def same(f: Callable[..., Any], *xs: Any) -> None:
    """Traced, f gives what NumPy gives; and its gradient is the slope of what NumPy gives."""
    direct, graph = f(*xs), trace(f, *xs)
    traced = graph(*xs)
    for a, b in zip(parts(traced), parts(direct), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, np.shape(p)) for p in parts(direct)]

    def loss(*xs: Any) -> Any:
        total: Any = 0.0
        for p, w in zip(parts(f(*xs)), weights, strict=True):
            total = total + np.sum(w * p)
        return total

    check = check_gradients(loss, *xs, argnums=range(len(xs)), directions=1)
    assert check.verdict == "right", check


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]


X, Y, V, W = arrays((3, 4), (4, 2), (4,), (3,))
S = np.array([[2.0, 0.3], [0.4, 1.5]])
T3 = arrays((2, 3, 4))[0]
MASK = np.array([[True, False, True, False]] * 3)
ROWS = np.array([2, 0, 2])

FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "+": (lambda x, y: x + y, [X, V]),
    "-": (lambda x, y: x - y, [X, V]),
    "*": (lambda x, y: x * y, [X, V]),
    "/": (lambda x, y: x / y, [X, V]),
    "**": (lambda x, y: x**y, [X, V]),
    "** 3": (lambda x: x**3 + x**-1.5 + 2.0**x, [X]),
    "//": (lambda x: (x * 0.1 + 0.4) // 0.9, [X]),
    "%": (lambda x: (x + 3.0) % 9.0, [X]),
    "@": (lambda x, y: x @ y, [X, Y]),
    "numbers on the left": (lambda x: 1 + (2 - (3 * (4 / x))), [X]),
    "plain arrays on the left": (lambda x: V + (V - (V * (V / x))), [X]),
    "plain matrix @ traced": (lambda y: X @ y, [Y]),
    "unary": (lambda x: -x + +x * 2 + abs(-x), [X]),
    "comparisons": (lambda x: x * (x > 1) + (x <= 1) + 2 * (x < 0.7) * (x >= 0.5) + (x == 3) + (x != 3), [X]),
    "masks": (lambda x: x * ((x > 1) & (x < 1.5)) + x**2 * ((x > 1.9) | ~(x > 0.5)), [X]),
    "abs, sign": (lambda x: np.abs(x - 1) + np.sign(x - 1) * x, [X]),
    "exp, expm1, exp2": (lambda x: np.exp(x) + np.expm1(x) + np.exp2(x), [X]),
    "log, log1p, log2, log10": (lambda x: np.log(x) + np.log1p(x) + np.log2(x) + np.log10(x), [X]),
    "sqrt, cbrt, square, reciprocal": (lambda x: np.sqrt(x) + np.cbrt(x) + np.square(x) + np.reciprocal(x), [X]),
    "sin, cos, tan": (lambda x: np.sin(x) + np.cos(x) + np.tan(x / 2), [X]),
    "arcsin, arccos, arctan": (lambda x: np.arcsin(x / 3) + np.arccos(x / 4) + np.arctan(x), [X]),
    "arctan2, hypot": (lambda x, y: np.arctan2(x, y) + np.hypot(x, y), [X, V]),
    "sinh, cosh, tanh": (lambda x: np.sinh(x) + np.cosh(x) + np.tanh(x), [X]),
    "arcsinh, arccosh, arctanh": (lambda x: np.arcsinh(x) + np.arccosh(x + 1) + np.arctanh(x / 3), [X]),
    "logaddexp": (lambda x, y: np.logaddexp(x, y) + np.logaddexp(0, x), [X, V]),
    "maximum, minimum": (lambda x, y: np.maximum(x, y) + np.minimum(x, 1.1) + np.fmax(x, 0.9), [X, V]),
    "clip": (lambda x: np.clip(x, 0.6, 1.4) + np.clip(x, None, 1.2) + x.clip(0.5), [X]),
    "where": (lambda x, y: np.where(x > 1, x, y) + np.where(MASK, x * y, 0.0), [X, V]),
    "floor, ceil, trunc, rint, fix": (
        lambda x: np.floor(x) + np.ceil(x) + np.trunc(x) + np.rint(x) + np.fix(x) + x,
        [X],
    ),
    "round": (lambda x: np.round(x, 1) + np.round(x) + round(x[0, 0], 2) + x.round(1) + x, [X]),
    "sum": (lambda x: np.sum(x) + x.sum(axis=0) + np.sum(x, axis=(0, 1), keepdims=True)[0], [X]),
    "sum, negative axis": (lambda x: np.sum(x**2, axis=-1), [T3]),
    "add.reduce": (lambda x: np.add.reduce(x**2) + np.add.reduce(x, axis=None), [X]),
    "mean": (lambda x: np.mean(x) + x.mean(axis=1, keepdims=True), [X]),
    "prod": (lambda x: np.prod(x, axis=0) + x.prod(), [X]),
    "var": (lambda x: np.var(x) + np.var(x, axis=1, ddof=1, keepdims=True) + x.var(axis=0), [X]),
    "std": (lambda x: np.std(x, axis=0, ddof=1) + np.std(x), [X]),
    "max, min": (lambda x: np.max(x) + x.max(axis=0) + np.min(x, axis=1, keepdims=True) + x.min(), [X]),
    "ptp, median, average": (lambda x: np.ptp(x, axis=0) + np.median(x, axis=0) + np.average(x, 0, [1, 2, 3]), [X]),
    "argmax as an index": (lambda x: x[np.arange(3), np.argmax(x, axis=1)] + x[0][np.argmin(x[0])], [X]),
    "cumsum": (lambda x: np.cumsum(x, axis=1) + np.cumsum(x).reshape(3, 4), [X]),
    "dot": (lambda x, y, v: np.dot(x, y).sum() + np.dot(v, y) + np.dot(v, v) + np.dot(2.0, y).sum(), [X, Y, V]),
    "dot of a stack": (lambda t, y: np.dot(t, y) + np.dot(y.T, T3.transpose(0, 2, 1))[0, 0, 0], [T3, Y]),
    "matmul": (lambda t, y, v: (t @ y).sum(axis=-1) + np.matmul(t, v) + v @ y @ y.T @ v, [T3, Y, V]),
    "matmul of vectors": (lambda v, w: v @ v + w @ X @ v, [V, W]),
    "inner, vdot": (lambda x, v: np.inner(x, v) + np.inner(x, x)[0] + np.vdot(x, x), [X, V]),
    "outer": (lambda v, w: np.outer(v, w) + np.outer(v, V[:3]), [V, W]),
    "tensordot": (lambda t, x: np.tensordot(t, x, axes=([1, 2], [0, 1])) + np.tensordot(t, x, axes=2), [T3, X]),
    "tensordot of one axis": (lambda t, v: np.tensordot(t, v, axes=1) + np.tensordot(t, v, ((2,), (0,))), [T3, V]),
    "einsum": (lambda x, y: np.einsum("ij,jk->ik", x, y), [X, Y]),
    "einsum, free": (lambda x, y: np.einsum("ij, jk", x, y) + np.einsum("ij->", x), [X, Y]),
    "einsum, trace and diagonal": (lambda s: np.einsum("ii", s) + np.einsum("ii->i", s), [S]),
    "einsum, ellipsis": (lambda t, y: np.einsum("...ij,jk->...ik", t, y), [T3, Y]),
    "einsum of three": (lambda x, y, v: np.einsum("ij,jk,j->k", x, y, v), [X, Y, V]),
    "kron": (lambda s, x: np.kron(s, x), [S, X]),
    "kron of vectors": (lambda v, w: np.kron(v, w), [V, W]),
    "trace": (lambda x: np.trace(x) + np.trace(x, 1) + x.trace(-1), [X]),
    "diag, diagonal": (lambda v, x: np.diag(v) + np.diag(v[1:], 1) + np.diag(x)[0] + np.diagonal(x, 1)[2], [V, X]),
    "tril, triu": (lambda x: np.tril(x) + np.triu(x, 1) + np.tril(x, -1), [X]),
    "transpose": (
        lambda t: np.transpose(t).sum(0) + np.transpose(t, (2, 1, 0))[0] + t.T[1] + t.transpose(2, 1, 0)[1],
        [T3],
    ),
    "swapaxes, moveaxis": (lambda t: np.swapaxes(t, 0, 2) + np.moveaxis(t, 0, -1).swapaxes(0, 1), [T3]),
    "moveaxis of several": (lambda t: np.moveaxis(t, (0, 1), (-1, -2)), [T3]),
    "reshape, ravel": (
        lambda t: np.reshape(t, (6, -1)).sum(0) + t.reshape(4, 6).sum(1) + np.ravel(t)[:4] + t.flatten()[:4],
        [T3],
    ),
    "squeeze, expand_dims": (lambda v: np.squeeze(np.expand_dims(v, (0, 2))) + np.squeeze(v[None], axis=0), [V]),
    "broadcast_to": (lambda v: np.broadcast_to(v, (2, 3, 4)) + np.broadcast_to(v[0], (4,)), [V]),
    "atleast": (lambda v: np.atleast_1d(v[0]) + np.atleast_2d(v), [V]),
    "concatenate": (lambda x, y: np.concatenate([x, y.T], axis=0) + np.concatenate((x, y.T))[0], [X, Y]),
    "concatenate, flat": (lambda x, v: np.concatenate([x, v, V], axis=None), [X, V]),
    "stack": (lambda v, w: np.stack([v[:3], w]) + np.stack([w, w], axis=-1).T, [V, W]),
    "stack with plain": (lambda v: np.stack([v, V, np.zeros(4)]), [V]),
    "hstack, vstack": (lambda v, x: np.hstack([v, v])[:4] + np.vstack([v, x]), [V, X]),
    "column_stack, append": (lambda v: np.column_stack([v, v * 2]).sum(0) + np.append(v, v)[:2], [V]),
    "split": (lambda x: [p * (k + 1) for k, p in enumerate(np.split(x, 2, axis=1))], [X]),
    "split at": (lambda v: [*np.split(v, [1, 3]), *np.array_split(v, 3), *np.hsplit(v, 2)], [V]),
    "vsplit": (lambda x: np.vsplit(x, 3), [X]),
    "tile": (lambda v: np.tile(v, 3)[:4] + np.tile(v, (2, 1)) + np.tile(v[None], (2, 1)), [V]),
    "repeat": (
        lambda x: np.repeat(x, 2, axis=0)[::2] + x.repeat(2)[:4] + np.repeat(x[:, :1], [1, 2, 1], axis=0)[:3],
        [X],
    ),
    "roll": (lambda x: np.roll(x, 1, axis=0) + np.roll(x, 5) + np.roll(x, (1, 2), axis=(0, 1)), [X]),
    "flip": (lambda x: np.flip(x) + np.flip(x, 0) + np.fliplr(x) + np.flipud(x), [X]),
    "pad": (lambda x: np.pad(x, 1) + np.pad(x, ((1, 1), (0, 2)), constant_values=2.0), [X]),
    "pad modes": (
        lambda x: sum(np.pad(x, ((1, 2), (2, 1)), mode=mode) for mode in ("edge", "reflect", "symmetric", "wrap")),
        [X],
    ),
    "take": (lambda x: np.take(x, ROWS, axis=0) + x.take([1, 1, 5]).sum() + np.take(x, 2, axis=1)[:, None], [X]),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.argsort(X, axis=1)[:, :2], axis=1), [X]),
    "basic indexing": (lambda t: t[0, 1] + t[1, ..., 2].sum() + t[:, ::2, 1:].sum() + t[-1, -1, ::-1], [T3]),
    "new axes": (lambda v: v[:, None] * v[None, :] + v[np.newaxis], [V]),
    "integer indexing": (lambda x: x[ROWS] + x[ROWS, [1, 1, 0]][:, None] + x[[0, 1, 0]] + x[:, [0, 0, 1, 3]], [X]),
    "integer and slice": (lambda t: t[0, :, [1, 2]].sum(0) + t[:, ROWS, 1].sum(0) + t[[0, 1], :, [1, 1]][0], [T3]),
    "grid of indices": (lambda x: x[np.ix_([0, 2], [1, 3])], [X]),
    "boolean indexing": (lambda x: x[MASK] + x[0][np.array([True, False, True, True])].sum(), [X]),
    "iteration": (lambda x: sum(row @ V for row in x), [X]),
    "unpacking": (lambda v: v[0] * v[1] + (lambda a, b, c, d: a * b + c * d)(*v), [V]),
    "sort": (lambda x: np.sort(x, axis=0) * np.arange(4.0) + np.sort(x) ** 2 + np.sort(x, axis=None)[:4], [X]),
    "argsort": (lambda v: v[np.argsort(-v)] * np.arange(4.0), [V]),
    "zeros_like, ones_like, full_like": (
        lambda x: np.zeros_like(x) + np.ones_like(x) * x + np.full_like(x, 2.0) * x + np.full_like(x, x[0, 0]),
        [X],
    ),
    "copy, astype": (lambda x: np.copy(x) + x.copy() + x.astype(np.float64), [X]),
    "shape, ndim, size, len": (
        lambda x: x * x.shape[0] * np.shape(x)[1] * np.ndim(x) * np.size(x) * len(x) * x.size,
        [X],
    ),
    "norm": (
        lambda x: np.linalg.norm(x) + np.linalg.norm(x, axis=1).sum() + np.linalg.norm(x, axis=0, keepdims=True),
        [X],
    ),
    "norm orders": (lambda v: [np.linalg.norm(v, order) for order in (1, 2, 3, np.inf, -np.inf, 0.5)], [V]),
    "norm of matrices": (lambda x: [np.linalg.norm(x, order) for order in ("fro", 1, np.inf)], [X]),
    "inv, solve": (lambda s, v: np.linalg.inv(s) + np.linalg.solve(s, v[:2]) + np.linalg.solve(s, s.T), [S, V]),
    "det, slogdet": (lambda s: np.linalg.det(s) + np.linalg.slogdet(s)[1] + np.linalg.slogdet(s).sign, [S]),
    "cholesky": (lambda s: np.linalg.cholesky(s @ s.T), [S]),
    "stacks of matrices": (lambda t: np.linalg.inv(t) + np.linalg.det(t)[:, None, None], [np.stack([S, S.T + 0.1])]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_functions_are_traced_and_differentiated(name: str) -> None:
    f, xs = FUNCTIONS[name]
    same(f, *xs)


def test_integers_and_booleans_are_traced_as_they_are() -> None:
    def f(i: Any, m: Any, x: Any) -> Any:
        return x[i] * m + (i // 2) % 2

    i, m = np.array([0, 2, 1]), np.array([True, False, True])
    graph = trace(f, i, m, V)
    np.testing.assert_array_equal(graph(i, m, V), f(i, m, V))
    np.testing.assert_array_equal(graph(i[::-1], ~m, V), f(i[::-1], ~m, V))


# --- what cannot be traced --------------------------------------------------------------------------------------------

keep: list[Any] = []


def _leak(x: Any) -> Any:
    keep.append(x)
    return x


def _add_in_place(x: Any) -> Any:
    x += 1.0
    return x


def _set_item(x: Any) -> Any:
    x[0] = 1.0
    return x


def _add_to_plain(x: Any) -> Any:
    total = np.zeros(4)
    total += x
    return total


ERRORS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "float(x)": ("traced-float", lambda x: float(x[0])),
    "int(x)": ("traced-float", lambda x: int(x[0])),
    "x.item()": ("traced-float", lambda x: x[0].item()),
    "x.tolist()": ("traced-float", lambda x: x.tolist()),
    "bool(x)": ("traced-bool", lambda x: x if x[0] > 0 else -x),
    "and": ("traced-bool", lambda x: x[0] > 0 and x[1] > 0),
    "max(x, y)": ("traced-bool", lambda x: max(x[0], x[1])),
    "np.any": ("traced-bool", lambda x: x if np.any(x > 0) else -x),
    "x[0] = 1": ("traced-in-place", _set_item),
    "x += 1": ("traced-in-place", _add_in_place),
    "plain += x": ("traced-in-place", _add_to_plain),
    "out=": ("traced-in-place", lambda x: np.exp(x, out=np.zeros(4))),
    "sum(out=)": ("traced-option", lambda x: np.sum(x, out=np.zeros(()))),
    "x.sort()": ("traced-in-place", lambda x: x.sort()),
    "x.fill(0)": ("traced-in-place", lambda x: x.fill(0)),
    "where=": ("traced-option", lambda x: np.sum(x, where=MASK[0])),
    "np.array([x, y])": ("traced-array", lambda x: np.array([x[0], x[1]])),
    "np.array(x)": ("traced-array", lambda x: np.array(x)),
    "plain[x]": ("traced-index", lambda x: [1, 2, 3][x.astype(int)[0]]),
    "range(x)": ("traced-index", lambda x: list(range(x.astype(int)[0]))),
    "math.exp(x)": ("traced-math", lambda x: math.exp(x[0])),
    "np.fft.fft": ("traced-unsupported", lambda x: np.fft.fft(x)),
    "np.linalg.svd": ("traced-unsupported", lambda x: np.linalg.svd(x[:, None])),
    "np.linalg.norm(ord=2)": ("traced-option", lambda x: np.linalg.norm(x[:, None], 2)),
    "np.heaviside": ("traced-unsupported", lambda x: np.heaviside(x, 0.5)),
    "x[mask]": ("traced-mask", lambda x: x[x > 1]),
    "np.where(c)": ("traced-dynamic-shape", lambda x: np.where(x > 1)),
    "np.nonzero": ("traced-dynamic-shape", lambda x: np.nonzero(x)),
    "complex": ("traced-type", lambda x: x * 1j),
    "complex array": ("traced-type", lambda x: x * np.array([1j])),
    "text": ("traced-type", lambda x: x + np.array(["a"])),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_traced_says_why_and_names_the_users_line(name: str) -> None:
    code, f = ERRORS[name]
    with pytest.raises(TraceError) as caught:
        trace(f, V.copy())
    error = caught.value
    line = f.__code__.co_firstlineno
    assert error.code == code
    assert __file__ in error.where
    assert any(f"{__file__}:{line + k} " in error.where for k in range(3))
    assert [part.split(":")[0].strip() for part in str(error).splitlines()[1:]] == ["where", "why", "do"]
    assert error.do


def test_the_same_code_runs_outside_of_a_trace() -> None:
    for code, f in ERRORS.values():
        if code in ("traced-in-place", "traced-mask", "traced-unsupported"):
            f(V.copy())  # nothing is wrong with it as NumPy code


def test_a_leaked_value_is_refused() -> None:
    trace(_leak, V)
    with pytest.raises(TraceError, match="traced-leaked"):
        np.exp(keep[0])
    with pytest.raises(TraceError, match="traced-leaked"):
        trace(lambda x: x + keep[0], V)


@pytest.mark.parametrize(
    "f", [lambda x: np.argmax(x) * 1.0, lambda x: np.argsort(x)[0] * 2.0, lambda x: x.argmin() + 0.0]
)
def test_the_derivative_of_a_position_is_refused(f: Callable[[Any], Any]) -> None:
    with pytest.raises(DerivativeError, match="no-derivative") as caught:
        grad(f)(V)
    assert "test_trace.py" in caught.value.where


def test_a_position_may_be_used_as_an_index() -> None:
    np.testing.assert_array_equal(grad(lambda x: x[np.argmax(x)])(np.array([1.0, 5.0, 2.0])), [0, 1, 0])


@pytest.mark.parametrize(
    ("f", "code"),
    [
        (lambda x: x @ x, "graph-misfit"),
        (lambda x: x + np.zeros(3), "graph-misfit"),
        (lambda x: np.reshape(x, (5, -1)), "graph-misfit"),
        (lambda x: np.concatenate([x, np.zeros((1, 3))]), "graph-misfit"),
        (lambda x: np.einsum("ij,ij->i", x, x.T), "graph-misfit"),
        (lambda x: np.linalg.inv(x), "graph-misfit"),
        (lambda x: np.broadcast_to(x, (3, 5)), "graph-misfit"),
        (lambda x: np.squeeze(x, 0), "graph-misfit"),
        (lambda x: np.sum(x, axis=2), "graph-axis"),
        (lambda x: x[3], "graph-index"),
        (lambda x: x[:, [0, 9]], "graph-index"),
        (lambda x: x[0, 0, 0], "graph-index"),
        (lambda x: np.split(x, 3, axis=1), "graph-misfit"),
    ],
)
def test_shapes_that_do_not_fit_are_shown(f: Callable[[Any], Any], code: str) -> None:
    with pytest.raises(ShapeError) as caught:
        trace(f, X)
    assert caught.value.code == code
    assert "test_trace.py" in caught.value.where
    assert "(3, 4)" in str(caught.value) or "2 axes" in str(caught.value)


def test_arguments_that_are_not_numbers_are_refused() -> None:
    for bad in (np.array([1j]), np.array(["a"]), np.array([object()])):
        with pytest.raises(TraceError, match="traced-type"):
            trace(lambda x: x, bad)


def test_another_shape_or_structure_is_refused_by_the_graph() -> None:
    graph = trace(lambda p: p["w"] * 2, {"w": V})
    with pytest.raises(ShapeError, match="graph-shape"):
        graph({"w": X})
    with pytest.raises(ShapeError, match="graph-structure"):
        graph({"w": V, "b": V})
    with pytest.raises(DownslopeError):
        graph(V)


# --- structure, names, control flow -----------------------------------------------------------------------------------


@dataclass
class Layer:
    w: Any
    b: Any


def test_nested_parameters_keep_their_structure() -> None:
    params = {"layers": [Layer(X, np.zeros(4)), Layer(Y.T, np.zeros(4))], "scale": (2.0, V)}

    def f(p: Any) -> Any:
        total = p["scale"][0] * np.sum(p["scale"][1])
        for layer in p["layers"]:
            total = total + np.sum(layer.w**2) + np.sum(layer.b)
        return total

    value, g = value_and_grad(f)(params)
    assert value == pytest.approx(f(params))
    assert isinstance(g["layers"][0], Layer)
    np.testing.assert_allclose(g["layers"][1].w, 2 * Y.T)
    np.testing.assert_array_equal(g["layers"][0].b, np.ones(4))
    assert g["scale"][0] == pytest.approx(np.sum(V))
    np.testing.assert_array_equal(g["scale"][1], np.full(4, 2.0))
    assert isinstance(g["scale"], tuple)
    assert list(g) == list(params)


def test_python_control_flow_over_static_values_is_unrolled() -> None:
    def f(x: Any, depth: int) -> Any:
        for k in range(depth):
            x = np.tanh(x) if k % 2 else x * 2
        while x.ndim > 1:
            x = x.sum(axis=0)
        return x

    graph = trace(lambda x: f(x, 6), X)
    assert [n.primitive.name for n in graph.nodes].count("tanh") == 3
    np.testing.assert_allclose(graph(X), f(X, 6))


def test_the_users_names_scopes_and_lines_land_in_the_graph() -> None:
    def net(params: Any, x: Any) -> Any:
        with scope("dense1"):
            z = x @ params["w"] + params["b"]
            h = np.tanh(z)
        loss = np.mean(h**2)
        return loss  # noqa: RET504 (its name is what is tested)

    graph = trace(net, {"w": Y, "b": np.zeros(2)}, X)
    names = {n.full_name: n for n in graph.nodes}
    assert {"w", "b", "x", "dense1.z", "dense1.h", "loss"} <= set(names)
    line = names["dense1.h"].line
    assert line is not None
    assert line.text == "h = np.tanh(z)"
    assert graph.arguments == ("params", "x")
    assert "dense1" in str(graph)
    assert "tanh" in str(graph)


def test_the_backward_half_is_named_after_what_it_differentiates() -> None:
    def net(w: Any) -> Any:
        h = np.tanh(X @ w)
        return np.sum(h**2)

    graph = trace(value_and_grad(net), Y)
    assert "g_h" in {n.name for n in graph.nodes}
    forward = next(n for n in graph.nodes if n.name == "h")
    assert graph[graph.adjoints[forward.id]].name == "g_h"
    assert all(graph[n.forward].id < n.id for n in graph.nodes if n.forward is not None)


def test_a_chain_of_20000_operations_traces_differentiates_and_runs() -> None:
    assert sys.getrecursionlimit() < 20_000

    def chain(x: Any) -> Any:
        for _ in range(10_000):
            x = x * 0.9999
            x = x + 1e-4
        return x

    graph = trace(value_and_grad(chain), 1.0)
    assert len(graph) >= 20_000
    value, slope = graph(1.0)
    assert value == pytest.approx(chain(1.0))
    assert slope == pytest.approx(0.9999**10_000)


# --- random shapes and indices ----------------------------------------------------------------------------------------

shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)


@few
@given(both=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=st.integers(0, 99))
def test_any_two_shapes_that_broadcast(both: Any, seed: int) -> None:
    a, b = arrays(*both.input_shapes, seed=seed)
    same(lambda x, y: x * y + x / y - np.hypot(x, y) ** y, a, b)


@few
@given(shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), data=st.data())
def test_any_basic_index(shape: tuple[int, ...], data: st.DataObject) -> None:
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    same(lambda x: x[index], *arrays(shape))


@few
@given(shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), data=st.data())
def test_any_integer_array_index(shape: tuple[int, ...], data: st.DataObject) -> None:
    index = data.draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    same(lambda x: x[index], *arrays(shape))


@few
@given(shape=hnp.array_shapes(min_dims=2, max_dims=4, max_side=3), data=st.data())
def test_any_mixture_of_integers_slices_new_axes_and_arrays(shape: tuple[int, ...], data: st.DataObject) -> None:
    def part(n: int) -> st.SearchStrategy[Any]:
        numbers = st.integers(-n, n - 1)
        return st.one_of(numbers, st.slices(n), st.lists(numbers, min_size=2, max_size=2).map(np.array))

    index: tuple[Any, ...] = tuple(data.draw(part(n)) for n in shape[: data.draw(st.integers(1, len(shape)))])
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(index)))
        index = (*index[:at], None, *index[at:])
    same(lambda x: x[index], *arrays(shape))


@few
@given(shape=hnp.array_shapes(min_dims=1, max_dims=4, max_side=3), data=st.data())
def test_any_axes_of_a_reduction(shape: tuple[int, ...], data: st.DataObject) -> None:
    axes = st.integers(-len(shape), len(shape) - 1)
    several = st.sets(st.integers(0, len(shape) - 1), min_size=1).map(tuple)
    axis, keep = data.draw(st.one_of(st.none(), axes, several)), data.draw(st.booleans())
    options: Any = {"axis": axis, "keepdims": keep}
    same(
        lambda x: np.sum(x, **options) * np.mean(x**2, **options) + np.max(x, **options) - np.min(x, **options),
        *arrays(shape),
    )
    same(lambda x: np.prod(x, **options) + np.var(x, **options), *arrays(shape))


@few
@given(form=hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=1, max_side=3))
def test_any_matrix_product(form: Any) -> None:
    a, b = form.input_shapes
    same(lambda x, y: x @ y, *arrays(a, b))


@few
@given(shape=hnp.array_shapes(min_dims=1, max_dims=4, max_side=3), data=st.data())
def test_any_reordering(shape: tuple[int, ...], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(shape))))
    flat = data.draw(st.booleans())
    same(lambda x: np.transpose(x, order).reshape((-1,) if flat else (*shape, 1)) ** 2, *arrays(shape))


@few
@given(shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), data=st.data())
def test_any_joining(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    same(lambda x, y: np.concatenate([x, y, x * 2], axis=axis), *arrays(shape, shape))
    same(lambda x, y: np.stack([x, y], axis=axis), *arrays(shape, shape))
