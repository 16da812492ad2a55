"""The legal form of a graph, checked between stages while testing: what every reader of a graph may rely on."""

from __future__ import annotations

from typing import Any

from downslope.autodiff.graph import Graph
from downslope.autodiff.primitive import TABLE
from downslope.errors import ShapeError


def violations(graph: Graph) -> list[str]:
    """What is wrong with a graph, in words; empty for a legal one.

    - ids count from 0, and a node reads only earlier ones (so the list is in topological order);
    - every operation is an entry of the table, and shape and type are what its ``aval`` says;
    - inputs are input nodes, inputs and outputs exist, and there are as many as their structures have leaves;
    - a derived node's ``forward`` is an earlier node; an adjoint has its value's type and broadcasts to its shape;
    - names of inputs differ from each other.
    """
    found = []
    for place, node in enumerate(graph.nodes):
        if node.id != place:
            found.append(f"node {place} calls itself {node.id}")
        if any(not 0 <= i < place for i in node.inputs):
            found.append(f"%{place} reads {node.inputs}, not only earlier nodes")
            continue
        if TABLE.get(node.primitive.name) is not node.primitive:
            found.append(f"%{place} {node.primitive.name} is not an entry of the table")
        if node.inputs and node.primitive.name != "variable":
            stated: Any
            try:
                stated = node.primitive.aval(*[graph[i] for i in node.inputs], **node.attrs)
            except ShapeError as error:
                stated = error.what
            if stated != (node.shape, node.dtype):
                found.append(f"%{place} {node.primitive.name} is {node.type}, its entry says {stated}")
        if node.forward is not None and not (node.derived and 0 <= node.forward < place):
            found.append(f"%{place} belongs to %{node.forward}, which is not an earlier node")
    for what, ids, spec in (("inputs", graph.inputs, graph.in_tree), ("outputs", graph.outputs, graph.out_tree)):
        if len(ids) != spec.num_leaves or any(not 0 <= i < len(graph) for i in ids):
            found.append(f"{what} {ids} do not fit a structure of {spec.num_leaves} leaves")
    if any(graph[i].primitive.name != "input" for i in graph.inputs):
        found.append("an input is not an input node")
    names = [graph[i].full_name for i in graph.inputs]
    if len(set(names)) != len(names):
        found.append(f"inputs share names: {names}")
    for value, adjoint in graph.adjoints.items():
        v, g = graph[value], graph[adjoint]
        fits = len(g.shape) <= len(v.shape) and all(
            n in (1, m) for n, m in zip(g.shape[::-1], v.shape[::-1], strict=False)
        )
        if not fits or (not g.weak and not v.weak and g.dtype != v.dtype):
            found.append(f"the adjoint %{adjoint} {g.type} of %{value} {v.type} does not fit it")
    return found


def require_legal(graph: Graph) -> None:
    """AssertionError with all violations; hooked into tracing by the tests."""
    found = violations(graph)
    if found:
        raise AssertionError(f"graph {graph.name} is not legal: " + "; ".join(found))
