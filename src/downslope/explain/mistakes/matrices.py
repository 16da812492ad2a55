"""Mistakes at a matrix product: a transpose forgotten, the wrong factor, weights that have been updated already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.explain.mistakes.places import turned
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, chain_rule, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes, Step


def _products(scene: Scene) -> Iterator[tuple[Step, int, int]]:
    """Steps back through z = a @ b with two matrices, and the ids of the input and of the other factor."""
    for node in scene.on_the_way:
        if node.primitive.name == "matmul" and all(len(scene.graph[k].shape) == 2 for k in node.inputs):
            for i in (0, 1):
                if (node.id, i) in scene.tape.parts:
                    yield (node.id, i), node.inputs[i], node.inputs[1 - i]


def _with(scene: Scene, id: str, step: Step, change: Any, detail: str, alike: str = "") -> Edit:
    reached = scene.tape.below[scene.graph[step[0]].inputs[step[1]]]
    return fixed(id, scene, step[0], Changes(steps={step: change}), detail, chain_rule(scene, step[0]), alike, reached)


def _transposes(scene: Scene) -> Iterator[Edit]:
    for (node, i), x, other in _products(scene):
        factor = scene.values[other]
        name = scene.name(other)
        if factor.shape[0] == factor.shape[1]:
            instead = (lambda g, part, m=factor: g @ m) if i == 0 else (lambda g, part, m=factor: m @ g)
            text = f"{scene.adjoint_name(x)} is computed with {name} and not with {turned(name)}"
            yield _with(scene, "transpose-missing", (node, i), instead, text, "inside")
        if scene.graph[x].shape[0] == scene.graph[x].shape[1] and scene.leaf_of(x) is None:
            text = f"{scene.adjoint_name(x)} is transposed"
            yield _with(scene, "transpose-missing", (node, i), lambda g, part: part.T, text)


def _wrong_factor(scene: Scene) -> Iterator[Edit]:
    """dW = h.T @ g with z, the input or another layer's h in place of h."""
    before = {b.h: b.z for b in reversed(scene.blocks)}  # the first block of an h is the whole function
    arrays = [*(b.h for b in scene.blocks), *(b.z for b in scene.blocks), *scene.data]
    for (node, i), x, other in _products(scene):
        if scene.leaf_of(x) is None:
            continue
        shape = np.shape(scene.values[other])
        tried: list[Array] = [scene.values[other]]
        near = [before[other]] if other in before else []
        for k in [*near, *arrays]:
            value = scene.values[k]
            if np.shape(value) == shape and not any(np.array_equal(value, t) for t in tried):
                tried.append(value)
                instead = (lambda g, part, m=value: m.T @ g) if i == 1 else (lambda g, part, m=value: g @ m.T)
                id = "z-for-h" if k in near else "wrong-input"
                text = f"{scene.adjoint_name(x)} is computed with {scene.name(k)} and not with {scene.name(other)}"
                yield _with(scene, id, (node, i), instead, text, id)


def _only(id: str) -> Any:
    return lambda scene: (e for e in _wrong_factor(scene) if e.mistake == id)


def _new_weights(scene: Scene) -> Iterator[Edit]:
    """Every product that hands back past a weight, with w - lr * dL/dw in place of w."""
    steps: list[tuple[Step, int, int]] = []
    for step, x, other in _products(scene):
        leaf = scene.leaf_of(other)
        if leaf is not None and scene.leaf_of(x) is None and scene.tape.below[x]:
            steps.append((step, leaf, other))
    for some in [steps] if len(steps) < 2 else [steps, *([s] for s in steps)]:
        if some:
            yield _updated(scene, some)


