"""Linear algebra: norms, inverses, solutions, determinants, factors. All work on stacks of matrices, as NumPy's do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.reductions import Axes, reduced, spread, written
from downslope.autodiff.primitives.rules import axes_of, carried, misfit, promoted, sum_to
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import untraceable

CUBE = "Golub & Van Loan, Matrix Computations, 4th ed. (operation counts)"


def _square(x: Node) -> int:
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise misfit("a square matrix is needed", (x,), "rows and columns must be as many", "check the last two axes")
    return x.shape[-1]


def _real(x: Node) -> Any:
    return x.dtype if x.dtype.kind == "f" else np.dtype(float)


def _matrix_aval(a: Node) -> Aval:
    """A square matrix again."""
    _square(a)
    return a.shape, _real(a)


def _number_aval(a: Node) -> Aval:
    """One number for each square matrix."""
    _square(a)
    return a.shape[:-2], _real(a)


def _t(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _each(g: Any) -> Any:
    """A number for each matrix, so that it multiplies whole matrices."""
    return np.reshape(g, (*g.shape, 1, 1))


def _well_conditioned(rng: np.random.Generator) -> Any:
    n = int(rng.integers(1, 4))
    stack = sizes(rng, int(rng.integers(0, 2)))
    return uniform(rng, (*stack, n, n), -0.4, 0.4) + np.eye(n) * 1.5


# --- norm --------------------------------------------------------------------------------------------------------


def _norm_sample(rng: np.random.Generator) -> Sample:
    shape = sizes(rng, int(rng.integers(1, 3)))
    x = uniform(rng, shape, 0.2, 2.0) * rng.choice([-1.0, 1.0], shape)  # off the zero vector, and no element is 0
    order, axis = [(None, None), (None, -1), (1, -1), (3, 0), (np.inf, -1)][int(rng.integers(0, 5))]
    return (lambda x: np.linalg.norm(x, order, axis=axis)), [x]


NORM: Primitive = register(
    Primitive(
        name="norm",
        forward=lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
        aval=lambda x, axis, keepdims: (reduced(x.shape, axis, keepdims), _real(x)),
        text=written("linalg.norm"),
        latex=r"\left\| {0} \right\|",
        sentence="The length of a vector; its derivative is the unit vector in the same direction.",
        kinks="at the zero vector the derivative is NaN (0/0); PyTorch takes 0 there",
        narrow="number",
        vjp=lambda i, g, out, x, axis, keepdims: spread(g / out, x, axis) * x,
        jvp=lambda d, out, x, axis, keepdims: np.sum(d[0] * x, axis=axis, keepdims=keepdims) / out,
        batch=lambda batched, x, axis, keepdims: bind(NORM, x, axis=tuple(a + 1 for a in axis), keepdims=keepdims),
        sample=_norm_sample,
        flops=lambda out, x, **_: 2 * x.size,
    )
)


@handles(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector norms of any order, the Frobenius norm, and the matrix norms 1 and inf."""
    if axis is None and ord is not None and x.ndim > 2:
        raise ValueError("Improper number of dimensions to norm.")
    axes: Axes = axes_of(axis, x.ndim)
    if ord is None or (ord in (2, 2.0) and len(axes) == 1) or ord == "fro":
        return bind(NORM, x, axis=axes, keepdims=keepdims)
    if len(axes) == 1:
        options: dict[str, Any] = {"axis": axes[0], "keepdims": keepdims}
        if ord in (np.inf, -np.inf):
            return (np.max if ord > 0 else np.min)(np.abs(x), **options)
        return np.sum(np.abs(x), **options) if ord == 1 else np.sum(np.abs(x) ** ord, **options) ** (1 / ord)
    if ord in (1, np.inf):
        rows, columns = (axes if axis is None else tuple(a % x.ndim for a in axis))[-2:]
        over = rows if ord == 1 else columns
        most = np.max(np.sum(np.abs(x), axis=over, keepdims=True), axis=axes, keepdims=True)
        return most if keepdims else np.reshape(most, reduced(x.shape, axes, False))
    return untraceable(
        "traced-option",
        f"np.linalg.norm is called with ord={ord!r} for matrices",
        "the spectral and nuclear norms need singular values, which have no rule in the graph",
        "use the Frobenius norm (ord=None), 1 or inf",
    )


# --- inverse and solution ----------------------------------------------------------------------------------------


