"""Backpropagation: from a graph to the same graph with its backward half.

The adjoint of a value v is dL/dv: how much the loss changes per change of v. It starts as 1 at the loss itself and is
handed back, node by node, to the inputs of the node that computed it; each node's own rule says what to hand to whom.

**Why reverse topological order.** Take ``a = x * x;  b = a + 1;  loss = a * b`` with x = 3 (a = 9, b = 10)::

    loss ---> b ---> a ---> x         a is used twice: by loss directly, and by b.
      \\_____________/
                                      adjoint of a = 10 (from loss) + 9 (through b) = 19, so dloss/dx = 19 * 6 = 114.

A plain recursion that walks from loss down into a *as soon as* the first contribution (10) arrives would push
10 * 6 = 60 to x, then come back with 9 and push 54: right in total, but everything below a is walked once for every
path, and the number of paths doubles at each fan-out (30 doublings are a billion walks). A recursion that visits each
node only once is fast and wrong: it stops at 60. Handing back from a only after *all* its users have handed to it needs
each node to come after its users. Nodes are stored in the order in which they can be computed, users after what they
use, so walking the list from its end is such an order: every node once, no recursion, no stack to overflow.

**Why accumulate.** The contributions of several users are added, because a small change of a moves the loss through
each of them (the chain rule in several variables). Overwriting instead of adding is the classic mistake.

Synonyms: reverse-mode automatic differentiation, reverse accumulation; per node, a vector-Jacobian product (vjp).
Sources: Linnainmaa 1970; Rumelhart, Hinton & Williams 1986; Griewank & Walther 2008, ch. 3 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.primitive import TABLE
from downslope.autodiff.trace import Trace
from downslope.autodiff.tracer import Tracer
from downslope.errors import DerivativeError

Rules = Mapping[str, Callable[..., Any]]


def backpropagate(graph: Graph, wrt: Sequence[int] | None = None, rules: Rules | None = None) -> Graph:
    """The graph with its backward half: outputs are the loss and dloss/dinput for each input in ``wrt``.

    graph: its first output must be a single number. wrt: ids of nodes, all floating-point inputs if None.
    rules: reverse rules that replace those of the table, by primitive (planted mistakes are made this way).
    Raises DerivativeError where an operation on the way has no derivative, or the output is not a single number.
    """
    writing = Trace()
    writing.nodes.extend(graph.nodes)
    loss = Tracer(writing, graph[graph.outputs[0]])
    require_number(loss.shape, graph.name)
    ids = [i for i in graph.inputs if graph[i].dtype.kind == "f"] if wrt is None else list(wrt)
    with writing.active():
        gradients = append_adjoints(writing, [loss], [1.0], [Tracer(writing, graph[i]) for i in ids], rules)
    outputs = [loss, *gradients]
    inputs = [Tracer(writing, graph[i]) for i in graph.inputs]
    from_trees = (graph.in_tree, tree.flatten([0.0] * len(outputs))[2])
    return writing.finish(f"{graph.name}_and_gradients", inputs, outputs, from_trees, graph.arguments)


def require_number(shape: tuple[int, ...], name: str) -> None:
    """A gradient is asked of one number; anything else has a Jacobian."""
    if shape:
        raise DerivativeError(
            "gradient-of-array",
            f"{name} returns an array of shape {shape}, not a single number",
            where=f"the value returned by {name}",
            why="a gradient says how one number changes; an array has a Jacobian with a row for each of its numbers",
            do="return np.mean(...) or np.sum(...) of it, or ask for jacobian(...)",
        )


def append_adjoints(
    writing: Trace, outputs: Sequence[Tracer], seeds: Sequence[Any], wrt: Sequence[Tracer], rules: Rules | None = None
) -> list[Tracer]:
    """Append the backward half for ``outputs`` with adjoints ``seeds`` and return the adjoint of each of ``wrt``.

    The adjoint of a value that the outputs do not depend on is zero.
    """
    with writing.deriving():
        adjoint: dict[int, Any] = {}
        for out, seed in zip(outputs, seeds, strict=True):
            if out.dtype.kind == "f":
                _accumulate(writing, adjoint, out.node, writing.lift(seed))
        targets = {x.node.id for x in wrt}
        on_the_way = dependents(writing.nodes, targets)
        last = max((x.node.id for x in outputs), default=0)
        for node in [writing.nodes[i] for i in sorted(on_the_way, reverse=True) if i <= last]:
            g = adjoint.get(node.id)
            if g is None:
                continue
            writing.adjoints[node.id] = g.node.id
            writing.name_adjoint(g, node)
            if node.id not in targets:
                _hand_back(writing, adjoint, node, g, on_the_way, rules)
        return [_gradient(writing, adjoint.get(x.node.id), x) for x in wrt]


def dependents(nodes: Sequence[Node], sources: set[int]) -> set[int]:
    """The sources and everything that is computed from them."""
    found = set(sources)
    if sources:
        for node in nodes[min(sources) :]:
            if node.id not in found and any(i in found for i in node.inputs):
                found.add(node.id)
    return found


def _hand_back(
    writing: Trace, adjoint: dict[int, Any], node: Node, g: Tracer, on_the_way: set[int], rules: Rules | None
) -> None:
    """Apply the node's own rule: what each of its inputs gets of ``g``."""
    primitive = node.primitive
    rule = (rules or {}).get(primitive.name, primitive.vjp)
    if rule is None:
        if primitive.derivative == "none":
            raise _no_derivative(node)
        return
    writing.origin = (node.scope, node.line, node.id, "adjoint")
    if primitive.narrow != "any" and (g.shape or primitive.narrow != "number"):
        g = spread_out(writing, g, node)
    out = Tracer(writing, node)
    xs = [Tracer(writing, writing.nodes[i]) for i in node.inputs]
    for i, x in enumerate(xs):
        if x.node.id in on_the_way and x.node.dtype.kind == "f":
            part = rule(i, g, out, *xs, **node.attrs)
            if part is not None:
                _accumulate(writing, adjoint, x.node, writing.lift(part))
        elif x.node.id in on_the_way and takes_adjoint(i, node):
            refuse_positions(writing.nodes, x.node, on_the_way)


