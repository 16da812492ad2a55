"""Forward mode and batching: two more walks over the graph, from its inputs to its outputs.

Forward mode carries a tangent beside every value (the change of the value for one direction of change of the inputs);
batching gives every value that depends on the examples a leading axis of examples. Both append to the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff.backpropagate import dependents, refuse_positions, takes_adjoint
from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import TABLE
from downslope.autodiff.trace import Trace
from downslope.autodiff.tracer import Tracer


def append_tangents(
    writing: Trace, outputs: Sequence[Tracer], wrt: Sequence[Tracer], directions: Sequence[Any]
) -> list[Tracer]:
    """Append the tangents of ``outputs`` for a change of ``wrt`` along ``directions`` (a jvp)."""
    with writing.deriving():
        tangent: dict[int, Any] = {
            x.node.id: writing.lift(d) for x, d in zip(wrt, directions, strict=True) if x.dtype.kind == "f"
        }
        moving = dependents(writing.nodes, set(tangent))
        for i in sorted(moving & needed(writing.nodes, [x.node.id for x in outputs])):
            node = writing.nodes[i]
            if i in tangent or node.dtype.kind != "f" or node.primitive.jvp is None:
                continue
            for n, j in enumerate(node.inputs):
                if j in moving and writing.nodes[j].dtype.kind != "f" and takes_adjoint(n, node):
                    refuse_positions(writing.nodes, writing.nodes[j], moving)
            dots = [tangent.get(j) for j in node.inputs]
            if all(d is None for d in dots):
                continue
            writing.origin = (node.scope, node.line, node.id, "tangent")
            xs = [Tracer(writing, writing.nodes[j]) for j in node.inputs]
            moved = node.primitive.jvp(dots, Tracer(writing, node), *xs, **node.attrs)
            if moved is not None:
                tangent[i] = writing.lift(moved)
        return [
            tangent[x.node.id] if x.node.id in tangent else writing.lift(np.zeros(x.shape, x.dtype)) for x in outputs
        ]


def needed(nodes: Sequence[Node], outputs: Sequence[int]) -> set[int]:
    """The outputs and everything that they are computed from."""
    found = set(outputs)
    for i in range(max(outputs, default=-1), -1, -1):
        if i in found:
            found.update(nodes[i].inputs)
    return found


def append_batched(
    writing: Trace, start: int, placeholders: Sequence[Tracer], examples: Sequence[Tracer], outputs: Sequence[Tracer]
) -> list[Tracer]:
    """Append again every node after ``start`` that depends on a placeholder, now for all examples at once.

    placeholders: stand-ins of one example's shape. examples: the same with a leading axis. The nodes written for one
    example are left behind; whatever needs no example is shared.
    """
    with writing.deriving():
        many: dict[int, Tracer] = {p.node.id: x for p, x in zip(placeholders, examples, strict=True)}
        one = dependents(writing.nodes, set(many))
        values: dict[int, list[int]] = {}
        for value, adjoint in writing.adjoints.items():
            values.setdefault(adjoint, []).append(value)
        for node in writing.nodes[start:]:
            if node.id not in one or node.id in many:
                continue
            rule = node.primitive.batch
            assert rule is not None, node.primitive
            writing.origin = (node.scope, node.line, node.forward, node.derived)
            batched = [i in many for i in node.inputs]
            xs = [many[i] if i in many else Tracer(writing, writing.nodes[i]) for i in node.inputs]
            result = writing.lift(rule(batched, *xs, **node.attrs))
            many[node.id] = result
            if node.name and not result.node.name:
                writing.renamed.setdefault(result.node.id, writing.renamed.get(node.id, node.name))
            # For all examples at once, a value that depends on the example has one adjoint for each; a value that
            # they share (a parameter) has none of its own shape any more.
            for value in values.get(node.id, ()):
                del writing.adjoints[value]
                if value in many:
                    writing.adjoints[many[value].node.id] = result.node.id
        size = examples[0].shape[0]
        return [
            many[x.node.id] if x.node.id in many else writing.bind(TABLE["broadcast_to"], x, shape=(size, *x.shape))
            for x in outputs
        ]
