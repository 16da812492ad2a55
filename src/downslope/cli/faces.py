"""The faces of a primitive as text: how it is written, its traced backward rule, what it costs; read from its entry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff import trace
from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.primitive import Primitive, Shape
from downslope.autodiff.program import plain, statements
from downslope.autodiff.trace import bind, current_trace, named

NAMES = "xyzuvw"
_USUAL = (2, 3)
_SAMPLES = 40
_WITHOUT_RULE = {
    "zero": "0 almost everywhere, and taken as 0",
    "stopped": "taken as 0, though it is not",
    "none": "none: asking for it is an error",
}


@dataclass(frozen=True)
class Faces:
    """call: as plain NumPy writes it. rule: lines that compute ``g_x`` from ``g``, the adjoint of ``out``.

    cost: FLOPs and bytes at the shapes that it names. latex and rule_latex: the same as aligned equations.
    """

    call: str = ""
    rule: tuple[str, ...] = ()
    cost: str = ""
    latex: str = ""
    rule_latex: str = ""


def faces(entry: Primitive) -> Faces:
    """All faces, traced on the simplest shapes that the entry takes; empty where no user's code asks for the entry."""
    if entry.internal:
        return Faces()
    inputs, shapes, attrs = _simplest(entry)
    arrays = [np.zeros(shape, n.dtype) for shape, n in zip(shapes, inputs, strict=True)]
    names = NAMES[: len(arrays)]
    forward = trace(_with_names(lambda *xs: named(bind(entry, *xs, **attrs), "out"), names), *arrays)
    out = forward[forward.outputs[0]]
    call = statements(plain(forward))[-1].expression if forward.outputs[0] not in forward.inputs else "x"
    cost = forward.cost()
    shown = ", ".join(str(shape) for shape in shapes)
    price = f"{cost.flops} FLOPs, {cost.bytes} bytes for {shown} -> {out.shape}"
    if entry.view:
        price = "nothing: a view of the same memory"
    if entry.vjp is None:
        return Faces(call, (_WITHOUT_RULE.get(entry.derivative, entry.derivative),), price, forward.latex())
    backward = _backward(entry, attrs, arrays, np.zeros(out.shape, out.dtype))
    return Faces(call, tuple(_lines(backward)), price, forward.latex(), _equations(backward))


def _backward(entry: Primitive, attrs: Mapping[str, Any], arrays: list[Any], g: Any) -> Graph:
    """The rule of every input that takes a derivative, as a graph from g and the inputs to ``g_x``, ``g_y`` ..."""
    assert entry.vjp is not None
    rule = entry.vjp

    def back(g: Any, *xs: Any) -> Any:
        writing = current_trace()
        assert writing is not None
        out = named(bind(entry, *xs, **attrs), "out")
        parts = {}
        with writing.deriving():
            for i, (x, name) in enumerate(zip(xs, NAMES, strict=False)):
                part = rule(i, g, out, *xs, **attrs) if x.dtype.kind == "f" else None
                if part is not None:
                    traced = writing.lift(part)
                    given = {g.node.id, out.node.id, *(one.node.id for one in xs)}
                    parts[f"g_{name}"] = traced if traced.node.id in given else named(traced, f"g_{name}")
        return parts

    return trace(_with_names(back, "g" + NAMES[: len(arrays)]), g, *arrays)


def _lines(graph: Graph) -> Iterator[str]:
    """The adjoints that are a given value itself, then the constants and the statements of the plain program."""
    program = plain(graph)
    computed = [statement.target for statement in statements(program)]
    for name, i in _results(graph):
        if name not in computed:
            yield f"{name} = {graph[i].name or '0'}"
    for name, value in program.constants.items():
        shown = np.array2string(np.asarray(value), separator=", ", threshold=12).replace("\n", "")
        yield f"{name} = np.array({' '.join(shown.split())})"
    for statement in statements(program):
        yield f"{statement.target} = {statement.expression}"


def _equations(graph: Graph) -> str:
    extra = [rf"g_{{{name[2:]}}} &= {graph[i].name}" for name, i in _results(graph) if graph[i].name != name]
    text = graph.latex()
    if not extra:
        return text
    body = text.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    return "\\begin{aligned}\n" + " \\\\\n".join(filter(None, [body.strip(), *extra])) + "\n\\end{aligned}"


def _results(graph: Graph) -> list[tuple[str, int]]:
    paths = graph.out_tree.paths()
    return [(str(path[-1]), i) for path, i in zip(paths, graph.outputs, strict=True)]


def _simplest(entry: Primitive) -> tuple[list[Node], list[Shape], Mapping[str, Any]]:
    """Inputs of one node of this entry in its samples, the shapes to show it on, and its attributes."""
    found = list(_uses(entry))
    for inputs, attrs in found:
        if not attrs and entry.narrow == "any":  # element by element: all operands of one shape
            return inputs, [_USUAL] * len(inputs), attrs
    inputs, attrs = min(found, key=_strangeness)
    return inputs, [n.shape for n in inputs], attrs


def _strangeness(use: tuple[list[Node], Mapping[str, Any]]) -> tuple[int, ...]:
    """Matrices first, two of them rather than one, then few numbers; axes of length 1 hide what happens."""
    inputs, attrs = use
    dimensions = sum(abs(len(n.shape) - 2) for n in inputs)
    options = repr(attrs).count("True")
    return dimensions, options, -min(len(inputs), 2), sum(n.shape.count(1) for n in inputs), sum(n.size for n in inputs)


def _uses(entry: Primitive) -> Iterator[tuple[list[Node], Mapping[str, Any]]]:
    for seed in range(_SAMPLES):
        function, arrays = entry.sample(np.random.default_rng(seed))
        graph = trace(function, *arrays)
        for node in graph.nodes:
            if node.primitive is entry and len(node.inputs) <= len(NAMES):
                yield [graph[i] for i in node.inputs], node.attrs


def _with_names(function: Callable[..., Any], names: str) -> Callable[..., Any]:
    """The same function with positional arguments of these names, which the graph takes over."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    function.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
    function.__name__ = "rule"
    return function