def takes_adjoint(i: int, node: Node) -> bool:
    """An index is a position that nothing flows back to; a number in a sum or product is a value."""
    return node.primitive.name not in ("getitem", "add_at") or i == 0


def refuse_positions(nodes: Sequence[Node], node: Node, on_the_way: set[int]) -> None:
    """DerivativeError where an integer that is used as a value comes from a position (argmax), however far back."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.primitive.derivative == "none":
            raise _no_derivative(node)
        if node.dtype.kind != "f" and node.primitive.derivative in ("smooth", "kinked"):
            waiting += [nodes[i] for n, i in enumerate(node.inputs) if i in on_the_way and takes_adjoint(n, node)]


def _accumulate(writing: Trace, adjoint: dict[int, Any], node: Node, part: Tracer) -> None:
    before = adjoint.get(node.id)
    adjoint[node.id] = part if before is None else before + part


def _no_derivative(node: Node) -> DerivativeError:
    return DerivativeError(
        "no-derivative",
        f"a derivative is asked of {node.primitive.name}",
        where=f"node {node.full_name}" + (f", {node.line}: {node.line.text}" if node.line else ""),
        why=node.primitive.sentence,
        do="use it only as an index, or replace it by something smooth (softmax instead of argmax)",
    )


def _gradient(writing: Trace, g: Any, x: Tracer) -> Tracer:
    """The adjoint in the shape of its value: zeros where nothing flowed back, spread out where it is one number."""
    if g is None:
        return writing.lift(0.0 if x.node.weak else np.zeros(x.shape, x.dtype))
    return spread_out(writing, g, x.node)


def spread_out(writing: Trace, g: Tracer, node: Node) -> Tracer:
    """An adjoint that elementwise rules left narrower than its value, or as a Python number, in full."""
    if g.shape == node.shape and (node.weak or not g.node.weak):
        return g
    if g.literal is not None:
        return writing.lift(np.full(node.shape, g.literal, node.dtype))
    if g.node.weak:
        g = writing.bind(TABLE["astype"], g, dtype=node.dtype.name)
    return g if g.shape == node.shape else writing.bind(TABLE["broadcast_to"], g, shape=node.shape)
