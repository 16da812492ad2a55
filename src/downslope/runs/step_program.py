"""One training step as a program that works on what is carried from step to step, many steps a call."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from downslope.autodiff import jacobian, named, trace, tree, value_and_grad
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.in_place import loop
from downslope.autodiff.graph import Graph
from downslope.autodiff.program import Program
from downslope.errors import SettingError
from downslope.optim import Method, Optimizer
from downslope.runs.step_graph import Objective, known_graph

Array = Any


class Layout:
    """Nested parameters as one flat vector and back: where each of them starts, and in which shape."""

    def __init__(self, params: Any) -> None:
        leaves, self.names, self.spec = tree.flatten(params)
        self.shapes = [np.shape(leaf) for leaf in leaves]
        sizes = [int(np.prod(shape, dtype=int)) for shape in self.shapes]
        self.starts = [0, *np.cumsum(sizes).tolist()]
        self.size: int = self.starts[-1]

    def flat(self, params: Any) -> Any:
        """All parameters end to end, in the order in which they were written."""
        leaves = tree.flatten_like(self.spec, params)
        return np.concatenate([np.reshape(leaf, (-1,)) for leaf in leaves])

    def nested(self, flat: Any) -> Any:
        """Views of the flat vector in the parameters' shapes, each under its name."""
        ends = zip(self.starts, self.starts[1:], self.shapes, self.names, strict=False)
        return tree.unflatten(self.spec, [named(np.reshape(flat[a:b], shape), name) for a, b, shape, name in ends])


@dataclass(frozen=True, eq=False)
class Carried:
    """What goes from step to step, in arrays that are overwritten: parameters, optimizer's state, model's memory."""

    layout: Layout
    flat: Array
    state: Any
    memory: Any

    @classmethod
    def start(cls, params: Any, rule: Optimizer | Method, memory: Any) -> Carried:
        """Before the first step. A rule that acts on every number alone keeps its state for the flat vector."""
        layout = Layout(params)
        flat = layout.flat(params)
        state = rule.start(flat) if isinstance(rule, Method) or rule.elementwise else rule.init(layout.nested(flat))
        return cls(layout, flat, tree.map_tree(np.array, state), tree.map_tree(np.array, memory))

    @cached_property
    def leaves(self) -> list[Array]:
        """All arrays, in the order of a step's arguments. They are written into, and never replaced."""
        return [self.flat, *tree.flatten(self.state)[0], *tree.flatten(self.memory)[0]]

    def copies(self) -> tuple[Array, Any, Any]:
        """The values of this moment: the first three arguments of a step."""
        return self.flat.copy(), tree.map_tree(np.array, self.state), tree.map_tree(np.array, self.memory)

    def copy(self) -> Carried:
        """The same values in arrays of their own."""
        return Carried(self.layout, *self.copies())

    def follow(self, other: Carried) -> None:
        """Take over the values of another one."""
        for leaf, value in zip(self.leaves, other.leaves, strict=True):
            leaf[...] = value

    def params(self) -> Any:
        """The parameters in their structure, as copies."""
        return tree.map_tree(np.array, self.layout.nested(self.flat))

    def evaluated(self, rule: Optimizer | Method) -> Any:
        """The parameters to evaluate with: an average, for a rule that keeps one."""
        if isinstance(rule, Method) or rule.kept is None:
            return self.params()
        if rule.elementwise:
            return tree.map_tree(np.array, self.layout.nested(rule.kept(self.flat, self.state)))
        return tree.map_tree(np.array, rule.for_evaluation(self.layout.nested(self.flat), self.state))


class Steps(Protocol):
    """How a training takes steps on mini-batches of one size.

    gathered: the arrays of all rows, where ``run`` takes row numbers (steps, B) and looks the rows up itself; else
    None, and it takes stacked mini-batches (steps, B, ...). reason: why there is no machine code where it was asked
    for.
    """

    graph: Graph
    gathered: tuple[Array, Array] | None
    reason: str

    def run(self, xs: Array, ys: Array, first: int, rates: Sequence[float], records: Sequence[Array]) -> None:
        """Take the steps ``first, first + 1, ...`` on the given mini-batches.

        records: an array for the losses, and, for steps that tell it, one for the gradients' squared norms.
        """

    def arguments(self, values: tuple[Array, Any, Any], x: Array, y: Array, t: int, lr: float) -> tuple[Any, ...]:
        """What ``graph`` is called with for one step."""


