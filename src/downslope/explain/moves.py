"""Where a number was before it was only moved: reshaped, cut out, put beside others, framed, turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff.graph import Graph, Node

Array = Any
Entry: TypeAlias = tuple[Node, tuple[int, ...]]
SAME = ("astype", "stop_gradient")  # each number stays where it is


def is_move(graph: Graph, node: Node) -> bool:
    """Whether each number of the result is one of an input, or of a frame of zeros: nothing is computed."""
    if not node.inputs or node.dtype.kind != "f" or graph[node.inputs[0]].dtype.kind != "f":
        return False
    if node.attrs.get("value"):  # a frame of another number than 0
        return False
    return node.primitive.flops(node, *[graph[i] for i in node.inputs], **node.attrs) == 0


class Moves:
    """Follows single entries of one graph back. values: of its nodes, for indices that are data."""

    def __init__(self, graph: Graph, values: Mapping[int, Array]) -> None:
        self.graph, self.values = graph, values
        self._found: dict[int, Array] = {}

    def before(self, node: Node, place: Sequence[int]) -> Entry | None:
        """The entry that a move took this one from; None for one of a frame, which comes from nowhere."""
        if node.primitive.name in SAME:
            return self.graph[node.inputs[0]], tuple(place)
        at = int(self._sources(node)[tuple(place)])
        if at == 0:
            return None
        for i in node.inputs:
            x = self.graph[i]
            if at <= x.size:
                return x, tuple(int(k) for k in np.unravel_index(at - 1, x.shape)) if x.shape else ()
            at -= x.size
        raise AssertionError("an entry beyond all inputs")

    def source(self, node: Node, place: Sequence[int], layer: str | None = None) -> Entry | None:
        """Where an entry was computed, or given: back over moves without a name, and over those of ``layer``.

        What was computed and has no name goes by the last name that it was given on the way.
        """
        entry, named = (node, tuple(place)), None
        while is_move(self.graph, entry[0]):
            x = entry[0]
            if x.name:
                if not layer or x.scope.partition(".")[0] != layer:
                    return entry
                named = entry
            before = self.before(*entry)
            if before is None:
                return None
            entry = before
        return entry if named is None or entry[0].name or not entry[0].inputs else named

    def made(self, node: Node, place: Sequence[int]) -> Entry:
        """What a move only gives a name to: w @ x of ``z = np.reshape(w @ x, ...)``; itself where it is none such."""
        entry = node, tuple(place)
        if not is_move(self.graph, node):
            return entry
        before = self.before(*entry)
        source = None if before is None else self.source(*before)
        if source is None or source[0].name or not source[0].inputs or is_move(self.graph, source[0]):
            return entry
        return source

    def _sources(self, node: Node) -> Array:
        """For each entry which one of the inputs', counted from 1 over all of them: the move itself, made on places."""
        if node.id not in self._found:
            given, count = [], 1
            for i in node.inputs:
                x = self.graph[i]
                if x.dtype.kind == "f":
                    given.append(np.arange(count, count + x.size, dtype=np.int64).reshape(x.shape))
                    count += x.size
                else:
                    given.append(np.asarray(self.values[i]))
            self._found[node.id] = np.asarray(node.primitive.forward(*given, **node.attrs))
        return self._found[node.id]
