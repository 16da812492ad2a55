"""A step of a run of ours: state and batch are known, everything else is computed when it is asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from downslope.autodiff import tree
from downslope.errors import SettingError, nearest
from downslope.optim import Method, Optimizer
from downslope.runs import lazy
from downslope.runs.probe import Probe
from downslope.runs.step import Array, Batch, LayerFacts, OptimizerFacts, Step, Tensors
from downslope.runs.step_program import Carried

Kept = TypeVar("Kept")


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a step asks the run for: a probe for its mini-batch, the parameters after it, the step before it.

    clock: how many steps were done when the optimizer began to count.
    """

    probe: Callable[[], Probe]
    after: Callable[[], Array]
    before: Callable[[], Step | None]
    clock: int = 0


class ReplayedStep(Step):
    """Step ``t`` of a run. carried: copies of the state before it. loss: as recorded, None if it was not taken yet."""

    def __init__(
        self,
        t: int,
        carried: Carried,
        batch: tuple[Array, Array],
        rows: Array,
        lr: float,
        loss: float | None,
        rule: Optimizer | Method,
        around: Surroundings,
    ) -> None:
        self.t, self.carried, self.rows, self.lr, self.rule = t, carried, fixed(rows), lr, rule
        self.batch, self._recorded, self._around = Batch(*map(fixed, batch)), loss, around

    # --- facts ---------------------------------------------------------------------------------------------------

    @cached_property
    def probe(self) -> Probe:
        """The traced objective for this mini-batch's size."""
        return self._around.probe()

    @property
    def task(self) -> str:  # type: ignore[override]  # a constant of the run, looked up where it is known
        """ "classification" or "regression"."""
        return self.probe.task.data.task

    @property
    def layers(self) -> Mapping[str, LayerFacts]:  # type: ignore[override]
        """Facts of each layer, in order."""
        return self.probe.layers

    @cached_property
    def optimizer(self) -> OptimizerFacts:  # type: ignore[override]
        """Name, settings and text of the rule."""
        return OptimizerFacts(self.rule.name, dict(self.rule.settings), str(self.rule))

    @property
    def previous(self) -> Step | None:
        """The step before, None at the first one."""
        return self._around.before()

    @property
    def clock(self) -> int:
        """How many steps were done when the optimizer began: at step ``t`` it counts ``t - clock``."""
        return self._around.clock

    # --- quantities ----------------------------------------------------------------------------------------------

    @cached_property
    def nested(self) -> Any:
        """The parameters in the structure of the model."""
        return self.carried.params()

    @cached_property
    def params(self) -> Tensors:  # type: ignore[override]
        """Before the update."""
        return fixed(dict(zip(self.carried.layout.names, tree.flatten(self.nested)[0], strict=True)))

    @property
    def at(self) -> tuple[Any, Any, Array, Array, int]:
        """The arguments of the objective."""
        return self.nested, self.carried.memory, *self.batch, self.t

    @cached_property
    def _seen(self) -> dict[str, Any]:
        return fixed(self.probe.look(*self.at))

    @property
    def grads(self) -> Tensors:  # type: ignore[override]
        """dloss/dparameter."""
        found: Tensors = self._seen["grads"]
        return found

    @property
    def activations(self) -> Tensors:  # type: ignore[override]
        """Every named value going forward, and each layer's output."""
        found: Tensors = self._seen["activations"]
        return found

    @property
    def errors(self) -> Tensors:  # type: ignore[override]
        """The adjoint of each activation."""
        found: Tensors = self._seen["errors"]
        return found

    @property
    def loss(self) -> float:  # type: ignore[override]
        """As it was recorded; computed where the step was not taken yet."""
        return self._seen["loss"] if self._recorded is None else self._recorded

    @cached_property
    def losses(self) -> Array:
        """Of each row."""
        return fixed(self.probe.losses(*self.at))

    @cached_property
    def per_example_grads(self) -> Tensors:  # type: ignore[override]
        """The gradient of each row's loss."""
        return fixed(self.probe.per_example_grads(*self.at))

    @cached_property
    def updates(self) -> Tensors:  # type: ignore[override]
        """New minus old parameters, exactly as the training computed them."""
        layout = self.carried.layout
        change = layout.nested(self._around.after() - self.carried.flat)
        return fixed(dict(zip(layout.names, tree.flatten(change)[0], strict=True)))

    @cached_property
    def optimizer_state(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What the rule remembers: name -> array, or name -> (parameter -> array)."""
        layout, found = self.carried.layout, dict[str, Any]()
        for name, value in self.carried.state.items():
            if np.shape(value) == self.carried.flat.shape:
                value = layout.nested(value)
            leaves, names, _ = tree.flatten(value)
            found[name] = dict(zip(names, leaves, strict=True)) if names != [""] else value
        return fixed(found)

    def hvp(self, v: Tensors) -> Tensors:
        """Hessian of this mini-batch's loss times the direction v (name -> array; zeros where a name is left out)."""
        self._check(v, "hvp")
        zeros = tree.map_tree(np.zeros_like, self.nested)
        return self.probe.hvp(*self.at, v=self.probe.nested(v, zeros))

    def loss_at(self, params: Tensors) -> float:
        """The loss of this mini-batch at other parameters; those left out stay as they are."""
        self._check(params, "loss_at")
        return self.probe.loss_at(self.probe.nested(params, self.nested), *self.at[1:])

    def explain(self, words: str | None = None, **options: Any) -> Any:
        """Where a number comes from: a ``Derivation``, the chain rule in symbols and with the numbers of this step.

        words: ``"dense1.w[3, 2]"`` the gradient of this weight and what the optimizer made of it; ``"errors.dense1.h[5,
        2]"``, ``"activations.dense1.h[5, 2]"``, ``"updates.dense1.w[3, 2]"``; ``"dense1.w"`` the statements that make
        the whole array; ``"dense1"`` the four equations of backpropagation for this layer, None those of all layers.
        options: ``most``, contributions listed at each branching, 5; ``depth``, branchings shown, 8; ``opened``, layers
        shown operation by operation. Errors: SettingError ``explain-name``, ``explain-place``.
        """
        return lazy.explain.explain_step(self, words, **options)

    def _check(self, tensors: Tensors, what: str) -> None:
        for name, value in tensors.items():
            if name not in self.params or np.shape(value) != np.shape(self.params[name]):
                known = name in self.params
                raise SettingError(
                    "step-tensors",
                    f"{name} has shape {np.shape(value)}, the parameter {self.params[name].shape}"
                    if known
                    else f"there is no parameter called {name!r}",
                    where=f"step.{what}(...)",
                    why="a direction holds one number for each number of a parameter, by the parameter's name",
                    do="give arrays of the parameters' shapes" if known else nearest(name, self.params),
                )


def fixed(value: Kept) -> Kept:
    """The same arrays, read-only: a step is kept and asked again, and the past does not change."""
    if isinstance(value, Mapping):
        for each in value.values():
            fixed(each)
    elif isinstance(value, np.ndarray):
        value.flags.writeable = False
    return value
