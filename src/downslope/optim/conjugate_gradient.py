"""Nonlinear conjugate gradients: each direction is bent by the last one, so that what was gained is not undone."""

from __future__ import annotations

import numpy as np

from downslope.optim.line_search import Found, armijo, strong_wolfe
from downslope.optim.method import Evaluate, Hessian, Method, evaluated, method
from downslope.optim.optimizer import Array, State
from downslope.optim.schedule import Rate
from downslope.optim.settings import choice, rate

FORMULAS = ("polak_ribiere", "fletcher_reeves")
SEARCHES = ("strong_wolfe", "armijo")


@method("cg")
def conjugate_gradient(lr: Rate = 1.0, formula: str = "polak_ribiere", search: str = "strong_wolfe") -> Method:
    """d ← −g + β·d;  p ← p + a · d, where g = ∇f(p) and a comes from a line search.

    polak_ribiere: β = max(0, g·(g − g_before) / g_before·g_before), which begins anew by itself after little progress.
    fletcher_reeves: β = g·g / g_before·g_before. On a bowl in n dimensions, with exact searches, both are the linear
    method of conjugate gradients and end after n steps. The direction begins anew, d = −g, every n steps and where d
    would climb.

    lr: the first step is tried with lr / ‖g‖, later ones with the length that promises the gain of the step before;
    above 0. formula: polak_ribiere or fletcher_reeves. search: strong_wolfe (c2 = 0.1, as β needs nearly exact steps)
    or armijo, which is too rough for β and about ten times as slow. State: d, the last direction; before, the last
    gradient; since, steps since it began anew; gain, the last step's promise a·g·d; p, value, g of the point that is
    known. Data-dependent, so it cannot be traced. Errors: SettingError ``optimizer-rate``, ``optimizer-setting``.

    Source: R. Fletcher and C. Reeves, 1964; E. Polak and G. Ribière, 1969; β ≥ 0: J. Gilbert and J. Nocedal, 1992; as
    in J. Nocedal and S. Wright, "Numerical Optimization", 2nd ed. 2006, Algorithm 5.4.
    Differs from PyTorch in that it has none.

    Three steps on the valley of Rosenbrock:

    >>> def valley(p):
    ...     x, y = p
    ...     f = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    ...     return f, np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])
    >>> rule = conjugate_gradient()
    >>> p = np.array([-1.2, 1.0])
    >>> state = rule.init(p)
    >>> for t in (1, 2, 3):
    ...     p, state, evaluations = rule.step(valley, p, state, t)
    ...     print(p.round(4), evaluations)
    [-1.0174  1.0745] 3
    [-1.0292  1.0668] 4
    [-0.7964  0.5934] 5
    """
    formula = choice("conjugate_gradient", "formula", formula, FORMULAS)
    search = choice("conjugate_gradient", "search", search, SEARCHES)

    def start(p: Array) -> State:
        zeros, number = np.zeros_like(p), np.array(np.nan)
        known = {"p": zeros, "value": number, "g": zeros}
        return {"d": zeros, "before": zeros, "since": np.array(0), "gain": number, **known}

    def bend(g: Array, before: Array) -> float:
        size = float(np.sum(before * before))
        if not size > 0:
            return 0.0
        if formula == "fletcher_reeves":
            return float(np.sum(g * g)) / size
        return max(0.0, float(np.sum(g * (g - before))) / size)

    def advance(
        f: Evaluate, p: Array, state: State, t: int, lr: float, hessian: Hessian | None
    ) -> tuple[Array, State, int]:
        value, g, evaluations = evaluated(f, p, state)
        since = int(state["since"])
        d, since = (-g, 1) if t == 1 or since >= np.size(p) else (-g + bend(g, state["before"]) * state["d"], since + 1)
        slope = float(np.sum(g * d))
        if not slope < 0:
            d, since = -g, 1
            slope = -float(np.sum(g * g))
        found = Found(0.0, np.copy(p), value, g, 0, False)
        if slope < 0:
            gain = float(state["gain"])
            first = gain / slope if gain < 0 else lr / (-slope) ** 0.5
            if search == "armijo":
                found = armijo(f, p, d, value, g, 4 * first)  # it can only shorten
            else:
                found = strong_wolfe(f, p, d, value, g, first, c2=0.1)
        known = {"p": found.p, "value": np.array(found.value), "g": found.g}
        promise = np.array(found.step * slope)
        after = {"d": d, "before": g, "since": np.array(since), "gain": promise, **known}
        return found.p, after, evaluations + found.evaluations

    lr = rate("conjugate_gradient", lr)
    return Method("conjugate_gradient", lr, {"formula": formula, "search": search}, start, advance)


cg = conjugate_gradient
