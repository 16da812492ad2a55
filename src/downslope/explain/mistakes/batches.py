"""Mistakes between mini-batches and examples: gradients not cleared, clipping before the average is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import X, Y, squares
from downslope.explain.mistakes.scene import EVIDENCE, Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes


def _not_cleared(scene: Scene) -> Iterator[Edit]:
    if scene.previous:
        before = dict(scene.previous)
        changes = Changes(results={k: lambda g, old=old: g + old for k, old in before.items()})  # type: ignore[misc]
        text = "the gradient of the mini-batch before is still in it"
        yield fixed("not-cleared", scene, scene.tape.loss, changes, text, _CLEAR, leaves=before)


_CLEAR = "the gradient of a step is that of its own mini-batch: set it to zero before each backward pass"


def _per_example(scene: Scene) -> Array | None:
    """A row for each example, with the numbers of all leaves."""
    if scene.per_example is None or any(np.shape(scene.mine[k]) != scene.graph[k].shape for k in scene.mine):
        return None
    rows = [np.reshape(g, (len(g), -1)) for g in (scene.per_example[k] for k in scene.mine)]
    return np.concatenate(rows, axis=1)


def _clipped_first(scene: Scene) -> Iterator[Edit]:
    """mean of g_i * min(1, c / |g_i|): between two neighbouring norms it is straight in c."""
    right = [k for k in scene.mine if k not in scene.wrong and np.any(scene.tape.gradient(k))]
    rows = None if right else _per_example(scene)  # clipping by length changes all gradients
    if rows is None or len(rows) < 2 or rows.shape[1] < EVIDENCE:
        return
    mine = np.concatenate([np.ravel(scene.mine[k]) for k in scene.mine]).astype(float)
    norms = np.linalg.norm(rows, axis=1)
    for limit in sorted(norms):
        clipped = norms >= limit
        slope = np.sum(rows[clipped] / np.maximum(norms[clipped], 1e-300)[:, None], axis=0) / len(rows)
        rest = mine - np.sum(rows[~clipped], axis=0) / len(rows)
        c = float(np.dot(rest, slope) / max(float(np.dot(slope, slope)), 1e-300))
        if 0 < c <= limit and scene.distance(mine - rest + c * slope, mine) <= scene.rtol:
            text = f"the gradient of each example is clipped to a length of {c:.6g} before they are averaged"
            yield _result(scene, rows, np.minimum(1, c / np.maximum(norms, 1e-300))[:, None], "clipped-first", text)
    limit = float(np.max(np.abs(mine), initial=0.0))
    for c in sorted({limit, float(np.max(np.abs(rows), initial=0.0))}):
        text = f"the numbers of each example's gradient are clipped to ±{c:.6g} before they are averaged"
        yield _result(scene, np.clip(rows, -c, c), 1.0, "clipped-first", text)


def _result(scene: Scene, rows: Array, factor: Any, id: str, text: str) -> Edit:
    flat = np.mean(rows * factor, axis=0)
    ends = np.cumsum([0, *(scene.graph[k].size for k in scene.mine)])
    parts = {k: flat[a:b].reshape(scene.graph[k].shape) for k, a, b in zip(scene.mine, ends, ends[1:], strict=False)}
    changes = Changes(results={k: lambda _, g=g: g for k, g in parts.items()})  # type: ignore[misc]
    return fixed(
        id, scene, scene.tape.loss, changes, text, "the gradient of a mean is the mean of the gradients", leaves=parts
    )


def _clipped(scene: Scene) -> Iterator[Edit]:
    """The right gradient, clipped: shortened to a length, or each number for itself."""
    leaves = [k for k in scene.mine if np.shape(scene.mine[k]) == scene.graph[k].shape]
    if not leaves or not all(np.isfinite(scene.mine[k]).all() for k in leaves):
        return
    limit = max(float(np.max(np.abs(scene.mine[k]), initial=0.0)) for k in leaves)
    at_limit = sum(int(np.sum(np.abs(np.abs(scene.mine[k]) - limit) <= scene.rtol * limit)) for k in leaves)
    changes = Changes(results={k: lambda g: np.clip(g, -limit, limit) for k in leaves})
    rule = "the gradient itself is not clipped; an optimizer may clip it afterwards"
    text = f"each number is clipped to ±{limit:.6g}"
    if at_limit > 1:  # one number alone could be anything
        yield fixed("clipped", scene, scene.tape.loss, changes, text, rule, leaves=leaves)
    if sum(scene.mine[k].size for k in leaves) < EVIDENCE:
        return
    length = float(np.sqrt(sum(np.sum(np.square(scene.mine[k], dtype=float)) for k in leaves)))
    right = float(np.sqrt(sum(np.sum(np.square(scene.tape.gradient(k))) for k in leaves)))
    if (
        0 < length < right and abs(float(f"{length:.3g}") - length) <= 30 * scene.rtol * length
    ):  # a round number was set
        changes = Changes(results={k: lambda g: g * (length / right) for k in leaves})
        text = f"the gradient is clipped to a length of {length:.3g}"
        yield fixed("clipped", scene, scene.tape.loss, changes, text, rule, leaves=leaves)


# --- planted examples -------------------------------------------------------------------------------------------------

FEATURES = np.hstack([X, X[::-1, :1] - 0.4])
WEIGHTS = np.array([[0.3], [-0.8], [0.6]])
OLD = np.array([[0.25], [-1.5], [0.75]])


def _examples(w: Any, x: Any, y: Any) -> Any:
    return 2 * x * (x @ w - y)


def _shortened(w: Any, x: Any, y: Any) -> Any:
    g = _examples(w, x, y)
    return np.mean(g * np.minimum(1, 0.9 / np.linalg.norm(g, axis=1, keepdims=True)), axis=0)[:, None]


def _right(w: Any, x: Any, y: Any) -> Any:
    return 2 * x.T @ (x @ w - y) / 5


def _planted(mine: Any, **more: Any) -> Planted:
    return squares, (WEIGHTS, FEATURES, Y), mine, more


mistake(
    Mistake(
        id="not-cleared",
        sentence="The gradient of the mini-batch before was not cleared.",
        rule=_CLEAR,
        common=1,
        edits=_not_cleared,
        planted=lambda: _planted(lambda w, x, y: _right(w, x, y) + OLD, previous=OLD),
    )
)

mistake(
    Mistake(
        id="clipped-first",
        sentence="The gradient of each example is clipped before they are averaged.",
        rule="the gradient of a mean is the mean of the gradients; clip their mean",
        common=4,
        edits=_clipped_first,
        planted=lambda: _planted(_shortened),
    )
)

mistake(
    Mistake(
        id="clipped",
        sentence="The gradient is right, but clipped.",
        rule="the gradient itself is not clipped; an optimizer may clip it afterwards",
        common=5,
        edits=_clipped,
        planted=lambda: _planted(lambda w, x, y: np.clip(_right(w, x, y), -0.5, 0.5)),
    )
)
