"""The statements of an optimizer's update as equations: in its own names, and with one entry's numbers put in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.backpropagate import dependents
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.program import Statement, identifier, plain, statements
from downslope.explain.local import is_elementwise
from downslope.explain.names import Written, name_latex, numeral, operation
from downslope.explain.records import Equation
from downslope.explain.tensors import pruned

Array = Any
Places = Mapping[tuple[int, ...], tuple[int, ...]]
MOST = 60  # statements of one update
SCOPE = "objective"


@dataclass(frozen=True, eq=False)
class _Seen:
    """An update at one entry. places: shape -> the place of the entry in arrays of that shape.

    foreign: what is computed from other parameters' arrays alone, where all of them are updated together.
    """

    graph: Graph
    values: Mapping[int, Array]
    places: Places
    foreign: Collection[int] = ()

    def pick(self, node: Node) -> tuple[float, bool]:
        """The entry's number and True; the length of an array of another shape and False."""
        value = np.asarray(self.values[node.id], float)
        if node.shape in self.places and node.id not in self.foreign:
            return float(value[self.places[node.shape]]), True
        if value.size == 1:
            return float(value.reshape(-1)[0]), True
        return float(np.sqrt(np.sum(value * value))), False


def written_update(
    graph: Graph,
    args: tuple[Any, ...],
    places: Places,
    hidden: Collection[str] = (),
    index: int | None = None,
) -> list[Equation]:
    """The statements that lead to the new parameter, the first output of ``graph``, with this entry's numbers.

    places: shape -> the place of the entry in arrays of that shape. hidden: names of values that belong to the model.
    index: which array it is, where all arrays are updated together.
    """
    out = graph.outputs[0]
    values = graph.values(args, keep=lambda _: True)
    small, old = pruned(graph, [out])
    seen = _Seen(small, {new: values[i] for new, i in enumerate(old)}, places, _foreign(small, args, index))
    lines = [line for line in statements(plain(small)) if line.nodes[-1] not in small.inputs]
    shown = [line for line in lines if not _of_the_model(small, small[line.nodes[-1]], hidden)]
    left_out = 0
    if len(shown) > MOST:  # the iterations of a matrix root say little one by one
        entries = [line for line in shown if seen.pick(small[line.nodes[-1]])[1]]
        left_out, shown = len(shown) - len(entries), entries
    called = _called(small, lines)
    found = [_equation(seen, line, called) for line in shown]
    if left_out:
        found.insert(0, Equation(f"{left_out} statements about matrices are left out", r"\ldots &"))
    return found


def _foreign(graph: Graph, args: tuple[Any, ...], index: int | None) -> set[int]:
    """What is computed from the gradients, states and values of other parameters alone."""
    if index is None:
        return set()
    paths = [path.split(".") for path in tree.flatten(args)[1]]
    own = {i for i, path in zip(graph.inputs, paths, strict=True) if path[0] in "012" and path[1] == str(index)}
    other = {i for i, path in zip(graph.inputs, paths, strict=True) if path[0] in "012" and i not in own}
    return dependents(graph.nodes, other) - dependents(graph.nodes, own)


def _of_the_model(graph: Graph, node: Node, hidden: Collection[str]) -> bool:
    """Whether a method's statement belongs to an evaluation of the loss; the gradient that comes out does not."""
    if node.derived:
        return re.fullmatch(r"g(_p|\d*)", node.name) is None
    return node.scope.startswith(SCOPE) or node.name in hidden


def _called(graph: Graph, lines: Sequence[Statement]) -> dict[int, Written]:
    """What to call the inputs, and the result of each statement: m' for a new value of the input m."""
    taken = {identifier(graph[i].full_name): Written(graph[i].name, name_latex(graph[i].name)) for i in graph.inputs}
    found = {i: taken[identifier(graph[i].full_name)] for i in graph.inputs}
    for line in lines:
        base, _, k = line.target.rpartition("_")
        is_new = base in taken and k.isdigit()
        text = taken[base].text + "'" * (int(k) - 1) if is_new else line.target
        latex = taken[base].latex + "'" * (int(k) - 1) if is_new else name_latex(line.target)
        found[line.nodes[-1]] = Written(text, latex)
    out = graph.outputs[0]
    if not found[out].text.startswith("p'"):
        new = "p'" + "'" * sum(written.text.startswith("p'") for written in found.values())
        found[out] = Written(new, new)
    return found


def _equation(seen: _Seen, line: Statement, called: Mapping[int, Written]) -> Equation:
    node = seen.graph[line.nodes[-1]]
    target = called[node.id]
    value, is_entry = seen.pick(node)
    if node.derived:  # a method's own gradient, by backpropagation through the model
        return Equation(
            f"{target.text} = dL/dp, evaluated there",
            rf"{target.latex} &= \frac{{\partial L}}{{\partial p}}",
            value=value,
        )
    symbols, numbers = _expression(seen, line, called, False), _expression(seen, line, called, True)
    assert symbols is not None
    text, latex = f"{target.text} = {symbols.text}", f"{target.latex} &= {symbols.latex}"
    if not is_entry:
        return Equation(text, latex, shape=node.shape, norm=value)
    return Equation(text, latex, "" if numbers is None else numbers.text, value)


def _expression(seen: _Seen, line: Statement, called: Mapping[int, Written], put_in: bool) -> Written | None:
    """The right side, in names or with this entry's numbers put in; None where whole arrays would have to be."""
    graph = seen.graph
    written: dict[int, Written] = {}
    for i in line.nodes:
        if put_in and not is_elementwise(graph[i]) and graph[i].primitive.name != "astype":
            return None
        for j in graph[i].inputs:
            if j in written:
                continue
            value, is_entry = seen.pick(graph[j])
            if put_in and not is_entry:
                return None
            if graph[j].primitive.name == "constant":
                written[j] = numeral(value, 6) if is_entry else Written(f"c{j}", f"c_{{{j}}}")
            else:
                digits = 4 if graph[j].shape else 7  # corrections subtract numbers that are nearly equal
                written[j] = numeral(value, digits) if put_in else called[j]
        written[i] = operation(graph, graph[i], written)
    return written[line.nodes[-1]]
