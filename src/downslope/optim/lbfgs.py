"""L-BFGS: the curvature of a surface read off from the last few steps and the changes of the gradient along them."""

from __future__ import annotations

import numpy as np

from downslope.optim.line_search import Found, armijo, strong_wolfe
from downslope.optim.method import Evaluate, Hessian, Method, evaluated, method
from downslope.optim.optimizer import Array, State
from downslope.optim.schedule import Rate
from downslope.optim.settings import choice, rate, whole

SEARCHES = {"strong_wolfe": strong_wolfe, "armijo": armijo, "none": None}


@method()
def lbfgs(lr: Rate = 1.0, memory: int = 10, search: str = "strong_wolfe") -> Method:
    """p ← p − a · H g, where g = ∇f(p), H is nearly the inverse Hessian and a comes from a line search that tries lr.

    H is never formed. It is what the last ``memory`` pairs s = p − p_before, y = g − g_before say of it, applied to g
    by two loops: newest to oldest q ← q − (s·q / y·s) · y, then q ← (s·y / y·y) · q, then oldest to newest
    q ← q + (s·q_then − y·q) / (y·s) · s. A pair with y·s ≤ 1e-10 would break that and is left out. The first step goes
    along −g, min(1, 1/Σ|g|) · lr long. In exact arithmetic it lands in the minimum of an n-dimensional bowl after n
    exact searches.

    lr: tried first, above 0. memory: pairs that are kept, from 1. search: strong_wolfe, armijo, or none (a = lr).
    State: s and y, memory × n, and pairs, how many rows of them count; move, the last step, and before, the gradient at
    its start; p, value, g of the point that is known. Data-dependent, so it cannot be traced. Errors: SettingError
    ``optimizer-rate``, ``optimizer-setting``.

    Source: J. Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980; D. Liu and J. Nocedal, 1989.
    Differs from PyTorch (``torch.optim.LBFGS``) in the interpolation of the line search; without one, in rounding only
    (there one call of ``step`` takes up to 20 of these steps). Differs from optax (``optax.lbfgs``), whose default is a
    zoom search of its own.

    Three steps on the valley of Rosenbrock:

    >>> def valley(p):
    ...     x, y = p
    ...     f = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    ...     return f, np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])
    >>> rule = lbfgs()
    >>> p = np.array([-1.2, 1.0])
    >>> state = rule.init(p)
    >>> for t in (1, 2, 3):
    ...     p, state, evaluations = rule.step(valley, p, state, t)
    ...     print(p.round(4), evaluations)
    [-1.0245  1.0716] 3
    [-1.0285  1.0682] 1
    [-1.0289  1.0655] 1
    """
    memory = whole("lbfgs", "memory", memory)
    look = SEARCHES[choice("lbfgs", "search", search, SEARCHES)]

    def start(p: Array) -> State:
        zeros = np.zeros_like(p)
        flat = zeros.reshape(-1)
        pairs = {
            "s": np.zeros_like(flat, shape=(memory, flat.size)),
            "y": np.zeros_like(flat, shape=(memory, flat.size)),
        }
        known = {"p": zeros, "value": np.array(np.nan), "g": zeros}
        return {**pairs, "pairs": np.array(0), "move": flat, "before": flat, **known}

    def advance(
        f: Evaluate, p: Array, state: State, t: int, lr: float, hessian: Hessian | None
    ) -> tuple[Array, State, int]:
        value, g, evaluations = evaluated(f, p, state)
        flat = np.reshape(g, -1)
        ss, ys, pairs = state["s"], state["y"], int(state["pairs"])
        s, y = state["move"], flat - state["before"]
        if t > 1 and y @ s > 1e-10:
            ss, ys = np.concatenate([ss[1:], s[None]]), np.concatenate([ys[1:], y[None]])
            pairs = min(pairs + 1, memory)
        d = -inverse_hessian_times(flat, ss[memory - pairs :], ys[memory - pairs :])
        first = lr if t > 1 else lr * min(1.0, 1.0 / max(float(np.sum(np.abs(flat))), 1e-300))
        here = Found(0.0, np.copy(p), value, g, 0, False)
        if not flat @ d < 0:  # a flat place, or not a number
            found = here
        elif look is None:
            found = here._replace(step=first, p=p + first * np.reshape(d, np.shape(p)), value=np.nan)
        else:
            found = look(f, p, np.reshape(d, np.shape(p)), value, g, first)
        known = {"p": found.p, "value": np.array(found.value), "g": found.g}
        after = {"s": ss, "y": ys, "pairs": np.array(pairs), "move": found.step * d, "before": flat, **known}
        return found.p, after, evaluations + found.evaluations

    return Method("lbfgs", rate("lbfgs", lr), {"memory": memory, "search": search}, start, advance)


def inverse_hessian_times(g: Array, ss: Array, ys: Array) -> Array:
    """H·g for the H that the pairs (steps ``ss``, changes of the gradient ``ys``, newest last) describe; g without any.

    >>> inverse_hessian_times(np.array([4.0, 1.0]), np.array([[0.5, 0.0]]), np.array([[2.0, 0.0]]))
    array([1.  , 0.25])
    """
    q, taken = g, []
    for s, y in zip(ss[::-1], ys[::-1], strict=True):
        part = (s @ q) / (y @ s)
        q = q - part * y
        taken.append(part)
    if len(ss):
        q = q * ((ss[-1] @ ys[-1]) / (ys[-1] @ ys[-1]))
    for s, y, part in zip(ss, ys, taken[::-1], strict=True):
        q = q + s * (part - (y @ q) / (y @ s))
    return q
