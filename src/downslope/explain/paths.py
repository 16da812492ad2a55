"""The levels of a derivation: at each branching the largest contributions, and on along one of them to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.errors import SettingError, nearest
from downslope.explain.local import Entries, forward_rule, is_elementwise, one_entry
from downslope.explain.moves import Entry
from downslope.explain.names import Place, Written, at, in_symbols, operand_place, pattern
from downslope.explain.records import Contribution, Factor, Level
from downslope.explain.sums import met_in
from downslope.explain.unfolding import Crossing, Landing, Unfolding, layer_of

MOST = 5  # contributions that are listed
DEPTH = 8  # branchings that are shown
LONGEST = 10  # levels for each of them: a loop that was unrolled has thousands
READABLE = 20  # operations whose local derivatives are written as one product

Array = Any


@dataclass(frozen=True, eq=False)
class Asking:
    """What a user wants to see. labels: the contributions to follow, in order; then the largest ones.

    row_id: place in the mini-batch -> the row's number in the data. row_note: what to say of a row. ending: (node,
    place) -> what the loss as a whole makes of this entry of the output, where a formula is known.
    """

    labels: tuple[str, ...] = ()
    most: int = MOST
    depth: int = DEPTH
    row_id: Callable[[int], int] = int
    row_note: Callable[[int], str] = lambda _: ""
    ending: Callable[[int, Sequence[int]], Written | None] = lambda id, place: None


@dataclass(frozen=True, eq=False)
class _Sum:
    """Entries that the derivative is a sum over, and how it is told: each part's value; its label, index and entries
    when they are asked for, because there may be very many.
    """

    by: str
    values: Array
    label: Callable[[int], str]
    index: Callable[[int], int | None]
    part: Callable[[int], tuple[Landing, ...]]


def _is_single(part: tuple[Landing, ...]) -> bool:
    return len(part) == 1 and len(part[0].entries.at) == 1


class Paths:
    """The levels from one entry to the loss."""

    def __init__(self, unfolding: Unfolding, asking: Asking) -> None:
        self.unfolding, self.asking = unfolding, asking
        self.names = unfolding.names
        self.labels = list(asking.labels)
        self.entry: Entry = unfolding.graph[unfolding.loss], ()  # that the level in hand is about

    def levels(self, id: int, place: Sequence[int]) -> tuple[list[Level], str]:
        """The levels, and what to say of the end."""
        graph, found, branchings = self.unfolding.graph, list[Level](), 0
        value = float(np.asarray(self.unfolding.adjoint(id))[tuple(place)])
        while id != self.unfolding.loss:
            if branchings >= self.asking.depth or len(found) >= LONGEST * self.asking.depth:
                entry = self.names.entry(graph[id], place)
                return found, f"dL/d{entry} = {value:.4g} comes through further values: ask with a larger depth="
            self.entry = graph[id], tuple(place)
            crossing = self.unfolding.cross(id, place)
            if not crossing.landings:
                found.append(self._nothing(graph[id], place, value))
                if np.isfinite(value):
                    return found, "Nothing leads from there to the loss: the derivative is 0."
                return found, f"The derivative is {value:g}: past a number that is not finite nothing can be told."
            part, level = crossing.landings, self._level(graph[id], place, crossing, value)
            while True:
                level, part = self._filled(level, self._split(part))
                found.append(level)
                branchings += level.by != ""
                if _is_single(part):
                    break
                level = self._within(level, part)
            landing = part[0]
            id, place = landing.node.id, landing.entries.places(landing.node.shape)[0].tolist()
            value = float(landing.adjoints[0])
        if self.labels:
            self._refuse(self.labels[0], found)
        return found, ""

    # --- one equality ---------------------------------------------------------------------------------------------

    def _nothing(self, node: Node, place: Sequence[int], value: float) -> Level:
        name, latex = self.names.entry(node, place), self.names.entry_latex(node, place)
        return Level(node.id, name, latex, "", "", layer=layer_of(node), value=value)

    def _level(self, node: Node, place: Sequence[int], crossing: Crossing, value: float) -> Level:
        intos = [self._pattern(landing.node, landing.entries) for landing in crossing.landings]
        loss = self.unfolding.loss
        texts = [
            "L" if x.node.id == loss else self.names.entry(x.node, p)
            for x, p in zip(crossing.landings, intos, strict=True)
        ]
        latex = [
            "L" if x.node.id == loss else self.names.entry_latex(x.node, p)
            for x, p in zip(crossing.landings, intos, strict=True)
        ]
        entry, entry_latex = self.names.entry(node, place), self.names.entry_latex(node, place)
        factors = tuple(self._factors(node.id, place, crossing))
        layer = layer_of(crossing.landings[0].node)
        into, into_latex = ", ".join(texts), ", ".join(latex)
        level = Level(node.id, entry, entry_latex, into, into_latex, layer=layer, factors=factors, value=value)
        known = self.asking.ending(node.id, place) if into == "L" else None
        return level if known is None else replace(level, formula=known.text, formula_latex=known.latex)

    def _within(self, level: Level, part: tuple[Landing, ...]) -> Level:
        """The same equality for the part of a sum that is taken, which is a sum itself."""
        chosen, end = level.contributions[level.taken], part[0]
        name = " ".join(filter(None, (level.part, chosen.label)))
        if level.by != "path":
            return replace(level, part=name, value=chosen.value)
        place = self._pattern(end.node, end.entries)
        into, into_latex = self.names.entry(end.node, place), self.names.entry_latex(end.node, place)
        return replace(level, part=name, value=chosen.value, into=into, into_latex=into_latex)

    def _factors(self, id: int, place: Sequence[int], crossing: Crossing) -> list[Factor]:
        before = one_entry(place, self.unfolding.graph[id].shape)
        factors = []
        for node, entries in crossing.line if len(crossing.line) <= READABLE else ():
            text, latex = self._symbols(node, id, before, entries)
            value = None
            if len(before.at) == len(entries.at) == 1:
                own = self.unfolding.local.through(node, {id: Entries(before.at, np.ones(1))})
                value = 0.0 if own is None else float(own.numbers[0])
            line = node.line
            factors.append(Factor(node.primitive.name, text, latex, str(line or ""), line.text if line else "", value))
            id, before = node.id, entries
        return factors

    def _symbols(self, node: Node, source: int, before: Entries, entries: Entries) -> tuple[str, str]:
        """The local derivative of one operation, for the entries that move; empty where no formula is at hand."""
        graph, place = self.unfolding.graph, self._pattern(node, entries)
        inputs = [graph[i] for i in node.inputs]
        if len(before.at) == 1 and node.inputs.count(source) == 1:
            own = before.places(graph[source].shape)[0].tolist()
            if met := met_by(node, inputs, source, own, place):
                other = self.names.formula(*met)
                return other.text, other.latex
        if is_elementwise(node):
            rule = forward_rule(node, inputs, [i == source for i in node.inputs], (), [()] * len(inputs), unit=True)
            if rule is None:
                return "0", "0"
            operands = [self.names.formula(x, operand_place(x, place, node)) for x in inputs]
            itself = Written(self.names.entry(node, place), self.names.entry_latex(node, place))
            found = in_symbols(rule, [*operands, itself if node.name else self.names.formula(node, place)])
            return found.text, found.latex
        return _same_for_all(before, entries)

    def _pattern(self, node: Node, entries: Entries) -> tuple[int | str, ...]:
        return pattern(entries, node.shape, self.unfolding.rows.get(node.id))

    # --- sums -----------------------------------------------------------------------------------------------------

    def _split(self, part: tuple[Landing, ...]) -> _Sum:
        """How a sum is told: by path, then by row, then entry by entry."""
        if len(part) > 1:
            names = [f"through {self._through(one)}" for one in part]
            labels = [f"{x} ({names[:k].count(x) + 1})" if x in names[:k] else x for k, x in enumerate(names)]
            values = np.array([one.parts.sum() for one in part])
            return _Sum("path", values, labels.__getitem__, lambda k: None, lambda k: (part[k],))
        (landing,) = part
        places = landing.entries.places(landing.node.shape)
        if len(places) == 1:
            return _Sum("", landing.parts, lambda k: self._through(landing), lambda k: None, lambda k: part)
        rows = self.unfolding.rows.get(landing.node.id)
        varying = [axis for axis in range(places.shape[1]) if (places[:, axis] != places[0, axis]).any()]
        if rows in varying:
            found, which = np.unique(places[:, rows], return_inverse=True)
            values = np.bincount(which, weights=landing.parts)
            return _Sum(
                "row",
                values,
                lambda k: f"row {self.asking.row_id(int(found[k]))}",
                lambda k: int(found[k]),
                lambda k: (landing.only(np.flatnonzero(which == k)),),
            )
        is_units = varying == [places.shape[1] - 1] and places.shape[1] < 4  # the last axis of images is no unit
        by = "unit" if is_units else "entry"
        return _Sum(
            by,
            landing.parts,
            lambda k: f"unit {places[k, -1]}" if by == "unit" else f"entry {at(places[k].tolist())}",
            lambda k: int(places[k, -1]) if by == "unit" else None,
            lambda k: (landing.only(np.array([k])),),
        )

    def _through(self, landing: Landing) -> str:
        if landing.node.id == self.unfolding.loss:
            return "the loss"
        return self.names.entry(landing.node, self._pattern(landing.node, landing.entries))

    def _filled(self, level: Level, sum_: _Sum) -> tuple[Level, tuple[Landing, ...]]:
        """The level with its contributions, and the part that the derivation goes on with."""
        sizes = np.where(np.isnan(sum_.values), np.inf, np.abs(sum_.values))
        order = np.argsort(-sizes, kind="stable")[: max(self.asking.most, 1)].tolist()
        taken = self._chosen(sum_, order[0]) if sum_.by else order[0]
        listed = order if taken in order else [*order[:-1], taken]
        contributions = tuple(self._contribution(sum_, k, level) for k in listed)
        filled = replace(
            level,
            by=sum_.by,
            contributions=contributions,
            others=len(sum_.values) - len(listed),
            rest=level.value - math.fsum(c.value for c in contributions),
            taken=listed.index(taken),
        )
        return filled, sum_.part(taken)

    def _contribution(self, sum_: _Sum, k: int, level: Level) -> Contribution:
        part, index = sum_.part(k), sum_.index(k)
        factor = adjoint = None
        of = note = ""
        if _is_single(part):
            factor, adjoint = float(part[0].entries.numbers[0]), float(part[0].adjoints[0])
            of = self._through(part[0])
            if not level.is_product and sum_.by:
                note = self._met(part[0])
        if sum_.by == "row" and index is not None:
            index, note = self.asking.row_id(index), ", ".join(filter(None, (self.asking.row_note(index), note)))
        return Contribution(sum_.label(k), index, of, factor, adjoint, float(sum_.values[k]), note)

    def _met(self, landing: Landing) -> str:
        """What the entry is multiplied by on its way into this one: of a convolution a weight, of a weight a pixel."""
        place = tuple(landing.entries.places(landing.node.shape)[0].tolist())
        met = met_in(self.unfolding, landing.node, place, self.entry)
        return "" if met is None else f"times {self.names.formula(*met).text}"

    def _chosen(self, sum_: _Sum, largest: int) -> int:
        """The contribution that the user asked for, the largest one otherwise."""
        if not self.labels:
            return largest
        labels = [sum_.label(k) for k in range(len(sum_.values))]
        return labels.index(self.labels.pop(0)) if self.labels[0] in labels else largest

    def _refuse(self, label: str, levels: list[Level]) -> None:
        known = [c.label for level in levels for c in level.contributions if level.by]
        raise SettingError(
            "explain-open",
            f"no branching on the way has a part called {label!r}",
            where=f"derivation.open({label!r})",
            why="the path goes on with one part at each branching, in the order from the number to the loss",
            do=nearest(label, dict.fromkeys([*known, *sorted(self.unfolding.wholes)])),
        )


def met_by(node: Node, inputs: list[Node], source: int, own: list[int], place: Place) -> tuple[Node, Place] | None:
    """In a matrix product, the entry of the other factor that an entry of this one is multiplied by."""
    if node.primitive.name != "matmul":
        return None
    a, b = inputs
    if source == a.id and len(b.shape) <= 2:
        return (b, (own[-1], place[-1])) if len(b.shape) == 2 else (b, (own[-1],))
    if source == b.id and len(b.shape) <= 2:
        rows = place if len(b.shape) == 1 else place[:-1]
        return (a, (*rows, own[0])) if len(a.shape) > 1 else (a, (own[0],))
    return None


def _same_for_all(before: Entries, entries: Entries) -> tuple[str, str]:
    """A local derivative that is the same number for all entries, 1 or 1/n: moves, sums and means."""
    if len(before.at) not in (1, len(entries.at)):
        return "", ""
    with np.errstate(all="ignore"):
        ratios = entries.numbers / before.numbers
    if not np.allclose(ratios, ratios[0], rtol=1e-12, atol=0) or not 0 < ratios[0] <= 1:
        return "", ""
    n = round(1 / float(ratios[0]))
    if abs(n * float(ratios[0]) - 1) > 1e-9:
        return "", ""
    return ("1", "1") if n == 1 else (f"1/{n}", rf"\frac{{1}}{{{n}}}")
