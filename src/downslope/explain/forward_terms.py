"""An activation's own derivation: the expression that made it, and the terms of the sums in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from downslope.autodiff.graph import Node
from downslope.autodiff.latex import symbol
from downslope.explain.local import is_elementwise
from downslope.explain.moves import Entry, is_move
from downslope.explain.names import Place, escaped, numeral
from downslope.explain.records import Contribution, Factor, Level
from downslope.explain.sums import Term, in_letters, pattern_of, sum_of, told
from downslope.explain.unfolding import Unfolding, layer_of

FARTHEST = 8  # a formula of more statements than that is not read any more
EXTREMES = {"maximum": "largest", "minimum": "smallest"}


def terms(unfolding: Unfolding, id: int, place: tuple[int, ...], most: int) -> tuple[list[Level], list[Entry]]:
    """The levels from a value backward inside of its layer: h = max(z, 0), then z as a sum of x · w and b.

    And what is left: the entries that would come next, where there are more levels than anybody reads.
    """
    levels: list[Level] = []
    waiting: list[Entry] = [(unfolding.graph[id], place)]
    layer, seen = layer_of(unfolding.graph[id]), list(waiting)
    while waiting and len(levels) < FARTHEST:
        node, place = waiting.pop(0)
        level, inside = _level(unfolding, node, place, most)
        if level is None:
            continue
        inside = [(x, own) for x, own in inside if (x, own) not in seen and _is_inside(x, layer, seen)]
        if levels and not level.by and not node.name and is_elementwise(node):
            waiting[:0] = inside  # its formula stands in the one that it belongs to
        else:
            levels.append(level)
            waiting += inside
        seen += inside
    return levels, [(node, place) for node, place in waiting if node.name]


def _is_inside(x: Node, layer: str, seen: Sequence[Entry]) -> bool:
    """Whether it is computed in the layer, and is no earlier state: from state to state it is far to the first one."""
    is_earlier = any(
        x.name and x.id != y.id and x.full_name == y.full_name and x.primitive is y.primitive for y, _ in seen
    )
    return bool(x.inputs) and x.dtype.kind == "f" and layer_of(x) == layer and not is_earlier


def _level(unfolding: Unfolding, node: Node, place: tuple[int, ...], most: int) -> tuple[Level | None, list[Entry]]:
    """One equality, and what it is made of that has one of its own."""
    made = unfolding.moves.made(node, place)
    if is_move(unfolding.graph, node) and not (made[0].id != node.id and sum_of(unfolding, *made)):
        return _moved(unfolding, node, place)
    if window := _window(unfolding, node, place):
        return _extreme(unfolding, node, place, window, most), []
    if found := sum_of(unfolding, *made):
        return _listed(unfolding, node, place, found, most), []
    if is_elementwise(node):
        return _expression(unfolding, node, place)
    if not node.inputs:
        return None, []
    into = unfolding.names.expression(node) or node.primitive.name
    return _equality(unfolding, node, place, into, rf"\mathtt{{{escaped(into)}}}"), []


def _factor(node: Node) -> Factor:
    line = node.line
    return Factor(node.primitive.name, "", "", str(line or ""), line.text if line else "", None)


def _equality(unfolding: Unfolding, node: Node, place: tuple[int, ...], into: str, into_latex: str) -> Level:
    names = unfolding.names
    return Level(
        node.id,
        names.entry(node, place),
        names.entry_latex(node, place),
        into,
        into_latex,
        layer=layer_of(node),
        factors=(_factor(node),),
        value=unfolding.number(node, place),
    )


def _moved(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> tuple[Level, list[Entry]]:
    """A number that stands elsewhere too: in a row of all of them, beside the states of other steps."""
    before = unfolding.moves.before(node, place)
    source = None if before is None else unfolding.moves.source(*before, layer_of(node))
    if source is None:
        return _equality(unfolding, node, place, "a number of a frame", r"\mathrm{frame}"), []
    names = unfolding.names
    return _equality(unfolding, node, place, names.entry(*source), names.entry_latex(*source)), [source]


def _expression(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> tuple[Level, list[Entry]]:
    """A value that is computed number by number: its formula, with the numbers put in too, and what it begins with."""
    names, moves = unfolding.names, unfolding.moves
    layer = layer_of(node)

    def source(x: Node, own: Place) -> Entry | None:
        return moves.source(x, [int(k) for k in own], layer)

    symbols, leaves = names.made_of(
        node, place, lambda x, own: names.formula(*found) if (found := source(x, own)) else numeral(0.0)
    )
    numbers, _ = names.made_of(node, place, lambda x, own: numeral(unfolding.number(x, [int(k) for k in own]), 4))
    text, latex = f"{symbols.text} = {numbers.text}", f"{symbols.latex} = {numbers.latex}"
    inside = [source(unfolding.graph[i], own) for i, own in leaves.items()]
    return _equality(unfolding, node, place, text, latex), [entry for entry in reversed(inside) if entry is not None]


# --- the largest of a window ------------------------------------------------------------------------------------------


def _window(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> list[Entry]:
    """The entries of one array of which a value is the largest or the smallest, in order; [] if it is no such value."""
    if node.primitive.name not in EXTREMES:
        return []
    found: list[Entry] = []
    waiting: list[Entry] = [(node, place)]
    while waiting:
        x, own = waiting.pop()
        source = unfolding.moves.source(x, own, layer_of(node))
        if source is None:
            return []
        if source[0].primitive is node.primitive and layer_of(source[0]) == layer_of(node):
            # Where two are equal the second operand wins: it holds the earlier places of the window.
            waiting += [(unfolding.graph[i], source[1]) for i in source[0].inputs if unfolding.graph[i].shape]
            if any(unfolding.graph[i].shape != source[0].shape for i in source[0].inputs):
                return []
        elif source not in found:
            found.append(source)
    return found if len({x.id for x, _ in found}) == 1 else []


def _extreme(unfolding: Unfolding, node: Node, place: tuple[int, ...], window: list[Entry], most: int) -> Level:
    value, names = unfolding.number(node, place), unfolding.names
    numbers = [unfolding.number(*entry) for entry in window]
    winner = next((k for k, x in enumerate(numbers) if x == value or (x != x and value != value)), 0)
    rest = sorted((k for k in range(len(window)) if k != winner), key=lambda k: -abs(numbers[k] - value), reverse=True)
    word = EXTREMES[node.primitive.name]

    def part(k: int) -> Contribution:
        wins = k == winner
        label = names.entry(*window[k])
        note = f"the {word}" if wins else "as large, and later" if numbers[k] == value else ""
        one = 1.0 if wins else 0.0
        is_finite = math.isfinite(numbers[k])
        return Contribution(
            label, None, label, numbers[k], one if is_finite else None, numbers[k] if wins else 0.0, note
        )

    listed = tuple(part(k) for k in [winner, *rest][:most])
    letters: dict[tuple[int, ...], str] = {}
    of = names.formula(window[0][0], pattern_of([own for _, own in window], letters))
    level = _equality(unfolding, node, place, f"the {word} of {len(window)}: {of.text}", "")
    latex = rf"\{node.primitive.name[:3]}_{{{', '.join(letters.values())}}} {of.latex}"
    return _sum_level(unfolding, replace(level, formula_latex=latex), listed, len(window) - len(listed))


# --- a sum ------------------------------------------------------------------------------------------------------------


def _listed(unfolding: Unfolding, node: Node, place: tuple[int, ...], found: list[Term], most: int) -> Level:
    names = unfolding.names
    order = sorted(found, key=lambda term: math.inf if term.value != term.value else abs(term.value), reverse=True)

    def part(term: Term) -> Contribution:
        label = told(names, term)
        return Contribution(label, None, label, term.a, term.b, term.value)

    listed = tuple(part(term) for term in order[:most])
    summed = in_letters(names, found)
    level = _equality(unfolding, node, place, names.expression(node) or summed.text, "")
    return _sum_level(unfolding, replace(level, formula_latex=summed.latex), listed, len(found) - len(listed))


def _sum_level(unfolding: Unfolding, level: Level, listed: tuple[Contribution, ...], others: int) -> Level:
    node = unfolding.graph[level.node]
    tex = symbol(unfolding.names.name(node)) if node.name else rf"v_{{{node.id}}}"
    rest = level.value - math.fsum(c.value for c in listed)
    return replace(level, into_latex=tex, by="term", contributions=listed, others=others, rest=rest)
