"""Mistakes at an elementwise function h = σ(z): its derivative left out, twice, at a wrong value, on a wrong side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import W, X, Y
from downslope.explain.mistakes.places import Block
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes


def _edit(
    id: str, scene: Scene, block: Block, instead: Callable[[Array], Array], detail: str, variant: str = ""
) -> Edit:
    z, h = scene.name(block.z), scene.name(block.h)
    changes = Changes(jumps={block.h: (block.z, instead)})
    rule = (
        f"{scene.adjoint_name(block.z)} = {scene.adjoint_name(block.h)} * {shape_of(scene, block)}, with {h} = σ({z})"
    )
    alike = " ".join([id, variant, *(scene.graph[n].primitive.name for n in block.nodes)])
    return fixed(id, scene, block.h, changes, detail, rule, alike=alike, leaves=scene.tape.below[block.z])


def shape_of(scene: Scene, block: Block) -> str:
    """σ′ as it is usually written."""
    z, h = scene.name(block.z), scene.name(block.h)
    if is_sigmoid(scene, block):
        return f"{h} * (1 - {h})"
    if is_tanh(scene, block):
        return f"(1 - {h}**2)"
    return f"({z} > 0)" if is_switch(block) else f"σ′({z})"


def is_switch(block: Block) -> bool:
    """relu: the slope is 0 or 1."""
    return bool(np.isin(block.slope, (0.0, 1.0)).all())


def is_sigmoid(scene: Scene, block: Block) -> bool:
    """σ′ = h (1 - h)."""
    h = scene.values[block.h]
    return bool(np.allclose(block.slope, h * (1 - h), rtol=1e-9, atol=1e-12))


def is_tanh(scene: Scene, block: Block) -> bool:
    """σ′ = 1 - h²."""
    h = scene.values[block.h]
    return bool(np.allclose(block.slope, 1 - h**2, rtol=1e-9, atol=1e-12))


def _differs(block: Block, slope: Array) -> bool:
    return not np.allclose(slope, block.slope, rtol=1e-9, atol=0)


def _forgotten(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        if not is_switch(b):
            yield _edit(
                "derivative-forgotten", scene, b, lambda g: g, f"the derivative of {scene.name(b.h)} is left out"
            )


def _unmasked(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        if is_switch(b):
            yield _edit("mask-missing", scene, b, lambda g: g, f"the mask of {scene.name(b.h)} is not applied")


def _twice(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        if _differs(b, b.slope**2):
            text = f"the derivative of {scene.name(b.h)} is applied twice"
            yield _edit("derivative-twice", scene, b, lambda g, s=b.slope: g * s**2, text)  # type: ignore[misc]


def _at_activation(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        slope = scene.slope_at(b.z, b.nodes, scene.values[b.h])
        if _differs(b, slope):
            text = f"σ′ is taken at {scene.name(b.h)} and not at {scene.name(b.z)}"
            yield _edit("derivative-at-activation", scene, b, lambda g, s=slope: g * s, text)  # type: ignore[misc]


def _at_z(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        z = scene.values[b.z]
        is_s, is_t = is_sigmoid(scene, b), is_tanh(scene, b)
        if is_s or is_t:
            slope = z * (1 - z) if is_s else 1 - z**2
            text = f"the formula {shape_of(scene, b)} is given {scene.name(b.z)} in place of {scene.name(b.h)}"
            yield _edit("formula-at-z", scene, b, lambda g, s=slope: g * s, text)  # type: ignore[misc]


def _activation_itself(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        h = scene.values[b.h]
        if _differs(b, h):
            text = f"the adjoint is multiplied by {scene.name(b.h)} itself and not by its derivative"
            yield _edit("activation-for-derivative", scene, b, lambda g, h=h: g * h, text)  # type: ignore[misc]


def _of_another(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        h, z = scene.values[b.h], scene.values[b.z]
        others = {
            "h * (1 - h), as of a sigmoid": h * (1 - h),
            "1 - h**2, as of tanh": 1 - h**2,
            "1 - h": 1 - h,
            "z > 0, as of relu": (z > 0) * 1.0,
        }
        for what, slope in others.items():
            if _differs(b, slope):
                text = f"the derivative of {scene.name(b.h)} is taken as {what}"
                yield _edit("derivative-of-another", scene, b, lambda g, s=slope: g * s, text, what)  # type: ignore[misc]


def _wrong_side(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        if is_switch(b):
            text = f"the mask of {scene.name(b.h)} lets through where {scene.name(b.z)} < 0"
            yield _edit("mask-wrong-side", scene, b, lambda g, s=b.slope: g * (1 - s), text)  # type: ignore[misc]


def _of_gradient(scene: Scene) -> Iterator[Edit]:
    for b in scene.blocks:
        if is_switch(b):
            text = f"the mask of {scene.name(b.h)} is taken from the adjoint (where it is > 0) and not from z"
            yield _edit("mask-of-gradient", scene, b, lambda g: g * (g > 0), text)


# --- the table --------------------------------------------------------------------------------------------------------


def _unit(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    h = np.tanh(z)
    return np.mean((h - y) ** 2)


def _switch(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    h = np.maximum(z, 0)
    return np.mean((h - y) ** 2)


def _planted(f: Callable[..., Any], slope: Callable[[Any, Any, Any], Any]) -> Callable[[], Planted]:
    def mine(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        h = np.tanh(z) if f is _unit else np.maximum(z, 0)
        g = 2 * (h - y) / 5
        return x.T @ (g * slope(z, h, g))

    return lambda: (f, (W, X, Y), mine, {})


_KINDS: tuple[tuple[str, str, str, int, Callable[[Scene], Iterable[Edit]], Callable[[], Planted]], ...] = (
    ("derivative-forgotten", "The derivative of an activation is left out.", "g_z = g_h * σ′(z)", 1, _forgotten,
     _planted(_unit, lambda z, h, g: 1.0)),
    ("mask-missing", "The mask of relu is not applied.", "g_z = g_h * (z > 0)", 1, _unmasked,
     _planted(_switch, lambda z, h, g: 1.0)),
    ("derivative-twice", "The derivative of an activation is applied twice.", "g_z = g_h * σ′(z)", 4, _twice,
     _planted(_unit, lambda z, h, g: (1 - h**2) ** 2)),
    ("derivative-at-activation", "The derivative of an activation is taken at h and not at z.",
     "g_z = g_h * σ′(z)", 2, _at_activation, _planted(_unit, lambda z, h, g: 1 - np.tanh(h) ** 2)),
    ("formula-at-z", "A derivative that is written in terms of h is given z.", "tanh′(z) = 1 - h**2", 3, _at_z,
     _planted(_unit, lambda z, h, g: 1 - z**2)),
    ("activation-for-derivative", "The activation itself stands where its derivative should.", "g_z = g_h * σ′(z)", 5,
     _activation_itself, _planted(_unit, lambda z, h, g: h)),
    ("derivative-of-another", "The derivative is that of another activation.", "tanh′(z) = 1 - h**2", 6, _of_another,
     _planted(_unit, lambda z, h, g: h * (1 - h))),
    ("mask-wrong-side", "The mask of relu is taken from the wrong side.", "g_z = g_h * (z > 0)", 3, _wrong_side,
     _planted(_switch, lambda z, h, g: z < 0)),
    ("mask-of-gradient", "The mask of relu is taken from the adjoint and not from z.", "g_z = g_h * (z > 0)", 5,
     _of_gradient, _planted(_switch, lambda z, h, g: g > 0)),
)  # fmt: skip

for _id, _sentence, _rule, _common, _edits, _example in _KINDS:
    mistake(Mistake(id=_id, sentence=_sentence, rule=_rule, common=_common, edits=_edits, planted=_example))