def _stacked(entry: Callable[[], Primitive]) -> Callable[..., Any]:
    return lambda batched, *xs, **attrs: bind(entry(), *carried(batched, xs), **attrs)


INV: Primitive = register(
    Primitive(
        name="inv",
        forward=np.linalg.inv,
        aval=_matrix_aval,
        text="np.linalg.inv({0})",
        latex="{0}^{{-1}}",
        sentence="The inverse matrix; where the matrix is nearly singular the adjoint explodes.",
        vjp=lambda i, g, out, a: -(_t(out) @ g @ _t(out)),
        jvp=lambda d, out, a: -(out @ d[0] @ out),
        batch=_stacked(lambda: INV),
        sample=lambda rng: (np.linalg.inv, [_well_conditioned(rng)]),
        flops=lambda out, a: 2 * out.size * a.shape[-1],
        source=CUBE,
    )
)


@handles(np.linalg.inv)
def inv(a: Any) -> Any:
    """The inverse of a square matrix, or of a stack of them."""
    return bind(INV, a)


def _solve_aval(a: Node, b: Node) -> Aval:
    n = _square(a)
    if b.shape[:1] != (n,) if len(b.shape) == 1 else b.shape[-2:-1] != (n,):
        why = "it needs a row for each equation"
        raise misfit("the right-hand side does not fit", (a, b), why, "transpose or reshape it")
    dtype = promoted(a, b)
    dtype = dtype if dtype.kind == "f" else np.dtype(float)
    if len(b.shape) == 1:
        return (*a.shape[:-2], n), dtype
    return (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), dtype


def _solve_vjp(i: int, g: Any, out: Value, a: Value, b: Value) -> Any:
    is_vector = b.ndim == 1
    back = np.linalg.solve(_t(a), np.expand_dims(g, -1) if is_vector else g)
    if i == 1:
        return sum_to(np.squeeze(back, -1) if is_vector else back, b.shape)
    return sum_to(-(back @ _t(np.expand_dims(out, -1) if is_vector else out)), a.shape)


def _solve_jvp(d: Sequence[Any], out: Value, a: Value, b: Value) -> Any:
    right = d[1]
    if d[0] is not None:
        moved = np.squeeze(d[0] @ np.expand_dims(out, -1), -1) if b.ndim == 1 else d[0] @ out
        right = -moved if right is None else right - moved
    if b.ndim == 1:
        return np.squeeze(np.linalg.solve(a, np.expand_dims(right, -1)), -1)
    return np.linalg.solve(a, right)


def _solve_batch(batched: Sequence[bool], a: Value, b: Value) -> Any:
    a, b = carried(batched, (a, b))
    if b.ndim == 2:  # a vector for each example
        if a.ndim > 3:
            b = np.reshape(b, (b.shape[0], *(1,) * (a.ndim - 3), b.shape[1]))
        return np.squeeze(bind(SOLVE, a, np.expand_dims(b, -1)), -1)
    rank = max(a.ndim, b.ndim)
    a, b = (np.reshape(x, (x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:])) for x in (a, b))
    return bind(SOLVE, a, b)


def _solve_sample(rng: np.random.Generator) -> Sample:
    a = _well_conditioned(rng)
    shape = (a.shape[-1],) if rng.random() < 0.5 and a.ndim == 2 else (*a.shape[:-2], a.shape[-1], 2)
    return np.linalg.solve, [a, uniform(rng, shape)]


SOLVE: Primitive = register(
    Primitive(
        name="solve",
        forward=np.linalg.solve,
        aval=_solve_aval,
        text="np.linalg.solve({0}, {1})",
        latex="{0}^{{-1}} {1}",
        sentence="The solution of A x = b; on the way back the transposed system is solved.",
        vjp=_solve_vjp,
        jvp=_solve_jvp,
        batch=_solve_batch,
        sample=_solve_sample,
        flops=lambda out, a, b: a.size * a.shape[-1] * 2 // 3 + 2 * out.size * a.shape[-1],
        source=CUBE,
    )
)


