"""What an optimizer is: a start and an update, both pure; and the table of all of them, by name.

An optimizer's file registers its function with ``@optimizer()``; nothing else has to be told about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeAlias

import numpy as np

from downslope.autodiff import tree
from downslope.errors import SettingError, ShapeError
from downslope.optim.schedule import Schedule
from downslope.optim.table import Table

Array: TypeAlias = Any
"""A NumPy array, or a traced one while an update becomes a program."""
State: TypeAlias = dict[str, Any]
Start: TypeAlias = Callable[[Array], State]
Update: TypeAlias = Callable[[Array, State, Array, Any, Any], tuple[Array, State]]
Together: TypeAlias = Callable[[list[Array], list[State], list[Array], Any, Any], tuple[list[Array], list[State]]]
Settings = ParamSpec("Settings")


class ToldByText:
    """What optimizers and methods share: the text that makes them again, by which they are equal."""

    name: str
    lr: Any
    settings: Mapping[str, Any]
    inner: Optimizer | None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        first = {"lr": self.lr} if self.inner is None else {"optimizer": replace(self.inner, lr=self.lr)}
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in {**first, **self.settings}.items())})"

    __repr__ = __str__


@dataclass(frozen=True, eq=False, repr=False)
class Optimizer(ToldByText):
    """A rule that turns gradients into steps. It holds settings, never state: all that changes goes in and comes out.

    name: the function in this room that made it. lr: learning rate, a number or a schedule. settings: its other
    hyperparameters by name. start: ``p -> state``, what is remembered for one parameter array p, as a dict of arrays.
    update: ``(g, state, p, t, lr) -> (new p, new state)`` for one array, with its gradient g, the step t = 1, 2 ... and
    the learning rate; plain NumPy, so that it can be traced. elementwise: all parameters may be handed over as one flat
    vector, because every number is updated by itself or with all others; then every array of the state has the
    parameter's shape. Where it is False, the shape of an array matters: it is updated by itself. across: one array's
    step depends on the others (clipping by norm), so all must come in one call, as a tree or as one flat vector.

    For rules around another rule: together: ``(gs, states, ps, t, lr) -> (new ps, new states)`` for all arrays at once.
    inner: the rule inside. every: calls to one step of the inner rule. kept: ``(p, state) -> p`` to evaluate with.
    Two optimizers are equal if their texts are.
    """

    name: str
    lr: Any  # a Rate; Any, because most readers know that they hold a number
    settings: Mapping[str, Any]
    start: Start
    update: Update
    elementwise: bool = True
    together: Together | None = None
    inner: Optimizer | None = None
    every: int = 1
    across: bool = False
    kept: Callable[[Array, State], Array] | None = None

    def rate(self, t: int) -> float:
        """The learning rate of step ``t``, counted from 1."""
        return self.lr(-(-t // self.every)) if isinstance(self.lr, Schedule) else float(self.lr)

    def init(self, params: Any) -> dict[str, Any]:
        """The state before the first step: for each name in it a tree like ``params``; ``{}`` if nothing is remembered.

        params: an array, or dicts, lists, tuples and dataclasses of arrays.
        """
        leaves, _, spec = tree.flatten(params)
        states = [self.start(p) for p in leaves]
        names = states[0] if states else {}
        return {name: tree.unflatten(spec, [state[name] for state in states]) for name in names}

    def step(
        self, params: Any, grads: Any, state: Mapping[str, Any], t: Any, lr: Any = None
    ) -> tuple[Any, dict[str, Any]]:
        """Parameters and state after step ``t``; nothing that is passed in changes.

        grads: a tree like params. state: from :meth:`init` or the step before. t: counts from 1. lr: of this step,
        where it is not the optimizer's own. Errors: SettingError ``optimizer-tree``, ``optimizer-state``,
        ``optimizer-step``, ShapeError ``optimizer-shape``.
        """
        t = _plain(t)
        if isinstance(t, int | float) and t < 1:
            raise SettingError(
                "optimizer-step",
                f"step {t} is asked for",
                where=f"{self}: step(..., t={t})",
                why="the first step is t = 1; at t = 0 Adam would divide by 1 - beta1**0 = 0",
                do="Count the steps from 1: for t in range(1, steps + 1).",
            )
        leaves, paths, spec = tree.flatten(params)
        gradients = self._column(spec, paths, grads, "grads")
        columns = {name: self._column(spec, paths, values, f"state[{name!r}]") for name, values in state.items()}
        for p, g, path in zip(leaves, gradients, paths, strict=True):
            self._check_shape(p, g, path or "the parameter")
        states = [{name: column[i] for name, column in columns.items()} for i in range(len(leaves))]
        try:
            new_leaves, new_states = self.advance(
                gradients, states, leaves, t, _plain(self.rate(t) if lr is None else lr)
            )
        except KeyError as missing:
            raise SettingError(
                "optimizer-state",
                f"the state has {', '.join(map(repr, state)) or 'no names'}, and {missing} is needed",
                where=f"{self}: step",
                why="an optimizer continues from what it remembered itself, in the names that it chose",
                do=f"Begin with state = {self.name}(...).init(params), and hand on the state that step returns.",
            ) from missing
        names = new_states[0] if new_states else {}
        after = {name: tree.unflatten(spec, [state[name] for state in new_states]) for name in names}
        return tree.unflatten(spec, new_leaves), after

    def advance(
        self, gs: list[Array], states: list[State], ps: list[Array], t: Any, lr: Any
    ) -> tuple[list[Array], list[State]]:
        """One step of all arrays: all at once where the rule looks across them, else one after the other."""
        if self.together is not None:
            return self.together(gs, states, ps, t, lr)
        pairs = [self.update(g, state, p, t, lr) for g, state, p in zip(gs, states, ps, strict=True)]
        return [p for p, _ in pairs], [state for _, state in pairs]

    def for_evaluation(self, params: Any, state: Mapping[str, Any]) -> Any:
        """The parameters to evaluate with: for most rules ``params``, for averaging ones the average in the state."""
        if self.kept is None:
            return params
        leaves, _, spec = tree.flatten(params)
        columns = {name: tree.flatten_like(spec, values) for name, values in state.items()}
        states = [{name: column[i] for name, column in columns.items()} for i in range(len(leaves))]
        return tree.unflatten(spec, [self.kept(p, one) for p, one in zip(leaves, states, strict=True)])

    def _column(self, spec: tree.Spec, paths: list[str], values: Any, what: str) -> list[Any]:
        """The leaves of ``values`` in the order of the parameters."""
        found = tree.flatten(values)[1]
        if set(found) == set(paths):
            try:
                return tree.flatten_like(spec, values)
            except ValueError:  # the same paths in other containers: a list where a tuple was
                pass
        missing = [path for path in paths if path not in found]
        extra = [path for path in found if path not in paths]
        differences = [f"{verb} {_first(some)}" for verb, some in (("lacks", missing), ("has also", extra)) if some]
        raise SettingError(
            "optimizer-tree",
            f"{what} {' and '.join(differences) or 'is nested in other containers than params'}",
            where=f"{self}: step",
            why="every parameter needs its own gradient and its own state, matched by name",
            do=f"Give {what} the same nesting and the same names as params.",
        )

    def _check_shape(self, p: Array, g: Array, path: str) -> None:
        if np.shape(p) != np.shape(g):
            raise ShapeError(
                "optimizer-shape",
                f"{path} has shape {np.shape(p)} and its gradient {np.shape(g)}",
                where=f"{self}: step",
                why="there is one derivative for each number; NumPy would stretch the smaller one over the larger",
                do="Differentiate a loss that is a single number, with respect to these very parameters.",
            )


def _plain(number: Any) -> Any:
    """NumPy's scalars as Python's: those take the type of the array that they meet, so float32 stays float32."""
    return number.item() if isinstance(number, np.generic) else number


def _first(paths: list[str]) -> str:
    return repr(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


# --- the table --------------------------------------------------------------------------------------------------------

OPTIMIZERS: Table[Optimizer] = Table("an optimizer")
"""Name -> the function that makes it, aliases included."""


def optimizer(*aliases: str) -> Callable[[Callable[Settings, Optimizer]], Callable[Settings, Optimizer]]:
    """Decorator of a function that makes an :class:`Optimizer`: enter it under its name and under ``aliases``."""
    return OPTIMIZERS.entry(*aliases)


def by_name(name: str, **settings: Any) -> Optimizer:
    """The optimizer of this name: ``by_name("adam", lr=1e-3)`` is ``adam(lr=1e-3)``.

    Errors: SettingError ``unknown-name``, ``optimizer-setting``, ``optimizer-rate``.
    """
    return OPTIMIZERS.make(name, **settings)
