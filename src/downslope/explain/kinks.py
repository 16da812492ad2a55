"""Right gradients at a kink: where values are equal, a rule takes one side, and a user may take another.

With z = 0 for several examples at once, relu's choice for each of them adds up to a gradient that need not lie between
the two slopes that finite differences see (they move all examples together). It is right nevertheless: a sum of
subgradients. So a gradient that agrees with one of the usual choices is never called wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.tape import Array, Change, Changes, Step

SWAPPED = {"greater": np.greater_equal, "greater_equal": np.greater, "less": np.less_equal, "less_equal": np.less}


def is_other_choice(scene: Scene) -> bool:
    """Whether the gradients are right, with another choice than Downslope's where values are equal."""
    return any(
        all(scene.is_same(g, scene.mine[k]) for k, g in scene.tape.gradients(changes, list(scene.mine)).items())
        for changes in choices(scene)
    )


def choices(scene: Scene) -> Iterator[Changes]:
    """Backward passes that are right too: every tie to the first, to the last, shared, or to all."""
    swapped = {}
    for node in scene.graph.nodes:
        if node.primitive.name in SWAPPED and scene.tape.below[node.id]:
            value = SWAPPED[node.primitive.name](*[scene.values[i] for i in node.inputs])
            if not np.array_equal(value, scene.values[node.id]):
                swapped[node.id] = value
    for values in [{}, swapped] if swapped else [{}]:
        for share in (None, 1.0, 0.5, 0.0):
            steps = _steps(scene, share) if share is not None else {}
            if steps or values:
                yield Changes(steps=steps, values=values)


def _steps(scene: Scene, share: float) -> dict[Step, Change]:
    """Every step through a maximum, minimum or absolute value with ties; the first of two gets this share of them."""
    found: dict[Step, Change] = {}
    for node in scene.on_the_way:
        xs = [np.asarray(scene.values[i]) for i in node.inputs]
        if node.primitive.name in ("maximum", "minimum") and np.any(xs[0] == xs[1]):
            for i in (0, 1):
                first = np.greater if (node.primitive.name == "maximum") == (i == 0) else np.less
                weight = np.where(xs[0] == xs[1], share if i == 0 else 1 - share, first(*xs))
                found[node.id, i] = _weighted(weight, xs[i].shape)
        elif node.primitive.name == "absolute" and np.any(xs[0] == 0):
            found[node.id, 0] = _weighted(np.where(xs[0] == 0, 2 * share - 1, np.sign(xs[0])), xs[0].shape)
        elif node.primitive.name in ("max", "min"):
            axis = node.attrs["axis"]
            top = np.reshape(scene.values[node.id], [1 if k in axis else n for k, n in enumerate(xs[0].shape)])
            found[node.id, 0] = _extreme(xs[0] == top, axis, share)
    return {s: change for s, change in found.items() if s in scene.tape.parts}


def _weighted(weight: Array, shape: tuple[int, ...]) -> Change:
    def change(g: Array, part: Array) -> Array:
        full = g * weight
        added = tuple(range(np.ndim(full) - len(shape)))
        kept = tuple(k + len(added) for k, n in enumerate(shape) if n == 1 and np.shape(full)[k + len(added)] != 1)
        return np.reshape(np.sum(full, axis=added + kept), shape)

    return change


def _extreme(is_extreme: Array, axis: tuple[int, ...], share: float) -> Change:
    """Of several largest: the first takes all (share 1), the last does (0), or every one does (½)."""
    order: Callable[[Array], Array] = {1.0: lambda m: m, 0.5: lambda m: m, 0.0: lambda m: np.flip(m, axis)}[share]
    flat = np.moveaxis(order(is_extreme), axis, tuple(range(-len(axis), 0)))
    lines = flat.reshape(*flat.shape[: flat.ndim - len(axis)], -1)
    first = np.cumsum(lines, axis=-1) == 1
    chosen = lines if share == 0.5 else lines & first
    mask = order(np.moveaxis(chosen.reshape(flat.shape), tuple(range(-len(axis), 0)), axis))

    def change(g: Array, part: Array) -> Array:
        kept = [1 if k in axis else n for k, n in enumerate(mask.shape)]
        return np.reshape(g, kept) * mask

    return change
