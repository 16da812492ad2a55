"""How the optimizer turned one entry's gradient into the weight's change: its own statements, with the numbers put in.

No rule has a case of its own. The update is traced like any function, written as a program, and each statement is
shown with the numbers of this entry; of arrays of other shapes (the rows and columns of adafactor, the matrices of
shampoo) with their length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.autodiff import named, scope, trace, tree, value_and_grad
from downslope.explain.names import at, number
from downslope.explain.records import Equation
from downslope.explain.update_text import SCOPE, written_update
from downslope.runs.replayed import ReplayedStep
from downslope.runs.step_program import EvaluatedSteps

Array = Any


def update_of(step: ReplayedStep, name: str, place: tuple[int, ...], gradient: float) -> tuple[Equation, ...]:
    """The update of one entry of a parameter with this gradient; the last equation's value is its change."""
    rule: Any = step.rule
    which = step.carried.layout.names.index(name)
    own_t = step.t - step.clock
    with np.errstate(all="ignore"):
        if hasattr(rule, "update"):
            found = _by_rule(step, rule, which, place, own_t, gradient)
        else:  # a method: it evaluates the loss itself
            found = _by_method(step, rule, which, place, own_t)
    before = float(step.params[name][place])
    after = found[-1].value
    change = float(step.updates[name][place])
    entry, new = f"{name}{at(place)}", found[-1].text.partition(" = ")[0]
    note = f"{abs(change / step.lr):.4g} times the learning rate {step.lr:g}" if step.lr else ""
    if gradient and np.isfinite(change / gradient):
        note += f"; for each unit of gradient {change / gradient:.4g}"
    shown = number(before + change if after is None else after, 9)
    last = Equation(
        f"change of {entry} = {new} - p",
        rf"\Delta p &= {new} - p",
        f"{shown} - {_signed(number(before, 9))}",
        change,
        note=note,
    )
    return (*found, last)


def _by_rule(
    step: ReplayedStep, rule: Any, which: int, place: tuple[int, ...], t: int, gradient: float
) -> list[Equation]:
    """An optimizer's update: of this entry alone, of its array, or of all arrays, as little as the rule looks at."""
    layout, state = step.carried.layout, step.carried.state
    shape = layout.shapes[which]
    k = layout.starts[which] + (int(np.ravel_multi_index(place, shape)) if shape else 0)
    columns: tuple[Any, Any, Any, int]
    places: dict[tuple[int, ...], tuple[int, ...]]
    if rule.elementwise and rule.across:
        g = np.concatenate([np.reshape(step.grads[n], -1) for n in layout.names])
        columns, places = ([g], [dict(state)], [step.carried.flat], 0), {g.shape: (k,)}
    elif rule.elementwise:
        p = step.carried.flat[k : k + 1]
        own = {key: value[k : k + 1] for key, value in state.items()}
        columns, places = ([np.array([gradient], p.dtype)], [own], [p], 0), {(1,): (0,)}
    else:
        leaves = [step.params[n] for n in layout.names]
        states = {key: tree.flatten(value)[0] for key, value in state.items()}
        each = [{key: column[i] for key, column in states.items()} for i in range(len(leaves))]
        chosen = range(len(leaves)) if rule.across else [which]
        columns = (
            [step.grads[layout.names[i]] for i in chosen],
            [each[i] for i in chosen],
            [leaves[i] for i in chosen],
            which if rule.across else 0,
        )
        places = {shape: place}
    gs, own_states, ps, index = columns

    def all_arrays(g: Any, state: Any, p: Any, t: Any, lr: Any) -> Any:
        return rule.advance(g, state, p, t, lr)[0][index]

    def one_array(g: Any, state: Any, p: Any, t: Any, lr: Any) -> Any:
        return rule.advance([g], [state], [p], t, lr)[0][0]

    update: Callable[..., Any] = one_array if len(gs) == 1 else all_arrays
    args = (gs[0], own_states[0], ps[0], t, step.lr) if len(gs) == 1 else (gs, own_states, ps, t, step.lr)
    graph = trace(update, *args)
    return written_update(graph, args, places, index=index if len(gs) > 1 else None)


def _by_method(step: ReplayedStep, rule: Any, which: int, place: tuple[int, ...], t: int) -> list[Equation]:
    """A method's step: what it found where it evaluated the loss, and what it made of that."""
    layout, carried = step.carried.layout, step.carried
    k = layout.starts[which] + (int(np.ravel_multi_index(place, layout.shapes[which])) if place else 0)
    objective = step.probe.task.objective
    if not rule.traces:
        return _evaluations(step, rule, k, t)

    def update(p: Any, state: Any, memory: Any, x: Any, y: Any, t: Any, lr: Any) -> Any:
        count = 0

        def value_and_slope(here: Any) -> Any:
            nonlocal count
            count += 1
            with scope(SCOPE):
                (value, _), g = value_and_grad(
                    lambda q: objective(layout.nested(q), memory, x, y, step.t), has_aux=True
                )(here)
            return value, named(g, "g" if count == 1 else f"g{count}")

        return rule.step(value_and_slope, p, state, t, lr)[0]

    args = (carried.flat, carried.state, carried.memory, *step.batch, t, step.lr)
    graph = trace(update, *args)
    return written_update(graph, args, {carried.flat.shape: (k,)}, layout.names)


def _evaluations(step: ReplayedStep, rule: Any, k: int, t: int) -> list[Equation]:
    """A line search decides by the numbers where to evaluate: each place that it tried, and the one that it took."""
    carried = step.carried
    now = type(carried)(carried.layout, *carried.copies())
    way = EvaluatedSteps(step.probe.task.objective, rule, now, tuple(step.batch))
    tried: list[Equation] = []

    def value_and_slope(p: Array) -> Any:
        (value, _), slope = way.evaluate(p, carried.memory, *step.batch, step.t)
        text = f"evaluation {len(tried) + 1}: p = {number(float(p[k]), 6)}, dL/dp = {number(float(slope[k]))}"
        tried.append(Equation(text, rf"L_{{{len(tried) + 1}}} &", "L", float(value)))
        return value, np.array(slope)

    def hessian(p: Array) -> Any:
        assert way.curvature is not None
        return way.curvature(p, carried.memory, *step.batch, step.t)

    new_p, _, _ = rule.step(value_and_slope, carried.flat, carried.state, t, step.lr, hessian)
    end = Equation("p' = where the search ended", "p' &", value=float(new_p[k]))
    return [*tried, end]


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
