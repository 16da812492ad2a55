"""From one entry toward the loss: which entries of the next values it moves, and what the loss makes of those.

The chain rule over a graph: dL/dn[i] is the sum, over the entries v[j] at which every path from n[i] to the loss first
arrives, of dv[j]/dn[i] · dL/dv[j]. Where the paths are cut is a matter of taste. Here it is at the values to which
the user's code gives a name; before a sum over many entries; and, for a layer that mixes entries more than once
(normalisation, attention, a softmax in the loss), where its result leaves it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.backpropagate import append_adjoints, require_number
from downslope.autodiff.forward import needed
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.trace import Trace
from downslope.autodiff.tracer import Tracer
from downslope.explain.local import Entries, Local, mixes, one_entry
from downslope.explain.moves import Moves, is_move
from downslope.explain.names import Names

Array = Any


@dataclass(frozen=True, eq=False)
class Landing:
    """Entries of a node that a change arrives at: their local derivatives, and their adjoints (float64)."""

    node: Node
    entries: Entries
    adjoints: Array

    @property
    def parts(self) -> Array:
        """What each of them contributes to the derivative."""
        return self.entries.numbers * self.adjoints

    def only(self, chosen: Array) -> Landing:
        """Some of its entries, by a mask."""
        return Landing(self.node, Entries(self.entries.at[chosen], self.entries.numbers[chosen]), self.adjoints[chosen])


@dataclass(frozen=True, eq=False)
class Crossing:
    """All landings from one entry. line: where one path leads to one landing, the operations on it, each with the
    entries of its result that move: the local derivative is the product of theirs. Empty otherwise.
    """

    landings: tuple[Landing, ...]
    line: tuple[tuple[Node, Entries], ...]


class Unfolding:
    """A function with its backward half, at these arguments. graph: the forward half, whose node ``loss`` is a number.

    targets: nodes whose derivatives are asked for. rows: node -> the axis that runs over the rows of the mini-batch.
    opened: layers that are shown operation by operation though they mix more than once; "*" for all of them. called:
    node -> what it is asked for by. outside: names of arguments that cannot be asked for.
    """

    def __init__(
        self,
        graph: Graph,
        loss: int,
        leaves: Sequence[Any],
        targets: Sequence[int],
        rows: Mapping[int, int] | None = None,
        opened: Iterable[str] = (),
        called: Mapping[int, str] | None = None,
        outside: tuple[str, ...] = (),
    ) -> None:
        self.graph = with_adjoints(graph, loss, targets)
        self.loss, self.rows, self.opened, self.outside = loss, rows or {}, frozenset(opened), outside
        known = dict(zip(self.graph.inputs, leaves, strict=True))
        with np.errstate(all="ignore"):
            self.values = self.graph.resume(known, 0, lambda _: True)
        self.local = Local(self.graph, self.values)
        self.moves = Moves(self.graph, self.values)
        self.names = Names(self.graph, called, self.moves)

    def number(self, node: Node, place: Sequence[int]) -> float:
        """The value of one entry."""
        return float(np.asarray(self.values[node.id])[tuple(place)])

    @cached_property
    def on_the_way(self) -> set[int]:
        """Everything that the loss is computed from, and itself."""
        return needed(self.graph.nodes, [self.loss])

    def reopened(self, opened: Iterable[str]) -> Unfolding:
        """The same numbers with other layers opened."""
        other = copy.copy(self)
        other.opened = frozenset(opened)
        other.__dict__.pop("wholes", None)  # it follows from them
        return other

    def users(self, id: int) -> list[Node]:
        """The operations that take a value toward the loss."""
        return [self.graph[i] for i in dict.fromkeys(self.graph.users[id]) if i in self.on_the_way]

    @cached_property
    def wholes(self) -> set[str]:
        """Layers (and the loss) that are taken as a whole."""
        if "*" in self.opened:
            return set()
        mixing: dict[str, int] = {}
        for i in self.on_the_way & set(self.graph.adjoints):
            node = self.graph[i]
            if node.scope and mixes(self.graph, node):
                mixing[layer_of(node)] = mixing.get(layer_of(node), 0) + 1
        return {layer for layer, count in mixing.items() if count > 1} - self.opened

    def adjoint(self, id: int) -> Array:
        """dL/d(that node), in its shape; zeros where the loss does not depend on it."""
        shape = self.graph[id].shape
        if id == self.loss:
            return np.ones(shape)
        found = self.graph.adjoints.get(id)
        return np.zeros(shape) if found is None else np.broadcast_to(np.asarray(self.values[found]), shape)

    def cross(self, id: int, place: Sequence[int]) -> Crossing:
        """From one entry to the next values on every path to the loss."""
        moved = {id: one_entry(place, self.graph[id].shape)}
        came_from: dict[int, list[int]] = {}
        landings: list[Landing] = []
        waiting = {user.id for user in self.users(id)}
        while waiting:
            node = self.graph[min(waiting)]  # users come after what they use: all that reaches it is known
            waiting.remove(node.id)
            sources = {i: moved[i] for i in dict.fromkeys(node.inputs) if i in moved}
            entries = self.local.through(node, sources)
            if entries is None:
                continue
            came_from[node.id] = list(sources)
            if self._lands(node, entries):
                adjoints = np.asarray(self.adjoint(node.id), float).reshape(-1)[entries.at]
                landings.append(Landing(node, entries, adjoints))
            else:
                moved[node.id] = entries
                waiting |= {user.id for user in self.users(node.id)}
        return Crossing(tuple(landings), self._line(id, landings, came_from, moved))

    def _line(
        self, id: int, landings: list[Landing], came_from: Mapping[int, list[int]], moved: Mapping[int, Entries]
    ) -> tuple[tuple[Node, Entries], ...]:
        if len(landings) != 1:
            return ()
        line = [(landings[0].node, landings[0].entries)]
        while True:
            sources = came_from[line[0][0].id]
            if len(sources) != 1:
                return ()
            if sources[0] == id:
                return tuple(line)
            line.insert(0, (self.graph[sources[0]], moved[sources[0]]))

    def _lands(self, node: Node, entries: Entries) -> bool:
        if node.id == self.loss:
            return True
        layer, users = layer_of(node), self.users(node.id)
        leaves = any(layer_of(user) != layer for user in users)
        if layer in self.wholes:
            return leaves
        if layer and not leaves and not self._is_opened(layer):
            return bool(node.name) and not self._is_on_the_go(node, entries, users)
        return bool(node.name) or (len(entries.at) > 1 and any(mixes(self.graph, user) for user in users))

    def _is_opened(self, layer: str) -> bool:
        return layer in self.opened or "*" in self.opened

    def _is_on_the_go(self, node: Node, entries: Entries, users: Sequence[Node]) -> bool:
        """A value inside of a layer that is no result of it: moved numbers, or the largest so far of a window."""
        name = node.primitive.name
        if is_move(self.graph, node):
            place = entries.places(node.shape)[0].tolist()
            return self.moves.made(node, place)[0].id == node.id
        return name in ("maximum", "minimum") and all(user.primitive.name == name for user in users)


def layer_of(node: Node) -> str:
    """The layer that an operation belongs to: the first word of its scope."""
    return node.scope.partition(".")[0]


def with_adjoints(graph: Graph, loss: int, targets: Sequence[int]) -> Graph:
    """The nodes up to the loss under the same ids, followed by the backward half for these targets, nothing left out.

    ``value_and_grad`` drops an adjoint that its result does not need (1/n, where a later rule folds it into -1/n);
    here each of them is asked for.
    """
    writing = Trace()
    writing.nodes.extend(graph.nodes[: loss + 1])
    end = Tracer(writing, graph[loss])
    require_number(end.shape, graph.name)
    inputs = [Tracer(writing, graph[i]) for i in graph.inputs]
    wanted = [Tracer(writing, graph[i]) for i in targets if i <= loss and graph[i].dtype.kind == "f"]
    with writing.active():
        append_adjoints(writing, [end], [1.0], wanted)
    kept = [Tracer(writing, node) for node in writing.nodes]
    trees = graph.in_tree, tree.flatten([0.0] * len(kept))[2]
    return writing.finish(graph.name, inputs, kept, trees, graph.arguments)
