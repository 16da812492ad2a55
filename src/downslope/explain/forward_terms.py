"""An activation's own derivation: the expression that made it, and the terms of the sum in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.latex import symbol
from downslope.explain.local import is_elementwise
from downslope.explain.names import Names, Place, numeral, operand_place
from downslope.explain.paths import met_by
from downslope.explain.records import Contribution, Factor, Level
from downslope.explain.reverse import row_of
from downslope.explain.unfolding import Unfolding, layer_of

FARTHEST = 12  # a formula of more statements than that is not read any more

Term = tuple[str, float | None, float | None, float]  # label, its two factors, value


def terms(unfolding: Unfolding, id: int, place: tuple[int, ...], most: int) -> list[Level]:
    """The levels from a value backward, up to the first sum: h = max(z, 0), then z as a sum of x · w and b."""
    levels: list[Level] = []
    for _ in range(FARTHEST):
        node = unfolding.graph[id]
        found = _sum(unfolding, node, place)
        if found is not None:
            levels.append(_listed(unfolding, node, place, found, most))
            break
        if not is_elementwise(node):
            break
        level, leaves = _expression(unfolding, node, place)
        levels.append(level)
        inside = [(unfolding.graph[i], own) for i, own in leaves.items()]
        before = [(x, own) for x, own in inside if x.inputs and x.dtype.kind == "f" and layer_of(x) == layer_of(node)]
        if len(before) != 1:
            break
        (following, where) = before[0]
        id, place = following.id, tuple(map(int, where))
    return levels


def _value(unfolding: Unfolding, node: Node, place: Sequence[int | str]) -> float:
    where: Any = tuple(place)  # of whole numbers: letters stand for entries in formulas only
    return float(np.asarray(unfolding.values[node.id])[where])


def _factor(node: Node) -> Factor:
    line = node.line
    return Factor(node.primitive.name, "", "", str(line or ""), line.text if line else "", None)


def _expression(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> tuple[Level, dict[int, Place]]:
    """A value that is computed number by number: its formula, with the numbers put in too, and what it begins with."""
    names = Names(unfolding.graph)
    symbols, leaves = names.made_of(node, place, names.formula)
    numbers, _ = names.made_of(node, place, lambda x, own: numeral(_value(unfolding, x, own), 4))
    level = Level(
        node.id,
        names.entry(node, place),
        names.entry_latex(node, place),
        f"{symbols.text} = {numbers.text}",
        f"{symbols.latex} = {numbers.latex}",
        layer=layer_of(node),
        factors=(_factor(node),),
        value=_value(unfolding, node, place),
    )
    return level, leaves


def _sum(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> list[Term] | None:
    """The terms of a sum, x @ w + b or a mean; None if the value is no sum."""
    graph, names = unfolding.graph, Names(unfolding.graph)
    if node.primitive.name in ("add", "subtract"):
        terms: list[Term] = []
        for k, i in enumerate(node.inputs):
            x, sign = graph[i], -1.0 if k and node.primitive.name == "subtract" else 1.0
            own = tuple(int(n) for n in operand_place(x, place, node))
            inner = None if x.name else _sum(unfolding, x, own)
            if inner is None:
                inner = [(names.entry(x, own), None, None, _value(unfolding, x, own))]
            terms += [
                (label if sign > 0 else f"-{label}", a, None if b is None else sign * b, sign * c)
                for label, a, b, c in inner
            ]
        return terms if any(a is not None for _, a, _, _ in terms) else None
    if is_elementwise(node) or not node.inputs or graph[node.inputs[0]].dtype.kind != "f":
        return None
    x = graph[node.inputs[0]]
    row = row_of(unfolding, node, place)
    if row is None:
        return None
    values = np.asarray(unfolding.values[x.id], float)
    parts = row * values
    total = _value(unfolding, node, place)
    if not math.isclose(math.fsum(parts.flat), total, rel_tol=1e-4, abs_tol=1e-6 * float(np.abs(parts).sum())):
        return None  # not linear: the terms of a maximum or a norm are no parts of it
    found: list[Term] = []
    for where in np.argwhere((row != 0) | (row != row)).tolist():
        own = tuple(where)
        label = names.entry(x, own)
        if met := met_by(node, [graph[i] for i in node.inputs], x.id, list(own), place):
            label += f" · {names.entry(*met)}"
        found.append((label, float(values[own]), float(row[own]), float(parts[own])))
    return found


def _listed(unfolding: Unfolding, node: Node, place: tuple[int, ...], found: list[Term], most: int) -> Level:
    value = _value(unfolding, node, place)
    names = Names(unfolding.graph)
    order = sorted(found, key=lambda term: math.inf if term[3] != term[3] else abs(term[3]), reverse=True)
    listed = tuple(Contribution(label, None, label, a, b, c) for label, a, b, c in order[:most])
    expression = names.expression(node) or node.primitive.name
    return Level(
        node.id,
        names.entry(node, place),
        names.entry_latex(node, place),
        expression,
        symbol(node.full_name) if node.name else rf"v_{{{node.id}}}",
        by="term",
        layer=layer_of(node),
        factors=(_factor(node),),
        contributions=listed,
        others=len(found) - len(listed),
        rest=value - math.fsum(c.value for c in listed),
        value=value,
    )
