"""Mistakes at forks and at statistics: a value that is used several times gets its adjoint from all of its users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import W, X, Y
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Changes, Step

MOST_STATISTICS = 6  # of so many every choice is tried, of more each by itself and all together


def without(scene: Scene, id: str, steps: Sequence[Step], detail: str, rule: str, alike: str = "") -> Edit:
    """Some steps hand nothing back."""
    reached = frozenset[int]().union(*(scene.tape.below[scene.graph[n].inputs[i]] for n, i in steps))
    changes = Changes(steps={s: lambda g, part: np.zeros_like(part) for s in steps})
    return fixed(id, scene, max(n for n, _ in steps), changes, detail, rule, alike, reached)


def _forks(scene: Scene) -> Iterator[tuple[int, list[Step]]]:
    for node in scene.on_the_way:
        steps = [s for s in scene.tape.sources[node.id] if s in scene.tape.parts]
        if len(steps) > 1:
            yield node.id, steps


def _users(scene: Scene, steps: Sequence[Step]) -> str:
    return " and ".join(scene.name(n) for n, _ in steps)


def _overwritten(scene: Scene) -> Iterator[Edit]:
    statistics = [step for steps in _statistics(scene).values() for step in steps]
    for v, steps in _forks(scene):
        penalty = scene.penalties.get(v, [])
        for kept in steps:
            rest = [s for s in steps if s != kept]
            if set(rest) <= {*penalty, *statistics}:
                continue  # that is the penalty left out, or statistics taken for constants
            text = (
                f"{scene.name(v)} is used {len(steps)} times, and only what comes from {_users(scene, [kept])} stays: "
                "overwritten, not accumulated"
            )
            yield without(
                scene,
                "overwritten",
                rest,
                text,
                f"{scene.adjoint_name(v)} is the sum of the parts from {_users(scene, steps)}",
            )


def _dropped(scene: Scene) -> Iterator[Edit]:
    for v, steps in _forks(scene):
        if len(steps) > 2:
            for step in steps:
                if step not in scene.penalties.get(v, []):
                    text = f"the part of {scene.adjoint_name(v)} that comes from {_users(scene, [step])} is left out"
                    rule = f"{scene.adjoint_name(v)} is the sum of the parts from {_users(scene, steps)}"
                    yield without(scene, "term-dropped", [step], text, rule)


def _statistics(scene: Scene) -> dict[bool, list[Step]]:
    """Steps into means, variances, sums and the like that give several numbers: over the examples, or over others."""
    found: dict[bool, list[Step]] = {True: [], False: []}
    for node in scene.on_the_way:
        if node.primitive.name in ("mean", "var", "std", "sum", "max") and node.size > 1:
            step = (node.id, 0)
            if step in scene.tape.parts and scene.graph[node.inputs[0]].size != node.size:
                over_examples = 0 in node.attrs["axis"] and scene.graph[node.inputs[0]].shape[0] == scene.batch
                found[over_examples].append(step)
    return found


def _choices(steps: list[Step]) -> Iterator[tuple[Step, ...]]:
    sizes = range(1, len(steps) + 1) if len(steps) <= MOST_STATISTICS else (1, len(steps))
    for size in sizes:
        yield from combinations(steps, size)


def _constants(scene: Scene) -> Iterator[Edit]:
    for steps in _choices(_statistics(scene)[True]):
        text = f"statistics of the batch ({', '.join(scene.name(n) for n, _ in steps)}) are treated as constants"
        rule = "mean and variance depend on every example of the batch, so each gets a part of their adjoints"
        yield without(scene, "statistics-constant", steps, text, rule)


def _normalisers(scene: Scene) -> Iterator[Edit]:
    for steps in _choices(_statistics(scene)[False]):
        text = (
            f"what is divided by or subtracted ({', '.join(scene.name(n) for n, _ in steps)}) is treated as a constant"
        )
        rule = "a sum depends on all of its numbers, so each gets the sum's adjoint"
        yield without(scene, "normaliser-constant", steps, text, rule)


# --- planted examples -------------------------------------------------------------------------------------------------


def _fork(w: Any, x: Any) -> Any:
    h = np.tanh(x @ w)
    return np.mean(h * np.exp(h))


def _wrong_fork() -> Planted:
    def mine(w: Any, x: Any) -> Any:
        h = np.tanh(x @ w)
        return x.T @ (np.exp(h) / 5 * (1 - h**2))

    return _fork, (W, X), mine, {}


def _three(w: Any, x: Any) -> Any:
    h = np.tanh(x @ w)
    return np.mean(h * np.exp(h) + np.sin(h))


def _wrong_three() -> Planted:
    def mine(w: Any, x: Any) -> Any:
        h = np.tanh(x @ w)
        return x.T @ ((np.exp(h) * (1 + h)) / 5 * (1 - h**2))

    return _three, (W, X), mine, {}


def _normed(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    d = z - np.mean(z, axis=0)
    v = np.mean(d**2, axis=0)
    return np.mean((d / np.sqrt(v + 0.1) - y) ** 2)


def _wrong_normed() -> Planted:
    w = np.hstack([W, W[::-1]])

    def mine(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        d = z - z.mean(axis=0)
        s = np.sqrt((d**2).mean(axis=0) + 0.1)
        return x.T @ (2 * (d / s - y) / 10 / s)

    return _normed, (w, X, Y), mine, {}


def _shares(w: Any, x: Any, y: Any) -> Any:
    e = np.exp(x @ w)
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.mean((p - y) ** 2)


def _wrong_shares() -> Planted:
    w = np.hstack([W, W[::-1], -W])

    def mine(w: Any, x: Any, y: Any) -> Any:
        p = np.exp(x @ w)
        p = p / p.sum(axis=1, keepdims=True)
        return x.T @ (2 * (p - y) / 15 * p)

    return _shares, (w, X, Y), mine, {}


mistake(
    Mistake(
        id="overwritten",
        sentence="Where a value is used several times, one part of its adjoint overwrites the others.",
        rule="the adjoints that come from several users are added",
        common=3,
        edits=_overwritten,
        planted=_wrong_fork,
    )
)

mistake(
    Mistake(
        id="term-dropped",
        sentence="One of several parts of an adjoint is left out.",
        rule="the adjoints that come from several users are added",
        common=6,
        edits=_dropped,
        planted=_wrong_three,
    )
)

mistake(
    Mistake(
        id="statistics-constant",
        sentence="The batch's mean or variance is treated as a constant.",
        rule="mean and variance depend on every example of the batch, so each gets a part of their adjoints",
        common=2,
        edits=_constants,
        planted=_wrong_normed,
    )
)

mistake(
    Mistake(
        id="normaliser-constant",
        sentence="A sum, mean or maximum that the numbers are divided by is treated as a constant.",
        rule="a sum depends on all of its numbers, so each gets the sum's adjoint",
        common=5,
        edits=_normalisers,
        planted=_wrong_shares,
    )
)
