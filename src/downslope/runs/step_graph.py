"""The graph of one training step: forward, backward and update, traced as one pure function."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.autodiff import scope, trace, tree, value_and_grad
from downslope.autodiff.graph import Graph
from downslope.optim import Method, Optimizer
from downslope.runs.task import is_ours

if TYPE_CHECKING:
    from downslope.runs.step_program import Carried

Array = Any
# (parameters, memory, x, y, t) -> (loss, new memory). The memory is what a model keeps beside its parameters (running
# statistics); the step t decides what dropout drops.
Objective = Callable[[Any, Any, Array, Array, Any], tuple[Any, Any]]
TRACED = 64  # graphs of steps that stay in memory for the next run of the same kind
_traced: OrderedDict[Hashable, Graph] = OrderedDict()
_lock = Lock()


def known_graph(
    like: Hashable,
    objective: Objective,
    rule: Optimizer | Method,
    carried: Carried,
    batch: tuple[Array, Array],
    *,
    norms: bool,
    by_array: bool,
    clock: int,
) -> Graph:
    """The graph of a step, traced once for all runs of the same kind: a fork, a replay, the next one of many runs.

    like: equal for objectives that are the same; None where nobody knows, and then it is traced anew. The learning rate
    is an argument of the step, so runs that differ in it alone are alike; so are all others whose key is equal.
    """
    if like is None or not all(map(is_ours, functions_of(rule))):
        return step_graph(objective, rule, carried, batch, norms=norms, by_array=by_array, clock=clock)
    leaves = tuple((leaf.dtype, leaf.shape) for leaf in (*carried.leaves, *batch))
    nesting = tree.flatten(carried.state)[2], tree.flatten(carried.memory)[2]
    layout = carried.layout.spec, tuple(carried.layout.names), tuple(carried.layout.shapes)
    key = (like, rule_key(rule), layout, nesting, leaves, norms, by_array, clock)
    with _lock:
        if key in _traced:
            _traced.move_to_end(key)
            return _traced[key]
    graph = step_graph(objective, rule, carried, batch, norms=norms, by_array=by_array, clock=clock)
    with _lock:
        _traced[key] = graph
        while len(_traced) > TRACED:
            _traced.popitem(last=False)
    return graph


def rule_key(rule: Optimizer | Method) -> Hashable:
    """Equal for rules that differ in their rate alone, which is an argument of the step."""
    functions = functions_of(rule)
    return replace(rule, lr=1.0), () if all(map(is_ours, functions)) else tuple(functions)


def functions_of(rule: Optimizer | Method) -> list[Any]:
    """What a rule computes with, the rule inside it too."""
    own = rule.advance if isinstance(rule, Method) else rule.update
    return [own, *(functions_of(rule.inner) if rule.inner else [])]


def step_graph(
    objective: Objective,
    rule: Optimizer | Method,
    carried: Carried,
    batch: tuple[Array, Array],
    *,
    norms: bool = False,
    by_array: bool = False,
    clock: int = 0,
) -> Graph:
    """Trace one step. A rule that acts on every number alone sees one flat vector, others see one array at a time.

    norms: with the gradient's squared norm. by_array: for machine code, which sums squares in the loop that updates,
    array by array where the rule has no flat gradient; NumPy is quicker with one product of the whole vector. clock:
    the steps that were done when this rule began: at step ``t`` it counts ``t - clock``.
    """
    layout = carried.layout

    def evaluate(p: Array, memory: Any, x: Array, y: Array, t: int) -> Any:
        return value_and_grad(objective, has_aux=True)(layout.nested(p), memory, x, y, t)

    def step(p: Array, state: Any, memory: Any, x: Array, y: Array, t: int, lr: float) -> Any:
        if isinstance(rule, Method):
            seen: list[Any] = []

            def value_and_slope(at: Array) -> Any:
                found, gradients = evaluate(at, memory, x, y, t)
                slope = layout.flat(gradients)
                seen.append((found, slope))
                return found[0], slope

            new_p, new_state, _ = rule.step(value_and_slope, p, state, t - clock if clock else t, lr)
            (loss, new_memory), g = seen[0]
            return told(loss, [g]), new_p, new_state, new_memory
        (loss, new_memory), gradients = evaluate(p, memory, x, y, t)
        with scope("update"):
            own_t = t - clock if clock else t
            g = None
            # not a conditional expression: the graph takes the name from the assignment
            if rule.elementwise or (norms and not by_array):
                g = layout.flat(gradients)
            if rule.elementwise:
                new_p, new_state = rule.update(g, state, p, own_t, lr)
            else:
                nested, new_state = rule.step(layout.nested(p), gradients, state, own_t, lr)
                new_p = layout.flat(nested)
        return told(loss, [g] if g is not None else tree.flatten(gradients)[0]), new_p, new_state, new_memory

    def told(loss: Any, gs: Sequence[Any]) -> Any:
        with scope("record"):
            if by_array:
                return [loss, sum(np.sum(g * g) for g in gs)] if norms else loss
            return [loss, gs[0] @ gs[0]] if norms else loss

    def without_memory(p: Array, state: Any, x: Array, y: Array, t: int, lr: float) -> Any:
        return step(p, state, {}, x, y, t, lr)[:3]

    if not tree.flatten(carried.memory)[0]:  # as for most models: the program then does not speak of it
        without_memory.__name__ = "step"
        return trace(without_memory, carried.flat, carried.state, *batch, 1, 1.0)
    return trace(step, carried.flat, carried.state, carried.memory, *batch, 1, 1.0)
