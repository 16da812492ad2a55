"""What an optimizer is: a start and an update, both pure; and the table of all of them, by name.

An optimizer's file registers its function with ``@optimizer()``; nothing else has to be told about it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeAlias

import numpy as np

from downslope.autodiff import tree
from downslope.errors import SettingError, ShapeError, nearest

Array: TypeAlias = Any
"""A NumPy array, or a traced one while an update becomes a program."""
State: TypeAlias = dict[str, Any]
Start: TypeAlias = Callable[[Array], State]
Update: TypeAlias = Callable[[Array, State, Array, Any, Any], tuple[Array, State]]
Settings = ParamSpec("Settings")

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {}
"""Name -> the function that makes it, aliases included."""


@dataclass(frozen=True)
class Optimizer:
    """A rule that turns gradients into steps. It holds settings, never state: all that changes goes in and comes out.

    name: the function in this room that made it. lr: learning rate. settings: its other hyperparameters by name.
    start: ``p -> state``, what is remembered for one parameter array p, as a dict of arrays. update: ``(g, state, p, t,
    lr) -> (new p, new state)`` for one array, with its gradient g, the step t = 1, 2 ... and the learning rate; plain
    NumPy, so that it can be traced. elementwise: every number is updated by itself, so that all parameters may be
    handled as one flat vector. Two optimizers are equal if name, lr and settings are.
    """

    name: str
    lr: float
    settings: Mapping[str, float] = field(hash=False)
    start: Start = field(compare=False)
    update: Update = field(compare=False)
    elementwise: bool = field(default=True, compare=False)

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
        t, lr = _plain(t), _plain(self.lr if lr is None else lr)
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
        new_leaves, new_states = [], []
        for i, (p, g, path) in enumerate(zip(leaves, gradients, paths, strict=True)):
            self._check_shape(p, g, path or "the parameter")
            try:
                new_p, new_state = self.update(g, {name: column[i] for name, column in columns.items()}, p, t, lr)
            except KeyError as missing:
                raise SettingError(
                    "optimizer-state",
                    f"the state has {', '.join(map(repr, state)) or 'no names'}, and {missing} is needed",
                    where=f"{self}: step",
                    why="an optimizer continues from what it remembered itself, in the names that it chose",
                    do=f"Begin with state = {self.name}(...).init(params), and hand on the state that step returns.",
                ) from missing
            new_leaves.append(new_p)
            new_states.append(new_state)
        names = new_states[0] if new_states else {}
        after = {name: tree.unflatten(spec, [state[name] for state in new_states]) for name in names}
        return tree.unflatten(spec, new_leaves), after

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

    def __str__(self) -> str:
        settings = {"lr": self.lr, **self.settings}
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in settings.items())})"

    __repr__ = __str__


def _plain(number: Any) -> Any:
    """NumPy's scalars as Python's: those take the type of the array that they meet, so float32 stays float32."""
    return number.item() if isinstance(number, np.generic) else number


def _first(paths: list[str]) -> str:
    return repr(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


# --- the table --------------------------------------------------------------------------------------------------------


def optimizer(*aliases: str) -> Callable[[Callable[Settings, Optimizer]], Callable[Settings, Optimizer]]:
    """Decorator of a function that makes an :class:`Optimizer`: enter it under its name and under ``aliases``."""

    def enter(function: Callable[Settings, Optimizer]) -> Callable[Settings, Optimizer]:
        for name in (function.__name__, *aliases):
            known = OPTIMIZERS.get(name)
            if known is not None and known.__module__ != function.__module__:  # the same module: a cell that runs again
                raise SettingError(
                    "name-taken",
                    f"there is an optimizer called {name!r} already",
                    where=f"@optimizer() in {function.__module__}; the other one is in {known.__module__}",
                    why="a name stands for one rule everywhere: in a run's file, on the command line and in the pages",
                    do="Give the new one another name.",
                )
            OPTIMIZERS[name] = function
        return function

    return enter


def by_name(name: str, **settings: Any) -> Optimizer:
    """The optimizer of this name: ``by_name("adam", lr=1e-3)`` is ``adam(lr=1e-3)``.

    Errors: SettingError ``unknown-name``, ``optimizer-setting``, ``optimizer-rate``.
    """
    function = OPTIMIZERS.get(name)
    if function is None:
        raise SettingError(
            "unknown-name",
            f"there is no optimizer called {name!r}",
            where="the name of the optimizer",
            why="a word stands for one of the rules in downslope.optim",
            do=nearest(name, OPTIMIZERS),
        )
    known = inspect.signature(function).parameters
    for setting in settings:
        if setting not in known:
            raise SettingError(
                "optimizer-setting",
                f"{name} has no setting {setting!r}",
                where=f"the argument {setting}=",
                why="a setting that is silently ignored would train with another rule than the one asked for",
                do=nearest(setting, known),
            )
    for setting, parameter in known.items():
        if parameter.default is parameter.empty and setting not in settings:
            raise SettingError(
                "optimizer-setting",
                f"{name} needs {setting}, and it is not given",
                where=f"{name}{inspect.signature(function)}".split(" ->")[0],
                why="no value of it fits all problems, so there is no default",
                do=f"Give {setting}=, for example {setting}=0.1.",
            )
    return function(**settings)
