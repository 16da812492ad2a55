"""The search: which mistake, or which two, give exactly these numbers?

Every edit of the table is applied to the right backward pass and the gradients are compared. An edit with an unknown
number (a factor, a learning rate) needs two passes: gradients are straight in it, so it follows by projection, and a
third pass with that number must agree. Pairs are searched where they can be: the second mistake has to explain what the
first leaves over, and where both act on every wrong gradient, they are tried on the one that is nearest to the loss,
which the fewest steps lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import likely_place, slots
from downslope.explain.mistakes.fitting import Fit, Fitting
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import MISTAKES, Edit, all_edits
from downslope.explain.mistakes.tape import NOTHING, Array, Changes

MOST_PASSES = 6000  # backward passes that the search for pairs may take
MOST_RARE = 7  # mistakes that are rarer than this are not looked for in pairs
MOST_NUMBERS = 2e8  # and numbers that these passes may touch, for large networks


class Search(Fitting):
    """One search. ``fits()`` are those that explain all wrong gradients, the likeliest first."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.most = min(MOST_PASSES, int(MOST_NUMBERS / (1 + sum(n.size for n in scene.on_the_way if n.inputs))))
        wrong = set(scene.wrong)
        edits = [e for e in (*all_edits(scene), *slots(scene)) if e.leaves & wrong]
        self.edits = [*edits, *_everywhere(edits)]
        self.partial: list[Fit] = []

    def fits(self) -> list[Fit]:
        """Single mistakes that fit; if there are none, pairs; if there are none, one mistake for each gradient."""
        singles = self._singles()
        found = [f for f in singles if set(self.scene.wrong) <= f.explains]
        if not found:
            found = self._pairs(singles)
        if not found:
            found = self._one_each()
        return [f for f in self._ordered(found) if not self.scene.tape.sketches or self.fits_in_full(f)]

    # --- one mistake --------------------------------------------------------------------------------------------------

    def _singles(self) -> list[Fit]:
        found = [fit for edit in self.edits for fit in self.fit(edit, NOTHING, ())]
        self.partial = [f for f in found if f.explains and not set(self.scene.wrong) <= f.explains]
        return found

    # --- two mistakes -------------------------------------------------------------------------------------------------

    def _pairs(self, singles: list[Fit]) -> list[Fit]:
        wrong = set(self.scene.wrong)
        found: list[Fit] = []
        for first in self._distinct([f for f in singles if f.explains]):
            edit, c = first.edits[0]
            rest = wrong - first.explains
            for second in self.edits:
                if rest <= second.leaves and self.passes < self.most:
                    found += [f for f in self.fit(second, edit.changes(c), first.edits) if wrong <= f.explains]
        return found or self._products() or self._together()

    def _products(self) -> list[Fit]:
        """Two factors at one place, as a sign and a count: their product is one unknown number."""
        found: list[Fit] = []
        for edit in self.edits:
            leaves = [k for k in self.scene.near_first if k in edit.leaves]
            if edit.mistake != "factor" or not set(self.scene.wrong) <= edit.leaves:
                continue
            for c in self.solved(edit, NOTHING, leaves):
                off = self.run(edit.changes(c), leaves)
                furthest = max(self.scene.distance(off[k], self.mine[k]) for k in leaves)
                if furthest > self.scene.rtol:
                    continue
                for a, b in combinations(sorted(self.factors), 2):
                    if self.scene.is_number(c, a * b):
                        both = product(self.named(edit, a), self.named(edit, b))
                        pairs = [((one, a), (two, b)) for one, two in both if one.mistake != two.mistake]
                        found += [Fit(pair, frozenset(self.scene.wrong), furthest) for pair in pairs]
        return found

    def _together(self) -> list[Fit]:
        """Two mistakes that both act on the wrong gradient nearest to the loss: they are tried on that one alone."""
        scene = self.scene
        wrong = [k for k in scene.wrong if np.shape(scene.mine[k]) == scene.graph[k].shape] or scene.wrong
        near = min(wrong, key=lambda k: (sum(k in e.leaves for e in self.edits), np.size(scene.mine[k])))
        found: list[Fit] = []
        place = {id(e): n for n, e in enumerate(self.edits)}
        for edit, names, c in self._starts(near):
            if self.passes >= self.most:
                break
            base = edit.changes(c)
            for second in self.edits:
                if near not in second.leaves or (
                    edit.alike and (edit.mistake, edit.alike) == (second.mistake, second.alike)
                ):
                    continue
                if not edit.free and not second.free and place[id(second)] <= place[id(edit)]:
                    continue  # the same two the other way round
                if self._explains_one(second, base, near):
                    for name in names:
                        fits = self.fit(second, base, ((name, c),))
                        found += [f for f in fits if set(scene.wrong) <= f.explains]
        return found

    def _starts(self, near: int) -> list[tuple[Edit, list[Edit], float]]:
        """Every single mistake that changes one gradient, those with a number by the numbers that have names.

        Those that do the same to it, and reach the same, are one start with several names. The commonest come first.
        """
        found: list[tuple[Edit, list[Edit], float, Array]] = []
        for edit in self.edits:
            if near not in edit.leaves:
                continue
            for c in edit.known if edit.free else (1.0,):
                names = [n for n in self.named(edit, c) if MISTAKES[n.mistake].common <= MOST_RARE]
                if not names:
                    continue
                gradient = self.run(edit.changes(c), [near])[near]
                for other, known, _, g in found:
                    if (
                        other.leaves == edit.leaves
                        and np.shape(g) == np.shape(gradient)
                        and np.allclose(g, gradient, 1e-12)
                    ):
                        ids = [n.mistake for n in known]
                        known += [n for n in names if n.mistake not in ids]
                        break
                else:
                    found.append((edit, names, c, gradient))
        found.sort(key=lambda start: min(MISTAKES[n.mistake].common for n in start[1]))
        return [(edit, names, c) for edit, names, c, _ in found]

    def _explains_one(self, edit: Edit, base: Changes, near: int) -> bool:
        """Whether an edit on top of another explains one gradient; quick, because no other is computed."""
        if edit.free:
            return any(True for c in self.solved(edit, base, [near]) for _ in self.named(edit, c))
        return self.scene.is_same(self.run(base.then(edit.changes(1.0)), [near])[near], self.mine[near])

    def _distinct(self, fits: list[Fit]) -> list[Fit]:
        """One of those fits that are the same mistake with the same effect."""
        kept: dict[Any, Fit] = {}
        for f in self._ordered(fits):
            edit, c = f.edits[0]
            kept.setdefault((edit.mistake, f.explains, edit.leaves, round(c, 9)), f)
        return list(kept.values())

    # --- several ------------------------------------------------------------------------------------------------------

    def _one_each(self) -> list[Fit]:
        """For every wrong gradient the likeliest mistake that explains it, where there is one for all of them."""
        left = set(self.scene.wrong)
        chosen: list[Fit] = []
        while left:
            fits = [f for f in self.partial if f.alone and f.explains & left]
            if not fits:
                return []
            best = max(fits, key=lambda f: (len(f.explains & left), -self._rank(f)[1], -len(f.edits[0][0].leaves)))
            chosen.append(best)
            left -= best.explains
        if not chosen:
            return []
        edits = tuple(e for f in chosen for e in f.edits)
        return [Fit(edits, frozenset(self.scene.wrong), max(f.distance for f in chosen))]

    # --- order --------------------------------------------------------------------------------------------------------

    def _rank(self, fit: Fit) -> tuple[float, ...]:
        common = sum(MISTAKES[e.mistake].common for e, _ in fit.edits)
        places = sum(likely_place(self.scene, e.mistake, e.node) for e, _ in fit.edits)
        several = sum(e.alike == "everywhere" for e, _ in fit.edits)
        return (len(fit.edits), common, several, places, -max(e.node for e, _ in fit.edits))

    def _ordered(self, fits: list[Fit]) -> list[Fit]:
        """The fewest first, then the commonest; of one mistake at several places with one effect the likeliest."""
        kept: dict[Any, Fit] = {}
        for f in sorted(fits, key=self._rank):
            texts = [e.mistake for e, _ in f.edits]
            kept.setdefault((tuple(sorted(texts)), f.explains), f)
        return list(kept.values())


def _everywhere(edits: Sequence[Edit]) -> Iterator[Edit]:
    """The same slip at all places where it can be made."""
    groups: dict[tuple[str, str], list[Edit]] = {}
    for e in edits:
        if e.alike and not e.free:
            groups.setdefault((e.mistake, e.alike), []).append(e)
    for (id, _), group in groups.items():
        if len({e.node for e in group}) > 1:
            changes = NOTHING
            for e in group:
                changes = changes.then(e.changes(1.0))
            nodes = sorted({e.node for e in group})
            text = _all_texts([e.detail(1.0) or "" for e in group])
            yield Edit(
                id,
                nodes[-1],
                frozenset[int]().union(*(e.leaves for e in group)),
                _always(changes),
                _always(text),
                group[-1].rule,
                alike="everywhere",
            )


def _all_texts(texts: Sequence[str]) -> str:
    return "; ".join(texts) if len(texts) <= 3 else f"{texts[0]}; and so in {len(texts) - 1} other places"


def _always(value: Any) -> Callable[[float], Any]:
    return lambda _: value
