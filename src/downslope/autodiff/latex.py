"""A graph as LaTeX: the lines of its plain program, as equations."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from downslope.autodiff.graph import WRITERS, Graph, Node
from downslope.autodiff.program import plain, statements

# A place of a template that is enclosed already (a brace group, a bracket, a bar) needs no parentheses of its own.
_ENCLOSED = re.compile(r"(\{\{|\(|\[|\||\\lfloor |, |& |cases\} )\{(\d)\}")
_BASE = re.compile(r"\{\{\{(\d)\}\}\}\^")  # the braces around the base of a power are not seen


def symbol(name: str) -> str:
    """``w1`` -> ``w_{1}``, ``dense1.z`` -> ``z^{\\mathrm{dense1}}``, ``g_h`` -> ``g_{h}``, ``loss`` upright."""
    if name.startswith("g_"):
        return f"g_{{{symbol(name[2:])}}}"
    *places, last = name.split(".")
    above = f"^{{\\mathrm{{{_escaped('.'.join(places))}}}}}" if places else ""
    letters, digits = re.fullmatch(r"(.*?)_?(\d*)", last).groups()  # type: ignore[union-attr]
    if not letters:  # an entry of a list: weights.1 is called by its list's name
        return f"{symbol('.'.join(places))}[{digits}]" if places else digits
    below = f"_{{{digits}}}" if digits else ""
    body = letters if len(letters) == 1 else f"\\mathrm{{{_escaped(letters)}}}"
    return f"{body}{below}{above}"


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")


def _number(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else text


class _Equations:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.written: dict[int, tuple[str, int]] = {}

    def write(self) -> str:
        rows = []
        for node in self.graph.nodes:
            if node.id in self.graph.inputs:
                self.written[node.id] = (symbol(node.full_name), 100)
            elif node.primitive.name == "constant":
                value = node.attrs["value"]
                self.written[node.id] = (
                    (_number(value), 100 if value >= 0 else 4) if node.weak else (self.array(np.asarray(value)), 100)
                )
        for statement in statements(plain(self.graph)):
            *inner, result = statement.nodes
            if result in self.graph.inputs:
                continue
            for i in inner:
                self.written[i] = self.expression(self.graph[i])
            node = self.graph[result]
            name = symbol(node.full_name if node.name else statement.target)
            rows.append(f"{name} &= {self.expression(node)[0]}")
            self.written[result] = (name, 100)
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def array(self, value: Any) -> str:
        if value.ndim == 0:
            return _number(value.item())
        lengths = r" \times ".join(map(str, value.shape))
        return rf"\mathrm{{c}}_{{{lengths}}}"

    def expression(self, node: Node) -> tuple[str, int]:
        primitive = node.primitive
        if callable(primitive.latex):
            return primitive.latex(*[self.written[i][0] for i in node.inputs], **node.attrs), 89
        if primitive.name == "multiply" and any(not self.graph[i].shape for i in node.inputs):
            # A number scales; the circled dot is for arrays, element by element.
            return rf"{self.factor(node, 0)}\, {self.factor(node, 1)}", 5
        enclosed = {int(m.group(2)) for m in _ENCLOSED.finditer(primitive.latex)}
        enclosed -= {int(m.group(1)) for m in _BASE.finditer(primitive.latex)}
        operands = []
        for place, i in enumerate(node.inputs):
            text, precedence = self.written[i]
            needed = primitive.precedence + (place > 0) if primitive.precedence < 100 else 90
            if place not in enclosed and precedence < needed:
                text = rf"\left( {text} \right)"
            elif re.search(rf"\{{{place}\}}[\^_]", primitive.latex) and ("^" in text or "_" in text):
                text = f"{{{text}}}"  # two superscripts in a row are an error of LaTeX
            operands.append(text)
        is_closed = primitive.name in ("divide", "sqrt", "absolute", "reciprocal")
        precedence = 100 if is_closed else min(primitive.precedence, 89)
        return primitive.latex.format(*operands, name=symbol(node.full_name)), precedence

    def factor(self, node: Node, place: int) -> str:
        text, precedence = self.written[node.inputs[place]]
        return text if precedence >= 5 + place else rf"\left( {text} \right)"


def latex(graph: Graph) -> str:
    """Aligned equations, one for every statement of the plain program, in the same order."""
    return _Equations(graph).write()


WRITERS["latex"] = latex
