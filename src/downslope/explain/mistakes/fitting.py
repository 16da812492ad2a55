"""Putting one mistake to the test: its unknown number, its name, and whether the gradients come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from downslope.explain.mistakes.factors import known_factors
from downslope.explain.mistakes.scene import EVIDENCE, Scene
from downslope.explain.mistakes.table import Edit
from downslope.explain.mistakes.tape import NOTHING, Array, Changes

LARGE = 4096  # numbers of a gradient that is first compared by SUMS random sums
SUMS = 4


@dataclass(frozen=True, eq=False)
class Fit:
    """Edits, with their numbers put in, that explain wrong gradients.

    distance: how far off, relative. alone: no other gradient, right or wrong, is changed to something that it is not.
    """

    edits: tuple[tuple[Edit, float], ...]
    explains: frozenset[int]
    distance: float
    alone: bool = True


class Fitting:
    """Compares what edits give with the wrong gradients of a scene. passes: backward passes that were made."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.factors = known_factors(scene)
        self.passes = 0
        self._sketch()

    def _sketch(self) -> None:
        """Large gradients are compared by a few random sums of their numbers; what fits is compared in full at last."""
        scene = self.scene
        rng = np.random.default_rng(0)
        self.mine = dict(scene.mine)
        for k, mine in scene.mine.items():
            if mine.size > LARGE and mine.shape == scene.graph[k].shape and np.isfinite(mine).all():
                scene.tape.sketches[k] = rng.normal(size=(SUMS, *mine.shape))
                self.mine[k] = scene.tape.sketch(k, mine)

    def run(self, changes: Changes, towards: Sequence[int]) -> dict[int, Array]:
        """Gradients of a backward pass with changes; empty ones where it cannot be made."""
        self.passes += 1
        try:
            return self.scene.tape.gradients(changes, towards, light=True)
        except ValueError:  # a change of shape on the way that the next step cannot take: this mistake cannot be made
            return dict.fromkeys(towards, np.zeros(0))

    def fit(self, edit: Edit, base: Changes, before: tuple[tuple[Edit, float], ...]) -> Iterator[Fit]:
        """How an edit on top of others explains the wrong gradients, with names for its number."""
        scene = self.scene
        reach = edit.leaves.union(*(e.leaves for e, _ in before))
        leaves = [k for k in scene.near_first if k in reach or k in scene.wrong]
        numbers = self.solved(edit, base, [k for k in leaves if k in edit.leaves]) if edit.free else [1.0]
        for c in numbers:
            named = list(self.named(edit, c))
            if not named:
                continue
            gradients = self.run(base.then(edit.changes(c)), leaves)
            off = {k: scene.distance(gradients[k], self.mine[k]) for k in leaves}
            explained = frozenset(k for k in leaves if off[k] <= scene.rtol and k in scene.wrong)
            spoils = any(off[k] > scene.rtol for k in leaves if k not in scene.wrong)
            if explained and not (spoils and set(scene.wrong) <= explained):
                furthest = max(off[k] for k in explained)
                alone = not spoils and set(scene.wrong) & edit.leaves <= explained
                for one in named:
                    yield Fit((*before, (one, c)), explained, furthest, alone)

    def solved(self, edit: Edit, base: Changes, leaves: Sequence[int]) -> list[float]:
        """The number with which the wrong gradient nearest to the loss comes out; several where leaves disagree."""
        scene = self.scene
        wrong = [k for k in leaves if k in scene.wrong and np.shape(scene.mine[k]) == scene.graph[k].shape]
        if not wrong or (edit.mistake != "factor" and sum(scene.mine[k].size for k in wrong) < EVIDENCE):
            return []
        none, one = self.run(base.then(edit.changes(0.0)), wrong), self.run(base.then(edit.changes(1.0)), wrong)
        found: list[float] = []
        for k in wrong:
            if np.shape(none[k]) != np.shape(self.mine[k]) or np.shape(one[k]) != np.shape(none[k]):
                continue
            with np.errstate(all="ignore"):
                way = np.ravel(one[k] - none[k])
                rest = np.ravel(self.mine[k] - none[k]).astype(float)
                c = float(np.dot(way, rest) / np.dot(way, way))
                fits = (
                    np.max(np.abs(rest - c * way), initial=0.0)
                    <= scene.rtol * np.max(np.abs(rest), initial=0.0) + scene.floor
                )
            if np.isfinite(c) and fits and not any(scene.is_number(c, other) for other in found):
                found.append(c)
            if len(found) == 2 or (found and edit.mistake != "factor"):
                break
        return found

    def named(self, edit: Edit, c: float) -> Iterator[Edit]:
        """The edit as a mistake with a name: several for a factor that has several, none for a number without."""
        if edit.mistake != "factor":
            text = edit.detail(c)
            if text is not None:
                yield replace(edit, detail=lambda _: text)
            return
        for known, names in self.factors.items():
            if self.scene.is_number(c, known):
                for id, text in names:
                    yield replace(edit, mistake=id, detail=lambda _, t=text: t)  # type: ignore[misc]
        if c == 0 or abs(c) <= 1e-12:
            node = edit.node
            if node in self.scene.tape.leaves:
                yield replace(
                    edit, mistake="zero", detail=lambda _: f"the gradient of {self.scene.names[node]} is zero"
                )

    def fits_in_full(self, fit: Fit) -> bool:
        """Large gradients, too, number by number."""
        leaves = [k for k in fit.explains if k in self.scene.tape.sketches]
        if len(fit.edits) > 2:  # one for each gradient
            singles = [(e.changes(c), [k for k in leaves if k in e.leaves]) for e, c in fit.edits]
        else:
            changes = NOTHING
            for e, c in fit.edits:
                changes = changes.then(e.changes(c))
            singles = [(changes, leaves)]
        good = {
            k
            for changes, some in singles
            for k, g in self.scene.tape.gradients(changes, some).items()
            if self.scene.is_same(g, self.scene.mine[k])
        }
        return good >= set(leaves)
