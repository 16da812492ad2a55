"""What nodes and their entries are called in a derivation: in text ``dense1.z[8, 2]``, in LaTeX likewise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff.graph import Graph, Node
from downslope.autodiff.latex import symbol
from downslope.autodiff.program import Expressions
from downslope.explain.local import Entries, is_elementwise
from downslope.explain.moves import Moves, is_move

Place = Sequence[int | str]
LETTERS = "ijklmn"
LONGEST = 48  # letters of an expression that stands for a value without a name
DEEPEST = 6  # operations in it


@dataclass(frozen=True)
class Written:
    """An expression as text and as LaTeX, with the precedence of its outermost operation (100: a name, a call)."""

    text: str
    latex: str
    precedence: int = 100


def number(value: float, digits: int = 4) -> str:
    """``-0.01312``, ``3.2e-07``."""
    return f"{value:.{digits}g}"


def in_latex(text: str) -> str:
    """A number's text in LaTeX: ``3.2e-07`` -> ``3.2 \\cdot 10^{-7}``."""
    if "inf" in text or "nan" in text:
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else text


def numeral(value: float, digits: int = 6) -> Written:
    """A number in an expression."""
    text = number(value, digits)
    return Written(text, in_latex(text), 100 if value >= 0 and "e" not in text else 5 if value >= 0 else 4)


def at(place: Place) -> str:
    """``[8, 2]``; nothing for a single number."""
    return f"[{', '.join(map(str, place))}]" if len(place) else ""


def escaped(text: str) -> str:
    """Any text inside a LaTeX group that sets letters."""
    text = text.replace("\\", r"\backslash ").replace("^", r"\hat{\ }").replace("~", r"\sim ").replace("·", r"\cdot ")
    return re.sub(r"([_%&#$])", r"\\\1", text).replace(" ", r"\ ")


def name_latex(name: str) -> str:
    """A name's symbol; an item of a list, ``weights.1``, is weights with index 1."""
    before, dot, last = name.rpartition(".")
    return symbol(f"{before}{last}" if dot and last.isdigit() else name)


def pattern(entries: Entries, shape: tuple[int, ...], rows: int | None) -> tuple[int | str, ...]:
    """Where entries lie: the number of each axis on which they agree, a letter for each other one (b: the rows)."""
    places = entries.places(shape)
    letters = iter(LETTERS)
    found: list[int | str] = []
    for axis in range(len(shape)):
        column = places[:, axis]
        varies = len(column) > 1 and (column != column[0]).any()
        found.append(("b" if axis == rows else next(letters)) if varies else int(column[0]))
    return tuple(found)


def operand_place(operand: Node, place: Place, result: Node) -> tuple[int | str, ...]:
    """Which entry of an operand an entry of an elementwise result was computed from."""
    missing = len(result.shape) - len(operand.shape)
    axes = zip(operand.shape, result.shape[missing:], place[missing:], strict=True)
    return tuple(0 if n == 1 and m != 1 else k for n, m, k in axes)


def is_tight(text: str) -> bool:
    """Whether an expression can stand in a product or before a place: a name, an entry, a call, a positive number."""
    depth = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and letter in " -/<>*@":
            return False
    return True


