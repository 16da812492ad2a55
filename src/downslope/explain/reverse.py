"""One row of a local Jacobian: how one entry of an operation's result depends on the entries of its first input."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.graph import Node
from downslope.autodiff.trace import Trace
from downslope.explain.unfolding import Unfolding

Array = Any


def row_of(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> Array | None:
    """d(node[place]) / d(first input), in that input's shape, in float64; None where there is no reverse rule."""
    if node.primitive.vjp is None or node.dtype.kind != "f":
        return None
    inputs = [unfolding.graph[i] for i in node.inputs]
    if node.primitive.name == "matmul" and len(inputs[0].shape) > 1 and len(inputs[1].shape) == 2:
        row = np.zeros(inputs[0].shape)  # one column of the other factor: no whole product is needed
        row[place[:-1]] = np.asarray(unfolding.values[node.inputs[1]])[:, place[-1]]
        return row
    writing = Trace()
    with writing.active():
        floats = [np.dtype(float) if x.dtype.kind == "f" else x.dtype for x in inputs]
        xs = [writing.input(f"x{k}", x.shape, dtype) for k, (x, dtype) in enumerate(zip(inputs, floats, strict=True))]
        out, g = (writing.input(name, node.shape, np.dtype(float)) for name in ("out", "g"))
        with writing.deriving():
            result = node.primitive.vjp(0, g, out, *xs, **node.attrs)
            if result is None:
                return None
            result = writing.lift(result)
    given = [*xs, out, g]
    trees = tree.flatten((0.0,) * len(given))[2], tree.flatten(0.0)[2]
    rule = writing.finish("local", given, [result], trees, tuple(x.node.name for x in given))
    one = np.zeros(node.shape)
    one[place] = 1.0
    values = [unfolding.values[i] for i in (*node.inputs, node.id)]
    arrays = [np.asarray(x, rule[i].dtype) for x, i in zip([*values, one], rule.inputs, strict=True)]
    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(rule(*arrays), inputs[0].shape), float)
