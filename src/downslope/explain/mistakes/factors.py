"""Mistakes that multiply an adjoint by a number: signs, twos, counts, logarithms, what dropout is scaled by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import MISTAKES, Edit, Mistake, Planted, chain_rule, mistake
from downslope.explain.mistakes.tape import Changes, Step


def slots(scene: Scene) -> Iterator[Edit]:
    """Every adjoint, and every part of one that is a sum, times an unknown number; all penalties; all dropouts."""
    known = tuple(known_factors(scene))
    for node in scene.on_the_way:
        v = node.id
        yield _slot(scene, v, lambda c, v=v: Changes(adjoints={v: lambda g: c * g}), [v], known)  # type: ignore[misc]
        sources = [s for s in scene.tape.sources[v] if s in scene.tape.parts]
        if len(sources) > 1:
            for step in sources:
                yield _slot(scene, step[0], _scaled([step]), [v], known)
    for steps in ([s for some in scene.penalties.values() for s in some], [step for step, _, _ in scene.masks]):
        if len(steps) > 1:
            reached = [scene.graph[n].inputs[i] for n, i in steps]
            yield _slot(scene, max(n for n, _ in steps), _scaled(steps), reached, known)


def _scaled(steps: Sequence[Step]) -> Callable[[float], Changes]:
    return lambda c: Changes(steps={s: lambda g, part: c * part for s in steps})


def _slot(
    scene: Scene, node: int, changes: Callable[[float], Changes], reached: Sequence[int], known: tuple[float, ...]
) -> Edit:
    leaves = frozenset[int]().union(*(scene.tape.below[v] for v in reached))
    return Edit("factor", node, leaves, changes, lambda _: None, chain_rule(scene, node), True, known)


def known_factors(scene: Scene) -> dict[float, list[tuple[str, str]]]:
    """Every factor that has a name: ids of mistakes and what was done."""
    found: dict[float, list[tuple[str, str]]] = {}
    for entry in MISTAKES.values():
        for c, detail in (entry.factors(scene) if entry.factors else {}).items():
            found.setdefault(c, []).append((entry.id, detail))
    return found


def likely_place(scene: Scene, id: str, node: int) -> int:
    """How likely a factor is lost at a node: smaller is likelier."""
    prefers = MISTAKES[id].prefers
    name = scene.graph[node].primitive.name
    return prefers.index(name) if name in prefers else len(prefers)


# --- planted examples -------------------------------------------------------------------------------------------------

X = np.array([[0.5, -1.2], [1.5, 0.3], [-0.7, 0.9], [0.2, 2.0], [1.1, -0.4]])
Y = np.array([[1.0], [0.0], [2.0], [-1.0], [0.5]])
W = np.array([[0.3], [-0.8]])


def squares(w: Any, x: Any, y: Any) -> Any:
    """Mean squared error of a line."""
    p = x @ w
    r = p - y
    return np.mean(r**2)


def logarithm(w: Any, x: Any) -> Any:
    """A loss with a logarithm in it."""
    return -np.mean(np.log(x @ w + 10.0))


def dropped(w: Any, x: Any, mask: Any) -> Any:
    """A mean of what dropout with p = 0.4 keeps."""
    h = np.tanh(x @ w)
    return np.mean((h * mask / 0.6 - 0.5) ** 2)


MASK = np.array([[1.0], [0.0], [1.0], [1.0], [0.0]])


def _wrong(c: float) -> Planted:
    return squares, (W, X, Y), lambda w, x, y: c * 2 * x.T @ (x @ w - y) / 5, {}


def _wrong_dropout(c: float) -> Planted:
    def mine(w: Any, x: Any, mask: Any) -> Any:
        h = np.tanh(x @ w)
        return c * x.T @ (2 * (h * mask / 0.6 - 0.5) / 5 * (1 - h**2) / 0.6 * mask)

    return dropped, (W, X, MASK), mine, {}


# --- the table --------------------------------------------------------------------------------------------------------

mistake(
    Mistake(
        id="sign",
        sentence="The sign is flipped.",
        rule="the derivative of p - y by p is +1, by y it is -1",
        common=1,
        factors=lambda scene: {-1.0: "the sign is flipped"},
        prefers=("subtract", "negative"),
        planted=lambda: _wrong(-1.0),
    )
)

mistake(
    Mistake(
        id="doubled",
        sentence="It is twice too large.",
        rule="the derivative of r**2 is 2 r, that of r**2 / 2 is r",
        common=4,
        factors=lambda scene: {2.0: "a factor 2 is too many"},
        prefers=("square", "power", "multiply"),
        planted=lambda: _wrong(2.0),
    )
)

mistake(
    Mistake(
        id="halved",
        sentence="It is half of what it should be.",
        rule="the derivative of r**2 is 2 r",
        common=3,
        factors=lambda scene: {0.5: "a factor 2 is missing"},
        prefers=("square", "power", "multiply"),
        planted=lambda: _wrong(0.5),
    )
)


def _missing(scene: Scene) -> Mapping[float, str]:
    return {float(n): f"1/n is missing: sum for mean, over {what} (n = {n})" for n, what in scene.counts.items()}


def _twice(scene: Scene) -> Mapping[float, str]:
    return {
        1 / n: f"1/n is there once too often: mean for sum, over {what} (n = {n})" for n, what in scene.counts.items()
    }


mistake(
    Mistake(
        id="not-averaged",
        sentence="1/n is missing: a sum where the loss has a mean.",
        rule="each of the n numbers of a mean gets 1/n of its adjoint",
        common=2,
        factors=_missing,
        prefers=("mean", "divide", "sum"),
        planted=lambda: _wrong(5.0),
    )
)

mistake(
    Mistake(
        id="averaged-twice",
        sentence="1/n is there twice: a mean where there is a sum, or where 1/n came with the loss already.",
        rule="each of the n numbers of a sum gets the whole adjoint; of a mean 1/n, once",
        common=3,
        factors=_twice,
        prefers=("mean", "sum", "divide"),
        planted=lambda: _wrong(1 / 5),
    )
)


def _counts(scene: Scene) -> Mapping[float, str]:
    found = {}
    for n, what in scene.counts.items():
        found[n / (n - 1)] = f"divided by n - 1 = {n - 1} and not by n = {n}, {what}"
        found[(n - 1) / n] = f"divided by n = {n} and not by n - 1"
        found |= {
            n / m: f"divided by {m} ({other}) and not by {n} ({what})" for m, other in scene.counts.items() if m != n
        }
    return {c: text for c, text in found.items() if c not in (0.5, 2.0, 1.0) and c not in scene.counts}


mistake(
    Mistake(
        id="wrong-count",
        sentence="A mean is divided by the wrong number.",
        rule="each of the n numbers of a mean gets 1/n of its adjoint",
        common=9,
        factors=_counts,
        prefers=("mean", "divide", "sum"),
        planted=lambda: _wrong(5 / 4),
    )
)

mistake(
    Mistake(
        id="log-base",
        sentence="The derivative of a logarithm to another base.",
        rule="the derivative of ln x is 1 / x, that of log10 x is 1 / (x ln 10)",
        common=6,
        factors=lambda scene: {
            1 / math.log(10): "log10 for ln",
            math.log(10): "ln for log10",
            1 / math.log(2): "log2 for ln",
            math.log(2): "ln for log2",
        },
        prefers=("log", "log10", "log2", "logaddexp", "log1p"),
        planted=lambda: (
            logarithm,
            (W, X),
            lambda w, x: -x.T @ (1 / (x @ w + 10.0)) / 5 / math.log(10),
            {},
        ),
    )
)

mistake(
    Mistake(
        id="dropout-not-scaled",
        sentence="Dropout's 1 / (1 - p) is left out.",
        rule="g_x = g_h * mask / (1 - p)",
        common=3,
        factors=lambda scene: {
            keep: f"dropout's 1 / (1 - p) is left out, 1 - p = {keep:g}" for keep in scene.keep_rates
        },
        prefers=("multiply", "divide"),
        planted=lambda: _wrong_dropout(0.6),
    )
)

mistake(
    Mistake(
        id="dropout-scaled-twice",
        sentence="Dropout's 1 / (1 - p) is there twice.",
        rule="g_x = g_h * mask / (1 - p)",
        common=5,
        factors=lambda scene: {
            1 / keep: f"dropout's 1 / (1 - p) is there twice, 1 - p = {keep:g}" for keep in scene.keep_rates
        },
        prefers=("multiply", "divide"),
        planted=lambda: _wrong_dropout(1 / 0.6),
    )
)

mistake(
    Mistake(
        id="zero",
        sentence="Nothing arrives at a parameter: its gradient is zero.",
        rule="every parameter that the loss depends on gets its own adjoint",
        common=3,
        planted=lambda: (squares, (W, X, Y), np.zeros((2, 1)), {}),
    )
)