class Names:
    """Texts for the nodes of one graph, as a user would write them.

    called: node -> its name where a name is given more than once ("rnn1.h.3"). moves: an entry of a value without a
    name that was only moved goes by the name that it had before.
    """

    def __init__(self, graph: Graph, called: Mapping[int, str] | None = None, moves: Moves | None = None) -> None:
        self.graph, self.called, self.moves = graph, called or {}, moves

    # --- whole arrays -----------------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """Of a value that has one."""
        return self.called.get(node.id, node.full_name)

    def text(self, node: Node) -> str:
        """A name, or the expression of a value without one: ``x @ w``."""
        return self.name(node) if node.name else self.expression(node) or f"v{node.id}"

    def expression(self, node: Node, depth: int = 4) -> str:
        """The operation that made a value, in the names of named values; empty where that would be long."""
        if node.primitive.name == "constant":
            value = node.attrs["value"]
            return _plain(value) if np.ndim(value) == 0 else f"c{node.id}"
        if node.primitive.name == "input" or depth == 0:
            return ""
        expressions = Expressions(self.graph, {})
        for i in node.inputs:
            x = self.graph[i]
            inner = self.name(x) if x.name else self.expression(x, depth - 1)
            if not inner:
                return ""
            expressions.written[i] = (inner, 100 if is_tight(inner) else min(x.primitive.precedence, 6))
        text = expressions.of(node)
        return text if len(text) <= LONGEST else ""

    # --- entries ----------------------------------------------------------------------------------------------------

    def entry(self, node: Node, place: Place) -> str:
        """``dense1.z[8, 2]``, ``(x @ w)[8, 2]``; of a number without a shape its text alone."""
        found = self.source(node, place)
        if found is None:
            return "0"
        node, place = found
        text = self.text(node)
        if node.name or is_tight(text):
            return text + at(place)
        return f"({text}){at(place)}"

    def source(self, node: Node, place: Place) -> tuple[Node, Place] | None:
        """The entry that it goes by: of a value without a name that one which was moved there; None for a frame's 0."""
        if node.name or self.moves is None or not is_move(self.graph, node) or any(isinstance(k, str) for k in place):
            return node, place
        return self.moves.source(node, [int(k) for k in place])

    def entry_latex(self, node: Node, place: Place) -> str:
        """The same in LaTeX."""
        found = self.source(node, place)
        if found is None:
            return "0"
        node, place = found
        if node.name:
            return name_latex(self.name(node)) + at(place)
        written = self.formula(node, place)
        return written.latex if written.precedence == 100 else rf"\left( {written.latex} \right)"

    def formula(self, node: Node, place: Place) -> Written:
        """An entry as an operand: of a value without a name its formula in the entries of those that have one."""
        if node.name or not is_elementwise(node):
            return self._leaf(node, place)
        return self.made_of(node, place, self._leaf)[0]

    def made_of(
        self, node: Node, place: Place, leaf: Callable[[Node, Place], Written]
    ) -> tuple[Written, dict[int, Place]]:
        """The formula of an entry in what ``leaf`` writes for the entries that it begins with, and which those are."""
        inner = self._inside(node, place)
        written: dict[int, Written] = {}
        leaves: dict[int, Place] = {}
        for id, own in sorted(inner.items()):
            x = self.graph[id]
            ends = x.name or not is_elementwise(x) or any(i not in inner for i in x.inputs)
            if id != node.id and ends:
                written[id], leaves[id] = leaf(x, own), own
            else:
                written[id] = operation(self.graph, x, written)
        return written[node.id], leaves

    def _inside(self, node: Node, place: Place) -> dict[int, Place]:
        """The values without a name that an entry is computed from, and the named ones they begin with."""
        found, waiting = {node.id: place}, [node]
        while waiting:
            x = waiting.pop(0)
            if x is not node and (x.name or not is_elementwise(x) or len(found) > DEEPEST):
                continue
            for i in x.inputs:
                if i not in found:
                    found[i] = operand_place(self.graph[i], found[x.id], x)
                    waiting.append(self.graph[i])
        return found

    def _leaf(self, node: Node, place: Place) -> Written:
        if node.primitive.name == "constant" and not node.shape:
            return numeral(float(node.attrs["value"]))
        found = self.source(node, place)
        if found is None:
            return Written("0", "0")
        node, place = found
        text = self.entry(node, place)
        if node.name:
            return Written(text, name_latex(self.name(node)) + at(place))
        if node.primitive.name == "matmul" and all(self.graph[i].name for i in node.inputs):
            a, b = (name_latex(self.graph[i].full_name) for i in node.inputs)
            return Written(text, rf"\left( {a} \, {b} \right){at(place)}")
        return Written(text, rf"\mathtt{{{escaped(text)}}}")


def _plain(value: Any) -> str:
    found = value.item() if hasattr(value, "item") else value
    return str(np.float32(found)) if isinstance(found, float) and len(repr(found)) > 9 else str(found)


# --- operations over single numbers -----------------------------------------------------------------------------------


def in_symbols(rule: Graph, operands: Sequence[Written]) -> Written:
    """A graph over single numbers as one expression. operands: what to write for each input."""
    written = dict(zip(rule.inputs, operands, strict=True))
    for node in rule.nodes:
        if node.id in written:
            continue
        if node.primitive.name == "constant":
            written[node.id] = numeral(float(node.attrs["value"]))
        elif (
            node.primitive.name == "multiply"
            and (rest := [i for i in node.inputs if written[i].text != "1"])
            and len(rest) < 2
        ):
            written[node.id] = written[rest[0]]  # the tangent 1 times a mask
        else:
            written[node.id] = operation(rule, node, written)
    return written[rule.outputs[0]]


def operation(graph: Graph, node: Node, written: Mapping[int, Written]) -> Written:
    """One operation on single numbers. written: its operands."""
    texts = Expressions(graph, {})
    texts.written = {i: (written[i].text, written[i].precedence) for i in node.inputs}
    latex, precedence = _latex(node, written)
    return Written(texts.of(node), latex, min(node.primitive.precedence, precedence))


# Places of a template that need no parentheses, because something encloses them.
_ENCLOSED = re.compile(
    r"(\(|\[|\||, |& |cases\} |floor |frac\{\{|sqrt\{\{|sqrt\[3\]\{\{|\}\}\{\{|e\^\{\{|2\^\{\{|\^\{\{)\{(\d)\}"
)


def _latex(node: Node, written: Mapping[int, Written]) -> tuple[str, int]:
    primitive = node.primitive
    if callable(primitive.latex):
        return primitive.latex(*[written[i].latex for i in node.inputs], **node.attrs), 89
    template = primitive.latex.replace(r"\odot", r"\cdot")  # of single numbers
    enclosed = {int(found.group(2)) for found in _ENCLOSED.finditer(template)}
    is_power = primitive.name in ("power", "square")
    operands = []
    for place, i in enumerate(node.inputs):
        least = 90 if is_power or primitive.precedence == 100 else primitive.precedence + (place > 0)
        text, own = written[i].latex, written[i].precedence
        operands.append(text if place in enclosed or own >= least else rf"\left( {text} \right)")
    closed = primitive.name in ("divide", "sqrt", "absolute", "reciprocal", "maximum", "minimum") or template[0] == "["
    return template.format(*operands, name=symbol(node.full_name)), 100 if closed else min(primitive.precedence, 89)
