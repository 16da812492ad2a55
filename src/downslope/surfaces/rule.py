"""What this room asks of an optimizer. It takes any object with these members, so it imports no optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from downslope.errors import SettingError


@runtime_checkable
class Rule(Protocol):
    """A rule that turns gradients into steps, without state of its own; ``downslope.optim.Optimizer`` is one.

    So is a ``downslope.optim.Method``, whose step is given the surface itself and evaluates it as it likes.
    """

    @property
    def name(self) -> str:
        """Its word, as ``adam``."""

    @property
    def lr(self) -> Any:
        """Its learning rate: a number, or a schedule."""

    def init(self, params: Any, /) -> dict[str, Any]:
        """What it remembers before the first step, by name."""

    def step(self, *args: Any, **settings: Any) -> Any:
        """``(p, g, state, t, lr) -> (new p, new state)``, t = 1, 2 ...; lr is that of this step, None for its own.

        A method's: ``(value_and_grad, p, state, t, lr, hessian) -> (new p, new state, evaluations)``.
        """


def checked_rule(rule: Any, where: str) -> Rule:
    """``rule`` if it is an optimizer; SettingError ``descend-optimizer`` otherwise."""
    if isinstance(rule, Rule) and not isinstance(rule, type):
        return rule
    name = getattr(rule, "__name__", rule if isinstance(rule, str) else "adam")
    raise SettingError(
        "descend-optimizer",
        f"{rule if isinstance(rule, str) else getattr(rule, '__name__', type(rule).__name__)!r} is given as optimizer",
        where=where,
        why="a rule needs its rate and settings before it can take a step",
        do=f"Call the function that makes it: {name}(lr=0.01), or optim.by_name({name!r}, lr=0.01).",
    )


def is_method(rule: Rule) -> bool:
    """Whether it evaluates the function itself, as L-BFGS does: ``step(value_and_grad, p, state, t, lr, hessian)``."""
    return hasattr(rule, "needs_hessian")


def settings_text(rule: Rule) -> str:
    """The rule without its rate: ``momentum(beta=0.9)``."""
    settings = getattr(rule, "settings", {})
    return rule.name + (f"({', '.join(f'{name}={value!r}' for name, value in settings.items())})" if settings else "")


def constant_rate(rule: Rule) -> float | None:
    """Its learning rate if it is one number; None for a schedule."""
    return float(rule.lr) if isinstance(rule.lr, int | float | np.number) else None


def evaluation_point(rule: Rule, p: Any, state: Mapping[str, Any]) -> Any:
    """Where the rule wants its result to be read: ``p`` itself for most, the average for averaging ones."""
    return p if getattr(rule, "kept", None) is None else rule.for_evaluation(p, state)  # type: ignore[attr-defined]


def treats_rows_alone(rule: Rule) -> bool:
    """Whether rows of one array go down as if each were alone, so that many runs may share one step.

    It is measured, because "elementwise" also holds for clipping by the norm of everything, which would mix the runs.
    """
    if is_method(rule) or not getattr(rule, "elementwise", False):
        return False
    scales = np.array([[1e-3], [1.0], [1e3]])
    gradients = [scales * np.array([[np.cos(t), 1.0], [2.0, np.sin(t)], [-1.0, t / 2]]) for t in (1, 2, 3)]

    def run(rows: Any) -> Any:
        p = np.ones((3, 2))[rows]
        state = rule.init(p)
        with np.errstate(all="ignore"):
            for t, g in enumerate(gradients, 1):
                p, state = rule.step(p, g[rows], state, t)
        return p

    together, alone = run(slice(None)), np.stack([run(i) for i in range(3)])
    return bool(np.allclose(together, alone, rtol=1e-12, atol=0.0, equal_nan=True))
