"""Mistakes with regularisation: the penalty left out of the gradient, or put where the loss has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import W, X, Y
from downslope.explain.mistakes.paths import without
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes

_RULE = "g_w = (what the data say) + (the derivative of the penalty by w)"


def _missing(scene: Scene) -> Iterator[Edit]:
    every = [s for steps in scene.penalties.values() for s in steps]
    for steps in [every, *(list(s) for s in scene.penalties.values())] if len(scene.penalties) > 1 else [every]:
        if steps:
            leaves = {scene.graph[n].inputs[i] for n, i in steps}
            text = f"the penalty on {scene.leaf_list(leaves)} is left out"
            yield without(scene, "penalty-missing", steps, text, _RULE)


def _coefficients(scene: Scene) -> list[tuple[str, float]]:
    """For each penalised leaf the penalty's derivative by w, divided by w, where that is one number: L2."""
    found = []
    for leaf, steps in scene.penalties.items():
        w = scene.values[leaf]
        part = sum(scene.tape.parts[s] for s in steps)
        with np.errstate(all="ignore"):
            ratio = np.ravel(part / w)
        ratio = ratio[np.isfinite(ratio)]
        if ratio.size and np.ptp(ratio) <= 1e-9 * abs(ratio[0]):
            found.append((scene.names[leaf], float(ratio[0])))
    return found


def _added(scene: Scene, leaves: list[int], c: float) -> Changes:
    return Changes(results={k: lambda g, w=scene.values[k]: g + c * w for k in leaves})  # type: ignore[misc]


def _in_bias(scene: Scene) -> Iterator[Edit]:
    free = [k for k in scene.mine if k not in scene.penalties]
    coefficients = _coefficients(scene)
    for leaves in [free, *([k] for k in free)] if len(free) > 1 else [free]:
        for name, c in {c: (name, c) for name, c in coefficients}.values():
            if leaves:
                where = scene.leaf_list(leaves)
                text = f"the penalty on {name} is also in the gradient of {where}, which the loss does not penalise"
                yield fixed("penalty-in-bias", scene, leaves[0], _added(scene, leaves, c), text, _RULE, leaves=leaves)


def _unasked(scene: Scene) -> Iterator[Edit]:
    """w itself is added, any number of times, where the loss has no such penalty."""
    known = [c for _, c in _coefficients(scene)]
    weights = [k for k in scene.mine if len(scene.graph[k].shape) >= 2]
    every = list(scene.mine)
    free = [k for k in every if k not in scene.penalties]
    groups = {tuple(g): g for g in (every, weights, free, *([k] for k in every)) if g}
    for leaves in groups.values():

        def detail(c: float, leaves: list[int] = leaves) -> str | None:
            if not 0 < c < 1 or (any(scene.is_number(c, k) for k in known) and set(leaves) <= set(free)):
                return None
            return (
                f"{c:.6g} times {scene.leaf_list(leaves)} is added: a decay of the weights that the loss does not have"
            )

        yield Edit(
            "penalty-added",
            leaves[0],
            frozenset(leaves),
            lambda c, leaves=leaves: _added(scene, leaves, c),  # type: ignore[misc]
            detail,
            _RULE,
            free=True,
        )


# --- planted examples -------------------------------------------------------------------------------------------------


def _ridge(params: Any, x: Any, y: Any) -> Any:
    r = x @ params["w"] + params["b"] - y
    return np.mean(r**2) + 0.1 * np.sum(params["w"] ** 2)


def _wrong(of_w: float, of_b: float) -> Planted:
    def mine(params: Any, x: Any, y: Any) -> Array:
        w, b = params["w"], params["b"]
        g = 2 * (x @ w + b - y) / 15
        return {"w": x.T @ g + of_w * w, "b": g.sum(axis=0) + of_b * b}

    return _ridge, ({"w": np.hstack([W, W[::-1], -W]), "b": np.array([0.65, -0.2, 0.4])}, X, Y), mine, {}


mistake(
    Mistake(
        id="penalty-missing",
        sentence="The derivative of the penalty (regularisation) is left out.",
        rule=_RULE,
        common=1,
        edits=_missing,
        planted=lambda: _wrong(0.0, 0.0),
    )
)

mistake(
    Mistake(
        id="penalty-in-bias",
        sentence="The penalty (regularisation) is also in a gradient of parameters that the loss does not penalise.",
        rule=_RULE,
        common=2,
        edits=_in_bias,
        planted=lambda: _wrong(0.2, 0.2),
    )
)

mistake(
    Mistake(
        id="penalty-added",
        sentence="A multiple of the weights is added, a penalty that the loss does not have.",
        rule=_RULE,
        common=7,
        edits=_unasked,
        planted=lambda: _wrong(0.2, 0.037),
    )
)
