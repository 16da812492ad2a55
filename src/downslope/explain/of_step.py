"""``step.explain``: any number of a training step, the rows of the data that made it, and the update that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from downslope.explain import words as reading
from downslope.explain.derivation import explained_entry, explained_value, one_row_more, row_axes
from downslope.explain.layers import equations_of, softmax_less_target
from downslope.explain.names import Written, at, in_latex, number
from downslope.explain.paths import DEPTH, MOST, Asking
from downslope.explain.records import Derivation
from downslope.explain.tensors import everything, statements_of
from downslope.explain.unfolding import Unfolding
from downslope.explain.units import axes_of, entry_of, numbers_of, usual_place
from downslope.explain.update_steps import update_of
from downslope.explain.words import Words
from downslope.runs.probe import Probe
from downslope.runs.replayed import ReplayedStep
from downslope.runs.walk import quiet

Array = Any


def explain_step(
    step: ReplayedStep, words: str | None = None, most: int = MOST, depth: int = DEPTH, opened: tuple[str, ...] = ()
) -> Derivation:
    """Where a number of a step comes from.

    words: ``"dense1.w[3, 2]"`` the gradient of this weight and the change that the optimizer made of it;
    ``"errors.dense1.h[5, 2]"`` the adjoint of an activation, ``"activations.dense1.h[5, 2]"`` the activation itself,
    ``"updates.dense1.w[3, 2]"`` the change alone; without a place the statements that make the whole array;
    ``"dense1"`` the four equations of backpropagation for this layer; None for all layers. In an activation, the first
    place counts the rows of the mini-batch from 0; derivations name them by their row in the data. most, depth,
    opened: as for ``explain``. Errors: SettingError ``explain-name``, ``explain-place``, ``explain-open``.
    """
    asked = reading.read(words or "")
    probe, graph = step.probe, step.probe.graph
    parameters = dict(zip(probe.names, graph.inputs, strict=False))
    before = f"   step {step.t}, {len(step.rows)} rows"
    is_layer = asked.kind == "" and asked.place is None and asked.name in step.layers
    if is_layer or not asked.name:
        unfolding = _unfolded(step, list(parameters.values()), opened)
        layers = [asked.name] if is_layer else [name for name, facts in step.layers.items() if facts.parameters]
        if not layers:  # a plain function
            return everything(unfolding, list(parameters.values()), before)
        return equations_of(unfolding, layers, probe.places["output"], parameters, before)
    if asked.name.startswith("%"):
        return _without_a_name(step, asked, before)
    id = _node(step, asked, parameters)
    place, chosen = _place(step, asked, id)
    if asked.kind == "update" and place is not None:
        return _update(step, asked, graph[id].full_name, place, before)
    unfolding = _unfolded(step, [id], opened)
    asking = _asking(step, unfolding, most, depth)
    axis = unfolding.rows.get(id)
    if axis is not None and place:
        row = asking.row_id(place[axis])
        before += f", place {place[axis]} is row {row}" + (
            f": {note}" if (note := asking.row_note(place[axis])) else ""
        )
    before += chosen
    if asked.kind == "activation":
        return explained_value(unfolding, id, place, asking, before)
    if place is None:
        return statements_of(unfolding.graph, unfolding.values, id, unfolding.loss, before)
    name = next((name for name, node in parameters.items() if node == id), None)
    gradient = float(np.asarray(unfolding.adjoint(id))[place])
    update = () if name is None else update_of(step, name, place, gradient)
    return explained_entry(unfolding, id, place, asking, "adjoint" if name is None else "gradient", before, update)


def _node(step: ReplayedStep, asked: Words, parameters: dict[str, int]) -> int:
    """What a name stands for: where a layer gives it to a value too, as batch norm its b, the place says which."""
    places, graph = step.probe.places, step.probe.graph
    if asked.kind in ("gradient", "update"):
        return reading.find(asked, parameters, step.layers)
    value = places.get(asked.name)
    if asked.kind and value is not None and asked.place is not None and len(asked.place) == len(graph[value].shape):
        return value
    return reading.find(asked, {**places, **parameters}, step.layers)


def _place(step: ReplayedStep, asked: Words, id: int) -> tuple[tuple[int, ...] | None, str]:
    """The place. A row and a unit are enough where the unit has many numbers; then also which of them is meant."""
    shape = step.probe.graph[id].shape
    if asked.kind not in ("activation", "adjoint") or len(asked.place or ()) != 2 or axes_of(shape) is None:
        return reading.place_in(asked, shape), ""
    unit_axis, _ = axes_of(shape) or (0, ())
    row, unit = reading.place_in(asked, (shape[0], shape[unit_axis])) or (0, 0)
    name = next(name for name, node in step.probe.places.items() if node == id)
    place, why = usual_place(numbers_of(step.activations[name], row, unit))
    return entry_of(shape, row, unit, place), f", {why} of unit {unit}"


def _called(step: ReplayedStep) -> dict[int, str]:
    """Node -> what it is asked for by; a layer's name for its output, where its own name was given before."""
    probe = step.probe
    found = {node: name for name, node in reversed(probe.places.items())}
    for name in step.layers:
        node = probe.places.get(name)
        if node is not None and found[node] != probe.graph[node].full_name:
            found[node] = name
    return found


