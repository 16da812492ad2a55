"""The backward pass with numbers, one step at a time, so that any step can be changed and the rest follows.

Backpropagation as a graph (``autodiff/backpropagate.py``) is written once; here the same rules are kept one by one: for
each operation and each of its inputs the function that hands an adjoint back. A mistake is a change of a few of these
steps. Only what comes after a changed step is computed again, so trying a mistake costs a fraction of a backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff.backpropagate import dependents, spread_out
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.trace import Trace

Array: TypeAlias = Any
Step: TypeAlias = tuple[int, int]
"""(node, i): the step that hands the adjoint of a node back to its i-th input."""
Change: TypeAlias = Callable[[Array, Array], Array]
"""(adjoint of the node, what the right step hands back) -> what is handed back instead."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What is done wrong in one backward pass.

    steps: what single steps hand back instead. adjoints: what becomes of a node's adjoint once it is complete. results:
    what becomes of the finished gradient of an input, which may leave its shape. jumps: for the last node of an
    elementwise function the first one, and what is handed to that in place of all steps between. values: numbers that
    nodes have in place of their own; what follows from them is computed again.
    """

    steps: Mapping[Step, Change] = field(default_factory=dict)
    adjoints: Mapping[int, Callable[[Array], Array]] = field(default_factory=dict)
    results: Mapping[int, Callable[[Array], Array]] = field(default_factory=dict)
    jumps: Mapping[int, tuple[int, Callable[[Array], Array]]] = field(default_factory=dict)
    values: Mapping[int, Array] = field(default_factory=dict)

    def then(self, other: Changes) -> Changes:
        """Both together; where they meet in one place, ``other`` comes second."""
        return Changes(
            _joined(self.steps, other.steps, lambda a, b: lambda g, part: b(g, a(g, part))),
            _joined(self.adjoints, other.adjoints, lambda a, b: lambda g: b(a(g))),
            _joined(self.results, other.results, lambda a, b: lambda g: b(a(g))),
            {**self.jumps, **other.jumps},
            {**self.values, **other.values},
        )


def _joined(first: Mapping[Any, Any], second: Mapping[Any, Any], both: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    return {**first, **second, **{k: both(first[k], second[k]) for k in first.keys() & second.keys()}}


NOTHING = Changes()


class Tape:
    """A forward graph with the values of all its nodes, the right adjoints, and every step between them.

    graph: its first output is one number. leaves: inputs that are differentiated.
    ``parts[node, i]`` is what the right step hands back; ``sources[v]`` the steps that hand to v; ``below[v]`` the
    leaves that the value of v depends on, which are those that its adjoint reaches.
    """

    def __init__(self, graph: Graph, args: tuple[Any, ...], leaves: Sequence[int]) -> None:
        self.graph, self.leaves = graph, tuple(leaves)
        self.loss = graph.outputs[0]
        with np.errstate(all="ignore"):
            self.values: dict[int, Array] = graph.values(args, keep=lambda _: True)
        self.below = _below(graph, self.leaves)
        self.order = [n for n in reversed(graph.nodes) if self.below[n.id] and n.id <= self.loss]
        self.back: dict[Step, Pullback] = {}
        self.sources: dict[int, list[Step]] = {n.id: [] for n in graph.nodes}
        for node in self.order:
            for i in () if node.id in self.leaves else range(len(node.inputs)):
                x = graph[node.inputs[i]]
                found = pullback(graph, node, i) if self.below[x.id] and x.dtype.kind == "f" else None
                if found is not None:
                    self.back[node.id, i] = found
                    self.sources[x.id].append((node.id, i))
        self.adjoints: dict[int, Array] = {}
        self.parts: dict[Step, Array] = {}
        self.sketches: dict[int, Array] = {}
        self.pushed: dict[Step, list[Array]] = {}
        self.known: dict[Any, Array] = {}
        self.others: dict[Any, Tape] = {}
        self.run()

    def run(self) -> None:
        """The right backward pass, from the values."""
        self.adjoints, self.parts = {self.loss: np.ones(())}, {}
        with np.errstate(all="ignore"):
            for node in self.order:
                if node.id != self.loss:
                    parts = [self.parts[s] for s in self.sources[node.id] if s in self.parts]
                    if not parts:
                        continue
                    self.adjoints[node.id] = sum(parts[1:], start=parts[0])
                for i in range(len(node.inputs)):
                    if (node.id, i) in self.back:
                        self.parts[node.id, i] = self.handed(node.id, i, self.adjoints[node.id])

    def handed(self, node: int, i: int, g: Array) -> Array:
        """What the right step hands back of an adjoint g."""
        ids = (node, *self.graph[node].inputs)
        return self.back[node, i](g, *[self.values[k] for k in ids])

    def gradient(self, leaf: int) -> Array:
        """The right gradient of a leaf; zeros where the loss does not depend on it."""
        found = self.adjoints.get(leaf)
        return np.zeros(self.graph[leaf].shape) if found is None else np.asarray(found)

    def moved(self, values: Mapping[int, Array]) -> Tape:
        """The same function where some nodes have other values, with all that follows from them."""
        key = tuple((k, id(v)) for k, v in values.items())
        if key in self.others:
            return self.others[key]
        other = self.others[key] = object.__new__(Tape)
        other.__dict__.update(self.__dict__)
        late = dependents(self.graph.nodes, set(values)) - set(values)
        changed = late | set(values)
        other.pushed = {s: t for s, t in self.pushed.items() if not changed.intersection(self.graph[s[0]].inputs)}
        other.known, other.others = {}, {}
        known = {i: v for i, v in self.values.items() if i not in late} | dict(values)
        with np.errstate(all="ignore"):
            other.values = self.graph.resume(known, 0, lambda _: True)
        other.run()
        return other

    def sketch(self, leaf: int, full: Array) -> Array:
        """The products of a gradient with the random arrays that stand for its leaf, if it has such."""
        return np.array([np.vdot(r, full) for r in self.sketches[leaf]]) if leaf in self.sketches else full

    def once(self, key: Any, leaf: int, full: Array) -> Array:
        """The sketch of a number of the right pass, which is asked for often."""
        if key not in self.known:
            self.known[key] = self.sketch(leaf, full)
        return self.known[key]

    def sketched(self, step: Step, leaf: int, g: Array) -> Array:
        """The same of what a step hands back. Of a matrix product no gradient of the matrix is needed for it:
        the sum of R * (h.T @ g) is that of (h @ R) * g, and h @ R is computed once."""
        node = self.graph[step[0]]
        if node.primitive.name != "matmul" or node.inputs.count(leaf) != 1:
            return self.sketch(leaf, self.handed(*step, g))
        if step not in self.pushed:
            operands = [[r if k == leaf else self.values[k] for k in node.inputs] for r in self.sketches[leaf]]
            self.pushed[step] = [np.matmul(*pair) for pair in operands]
        return np.array([np.vdot(t, g) for t in self.pushed[step]])

    def gradients(
        self, changes: Changes, towards: Iterable[int] | None = None, *, light: bool = False
    ) -> dict[int, Array]:
        """Gradients of the leaves (of ``towards`` alone, if given) of a backward pass with changes.

        light: of leaves that have a sketch, only the sketch.
        """
        if changes.values:
            return self.moved(changes.values).gradients(replace(changes, values={}), towards, light=light)
        wanted = frozenset(self.leaves if towards is None else towards)
        thin = wanted & self.sketches.keys() - changes.results.keys() if light else frozenset[int]()
        new: dict[int, Array] = {}
        parts: dict[Step, Array] = {}
        landed: dict[int, Array] = {}
        waiting: set[int] = set()
        first = max([*changes.adjoints, *changes.jumps, *(n for n, _ in changes.steps)], default=-1)
        with np.errstate(all="ignore"):
            for node in self.order:
                v = node.id
                if v > first or v not in self.adjoints or not self.below[v] & wanted:
                    continue
                is_new = v in waiting
                g = self.once(v, v, self.adjoints[v]) if v in thin and not is_new else self.adjoints[v]
                if is_new:
                    base = {s: self.parts[s] for s in self.sources[v] if s in self.parts and s not in parts}
                    base = {s: self.once(s, v, p) for s, p in base.items()} if v in thin else base
                    handed = [parts.get(s, base.get(s)) for s in self.sources[v]]
                    known = [p for p in (*handed, landed.get(v)) if p is not None]
                    g = sum(known[1:], start=known[0])
                if v in changes.adjoints:
                    g, is_new = changes.adjoints[v](g), True
                if is_new:
                    new[v] = g
                if v in changes.jumps:
                    to, leap = changes.jumps[v]
                    landing = self.sketch(to, leap(g)) if to in thin else leap(g)
                    landed[to] = landing + landed.get(to, 0.0)
                    waiting.add(to)
                for i, x in enumerate(node.inputs):
                    step = (v, i)
                    if (
                        step not in self.back
                        or not self.below[x] & wanted
                        or not (is_new or step in changes.steps or v in changes.jumps)
                    ):
                        continue
                    waiting.add(x)
                    if x in thin and step not in changes.steps and v not in changes.jumps:
                        parts[step] = self.sketched(step, x, g)
                        continue
                    part = self.handed(v, i, g) if is_new else self.parts[step]
                    part = np.zeros_like(part) if v in changes.jumps else part
                    part = changes.steps[step](g, part) if step in changes.steps else part
                    parts[step] = self.sketch(x, part) if x in thin else part
            found = {
                leaf: np.asarray(new[leaf])
                if leaf in new
                else self.once(leaf, leaf, self.gradient(leaf))
                if leaf in thin
                else self.gradient(leaf)
                for leaf in wanted
            }
            found |= {leaf: change(found[leaf]) for leaf, change in changes.results.items() if leaf in wanted}
            return {leaf: self.sketch(leaf, g) if light and leaf not in thin else g for leaf, g in found.items()}


def _below(graph: Graph, leaves: Sequence[int]) -> list[frozenset[int]]:
    below: list[frozenset[int]] = []
    for node in graph.nodes:
        own = frozenset([node.id]) if node.id in leaves else frozenset()
        below.append(own.union(*(below[i] for i in node.inputs)) if node.inputs else own)
    return below


class Pullback:
    """One rule of the table, traced once and evaluated often: ``(g, out, *xs) -> part``."""

    def __init__(self, writing: Trace, result: int, count: int) -> None:
        wanted = {result}
        for node in reversed(writing.nodes[: result + 1]):
            if node.id in wanted:
                wanted.update(node.inputs)
        self.result, self.places = result, [i if i in wanted else None for i in range(count)]
        self.given = {n.id: n.attrs["value"] for n in writing.nodes if n.primitive.name == "constant"}
        self.rest = [
            (n.id, n.primitive.forward, n.inputs, n.attrs)
            for n in writing.nodes
            if n.id in wanted and n.primitive.name not in ("input", "constant")
        ]

    def __call__(self, g: Array, out: Array, *xs: Array) -> Array:
        """The part of the adjoint g that flows back."""
        values = dict(self.given)
        for place, value in zip(self.places, (g, out, *xs), strict=True):
            if place is not None:
                values[place] = value
        for id, forward, inputs, attrs in self.rest:
            values[id] = forward(*[values[i] for i in inputs], **attrs)
        return values[self.result]


def pullback(graph: Graph, node: Node, i: int, *, spread: bool = False) -> Pullback | None:
    """The step from a node to its i-th input; None where nothing flows back.

    spread: as if the input had the shape of the result already, so that broadcasting is not undone.
    """
    rule = node.primitive.vjp
    if rule is None:
        return None
    writing = Trace()
    g = writing.input("g", node.shape, np.dtype(float))
    out = writing.input("out", node.shape, node.dtype)
    inputs = [graph[k] for k in node.inputs]
    stand_ins = [
        writing.input("", node.shape if spread and k == i else x.shape, x.dtype, x.weak) for k, x in enumerate(inputs)
    ]
    with writing.active(), writing.deriving():
        # A rule may ask for the value of a number that is written in the code: x ** 3.
        xs = [
            writing.lift(x.attrs["value"]) if x.weak and x.primitive.name == "constant" else s
            for x, s in zip(inputs, stand_ins, strict=True)
        ]
        part = rule(i, g, out, *xs, **node.attrs)
        if part is None:
            return None
        made = spread_out(writing, writing.lift(part), stand_ins[i].node)
    return Pullback(writing, made.node.id, 2 + len(inputs))
