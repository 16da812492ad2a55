"""Mistakes with dropout's mask: not used again on the way back, or another one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import MASK, W, X, dropped
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes, Step

MOST_UNKNOWNS = 512  # numbers of a mask that are solved for
MOST_ROWS = 12  # so many rows of a unit are tried out in all their subsets


def _missing(scene: Scene) -> Iterator[Edit]:
    for step, mask, scale in scene.masks:
        node = step[0]
        inside = float(np.max(mask))
        rule = f"{scene.adjoint_name(scene.graph[node].inputs[step[1]])} = {scene.adjoint_name(node)} * mask"
        reached = scene.tape.below[node]
        for c, also in ((inside, ""), (inside / scale, ", nor the 1 / (1 - p)")):
            change = Changes(steps={step: lambda g, part, c=c: c * g})  # type: ignore[misc]
            text = f"the mask of dropout is not applied on the way back{also}"
            yield fixed("dropout-mask-missing", scene, node, change, text, rule, "missing" + also, reached)


def _another(scene: Scene) -> Iterator[Edit]:
    """Masks that would explain the numbers: solved for, or found by trying, unit by unit."""
    for step, mask, _ in scene.masks:
        node = step[0]
        reached = [leaf for leaf in scene.mine if leaf in scene.tape.below[node]]
        if mask.ndim != 2 or mask.size > MOST_UNKNOWNS or not set(scene.wrong) <= set(reached):
            continue
        other = _solved(scene, step, mask, reached)
        if other is not None and not np.array_equal(other, mask):
            change = Changes(steps={step: lambda g, part, m=other: g * m})  # type: ignore[misc]
            differ = f"{int(np.sum(other != mask))} of {mask.size} numbers differ"
            text = f"another mask of dropout is used on the way back: {differ}"
            inner = scene.adjoint_name(scene.graph[node].inputs[step[1]])
            rule = f"{inner} = {scene.adjoint_name(node)} * mask, the mask of the forward pass"
            yield fixed("dropout-other-mask", scene, node, change, text, rule, leaves=reached)


def _solved(scene: Scene, step: Step, mask: Array, leaves: list[int]) -> Array | None:
    """A mask of the same scale with which the gradients are those that were given."""
    scale = float(np.max(mask))
    leaves = [k for k in leaves if np.shape(scene.mine[k]) == scene.graph[k].shape]

    def response(m: Array) -> Array:
        found = scene.tape.gradients(Changes(steps={step: lambda g, part: g * m}), leaves)
        return np.concatenate([np.ravel(found[k]) for k in leaves])

    if not leaves:
        return None
    zero = response(np.zeros(mask.shape))
    given = np.concatenate([np.ravel(scene.mine[k]) for k in leaves]).astype(float) - zero
    columns = np.empty((given.size, mask.size))
    for k in range(mask.size):
        one = np.zeros(mask.size)
        one[k] = scale
        columns[:, k] = response(one.reshape(mask.shape)) - zero
    size = float(np.max(np.abs(given), initial=0.0))
    found = np.zeros(mask.size)
    for unit in range(mask.shape[1]):
        own = np.arange(unit, mask.size, mask.shape[1])
        seen = np.any(np.abs(columns[:, own]) > 1e-14 * size, axis=1)
        others = np.delete(columns, own, axis=1)
        seen &= ~np.any(np.abs(others) > 1e-14 * size, axis=1)  # numbers that this unit alone decides
        part = _unit(columns[np.ix_(seen, own)], given[seen], 1e3 * scene.rtol * size)
        if part is None:
            return None
        found[own] = part
    return scale * found.reshape(mask.shape)


def _unit(columns: Array, given: Array, allowed: float) -> Array | None:
    """Zeros and ones with columns @ them = given."""
    count = columns.shape[1]
    active = np.any(columns != 0, axis=0)  # where the unit's own slope is 0, its mask cannot be told: kept
    small = columns[:, active]
    if count <= MOST_ROWS:
        choices = np.array(list(product((1.0, 0.0), repeat=int(active.sum()))))
        if not given.size or not small.size:
            return np.ones(count)
        off = np.max(np.abs(choices @ small.T - given), axis=1)
        best = choices[int(np.argmin(off))] if off.min() <= allowed else None
    elif np.linalg.matrix_rank(small) == small.shape[1]:
        exact = np.linalg.lstsq(small, given, rcond=None)[0]
        best = np.rint(exact) if np.all(np.abs(exact - np.rint(exact)) < 1e-4) else None
    else:
        return None
    if best is None or not np.isin(best, (0, 1)).all():
        return None
    found = np.ones(count)
    found[active] = best
    return found


# --- planted examples -------------------------------------------------------------------------------------------------


def _wrong(mask: Array, scale: float) -> Planted:
    def mine(w: Any, x: Any, forward: Any) -> Any:
        h = np.tanh(x @ w)
        return x.T @ (2 * (h * forward / 0.6 - 0.5) / 5 * (1 - h**2) * mask / scale)

    return dropped, (W, X, MASK), mine, {}


mistake(
    Mistake(
        id="dropout-mask-missing",
        sentence="Dropout's mask is not applied on the way back.",
        rule="g_x = g_h * mask / (1 - p), with the mask of the forward pass",
        common=2,
        edits=_missing,
        planted=lambda: _wrong(np.ones((5, 1)), 0.6),
    )
)

mistake(
    Mistake(
        id="dropout-other-mask",
        sentence="Another dropout mask is used on the way back than on the way forward.",
        rule="g_x = g_h * mask / (1 - p), with the mask of the forward pass",
        common=3,
        edits=_another,
        planted=lambda: _wrong(np.array([[0.0], [1.0], [1.0], [0.0], [1.0]]), 0.6),
    )
)