def _without_a_name(step: ReplayedStep, asked: Words, before: str) -> Derivation:
    """``"%17"``, a value of the traced graph by its number: the statements that make it."""
    graph = step.probe.graph
    known = {f"%{node.id}": node.id for node in graph.nodes}
    id = reading.find(asked, known)
    with quiet(1), np.errstate(all="ignore"):
        values = graph.values(step.at, keep=lambda _: True)
    return statements_of(graph, values, id, id, before)


def _unfolded(step: ReplayedStep, targets: list[int], opened: tuple[str, ...]) -> Unfolding:
    graph = step.probe.graph
    loss = graph.outputs[0]
    outside = tuple(graph[i].full_name for i in graph.inputs[len(step.probe.names) :])
    with quiet(1):  # two threads of BLAS beside other programs take many times as long as one
        return Unfolding(graph, loss, graph.flat_inputs(step.at), targets, _rows(step), opened, _called(step), outside)


_ROWS: WeakKeyDictionary[Probe, dict[int, int]] = WeakKeyDictionary()  # traced once for all steps of a size


def _rows(step: ReplayedStep) -> dict[int, int]:
    """Which axis of each value runs over the rows of the mini-batch."""
    if step.probe not in _ROWS:
        x, y = (one_row_more(part) for part in step.batch)
        larger = Probe(step.probe.task, step.nested, step.carried.memory, x, y).graph
        _ROWS[step.probe] = row_axes(step.probe.graph, larger, len(step.rows))
    return _ROWS[step.probe]


def _update(step: ReplayedStep, asked: Words, name: str, place: tuple[int, ...], before: str) -> Derivation:
    gradient = float(step.grads[name][place])
    equations = update_of(step, name, place, gradient)
    value = equations[-1].value
    assert value is not None
    way = "does not change" if value == 0 else "grows" if value > 0 else "falls"
    by = "" if value == 0 else f" by {abs(value):.4g}"
    sentence = (
        f"The gradient is {number(gradient)}, and {name}{at(place)} {way}{by}: {step.optimizer.name} at lr {step.lr:g}."
    )
    title = f"update of {name}{at(place)} = {number(value, 6)}{before}"
    return Derivation("update", name, place, value, title, update=equations, sentence=sentence)


def _asking(step: ReplayedStep, unfolding: Unfolding, most: int, depth: int) -> Asking:
    output = step.probe.places["output"]
    notes = _row_notes(step, np.asarray(unfolding.values[output]))
    return Asking((), most, depth, lambda b: int(step.rows[b]), notes, _ending(step, unfolding, output))


def _ending(step: ReplayedStep, unfolding: Unfolding, output: int) -> Callable[[int, Sequence[int]], Written | None]:
    """softmax and cross-entropy together: (p - y) / B, if that is what the numbers are."""
    if not softmax_less_target(unfolding, output):
        return lambda id, place: None
    z = np.asarray(unfolding.values[output], float)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p, y = e / e.sum(axis=1, keepdims=True), np.asarray(step.batch.y)

    def ending(id: int, place: Sequence[int]) -> Written | None:
        if id != output:
            return None
        b, k = place
        target = float(y[b, k]) if y.ndim == 2 else float(y[b] == k)
        own, B = number(float(p[b, k])), len(z)
        return Written(
            f"(p{at(place)} - y{at(place)}) / B = ({own} - {target:g}) / {B}",
            rf"\frac{{p{at(place)} - y{at(place)}}}{{B}} = \frac{{{in_latex(own)} - {target:g}}}{{{B}}}",
        )

    return ending


def _row_notes(step: ReplayedStep, output: Array) -> Callable[[int], str]:
    """What is known of a row: the class that it is and the one that it was taken for, or target and prediction."""
    y = np.asarray(step.batch.y)
    if step.task == "classification" and output.ndim == 2 and output.shape[1] > 1:
        classes = step.probe.task.data.classes
        true = y.argmax(axis=1) if y.ndim == 2 else y.astype(int)
        taken = output.argmax(axis=1)

        def note(b: int) -> str:
            if not np.isfinite(output[b]).all():
                return "its output is not finite"
            if true[b] == taken[b]:
                return f"{classes[true[b]]}, seen as such"
            return f"{classes[true[b]]} taken for {classes[taken[b]]}"

        return note
    if step.task == "regression" and output.shape == y.shape and output[0].size == 1:
        return lambda b: f"target {float(y[b].reshape(-1)[0]):.4g}, predicted {float(output[b].reshape(-1)[0]):.4g}"
    return lambda b: ""
