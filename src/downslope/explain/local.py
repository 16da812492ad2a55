"""Local derivatives: how the entries of one operation's result change with a few entries of its inputs.

Every primitive states a forward-mode rule, so none needs a case of its own here. A change of a few entries stays a
change of a few entries through an operation that works number by number; only what mixes entries sees whole arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.trace import Trace
from downslope.autodiff.tracer import Tracer

Array = Any


@dataclass(frozen=True, eq=False)
class Entries:
    """Some entries of an array: their flat places, ascending, and a number for each (float64)."""

    at: Array
    numbers: Array

    def places(self, shape: tuple[int, ...]) -> Array:
        """Their places, a row (one number for each axis) for each entry."""
        return np.stack(np.unravel_index(self.at, shape), axis=1) if shape else np.zeros((len(self.at), 0), int)


def one_entry(place: Sequence[int], shape: tuple[int, ...]) -> Entries:
    """A change by 1 of a single entry."""
    at = int(np.ravel_multi_index(tuple(place), shape)) if shape else 0
    return Entries(np.array([at]), np.ones(1))


def is_elementwise(node: Node) -> bool:
    """Whether the operation works number by number, with broadcasting."""
    return node.primitive.narrow == "any"


def mixes(graph: Graph, node: Node) -> bool:
    """Whether an entry of the result may be computed from several entries of an input: products, sums, sorting."""
    inputs = [graph[i] for i in node.inputs]
    return not is_elementwise(node) and bool(inputs) and node.primitive.flops(node, *inputs, **node.attrs) > 0


@dataclass(eq=False)
class Local:
    """The local derivatives of a graph at these values of its nodes."""

    graph: Graph
    values: Mapping[int, Array]
    rules: dict[Any, Graph | None] = field(default_factory=dict)

    def through(self, node: Node, moved: Mapping[int, Entries]) -> Entries | None:
        """How the result of ``node`` moves when these entries of its inputs do; None where it does not."""
        if node.primitive.jvp is None or node.dtype.kind != "f":
            return None
        if is_elementwise(node):
            found = self._elementwise(node, moved)
        else:
            found = self._row_or_column(node, moved) or self._whole(node, moved)
        return found if found is not None and len(found.at) else None

    def _elementwise(self, node: Node, moved: Mapping[int, Entries]) -> Entries | None:
        """Only the entries that are touched: each operand is read there, and the rule runs on that many numbers."""
        shape = node.shape
        touched = {i: _spread(entries, self.graph[i].shape, shape) for i, entries in moved.items()}
        at = np.unique(np.concatenate([entries.at for entries in touched.values()]))
        operands, dots = [], []
        for i in node.inputs:
            x = np.asarray(self.values[i])
            operands.append(np.broadcast_to(x, shape)[np.unravel_index(at, shape)] if shape else x.reshape(1))
            if i in touched:
                dot = np.zeros(len(at))
                dot[np.searchsorted(at, touched[i].at)] = touched[i].numbers
                dots.append(dot)
        out = np.asarray(self.values[node.id]).reshape(-1)[at]
        rule = self._rule(node, tuple(i in touched for i in node.inputs), (len(at),), [(len(at),)] * len(operands))
        return None if rule is None else Entries(at, _called(rule, [*operands, out, *dots], (len(at),)))

    def _row_or_column(self, node: Node, moved: Mapping[int, Entries]) -> Entries | None:
        """One entry of a factor of a matrix product touches one row or one column: nothing else has to be computed."""
        if node.primitive.name != "matmul" or len(moved) != 1:
            return None
        a, b = (self.graph[i] for i in node.inputs)
        ((source, entries),) = moved.items()
        if a.id == b.id or len(entries.at) != 1 or len(a.shape) < 2 or len(b.shape) != 2:
            return None
        (place,) = entries.places(self.graph[source].shape).tolist()
        all_places = np.arange(node.size).reshape(node.shape)  # vectors and stacks of factors go the general way
        if source == a.id:
            at = all_places[tuple(place[:-1])]
            numbers = np.asarray(self.values[b.id])[place[-1], :]
        else:
            at = all_places[..., place[-1]].reshape(-1)
            numbers = np.asarray(self.values[a.id])[..., place[0]].reshape(-1)
        return Entries(at, entries.numbers[0] * np.asarray(numbers, float))

    def _whole(self, node: Node, moved: Mapping[int, Entries]) -> Entries | None:
        """Any other operation: its rule on whole arrays, of which what is not zero stays."""
        shapes = [self.graph[i].shape for i in node.inputs]
        rule = self._rule(node, tuple(i in moved for i in node.inputs), node.shape, shapes)
        if rule is None:
            return None
        dots = []
        for i, shape in zip(node.inputs, shapes, strict=True):
            if i in moved:
                dot = np.zeros(math.prod(shape))
                dot[moved[i].at] = moved[i].numbers
                dots.append(dot.reshape(shape))
        operands = [np.asarray(self.values[i]) for i in node.inputs]
        result = _called(rule, [*operands, np.asarray(self.values[node.id]), *dots], node.shape).reshape(-1)
        at = np.flatnonzero(result)  # NaN is not zero: it stays
        return Entries(at, result[at])

    def _rule(
        self, node: Node, moving: tuple[bool, ...], out: tuple[int, ...], shapes: Sequence[tuple[int, ...]]
    ) -> Graph | None:
        key = (node.id, moving, out)
        if key not in self.rules:
            self.rules[key] = forward_rule(node, [self.graph[i] for i in node.inputs], moving, out, shapes)
        return self.rules[key]


def forward_rule(
    node: Node,
    inputs: Sequence[Node],
    moving: Sequence[bool],
    out_shape: tuple[int, ...],
    shapes: Sequence[tuple[int, ...]],
    unit: bool = False,
) -> Graph | None:
    """The forward-mode rule of one operation as a graph: (operands ..., result, tangents of the moving ones ...).

    In float64 whatever the operands are. unit: tangents are the number 1, and no arguments: the result is the local
    derivative itself, simplified. None where the rule says that nothing moves.
    """
    writing = Trace()
    with writing.active():
        given: list[Tracer] = []

        def argument(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tracer:
            given.append(writing.input(f"x{len(given)}", shape, np.dtype(float) if dtype.kind == "f" else dtype))
            return given[-1]

        xs = [argument(shape, x.dtype) for x, shape in zip(inputs, shapes, strict=True)]
        for k, x in enumerate(inputs):
            if x.primitive.name == "constant" and x.weak:  # some rules look at the number: x ** 2
                xs[k] = writing.lift(x.attrs["value"])
        out = argument(out_shape, node.dtype)
        dots = [
            None if not moves else writing.lift(1.0) if unit else argument(x.shape, np.dtype(float))
            for moves, x in zip(moving, xs, strict=True)
        ]
        with writing.deriving():
            result = node.primitive.jvp(dots, out, *xs, **node.attrs) if node.primitive.jvp else None
            if result is None:
                return None
            result = writing.lift(result)
    names = tuple(x.node.name for x in given)
    trees = tree.flatten((0.0,) * len(given))[2], tree.flatten(0.0)[2]
    return writing.finish("local", given, [result], trees, names)


def _called(rule: Graph, arrays: Sequence[Array], shape: tuple[int, ...]) -> Array:
    given = [np.asarray(x, rule[i].dtype) for x, i in zip(arrays, rule.inputs, strict=True)]
    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(rule(*given), shape), float)


def _spread(entries: Entries, own: tuple[int, ...], shape: tuple[int, ...]) -> Entries:
    """The same entries after broadcasting to ``shape``: one of them may stand in many places."""
    if own == shape:
        return entries
    sources = np.broadcast_to(np.arange(math.prod(own)).reshape(own), shape).reshape(-1)
    at = np.flatnonzero(np.isin(sources, entries.at))
    return Entries(at, entries.numbers[np.searchsorted(entries.at, sources[at])])
