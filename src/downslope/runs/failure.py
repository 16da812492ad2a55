"""Which operation made the first NaN or infinity of a run: the producer, not those that only passed it on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff.graph import Graph, Node


@dataclass(frozen=True)
class Failure:
    """The step at which numbers first ceased to be finite, and the node that made the first such number.

    operation: the primitive. place: the part of the model and the pass. text: the message in four lines. loss: of that
    step, which was not taken.
    """

    step: int
    node: str
    operation: str
    place: str
    text: str
    loss: float = math.nan

    def __str__(self) -> str:
        return self.text


def producer(graph: Graph, args: Sequence[Any]) -> tuple[Node, dict[int, Any]] | None:
    """The first node whose result is not finite although all its operands are, among those that an output depends on.

    None if every value is finite.
    """
    with np.errstate(all="ignore"):
        values = graph.values(tuple(args), keep=lambda _: True)
    finite = {i: bool(np.all(np.isfinite(v))) for i, v in values.items()}
    matters = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.id in matters:
            matters.update(node.inputs)
    for node in graph.nodes:
        if node.id in matters and not finite[node.id] and all(finite[i] for i in node.inputs):
            return node, values
    return None


def describe(graph: Graph, args: Sequence[Any], step: int, loss: float = math.nan) -> Failure | None:
    """The failure of this step in four lines: what, where, why, what to do. None if the step is sound."""
    found = producer(graph, args)
    if found is None:
        return None
    node, values = found
    value = np.asarray(values[node.id])
    bad = int(np.size(value) - np.isfinite(value).sum())
    kind = "NaN" if np.isnan(value).any() else "infinity"
    operands = ", ".join(
        f"{graph[i].full_name} {graph[i].shape} from {np.min(values[i]):.4g} to {np.max(values[i]):.4g}"
        for i in node.inputs
        if np.size(values[i])
    )
    half = "backward" if node.derived else ("update" if node.scope == "update" else "forward")
    place = "the update" if half == "update" else f"{node.scope or 'the function'}, {half} pass"
    line = f" ({node.line}: {node.line.text})" if node.line else ""
    do = "lower the learning rate, scale the inputs, or clip"
    if not node.inputs and value.ndim:  # an array that was given, such as a mini-batch
        do = "fill its missing cells, or drop the rows that have them, before training"
    text = (
        f"step {step}: the first {kind} of this run ({bad} of {value.size} numbers)  [run-not-finite]\n"
        f"  where: {node.primitive.name} in {place}, node {node.full_name}{line}\n"
        f"  why:   its operands were {operands or 'inputs'}; from here on every number that depends on it is lost\n"
        f"  do:    {do}; the parameters are those before this step"
    )
    return Failure(step, node.full_name, node.primitive.name, place, text, loss)
