"""One set of names for all array libraries: programs say ``np.``, and here ``np`` is NumPy, PyTorch, JAX or CuPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import array_api_compat
import numpy as np

from downslope.autodiff.primitives.indexing import add_at
from downslope.autodiff.primitives.special import erf

# NumPy's familiar name -> the array API standard's.
STANDARD = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concatenate": "concat",
    "power": "pow",
    "rint": "round",
    "transpose": "permute_dims",
    "divide": "divide",
}


class Namespace:
    """A library's array functions under NumPy's names; what the standard lacks is put together from what it has."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        self.linalg = _Linalg(self)

    def __getattr__(self, name: str) -> Any:
        if name in _BUILT:
            built = _BUILT[name]
            return lambda *args, **options: built(self._xp, *args, **options)
        found = getattr(self._xp, STANDARD.get(name, name), None)
        if found is None:
            found = getattr(self._xp, name)
        return found

    def constant(self, value: Any) -> Any:
        """An array of the program in the library's own type."""
        return self._xp.asarray(np.asarray(value))

    def add_at(self, shape: tuple[int, ...], index: Any, values: Any) -> Any:
        """Zeros with values added at places."""
        return _add_at(self._xp, shape, index, values)


class _Linalg:
    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name == "norm":
            return lambda x, axis=None, keepdims=False: _norm(self._namespace, x, axis, keepdims)
        return getattr(self._namespace._xp.linalg, name)


def _norm(np_: Namespace, x: Any, axis: Any, keepdims: bool) -> Any:
    return np_.sqrt(np_.sum(x * x, axis=axis, keepdims=keepdims))


def _both(xp: Any, f: Callable[..., Any], x: Any, y: Any) -> Any:
    """Two operands, where one may be a Python number, which older libraries do not take."""
    like = x if hasattr(x, "dtype") else y
    x, y = (v if hasattr(v, "dtype") else xp.asarray(v, dtype=like.dtype) for v in (x, y))
    return f(x, y)


def _add_at(xp: Any, shape: tuple[int, ...], index: Any, values: Any) -> Any:
    """Scatter by a product with a 0/1 matrix: the standard has no scatter, and every library has a matrix product."""
    size = int(np.prod(shape, dtype=object)) if shape else 1
    own = tuple(_to_numpy(i) if hasattr(i, "dtype") else i for i in index)
    places = np.arange(size).reshape(shape)[own].reshape(-1)
    hits = np.zeros((size, places.size))
    hits[places, np.arange(places.size)] = 1
    flat = xp.reshape(values, (-1,))
    return xp.reshape(xp.asarray(hits, dtype=flat.dtype) @ flat, shape)


def _to_numpy(x: Any) -> Any:
    try:
        return np.from_dlpack(x)
    except (TypeError, AttributeError, BufferError, RuntimeError):
        return np.asarray(x)


def _pad(xp: Any, x: Any, width: Any, constant_values: float = 0) -> Any:
    for axis, (before, after) in enumerate(width):
        shape = list(x.shape)
        parts = []
        for n in (before, after):
            shape[axis] = n
            parts.append(xp.full(tuple(shape), constant_values, dtype=x.dtype))
        x = xp.concat([parts[0], x, parts[1]], axis=axis)
    return x


def _einsum(xp: Any, subscripts: str, *operands: Any) -> Any:
    if hasattr(xp, "einsum"):
        return xp.einsum(subscripts, *operands)
    left, result = subscripts.split("->")
    letters = [*result, *sorted(set(left) - set(result) - {","})]
    total: Any = None
    for term, x in zip(left.split(","), operands, strict=True):
        once = "".join(dict.fromkeys(term))
        for letter in once:
            while term.count(letter) > 1:
                i, j = [k for k, c in enumerate(term) if c == letter][:2]
                x = xp.linalg.diagonal(xp.moveaxis(x, (i, j), (-2, -1)))
                term = "".join(c for k, c in enumerate(term) if k not in (i, j)) + letter
        order = [c for c in letters if c in term]
        x = xp.permute_dims(x, tuple(term.index(c) for c in order))
        x = xp.reshape(x, tuple(x.shape[order.index(c)] if c in order else 1 for c in letters))
        total = x if total is None else total * x
    axes = tuple(range(len(result), len(letters)))
    return xp.sum(total, axis=axes) if axes else total


def _det_pair(xp: Any, x: Any) -> Any:
    return xp.linalg.slogdet(x)


def _standard(name: str) -> Callable[..., Any]:
    return lambda xp, x, y: _both(xp, getattr(xp, STANDARD.get(name, name)), x, y)


_BUILT: dict[str, Callable[..., Any]] = {
    "cbrt": lambda xp, x: xp.sign(x) * xp.abs(x) ** (1 / 3),
    "exp2": lambda xp, x: xp.exp(x * 0.6931471805599453),
    "square": lambda xp, x: x * x,
    "reciprocal": lambda xp, x: 1 / x,
    "pad": _pad,
    "einsum": _einsum,
    "cumsum": lambda xp, x, axis: xp.cumulative_sum(x, axis=axis),
    "var": lambda xp, x, axis=None, keepdims=False, ddof=0: xp.var(x, axis=axis, keepdims=keepdims, correction=ddof),
    "std": lambda xp, x, axis=None, keepdims=False, ddof=0: xp.std(x, axis=axis, keepdims=keepdims, correction=ddof),
    "tril": lambda xp, x, k=0: xp.tril(x, k=k),
    "triu": lambda xp, x, k=0: xp.triu(x, k=k),
    **{
        name: _standard(name)
        for name in ("maximum", "minimum", "logaddexp", "hypot", "arctan2", "power", "logical_and", "logical_or")
    },
    "where": lambda xp, c, x, y: _where(xp, c, x, y),
    "logical_xor": lambda xp, x, y: _both(xp, xp.logical_xor, x, y),
}


def _where(xp: Any, condition: Any, x: Any, y: Any) -> Any:
    if not hasattr(x, "dtype") and not hasattr(y, "dtype"):
        x = xp.asarray(x)
    return _both(xp, lambda a, b: xp.where(condition, a, b), x, y)


class _NumPy:
    """NumPy itself needs no translation."""

    add_at = staticmethod(add_at)
    erf = staticmethod(erf)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def constant(self, value: Any) -> Any:
        """Arrays stay what they are."""
        return value


NUMPY = _NumPy()


@lru_cache(maxsize=32)
def _translated(xp: Any) -> Namespace:
    return Namespace(xp)


def namespace_of(values: Sequence[Any]) -> Any:
    """The names for the library that these arrays are from; NumPy's where there are only numbers."""
    foreign = [x for x in values if not isinstance(x, np.ndarray | np.generic | float | int)]
    return _translated(array_api_compat.array_namespace(*foreign)) if foreign else NUMPY
