"""A value that is a sum, term by term: the inputs of a unit times its weights, a mean, what is added up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from downslope.autodiff.graph import Node
from downslope.explain.local import is_elementwise
from downslope.explain.moves import Entry
from downslope.explain.names import LETTERS, Names, Written, is_tight, number, numeral, operand_place
from downslope.explain.reverse import row_of
from downslope.explain.unfolding import Unfolding, layer_of


@dataclass(frozen=True)
class Term:
    """One term: ``value = a · b``, the number of ``first`` times that of ``second``; a and b are None of a lone number.

    second: None where b is a number that no array holds. scale: by what all of it is multiplied, within b.
    """

    first: Entry
    second: Entry | None
    a: float | None
    b: float | None
    value: float
    scale: float = 1.0

    def scaled(self, by: float) -> Term:
        """The same term of ``by`` times the sum."""
        a, b = (self.value, by) if self.a is None or self.b is None else (self.a, by * self.b)
        return replace(self, a=a, b=b, value=by * self.value, scale=by * self.scale)

    def negated(self) -> Term:
        """The same term, taken away."""
        return replace(self, b=None if self.b is None else -self.b, value=-self.value, scale=-self.scale)


def sum_of(unfolding: Unfolding, node: Node, place: Sequence[int]) -> list[Term] | None:
    """The terms of x @ w + b, of a mean, of three or more summands; None if the value is no such sum."""
    found = _terms(unfolding, node, tuple(place), layer_of(node))
    return found if found is not None and _is_sum(found) else None


def _is_sum(found: Sequence[Term]) -> bool:
    """Two lone summands read better as the formula that they are."""
    return len(found) > 2 or any(term.b is not None for term in found)


def _terms(unfolding: Unfolding, node: Node, place: tuple[int, ...], layer: str) -> list[Term] | None:
    name, graph = node.primitive.name, unfolding.graph
    if name in ("add", "subtract"):
        first, second = (_inner(unfolding, graph[i], _own(graph[i], place, node), layer) for i in node.inputs)
        return [*first, *([term.negated() for term in second] if name == "subtract" else second)]
    if name == "matmul":
        return _products(unfolding, node, place)
    if name in ("multiply", "divide"):
        return _scaled(unfolding, node, place, layer)
    return _of_a_reduction(unfolding, node, place)


def _own(x: Node, place: Sequence[int], node: Node) -> tuple[int, ...]:
    return tuple(int(k) for k in operand_place(x, place, node))


def _inner(unfolding: Unfolding, x: Node, place: tuple[int, ...], layer: str) -> list[Term]:
    """What an operand adds: its own terms where it has no name, itself as one otherwise; of a frame nothing."""
    source = unfolding.moves.source(x, place, layer)
    if source is None:
        return []
    node, own = source
    if not node.name and node.inputs and layer_of(node) == layer:
        found = _terms(unfolding, node, own, layer)
        if found is not None:
            return found
    return [Term(source, None, None, None, unfolding.number(node, own))]


def _scaled(unfolding: Unfolding, node: Node, place: tuple[int, ...], layer: str) -> list[Term] | None:
    """A sum times a number that stands in the code, or divided by it."""
    x, by = (unfolding.graph[i] for i in node.inputs)
    if node.primitive.name == "multiply" and x.primitive.name == "constant" and not x.shape:
        x, by = by, x
    if by.primitive.name != "constant" or by.shape or x.primitive.name == "constant" or x.name:
        return None
    value = float(by.attrs["value"])
    inner = _inner(unfolding, x, _own(x, place, node), layer)
    if not _is_sum(inner):
        return None
    return [term.scaled(value if node.primitive.name == "multiply" else 1 / value) for term in inner]


def _products(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> list[Term]:
    """One entry of a matrix product: row times column, without what meets a frame of zeros."""
    a, b = (unfolding.graph[i] for i in node.inputs)
    rest = list(place)
    column = rest.pop() if len(b.shape) > 1 else None
    row = rest.pop() if len(a.shape) > 1 else None
    n = a.shape[-1]

    def before(x: Node) -> tuple[int, ...]:
        """The leading axes, which spread over each other."""
        count = max(len(x.shape) - 2, 0)
        return tuple(0 if x.shape[k] == 1 else rest[len(rest) - count + k] for k in range(count))

    in_a = [(*before(a), *(() if row is None else (row,)), k) for k in range(n)]
    in_b = [(*before(b), k, *(() if column is None else (column,))) for k in range(n)]
    found = []
    for one, other in zip(in_a, in_b, strict=True):
        x, y = unfolding.number(a, one), unfolding.number(b, other)
        first, second = unfolding.moves.source(a, one, layer_of(node)), unfolding.moves.source(b, other, layer_of(node))
        if x * y == 0 and (
            _is_zero(first) or _is_zero(second)
        ):  # times a weight that is not finite it is NaN: it stays
            continue
        first, second = first or (a, one), second or (b, other)
        turned = first[0].id != a.id and _is_weight(unfolding, first[0])  # where code says W @ x, it stays so
        if turned and not _is_weight(unfolding, second[0]):  # the weight stands last, as in x · w
            first, second, x, y = second, first, y, x
        found.append(Term(first, second, x, y, x * y))
    return found


def _is_weight(unfolding: Unfolding, node: Node) -> bool:
    """Given, and not one for each row of the mini-batch."""
    return not node.inputs and node.id not in unfolding.rows


def _is_zero(entry: Entry | None) -> bool:
    """A zero of a frame, or one that stands in the code: the state before the first element of a sequence."""
    return entry is None or (entry[0].primitive.name == "constant" and not np.any(np.asarray(entry[0].attrs["value"])))


def _of_a_reduction(unfolding: Unfolding, node: Node, place: tuple[int, ...]) -> list[Term] | None:
    """Of any other operation that mixes entries and is linear there: a sum or a mean over axes, a maximum."""
    graph = unfolding.graph
    if is_elementwise(node) or not node.inputs or graph[node.inputs[0]].dtype.kind != "f":
        return None
    x = graph[node.inputs[0]]
    row = row_of(unfolding, node, place)
    if row is None:
        return None
    values = np.asarray(unfolding.values[x.id], float)
    with np.errstate(all="ignore"):
        parts = row * values
    total = unfolding.number(node, place)
    if not math.isclose(math.fsum(parts.flat), total, rel_tol=1e-4, abs_tol=1e-6 * float(np.abs(parts).sum())):
        return None  # not linear: the terms of a norm are no parts of it
    found = []
    for own in map(tuple, np.argwhere((row != 0) | (row != row)).tolist()):
        source = unfolding.moves.source(x, own, layer_of(node)) or (x, own)
        found.append(Term(source, None, float(values[own]), float(row[own]), float(parts[own]), float(row[own])))
    return found


def told(names: Names, term: Term) -> str:
    """``x[5, 0] · dense1.w[0, 2]``, with a minus where it is taken away; by what else it is multiplied comes last."""
    entries = [names.formula(*entry) for entry in (term.first, term.second) if entry is not None]
    factors = [f"({x.text})" if len(entries) > 1 and not is_tight(x.text) else x.text for x in entries]
    if term.second is not None and abs(term.scale) != 1:
        factors.append(number(abs(term.scale)))
    is_shown = term.second is None and term.b is not None  # the number that it is multiplied by has the sign
    return ("-" if term.scale < 0 and not is_shown else "") + " · ".join(factors)


def in_letters(names: Names, found: Sequence[Term]) -> Written:
    """What is summed, with a letter for each axis that it is summed over.

    ``x[5, k, i, 2 + j] · conv1.w[i, j, k, 2] + conv1.b[2]``; in LaTeX with the sign of the sum.
    """
    kinds: dict[tuple[int, int, bool], list[Term]] = {}
    for term in found:
        second = -1 if term.second is None else term.second[0].id
        kinds.setdefault((term.first[0].id, second, term.b is None), []).append(term)
    letters = dict[tuple[int, ...], str]()
    written = [_of_one_kind(names, own, letters) for own in kinds.values()]
    return Written(" + ".join(x.text for x in written), " + ".join(x.latex for x in written), 5)


def _of_one_kind(names: Names, own: Sequence[Term], letters: dict[tuple[int, ...], str]) -> Written:
    """Terms of the same two arrays. letters: of the columns of places that have one."""
    first, second, known = own[0].first[0], own[0].second, len(letters)
    factors = []
    if second is not None:  # its letters come first: an input stands where its weight is, and so much farther
        place = pattern_of([term.second[1] for term in own if term.second is not None], letters)
        factors.append(names.formula(second[0], place))
    scales = {term.b if term.second is None else abs(term.scale) for term in own} - {None, 1.0}
    if len(scales) == 1:
        factors.append(numeral(scales.pop() or 0.0, 4))
    factors.insert(0, names.formula(first, pattern_of([term.first[1] for term in own], letters)))
    over = ", ".join(list(letters.values())[known:])
    sign = "-" if own[0].scale < 0 and own[0].second is not None else ""
    tight = [Written(f"({x.text})", rf"\left( {x.latex} \right)") if x.precedence < 90 else x for x in factors]
    shown = tight if len(factors) > 1 else factors
    sum_sign = rf"\sum_{{{over}}} " if over else ""
    return Written(sign + " · ".join(x.text for x in shown), sign + sum_sign + r" \cdot ".join(x.latex for x in shown))


def pattern_of(places: Sequence[tuple[int, ...]], letters: dict[tuple[int, ...], str]) -> list[int | str]:
    """The number of each axis on which places agree; of each other one a letter, or how it follows from one."""
    found: list[int | str] = []
    for column in zip(*places, strict=True):
        if len(set(column)) == 1:
            found.append(column[0])
        elif column in letters:
            found.append(letters[column])
        elif follows := next(filter(None, (_follows(column, *known) for known in letters.items())), ""):
            found.append(follows)
        else:
            found.append(letters.setdefault(column, LETTERS[len(letters)] if len(letters) < len(LETTERS) else "…"))
    return found


def _follows(column: tuple[int, ...], other: tuple[int, ...], letter: str) -> str:
    """``2 + 3 · i`` where each number of a column is that much of another's; "" where none is."""
    if len(column) != len(other):
        return ""
    low, high = other.index(min(other)), other.index(max(other))
    step, rest = divmod(column[high] - column[low], other[high] - other[low])
    start = column[low] - step * other[low]
    if rest or step == 0 or any(x != start + step * y for x, y in zip(column, other, strict=True)):
        return ""
    times = letter if step == 1 else f"{step} · {letter}"
    return f"{start} + {times}" if start else times


def met_in(unfolding: Unfolding, node: Node, place: Sequence[int], entry: Entry) -> Entry | None:
    """In the sum that makes an entry, what another entry is multiplied by there; None where that is not one number."""
    met = []
    for term in sum_of(unfolding, *unfolding.moves.made(node, place)) or ():
        if term.second is not None:
            for own, other in ((term.first, term.second), (term.second, term.first)):
                if (own[0].id, own[1]) == (entry[0].id, entry[1]):
                    met.append(other)
    return met[0] if len(met) == 1 else None