class StepProgram:
    """The training step for one mini-batch size as one program that works in place on what is carried.

    ``graph`` is the step as a pure function ``(p, state, memory, x, y, t, lr) -> (loss, new p, new state, new memory)``
    (without the memory where the model keeps none), which a step can be replayed and looked into with. norms: the
    squared norm of the gradient is told too, after the loss. clock: for :func:`step_graph`. rows: the arrays (n, ...)
    of all training rows, for machine code; None for a program in place. like: for :func:`known_graph`. threads: that
    share the large parts of a step of machine code, with the same numbers as one; None: as many as there are.
    """

    gathered: tuple[Array, Array] | None = None
    reason = ""

    def __init__(
        self,
        objective: Objective,
        rule: Optimizer | Method,
        carried: Carried,
        batch: tuple[Array, Array],
        *,
        norms: bool = False,
        clock: int = 0,
        rows: tuple[Array, Array] | None = None,
        like: Hashable = None,
        threads: int | None = 1,
    ) -> None:
        self.graph = known_graph(
            like, objective, rule, carried, batch, norms=norms, by_array=rows is not None, clock=clock
        )
        kept = self.graph.inputs[: len(carried.leaves)]
        told, replacing = self.graph.outputs[: -len(kept)], self.graph.outputs[-len(kept) :]
        bound = dict(zip(kept, carried.leaves, strict=True))
        over = dict(zip(kept, replacing, strict=True))
        if rows is not None:
            streamed = [i for i in self.graph.inputs if i not in bound][:2]
            self.reason = machine.available() or ""
            try:
                if not self.reason:
                    found = dict(zip(streamed, rows, strict=True))
                    self.program: Program = machine.loop(self.graph, bound, over, told, gathered=found, threads=threads)
                    self.gathered = rows
            except machine.NotGenerated as error:
                self.reason = str(error)
        if self.gathered is None:
            self.program = loop(self.graph, bound, over, told)

    def run(self, xs: Array, ys: Array, first: int, rates: Sequence[float], records: Sequence[Array]) -> None:
        """Take the steps ``first, first + 1, ...`` on the given mini-batches."""
        run_steps: Any = self.program.function
        run_steps((xs, ys, np.arange(first, first + len(rates)), rates), records)

    def arguments(self, values: tuple[Array, Any, Any], x: Array, y: Array, t: int, lr: float) -> tuple[Any, ...]:
        """What ``graph`` is called with for one step."""
        p, state, memory = values
        if self.gathered is not None:
            x, y = self.gathered[0][x], self.gathered[1][y]
        return (p, state, *([memory] if "memory" in self.graph.arguments else []), x, y, t, lr)


class EvaluatedSteps:
    """Steps of a method that decides by the numbers how often it evaluates (line searches): they cannot be traced.

    ``graph`` is the loss with its gradient, ``(p, memory, x, y, t) -> ((loss, new memory), gradient)``.
    """

    gathered: tuple[Array, Array] | None = None
    reason = "a line search decides by the numbers what comes next"

    def __init__(
        self, objective: Objective, rule: Method, carried: Carried, batch: tuple[Array, Array], clock: int = 0
    ) -> None:
        if rule.needs_hessian and carried.layout.size > HESSIAN_LIMIT:
            raise SettingError(
                "train-hessian",
                f"{rule.name} needs the Hessian of {carried.layout.size:,} parameters",
                where=f"train(optimizer={rule})",
                why=f"it has a row for each parameter: {carried.layout.size**2 * 8 / 1e9:.3g} GB",
                do=f"use at most {HESSIAN_LIMIT:,} parameters, or lbfgs, which learns the curvature from gradients",
            )
        layout, self.rule, self.carried, self.clock = carried.layout, rule, carried, clock

        def flat_objective(p: Array, memory: Any, x: Array, y: Array, t: int) -> Any:
            return objective(layout.nested(p), memory, x, y, t)

        self.graph = trace(value_and_grad(flat_objective, has_aux=True), carried.flat, carried.memory, *batch, 1)
        self.evaluate = self.graph.program("in place")
        self.curvature: Program | None = None
        if rule.needs_hessian:
            from_slope = value_and_grad(flat_objective, has_aux=True)
            self.curvature = trace(
                jacobian(lambda *args: from_slope(*args)[1], mode="forward"), carried.flat, carried.memory, *batch, 1
            ).program("in place")

    def run(self, xs: Array, ys: Array, first: int, rates: Sequence[float], records: Sequence[Array]) -> None:
        """Take the steps ``first, first + 1, ...`` on the given mini-batches."""
        now = self.carried
        for k, (x, y, lr) in enumerate(zip(xs, ys, rates, strict=True)):
            t, seen = first + k, list[Any]()

            def value_and_slope(p: Array, x: Array = x, y: Array = y, t: int = t, seen: list[Any] = seen) -> Any:
                found, slope = self.evaluate(p, now.memory, x, y, t)
                seen.append(found)
                return found[0], slope

            def hessian(p: Array, x: Array = x, y: Array = y, t: int = t) -> Any:
                assert self.curvature is not None
                return self.curvature(p, now.memory, x, y, t)

            (loss, _), slope = self.evaluate(now.flat, now.memory, x, y, t)
            p, state, _ = self.rule.step(value_and_slope, now.flat, now.state, t - self.clock, lr, hessian)
            for record, value in zip(records, (loss, slope @ slope), strict=False):
                record[k] = value
            now.follow(Carried(now.layout, p, state, seen[-1][1] if seen else now.memory))

    def arguments(self, values: tuple[Array, Any, Any], x: Array, y: Array, t: int, lr: float) -> tuple[Any, ...]:
        """What ``graph`` is called with for one step."""
        p, _, memory = values
        return p, memory, x, y, t


HESSIAN_LIMIT = 2_000  # parameters


def steps_of(
    objective: Objective,
    rule: Optimizer | Method,
    carried: Carried,
    batch: tuple[Array, Array],
    *,
    norms: bool = False,
    clock: int = 0,
    rows: tuple[Array, Array] | None = None,
    like: Hashable = None,
    threads: int | None = 1,
) -> Steps:
    """The way in which a rule takes its steps.

    rows: the arrays of all training rows, for machine code. like: equal for objectives that are the same; None where
    nobody knows. threads: of machine code.
    """
    if isinstance(rule, Method) and not rule.traces:
        return EvaluatedSteps(objective, rule, carried, batch, clock)
    if isinstance(rule, Method) and rule.inner is not None and not rule.inner.elementwise:
        raise SettingError(
            "train-method",
            f"{rule.name} is put around {rule.inner.name}",
            where=f"train(optimizer={rule})",
            why=f"{rule.name} sees all parameters as one vector, and {rule.inner.name} needs their shapes",
            do="put it around a rule that acts on every number alone, for example momentum or adamw",
        )
    return StepProgram(objective, rule, carried, batch, norms=norms, clock=clock, rows=rows, like=like, threads=threads)