def _updated(scene: Scene, steps: list[tuple[Step, int, int]]) -> Edit:
    def changes(lr: float) -> Changes:
        return Changes(steps={s: _with_weights(scene, s, leaf, other, lr) for s, leaf, other in steps})

    names = scene.leaf_list({leaf for _, leaf, _ in steps})
    node = max(n for (n, _), _, _ in steps)
    reached = frozenset[int]().union(*(scene.tape.below[scene.graph[n].inputs[i]] for (n, i), _, _ in steps))

    def detail(lr: float) -> str | None:
        if not lr > 0:
            return None
        them = "it" if len(steps) == 1 else "them"
        return f"{names} had been updated already (lr = {lr:.6g}) when the error was handed back through {them}"

    known = (scene.lr,) if scene.lr else ()
    return Edit("new-weights", node, reached, changes, detail, chain_rule(scene, node), True, known)


def _with_weights(scene: Scene, step: Step, leaf: int, other: int, lr: float) -> Any:
    # The gradient that the user updated with is the user's own, right or wrong.
    own = scene.mine.get(leaf, np.zeros(0))
    used = own if own.shape == scene.graph[leaf].shape else scene.tape.gradient(leaf)
    values = {leaf: scene.values[leaf] - lr * used}
    for node in scene.graph.nodes[leaf + 1 : other + 1]:
        if any(i in values for i in node.inputs):
            inputs = [values.get(i, scene.values[i]) for i in node.inputs]
            values[node.id] = node.primitive.forward(*inputs, **node.attrs)
    node = scene.graph[step[0]]
    operands = [values[k] if k == other else scene.values[k] for k in (node.id, *node.inputs)]
    return lambda g, part: scene.tape.back[step](g, *operands)


# --- planted examples -------------------------------------------------------------------------------------------------

U = np.array([[0.4, -0.6], [0.9, 0.1]])
V = np.array([[0.7, 0.2], [-0.5, 1.3]])
INPUT = np.array([[0.5, -1.2], [1.5, 0.3], [-0.7, 0.9]])
TARGET = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])


def two_layers(params: Any, x: Any, y: Any) -> Any:
    """Two square layers of tanh."""
    z = x @ params["u"]
    h = np.tanh(z)
    p = h @ params["v"]
    return np.mean((p - y) ** 2)


def _wrong(turned: bool = False, factor: str = "h", lr: float = 0.0) -> Planted:
    def mine(params: Any, x: Any, y: Any) -> Any:
        u, v = params["u"], params["v"]
        z = x @ u
        h = np.tanh(z)
        g = 2 * (h @ v - y) / 6
        dv = h.T @ g
        used = v - lr * dv
        g_z = (g @ (used if turned else used.T)) * (1 - h**2)
        return {"u": x.T @ g_z, "v": {"h": h, "z": z, "x": x}[factor].T @ g}

    return two_layers, ({"u": U, "v": V}, INPUT, TARGET), mine, {}


mistake(
    Mistake(
        id="transpose-missing",
        sentence="A transpose is missing, or one too many, where the error is handed back.",
        rule="for z = a @ b: g_a = g_z @ b.T and g_b = a.T @ g_z",
        common=2,
        edits=_transposes,
        planted=lambda: _wrong(turned=True),
    )
)

mistake(
    Mistake(
        id="z-for-h",
        sentence="The gradient of the weights is computed with z and not with h.",
        rule="for z = h @ w: g_w = h.T @ g_z",
        common=3,
        edits=_only("z-for-h"),
        planted=lambda: _wrong(factor="z"),
    )
)

mistake(
    Mistake(
        id="wrong-input",
        sentence="The gradient of the weights is computed with the input of another layer.",
        rule="for z = h @ w: g_w = h.T @ g_z, with the h that entered this layer",
        common=6,
        edits=_only("wrong-input"),
        planted=lambda: _wrong(factor="x"),
    )
)

mistake(
    Mistake(
        id="new-weights",
        sentence="The error is handed back through weights that had been updated already.",
        rule="for z = h @ w: g_h = g_z @ w.T, with the w of the forward pass",
        common=4,
        edits=_new_weights,
        planted=lambda: _wrong(lr=0.1),
    )
)
