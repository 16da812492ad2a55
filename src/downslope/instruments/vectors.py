"""All parameters as one long vector, random directions in it, and Lanczos: what instruments of curvature share.

Vectors are NumPy arrays in float64, wherever the step's own arrays live: a sum over a million float32 numbers, and the
orthogonality of a hundred directions, would lose the digits that are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device, to_device
from numpy.typing import NDArray

from downslope.instruments.arrays import namespace, require
from downslope.runs.step import Step
from downslope.streams import Stream

Array = Any
Vector = NDArray[np.float64]
Product = Callable[[Vector], Vector]


def host(x: Array) -> NDArray[np.float64]:
    """A NumPy array in float64 from an array of any library, on any device."""
    near = to_device(x, "cpu")
    return np.asarray(namespace(near).astype(near, namespace(near).float64), np.float64)


def vector(tensors: Mapping[str, Array], names: Mapping[str, Any] | None = None) -> Vector:
    """The numbers of all arrays end to end, (n,), in the order of ``names``."""
    return np.concatenate([host(tensors[name]).reshape(-1) for name in names or tensors] or [np.zeros(0)])


def tensors(v: Vector, like: Mapping[str, Array]) -> dict[str, Array]:
    """The opposite: name -> array, each with the shape, the type and the device of the one in ``like``."""
    found, start = {}, 0
    for name, x in like.items():
        stop = start + math.prod(x.shape)
        part = v[start:stop].reshape(tuple(x.shape))
        found[name] = namespace(x).asarray(part, dtype=x.dtype, device=device(x))
        start = stop
    return found


def normal_direction(n: int, seed: int, place: int = 0) -> Vector:
    """n standard normal numbers, the same for the same (seed, place). SettingError ``instrument-value``."""
    drawn: Vector = np.random.Generator(_philox(seed, place)).standard_normal(n)
    return drawn


def random_signs(n: int, seed: int, place: int = 0) -> Vector:
    """n numbers that are 1 or -1, each with probability one half (Rademacher)."""
    words = _philox(seed, place).random_raw(-(-n // 64)).astype("<u8")
    return np.where(np.unpackbits(words.view(np.uint8))[:n], 1.0, -1.0)


def _philox(seed: int, place: int) -> np.random.Philox:
    require(0 <= seed < 2**64, "seed", seed, "a whole number, at least 0")
    key = np.array([seed, Stream.INSTRUMENT], np.uint64)
    return np.random.Philox(key=key, counter=np.array([0, 0, 0, place], np.uint64))


# --- curvature --------------------------------------------------------------------------------------------------------


def hessian_product(step: Step) -> Product:
    """v -> H v for vectors, from the step's own for arrays by name."""
    return lambda v: vector(step.hvp(tensors(v, step.params)), step.params)


def dense_hessian(step: Step) -> NDArray[np.float64]:
    """The whole matrix (n, n), a product for each column: for the naive definitions."""
    n = sum(math.prod(x.shape) for x in step.params.values())
    matrix = np.stack([hessian_product(step)(unit) for unit in np.eye(n)], axis=1)
    return np.asarray((matrix + matrix.T) / 2)


@dataclass(frozen=True)
class Ritz:
    """What ``products`` products told of a symmetric matrix, all (m,), ascending.

    values: approximate eigenvalues. residuals: ‖H u − value · u‖ of each; an eigenvalue is at most so far away.
    weights: the part that each has of the start vector, squared; they sum to 1.
    """

    values: Vector
    residuals: Vector
    weights: Vector

    @property
    def products(self) -> int:
        """How many products with the matrix it took."""
        return len(self.values)


def lanczos(product: Product, start: Vector, most: int, is_done: Callable[[Ritz], bool] | None = None) -> Ritz:
    """Eigenvalues of a symmetric matrix that is known by its products only, by at most ``most`` of them.

    Each new direction is made orthogonal to all former ones, twice: without it, rounding brings found eigenvalues back
    as copies. It ends where ``is_done`` says so, and where the directions are used up. All is NaN once a product is not
    finite. Memory: ``most`` vectors.

    Source: C. Lanczos 1950; B. Parlett, "The Symmetric Eigenvalue Problem", 1980, chapter 13.
    """
    most = min(most, len(start))
    basis, diagonal, beside = np.empty((most, len(start))), np.zeros(most), np.zeros(most)
    q = start / np.linalg.norm(start)
    for k in range(most):
        basis[k] = q
        w = product(q)
        if not np.isfinite(w).all():
            nothing = np.full(k + 1, np.nan)
            return Ritz(nothing, nothing, nothing)
        diagonal[k] = q @ w
        for _ in range(2):
            w = w - (basis[: k + 1] @ w) @ basis[: k + 1]
        beside[k] = np.linalg.norm(w)
        is_used_up = k + 1 == most or beside[k] <= 1e-13 * max(np.abs(diagonal).max(), beside.max())
        if is_used_up or is_done:
            found = _ritz(diagonal[: k + 1], beside[: k + 1])
            if is_used_up or (is_done and is_done(found)):
                break
        q = w / beside[k]
    return found


def _ritz(diagonal: Vector, beside: Vector) -> Ritz:
    """Of the tridiagonal matrix; the last number beside its diagonal leads out of it and tells how good it is."""
    values, rotation = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1))
    return Ritz(values, beside[-1] * np.abs(rotation[-1]), rotation[0] ** 2)
