"""A layer's four equations of backpropagation: with the shapes of this step, and why each transpose stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.latex import symbol
from downslope.explain.records import Derivation, Equation
from downslope.explain.tensors import pruned, written
from downslope.explain.unfolding import Unfolding, layer_of

Array = Any


def equations_of(
    unfolding: Unfolding, layers: Sequence[str], output: int, parameters: Mapping[str, int], before: str
) -> Derivation:
    """The derivation of one layer or several. output: the node of the model's output. parameters: name -> node."""
    title = f"backpropagation through {', '.join(layers)}{before}"
    found: list[Equation] = []
    for layer in reversed(layers):
        found += [e for e in _of_one(unfolding, layer, output, parameters) if e not in found]
    is_plain = any(".T @ " in e.text for e in found)
    sentence = (
        "The errors go backward through the same weights, transposed; each weight's derivative is the input on one "
        "side of it times the error on the other, summed over the rows."
    )
    name = ", ".join(layers)
    return Derivation("layer", name, None, None, title, equations=tuple(found), sentence=sentence if is_plain else "")


def _of_one(unfolding: Unfolding, layer: str, output: int, parameters: Mapping[str, int]) -> list[Equation]:
    own = {name.rpartition(".")[2]: id for name, id in parameters.items() if name.split(".")[0] == layer}
    product = _product(unfolding.graph, own.get("w"))
    if product is None or set(own) - {"w", "b"}:
        return _statements(unfolding, layer, list(own.values()))
    z, h = _ends(unfolding, product)
    return [
        *_of_the_output(unfolding, output),
        *_of_the_layer(unfolding, layer, z, h, output),
        *_of_parameters(unfolding, product, own, z),
    ]


def _product(graph: Graph, w: int | None) -> Node | None:
    """The matrix product of a dense layer."""
    users = [graph[i] for i in graph.users[w] if not graph[i].derived] if w is not None else []
    dense = [user for user in users if user.primitive.name == "matmul" and user.inputs[1] == w]
    return dense[0] if len(users) == 1 and dense else None


def _ends(unfolding: Unfolding, product: Node) -> tuple[Node, Node]:
    """z and h of a dense layer: the first named value, and the last of the layer."""
    node, named = product, [product] if product.name else []
    while True:
        users = [u for u in unfolding.users(node.id) if layer_of(u) == layer_of(product)]
        if not users:
            break
        node = users[-1]
        named += [node] if node.name else []
    return (named or [node])[0], node


def _g(node: Node) -> str:
    return f"g_{node.full_name}"


def _equation(unfolding: Unfolding, text: str, tex: str, id: int, note: str) -> Equation:
    value = np.asarray(unfolding.adjoint(id), float)
    return Equation(text, tex, shape=value.shape, norm=float(np.sqrt(np.sum(value * value))), note=note)


def softmax_less_target(unfolding: Unfolding, output: int) -> bool:
    """Whether the error of the output is (softmax(z) - y) / B for rows y that are 0 but for a 1."""
    z, g = np.asarray(unfolding.values[output], float), np.asarray(unfolding.adjoint(output), float)
    if z.ndim != 2 or not np.isfinite(g).all() or not np.isfinite(z).all():
        return False
    e = np.exp(z - z.max(axis=1, keepdims=True))
    rest = e / e.sum(axis=1, keepdims=True) - len(z) * g
    return bool(np.allclose(rest, np.round(rest), atol=1e-3) and np.allclose(rest.sum(axis=1), 1, atol=1e-2))


def _of_the_output(unfolding: Unfolding, output: int) -> list[Equation]:
    node = unfolding.graph[output]
    g = symbol(_g(node))
    if softmax_less_target(unfolding, output):
        text, tex = (
            f"(softmax({node.full_name}) - y) / B",
            rf"\frac{{\mathrm{{softmax}}({symbol(node.full_name)}) - y}}{{B}}",
        )
        note = "softmax and cross-entropy together: what was predicted less what is true, for each row and class"
    else:
        text, tex = f"dL/d{node.full_name}", rf"\frac{{\partial L}}{{\partial {symbol(node.full_name)}}}"
        note = "the derivative of the loss by each output of each row"
    return [
        _equation(unfolding, f"{_g(node)} = {text}", f"{g} &= {tex}", output, f"1. the error of the output: {note}")
    ]


