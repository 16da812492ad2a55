"""What can be said of a wrong gradient when no known mistake gives its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.tape import Array

CLOSE = 1e-6  # patterns may be a little off: they are no verdict


def patterns(scene: Scene) -> list[str]:
    """One line for each wrong gradient, and one on where the right ones end."""
    lines = [f"{scene.names[k]}: {_pattern(scene, k)}" for k in scene.wrong]
    place = _place(scene)
    return lines + ([place] if place else [])


def _pattern(scene: Scene, leaf: int) -> str:
    mine, true = scene.mine[leaf], scene.tape.gradient(leaf)
    if mine.shape != true.shape:
        return f"shape {mine.shape} where {true.shape} is right"
    bad = ~np.isfinite(mine)
    if bad.any():
        return f"{int(bad.sum())} of {mine.size} numbers are not finite, the first at {_places(bad)[0]}"
    found = next(_whole(scene, leaf, mine, true), "")
    return found or _part(mine, true, scene)


def _whole(scene: Scene, leaf: int, mine: Array, true: Array) -> Iterator[str]:
    """Something that holds for every number."""

    def close(a: Array, b: Array) -> bool:
        return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * np.max(np.abs(b), initial=0.0))

    c = float(np.vdot(true, mine) / max(float(np.vdot(true, true)), 1e-300))
    if close(c * true, mine):
        yield f"a constant factor {c:.6g}"
    if not np.any(mine):
        yield "all zero"
    if true.ndim == 2 and true.shape[0] == true.shape[1]:
        c = float(np.vdot(true.T, mine) / max(float(np.vdot(true, true)), 1e-300))
        if close(c * true.T, mine):
            yield "the transpose up to rounding" if abs(c - 1) < CLOSE else f"the transpose times {c:.6g}"
    if np.ptp(mine - true) <= CLOSE * np.max(np.abs(mine)):
        yield f"a constant {float(np.mean(mine - true)):.6g} is added to every number"
    if close(np.abs(true), np.abs(mine)):
        signs = np.sign(mine) != np.sign(true)
        yield f"the sizes are right, the sign is wrong in {int(signs.sum())} of {mine.size} numbers"
    if close(true**2, mine):
        yield "the square of what is right"
    if mine.size > 1 and close(np.sort(np.ravel(true)), np.sort(np.ravel(mine))):
        yield "the right numbers in another order"
    for axis in range(true.ndim if true.ndim > 1 else 0):
        with np.errstate(all="ignore"):
            other = tuple(k for k in range(true.ndim) if k != axis)
            factors = np.sum(true * mine, axis=other, keepdims=True) / np.sum(true * true, axis=other, keepdims=True)
        if np.isfinite(factors).all() and close(factors * true, mine):
            which = "row" if axis == 0 else "column"
            listed = ", ".join(f"{f:.4g}" for f in np.ravel(factors)[:4]) + (", ..." if factors.size > 4 else "")
            yield f"each {which} has its own factor: {listed}"
    w = np.asarray(scene.values[leaf], dtype=float)
    c = float(np.vdot(w, mine - true) / max(float(np.vdot(w, w)), 1e-300))
    if np.any(w) and close(true + c * w, mine):
        yield f"{c:.6g} times {scene.names[leaf]} itself is added"


def _part(mine: Array, true: Array, scene: Scene) -> str:
    """Which of its numbers are wrong."""
    off = np.abs(mine - true) > CLOSE * max(float(np.max(np.abs(true), initial=0.0)), scene.floor)
    if off.ndim == 2:
        for axis, which in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(off.any(axis=axis))
            if 0 < len(lines) < off.shape[1 - axis]:
                shown = ", ".join(map(str, lines[:6])) + (" ..." if len(lines) > 6 else "")
                return f"wrong in {which}{'s' if len(lines) > 1 else ''} {shown} only"
    if not true[off].any():
        return f"wrong in {int(off.sum())} of {off.size} numbers, those that should be 0"
    if not mine[off].any():
        return f"zero in {int(off.sum())} of {off.size} numbers that should not be"
    if 0 < off.sum() < off.size:
        places = _places(off)
        shown = ", ".join(places[:4]) + (" ..." if len(places) > 4 else "")
        return f"wrong in {len(places)} of {off.size} numbers only: {shown}"
    cosine = float(np.vdot(mine, true) / max(float(np.linalg.norm(mine) * np.linalg.norm(true)), 1e-300))
    return f"no pattern; its cosine with the right gradient is {cosine:.4f}"


def _places(which: Array) -> list[str]:
    return [f"[{', '.join(map(str, map(int, place)))}]" for place in np.argwhere(which)]


def _place(scene: Scene) -> str:
    """Between which values the first mistake lies, if gradients nearer to the loss are right."""
    right = [k for k in scene.near_first if k not in scene.wrong]
    if not right or not scene.wrong:
        return ""
    verb = "is" if len(right) == 1 else "are"
    return f"{scene.leaf_list(right)} {verb} right: the mistake lies on the way to {scene.leaf_list(scene.wrong)} alone"
