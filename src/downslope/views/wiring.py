"""Which weights connect which layers of a step: read off the layers of a model, or the traced graph of a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.runs.step import Step


@dataclass(frozen=True)
class Column:
    """A layer. value, before: names of activations, "" for the input or where there is none; source: its input's place.

    weight, bias: names of parameters, "" where it has none of that form. text: what it is, where it has no matrix.
    """

    name: str
    value: str
    before: str = ""
    activation: str = "identity"
    source: int = 0
    weight: str = ""
    bias: str = ""
    text: str = ""


def columns(step: Step) -> list[Column]:
    """The layers in order, the input first."""
    graph = getattr(getattr(step, "probe", None), "graph", None)
    if graph is not None and all(not facts.kind for facts in step.layers.values()):
        return _of_function(step, graph)
    found = [Column("x", "")]
    width = _width(step.batch.x)
    for name, facts in step.layers.items():
        n = _width(step.activations[name])
        # Of other layers a matrix of this shape is not all of it: attention has four, a recurrent layer two.
        own_matrix = facts.parameters if facts.kind == "dense" else ()
        shapes = {own: np.shape(step.params[own]) for own in own_matrix}
        weight = next((own for own, shape in shapes.items() if shape == (width, n)), "")
        bias = next((own for own, shape in shapes.items() if shape == (n,)), "") if weight else ""
        before = f"{name}.z" if f"{name}.z" in step.activations and facts.activation != "identity" else ""
        found.append(
            Column(name, name, before, facts.activation, len(found) - 1, weight, bias, "" if weight else facts.kind)
        )
        width = n
    return found


def _width(values: Any) -> int:
    """Units: the channels of images (B, C, H, W), else the last axis."""
    shape = np.shape(values)
    return int(shape[1] if len(shape) == 4 else shape[-1] if len(shape) > 1 else 1)


def _of_function(step: Any, graph: Any) -> list[Column]:
    """Of a plain function: every product with a matrix of its parameters is a layer, whose value is what goes on."""
    names = dict(zip(graph.inputs, step.probe.names, strict=False))
    known = {id: name for name, id in reversed(step.probe.places.items())}
    kinds = {name: facts.activation for name, facts in step.layers.items()}
    products = [
        node for node in graph.nodes if node.primitive.name == "matmul" and not node.derived and node.inputs[1] in names
    ]
    found = [Column("x", "")]
    at: dict[int, int] = {}  # node -> place of the column whose value it is
    for product, after in zip(products, [*products[1:], None], strict=True):
        before, bias = _with_bias(graph, product, names)
        end = after.inputs[0] if after is not None else step.probe.places["output"]
        value = known.get(end if end not in names else before.id, known.get(before.id, ""))
        if not value:  # a value without a name is not kept
            continue
        same = end == before.id
        activation = "" if same else kinds.get(value, "")
        found.append(
            Column(
                value,
                value,
                "" if same else known.get(before.id, ""),
                activation,
                at.get(product.inputs[0], 0),
                names[product.inputs[1]],
                bias,
            )
        )
        at[end] = len(found) - 1
    return found


def _with_bias(graph: Any, product: Any, names: dict[int, str]) -> tuple[Any, str]:
    """The node after the bias is added, and the bias's name."""
    for user in graph.users[product.id]:
        node = graph[user]
        if node.primitive.name == "add" and not node.derived:
            other = [i for i in node.inputs if i != product.id]
            if other and other[0] in names:
                return node, names[other[0]]
    return product, ""