def _of_the_layer(unfolding: Unfolding, layer: str, z: Node, h: Node, output: int) -> list[Equation]:
    if z.id == output:
        return []
    found = []
    activation = "" if h.id == z.id else f" * {layer}'s activation'({z.full_name})"
    tex_activation = "" if h.id == z.id else rf" \odot \sigma'({symbol(z.full_name)})"
    users = unfolding.users(h.id)
    following = users[0] if len(users) == 1 else None
    if following is not None and following.primitive.name == "matmul" and following.inputs[0] == h.id:
        w = unfolding.graph[following.inputs[1]]
        after, _ = _ends(unfolding, following)
        text = f"{_g(z)} = ({_g(after)} @ {w.full_name}.T){activation}"
        product = rf"\left( {symbol(_g(after))} \, {{{symbol(w.full_name)}}}^{{\top}} \right)"
        tex = f"{symbol(_g(z))} &= {product}{tex_activation}"
        k = w.shape[-1]
        note = (
            f"2. the error of {layer}: each unit collects the errors of the {k} units that it feeds, by the same "
            f"weights. {_g(after)} is {after.shape}, {w.full_name} {w.shape}: what is summed over, those {k} units, "
            f"must stand inside, so w is transposed: {after.shape} @ {w.shape[::-1]} = {h.shape}"
        )
    else:
        names = ", ".join(dict.fromkeys(layer_of(user) or user.primitive.name for user in users))
        text = f"{_g(z)} = {_g(h)}{activation}" if h.id != z.id else f"{_g(z)} = what comes back through {names}"
        tex = rf"{symbol(_g(z))} &= {symbol(_g(h))}{tex_activation}"
        note = f"2. the error of {layer}: what comes back through {names}, times the slope of the activation"
    found.append(_equation(unfolding, text, tex, z.id, note))
    return found


def _of_parameters(unfolding: Unfolding, product: Node, own: Mapping[str, int], z: Node) -> list[Equation]:
    graph, found = unfolding.graph, []
    x, w = (graph[i] for i in product.inputs)
    rows = " x ".join(map(str, z.shape[:-1])) or "1"
    if "b" in own:
        b = graph[own["b"]]
        axes = tuple(range(len(z.shape) - 1))
        text = f"{_g(b)} = np.sum({_g(z)}, axis={axes[0] if len(axes) == 1 else axes})"
        note = f"3. the bias was added to every row, so it collects the errors of all {rows} rows"
        found.append(_equation(unfolding, text, rf"{symbol(_g(b))} &= \sum_{{b}} {symbol(_g(z))}", b.id, note))
    name = x.full_name if x.name else "input"
    text = f"{_g(w)} = {name}.T @ {_g(z)}"
    tex = rf"{symbol(_g(w))} &= {{{symbol(name)}}}^{{\top}} \, {symbol(_g(z))}"
    note = (
        f"4. each weight: its input times its unit's error, summed over the {rows} rows. {name} is {x.shape}, {_g(z)} "
        f"{z.shape}: the rows must stand inside, so the input is transposed: {x.shape[::-1]} @ {z.shape} = {w.shape}"
    )
    return [*found, _equation(unfolding, text, tex, w.id, note)]


def _statements(unfolding: Unfolding, layer: str, parameters: list[int]) -> list[Equation]:
    """Of any other layer: its statements of the backward program."""
    graph = unfolding.graph
    inside = {id for id in graph.adjoints if layer_of(graph[id]) == layer}
    before = {i for id in inside for i in graph[id].inputs}  # what it takes, and its parameters
    wanted = sorted({graph.adjoints[id] for id in inside | before | set(parameters) if id in graph.adjoints})
    small, old = pruned(graph, wanted)
    return written(small, unfolding.values, old, lambda node: node.derived == "adjoint" and layer_of(node) == layer)
