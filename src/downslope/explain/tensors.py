"""A whole array, at the level of matrices: the statements of the readable program that make it, with their shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.forward import needed
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.latex import latex
from downslope.autodiff.program import Statement, plain, statements
from downslope.autodiff.trace import Trace
from downslope.autodiff.tracer import Tracer
from downslope.explain.records import Derivation, Equation
from downslope.explain.unfolding import Unfolding

Array = Any


def pruned(graph: Graph, outputs: list[int]) -> tuple[Graph, list[int]]:
    """What these nodes are computed from, as a graph of its own; for each of its nodes the id in the old one."""
    writing = Trace()
    writing.nodes.extend(graph.nodes)
    writing.adjoints.update(graph.adjoints)
    ends = [Tracer(writing, graph[i]) for i in outputs]
    inputs = [Tracer(writing, graph[i]) for i in graph.inputs]
    trees = graph.in_tree, tree.flatten([0.0] * len(ends))[2]
    small = writing.finish(graph.name, inputs, ends, trees, graph.arguments)
    return small, sorted(needed(graph.nodes, outputs) | set(graph.inputs))


def statements_of(graph: Graph, values: Mapping[int, Array], id: int, loss: int, before: str = "") -> Derivation:
    """The derivation of a whole array: dL/d(node ``id``), or the node itself where it is ``loss``."""
    node = graph[id]
    target = id if id == loss else graph.adjoints.get(id, -1)
    name = node.full_name if id == loss else f"dL/d{node.full_name}"
    if target < 0:
        return Derivation("tensor", node.full_name, None, None, f"{name} = 0: the loss does not depend on it")
    small, old = pruned(graph, [target])
    result = values[target]
    title = f"{name}, shape {node.shape}, norm {_norm(result):.4g}{before}"
    return Derivation("tensor", node.full_name, None, None, title, equations=tuple(written(small, values, old)))


def everything(unfolding: Unfolding, ids: Sequence[int], before: str = "") -> Derivation:
    """The derivation of all gradients: the whole program, forward and backward."""
    graph = unfolding.graph
    wanted = [unfolding.loss, *(graph.adjoints[id] for id in ids if id in graph.adjoints)]
    small, old = pruned(graph, wanted)
    title = f"L = {float(unfolding.values[unfolding.loss]):.6g} and its gradients{before}"
    return Derivation("tensor", "L", None, None, title, equations=tuple(written(small, unfolding.values, old)))


def rows_of_program(small: Graph) -> list[tuple[Statement, str]]:
    """The statements of a graph's plain program, each with its row of LaTeX."""
    lines = [line for line in statements(plain(small)) if line.nodes[-1] not in small.inputs]
    rows = latex(small).removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}").split(" \\\\\n")
    return [(line, _braced(row)) for line, row in zip(lines, rows, strict=True)] if lines else []


# A symbol with its index below or its layer above it, followed by one more index or exponent (a place, a transpose):
# LaTeX refuses two of them.
_ABOVE = re.compile(
    r"(?<![A-Za-z\\])((?:\\mathrm\{[^{}]*\}|[A-Za-z])(?:_\{[^{}]*\})?(?:\^\{\\mathrm\{[^{}]*\}\})?)(?=[_^])"
)


def _braced(row: str) -> str:
    return _ABOVE.sub(r"{\1}", row)


def written(
    small: Graph, values: Mapping[int, Array], old: list[int], keep: Callable[[Node], bool] = lambda _: True
) -> list[Equation]:
    """The statements of a graph's program, each with its shape and norm. old: the ids of its nodes in ``values``."""
    found, heading = [], ""
    for line, row in rows_of_program(small):
        if not keep(small[line.nodes[-1]]):
            continue
        value = np.asarray(values[old[line.nodes[-1]]])
        place = _place(small, line)
        note = "" if place == heading else place
        heading = place
        text = f"{line.target} = {line.expression}"
        found.append(Equation(text, row, shape=value.shape, norm=_norm(value), note=note and f"# {note}"))
    return found


def _place(graph: Graph, line: Statement) -> str:
    node = graph[line.nodes[-1]]
    code = f"{node.line}: {node.line.text}" if node.line else ""
    return f"back through {code}" if node.derived == "adjoint" else code


def _norm(value: Array) -> float:
    return float(np.sqrt(np.sum(np.square(np.asarray(value, float)))))