@handles(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b."""
    return bind(SOLVE, a, b)


# --- determinants ------------------------------------------------------------------------------------------------

_SINGULAR = "a singular matrix has no inverse, and the rule stops there with NumPy's LinAlgError"

DET: Primitive = register(
    Primitive(
        name="det",
        forward=np.linalg.det,
        aval=_number_aval,
        text="np.linalg.det({0})",
        latex=r"\det {0}",
        sentence="The determinant; its derivative is the determinant times the transposed inverse (Jacobi).",
        kinks=_SINGULAR,
        vjp=lambda i, g, out, a: _each(g * out) * _t(np.linalg.inv(a)),
        jvp=lambda d, out, a: out * np.sum(_t(np.linalg.inv(a)) * d[0], axis=(-2, -1)),
        batch=_stacked(lambda: DET),
        sample=lambda rng: (np.linalg.det, [_well_conditioned(rng)]),
        flops=lambda out, a: a.size * a.shape[-1] * 2 // 3,
        source=CUBE,
    )
)

LOGABSDET: Primitive = register(
    Primitive(
        name="logabsdet",
        forward=lambda a: np.linalg.slogdet(a)[1],
        aval=_number_aval,
        text="np.linalg.slogdet({0})[1]",
        latex=r"\ln \left| \det {0} \right|",
        sentence="The logarithm of the determinant's size; its derivative is the transposed inverse.",
        kinks=_SINGULAR,
        vjp=lambda i, g, out, a: _each(g) * _t(np.linalg.inv(a)),
        jvp=lambda d, out, a: np.sum(_t(np.linalg.inv(a)) * d[0], axis=(-2, -1)),
        batch=_stacked(lambda: LOGABSDET),
        sample=lambda rng: ((lambda a: np.linalg.slogdet(a)[1]), [_well_conditioned(rng)]),
        flops=lambda out, a: a.size * a.shape[-1] * 2 // 3,
        source=CUBE,
    )
)

DET_SIGN: Primitive = register(
    Primitive(
        name="det_sign",
        forward=lambda a: np.linalg.slogdet(a)[0],
        aval=_number_aval,
        text="np.linalg.slogdet({0})[0]",
        latex=r"\operatorname{{sign}} \det {0}",
        sentence="The determinant's sign: constant wherever it is defined, so its derivative is zero.",
        derivative="zero",
        batch=_stacked(lambda: DET_SIGN),
        sample=lambda rng: ((lambda a: np.linalg.slogdet(a)[0]), [_well_conditioned(rng)]),
        flops=lambda out, a: a.size * a.shape[-1] * 2 // 3,
        source=CUBE,
    )
)


@handles(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant of a square matrix, or of a stack of them."""
    return bind(DET, a)


@handles(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """Sign and logarithm of the size, which does not overflow."""
    return type(np.linalg.slogdet(np.eye(1)))(bind(DET_SIGN, a), bind(LOGABSDET, a))


# --- Cholesky ----------------------------------------------------------------------------------------------------


def _lower_half(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    n = x.shape[-1]
    return np.tril(x) * (1 - 0.5 * np.eye(n, dtype=x.dtype))


def _cholesky_vjp(i: int, g: Any, out: Value, a: Value) -> Any:
    inner = _lower_half(_t(out) @ g)
    left = np.linalg.solve(_t(out), inner)
    both = _t(np.linalg.solve(_t(out), _t(left)))
    return (both + _t(both)) / 2


def _cholesky_jvp(d: Sequence[Any], out: Value, a: Value) -> Any:
    symmetric = (d[0] + _t(d[0])) / 2
    left = np.linalg.solve(out, symmetric)
    return out @ _lower_half(_t(np.linalg.solve(out, _t(left))))


CHOLESKY: Primitive = register(
    Primitive(
        name="cholesky",
        forward=np.linalg.cholesky,
        aval=_matrix_aval,
        text="np.linalg.cholesky({0})",
        latex=r"\operatorname{{chol}} {0}",
        sentence="The lower triangular L with L Lᵀ = A; the adjoint is for symmetric changes of A (as in PyTorch).",
        vjp=_cholesky_vjp,
        jvp=_cholesky_jvp,
        batch=_stacked(lambda: CHOLESKY),
        sample=lambda rng: (
            (lambda b: np.linalg.cholesky(b @ np.swapaxes(b, -1, -2))),
            [_well_conditioned(rng)],
        ),
        flops=lambda out, a: a.size * a.shape[-1] // 3,
        source="Murray 2016, Differentiation of the Cholesky decomposition",
    )
)


@handles(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower factor, or its transpose."""
    lower = bind(CHOLESKY, a)
    return _t(lower) if upper else lower
