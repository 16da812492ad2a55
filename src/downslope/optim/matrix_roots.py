"""Roots and directions of symmetric matrices by products alone, so that a graph can hold them: no eigenvalue solver."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def inverse_root(a: Array, root: int, steps: int = 30) -> Array:
    """a^(−1/root) of a symmetric matrix with eigenvalues above 0, by the coupled Newton iteration.

    x ← x·s and b ← sʳᵒᵒᵗ·b, where s = ((root + 1)·I − b) / root; b begins as a multiple of a and ends as I. Only the
    pair is stable: Newton's iteration for x alone loses digits at each step. An eigenvalue that is smaller than the
    largest by a factor κ needs about ln κ / (root · ln(1 + 1/root)) steps to come near 1 and five more to be exact: 30
    are enough for κ = 10⁸.

    Source: N. Higham, "Functions of Matrices", 2008, section 7.3; in this use: R. Anil et al., "Scalable Second Order
    Optimization for Deep Learning", 2020.

    >>> inverse_root(np.diag([16.0, 81.0]), 4).round(6)
    array([[0.5     , 0.      ],
           [0.      , 0.333333]])
    """
    identity = np.eye(a.shape[0], dtype=a.dtype)
    scale = (1 + root) / (2 * np.sqrt(np.sum(a * a)))
    b, x = scale * a, scale ** (1 / root) * identity
    for _ in range(steps):
        s = ((root + 1) * identity - b) / root
        x = x @ s
        for _ in range(root):
            b = s @ b
    return x


def orthogonal_basis(a: Array) -> Array:
    """An orthogonal matrix whose first k columns span the first k columns of the square matrix ``a``, for every k.

    The Q of a = Q R, by Householder's reflections, one column after the other: exact to rounding also where columns of
    ``a`` depend on each other or are 0, which Gram and Schmidt's way is not.

    Source: A. Householder, "Unitary Triangularization of a Nonsymmetric Matrix", 1958.

    >>> orthogonal_basis(np.array([[3.0, 1.0], [4.0, 2.0]]))
    array([[-0.6, -0.8],
           [-0.8,  0.6]])
    """
    n = a.shape[0]
    identity = np.eye(n, dtype=a.dtype)
    q = identity
    for k in range(n - 1):
        below = np.concatenate([np.zeros(k, a.dtype), a[k:, k]])
        length = np.sqrt(np.sum(below * below))
        v = below + np.where(a[k, k] < 0, -length, length) * identity[k]
        square = np.sum(v * v)
        w = 2 / np.where(square > 0, square, 1.0) * v
        a = a - np.reshape(v, (n, 1)) * (w @ a)
        q = q - np.reshape(q @ v, (n, 1)) * w
    return q
