"""What a method is: a rule that evaluates the function itself, as often as it needs; an optimizer gets a gradient.

A method's file registers its function with ``@method()``; nothing else has to be told about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeAlias

import numpy as np

from downslope.errors import SettingError, ShapeError
from downslope.optim.optimizer import Array, Optimizer, Start, State, ToldByText
from downslope.optim.schedule import Schedule
from downslope.optim.table import Table

Evaluate: TypeAlias = Callable[[Array], tuple[Any, Array]]
"""``p -> (value, gradient)``: what ``ds.value_and_grad(f)`` is. The same p must give the same numbers: a full batch."""
Hessian: TypeAlias = Callable[[Array], Array]
Advance: TypeAlias = Callable[[Evaluate, Array, State, Any, Any, Hessian | None], tuple[Array, State, int]]
Settings = ParamSpec("Settings")

METHODS: Table[Method] = Table("a method")
"""Name -> the function that makes it, aliases included."""


@dataclass(frozen=True, eq=False, repr=False)
class Method(ToldByText):
    """A rule that goes down a function by evaluating it. It holds settings, never state.

    name: the function in this room that made it. lr: the step that is tried first, a number or a schedule. settings:
    its other hyperparameters by name. start: ``p -> state`` for one array p. advance: ``(value_and_grad, p, state, t,
    lr, hessian) -> (new p, new state, evaluations)``, pure, where evaluations counts the calls of value_and_grad.
    traces: its steps may be traced; others decide by the numbers how often they evaluate. needs_hessian: it calls
    ``hessian``. inner: the optimizer that takes the step, where there is one. Equal if their texts are.
    """

    name: str
    lr: Any  # a Rate
    settings: Mapping[str, Any]
    start: Start
    advance: Advance
    traces: bool = False
    needs_hessian: bool = False
    inner: Optimizer | None = None

    def rate(self, t: int) -> float:
        """The learning rate of step ``t``, counted from 1."""
        return self.lr(t) if isinstance(self.lr, Schedule) else float(self.lr)

    def init(self, p: Array) -> State:
        """The state before the first step."""
        return self.start(p)

    def step(
        self,
        value_and_grad: Evaluate,
        p: Array,
        state: State,
        t: Any,
        lr: Any = None,
        hessian: Hessian | None = None,
    ) -> tuple[Array, State, int]:
        """The parameters after step ``t``, the state, and how often value_and_grad was called for it.

        p: one array of any shape. t: counts from 1. lr: of this step, where it is not the method's own. hessian:
        ``p -> matrix`` with a row for each number of p. Nothing that is passed in changes. Errors: SettingError
        ``method-hessian``, ``optimizer-step``, ShapeError ``optimizer-shape``.
        """
        if isinstance(t, int | float | np.integer) and t < 1:
            raise SettingError(
                "optimizer-step",
                f"step {t} is asked for",
                where=f"{self}: step(..., t={t})",
                why="the first step is t = 1, as for optimizers",
                do="Count the steps from 1: for t in range(1, steps + 1).",
            )
        if self.needs_hessian and hessian is None:
            raise SettingError(
                "method-hessian",
                f"{self.name} is given no hessian",
                where=f"{self}: step(value_and_grad, p, state, t, hessian=None)",
                why="its step divides by the curvature, which value_and_grad does not tell",
                do="Give hessian=, a function of p: for a plain NumPy function f it is ds.hessian(f).",
            )

        def checked(at: Array) -> tuple[Any, Array]:
            value, g = value_and_grad(at)
            if np.shape(g) != np.shape(at) or np.shape(value) != ():
                raise ShapeError(
                    "optimizer-shape",
                    f"the function gives a value of shape {np.shape(value)} and a gradient of shape {np.shape(g)}, "
                    f"for parameters of shape {np.shape(at)}",
                    where=f"{self}: step",
                    why="it needs one number to make smaller, and one derivative for each parameter",
                    do="Give ds.value_and_grad(f), where f takes one array and returns a single number.",
                )
            return value, g

        return self.advance(checked, p, state, t, self.rate(t) if lr is None else lr, hessian)


def method(*aliases: str) -> Callable[[Callable[Settings, Method]], Callable[Settings, Method]]:
    """Decorator of a function that makes a :class:`Method`: enter it under its name and under ``aliases``."""
    return METHODS.entry(*aliases)


def evaluated(value_and_grad: Evaluate, p: Array, state: State) -> tuple[float, Array, int]:
    """Value and gradient at ``p``, and how many calls they cost: none where the last line search ended there.

    state: with p, value, g of the last known point; value is NaN where there is none.
    """
    if np.isfinite(state["value"]) and np.array_equal(state["p"], p):
        return float(state["value"]), state["g"], 0
    value, g = value_and_grad(p)
    return float(value), g, 1
