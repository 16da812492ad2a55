"""Newton's method: a step to where the slope would vanish if the surface were a bowl; damped to go downhill."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.optim.line_search import armijo
from downslope.optim.method import Evaluate, Hessian, Method, evaluated, method
from downslope.optim.optimizer import Array, State
from downslope.optim.schedule import Rate
from downslope.optim.settings import not_negative, rate, switch, switched_on


@method()
def newton(lr: Rate = 1.0, damping: float = 0.0, pure: bool = False) -> Method:
    """p ← p − a · (H + μ I)⁻¹ g, where g = ∇f(p), H = ∇²f(p), and a is found by halving from lr (Armijo).

    On a bowl one step lands in the minimum, and near any strict minimum the number of right digits doubles with each
    step. Far from one H may have negative eigenvalues, and Newton's own step then climbs, to a saddle or a maximum. So
    μ is damping, and where H + μ I has no Cholesky factor it is raised, doubling, until there is one.

    lr: tried first, above 0. damping: at least 0; the larger it is, the more the step is one of gradient descent of
    rate 1/damping. pure: take Newton's step as it is, with no μ but damping and a = lr; it may climb. State: p, value,
    g of the point that is known. It needs ``hessian=``, n × n for n numbers, and costs n³ a step. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``, ``method-hessian``, ``newton-singular``.

    Source: J. Nocedal and S. Wright, "Numerical Optimization", 2nd ed. 2006, Algorithms 3.2 and 3.3; damping:
    K. Levenberg, 1944.
    Differs from PyTorch in that it has none.

    Three steps on the valley of Rosenbrock, damped:

    >>> def valley(p):
    ...     x, y = p
    ...     f = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    ...     return f, np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])
    >>> def curvature(p):
    ...     x, y = p
    ...     return np.array([[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200.0]])
    >>> rule = newton()
    >>> p = np.array([-1.2, 1.0])
    >>> state = rule.init(p)
    >>> for t in (1, 2, 3):
    ...     p, state, evaluations = rule.step(valley, p, state, t, hessian=curvature)
    ...     print(p.round(4), evaluations)
    [-1.1753  1.3807] 2
    [-0.933   0.8112] 4
    [-0.7825  0.5897] 1
    """
    damping, pure = not_negative("newton", "damping", damping), switch("newton", "pure", pure)

    def start(p: Array) -> State:
        return {"p": np.zeros_like(p), "value": np.array(np.nan), "g": np.zeros_like(p)}

    def advance(
        f: Evaluate, p: Array, state: State, t: int, lr: float, hessian: Hessian | None
    ) -> tuple[Array, State, int]:
        value, g, evaluations = evaluated(f, p, state)
        flat = np.reshape(g, -1)
        curvature: Any = hessian  # step has made sure that it is there
        matrix = np.reshape(curvature(p), (flat.size, flat.size)) + damping * np.eye(flat.size, dtype=flat.dtype)
        d = -(_solved(matrix, flat) if pure else np.linalg.solve(_made_definite(matrix), flat))
        if pure:
            p = p + lr * np.reshape(d, np.shape(p))
            return p, {"p": p, "value": np.array(np.nan), "g": g}, evaluations
        if not flat @ d < 0:  # a flat place, or not a number
            return np.copy(p), {"p": np.copy(p), "value": np.array(value), "g": g}, evaluations
        found = armijo(f, p, np.reshape(d, np.shape(p)), value, g, lr)
        after = {"p": found.p, "value": np.array(found.value), "g": found.g}
        return found.p, after, evaluations + found.evaluations

    return Method(
        "newton", rate("newton", lr), switched_on(damping=damping, pure=pure), start, advance, needs_hessian=True
    )


def _solved(matrix: Array, g: Array) -> Array:
    try:
        return np.linalg.solve(matrix, g)
    except np.linalg.LinAlgError:
        raise SettingError(
            "newton-singular",
            "the Hessian has no inverse",
            where="newton(pure=True): step",
            why="in some direction the surface is exactly straight, and Newton's step would be infinitely long",
            do="Use newton() without pure=True, or give damping, for example damping=1e-3.",
        ) from None


def _made_definite(matrix: Array) -> Array:
    """``matrix`` plus the first multiple of the identity that was tried that makes all its eigenvalues positive."""
    size = float(np.sqrt(np.sum(matrix * matrix)))
    if not np.isfinite(size):
        return np.full_like(matrix, np.nan)
    least = 1e-3 * size or 1.0
    diagonal = float(np.diagonal(matrix).min(initial=0.0))
    shift = 0.0 if diagonal >= 0 else least - diagonal
    while True:
        shifted = matrix + shift * np.eye(len(matrix), dtype=matrix.dtype)
        try:
            np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            shift = max(2 * shift, least)
        else:
            return shifted
