"""Mistakes of shape in a finished gradient: transposed, not summed over the batch, summed over the wrong axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import W, X, Y, squares
from downslope.explain.mistakes.places import VIEWS
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, chain_rule, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes, Step, pullback


def _result(id: str, scene: Scene, leaf: int, change: Callable[[Array], Array], detail: str) -> Edit:
    rule = f"{_product(scene, leaf)}the gradient has the shape of {scene.names[leaf]}, {scene.graph[leaf].shape}"
    return fixed(id, scene, leaf, Changes(results={leaf: change}), detail, rule, alike=id, leaves=[leaf])


def _product(scene: Scene, leaf: int) -> str:
    """The chain rule of the product that the leaf enters, if it enters one."""
    steps = scene.tape.sources[leaf]
    while steps and scene.graph[steps[0][0]].primitive.name in VIEWS:
        steps = scene.tape.sources[steps[0][0]]
    is_product = bool(steps) and scene.graph[steps[0][0]].primitive.name == "matmul"
    return f"{chain_rule(scene, steps[0][0])}; " if is_product else ""


def _transposed(scene: Scene) -> Iterator[Edit]:
    for leaf in scene.mine:
        if len(scene.graph[leaf].shape) == 2 and scene.mine[leaf].shape == scene.graph[leaf].shape[::-1]:
            text = f"the gradient of {scene.names[leaf]} is transposed"
            yield _result("transposed", scene, leaf, lambda g: g.T, text)


def _reshaped(scene: Scene) -> Iterator[Edit]:
    for leaf in scene.mine:
        shape = scene.graph[leaf].shape
        if len(shape) == 2 and shape[0] != shape[1]:
            text = f"the gradient of {scene.names[leaf]} is brought to its shape by reshape and not by a transpose"
            yield _result("reshaped", scene, leaf, lambda g, s=shape: g.T.reshape(s), text)  # type: ignore[misc]
        if shape:
            text = f"the gradient of {scene.names[leaf]} has shape {np.shape(scene.mine[leaf])}, its numbers are right"
            found = np.shape(scene.mine[leaf])
            if found != shape and int(np.prod(found)) == int(np.prod(shape)):
                yield _result("wrong-shape", scene, leaf, lambda g, s=found: np.reshape(g, s), text)  # type: ignore[misc]


def _only(id: str, edits: Callable[[Scene], Iterator[Edit]]) -> Callable[[Scene], Iterator[Edit]]:
    return lambda scene: (e for e in edits(scene) if e.mistake == id)


def _spread_steps(scene: Scene) -> Iterator[tuple[int, Step, tuple[int, ...], Any]]:
    """Leaves that are broadcast: the leaf, the only step that leads to it, the full shape, the step without the sum."""
    for leaf in scene.mine:
        steps = scene.tape.sources[leaf]
        if len(steps) != 1:
            continue
        node = scene.graph[steps[0][0]]
        is_elementwise = node.primitive.narrow == "any" or node.primitive.name == "broadcast_to"
        if node.shape == scene.graph[leaf].shape or not is_elementwise:
            continue
        if node.primitive.name == "broadcast_to":
            yield leaf, steps[0], node.shape, lambda g, *_: np.asarray(g)
        else:
            spread = pullback(scene.graph, node, steps[0][1], spread=True)
            if spread is not None:
                yield leaf, steps[0], node.shape, spread


def _sums(scene: Scene) -> Iterator[Edit]:
    for leaf, step, full, spread in _spread_steps(scene):
        name, shape = scene.names[leaf], scene.graph[leaf].shape
        node = scene.graph[step[0]]
        axes = ", ".join(str(k) for k in range(len(full) - len(shape))) or "0"

        def change(then: Callable[[Array], Array], spread: Any = spread, node: Any = node, k: int = step[1]) -> Any:
            values = [scene.values[k] for k in (node.id, *node.inputs)]
            values[k + 1] = np.broadcast_to(values[k + 1], node.shape)  # as if it had not been narrow
            return lambda g, part: then(np.broadcast_to(spread(g, *values), node.shape))

        ways: list[tuple[str, Callable[[Array], Array], str]] = [
            ("not-summed", lambda u: u, f"the gradient of {name} is not summed over axis {axes} (shape {full})")
        ]
        for axis in range(len(full)):
            ways.append(
                (
                    "wrong-axis",
                    lambda u, axis=axis: u.sum(axis=axis),  # type: ignore[misc]
                    f"the gradient of {name} is summed over axis {axis} and not over axis {axes}",
                )
            )
            if axis < len(full) - len(shape):
                continue  # the mean over the right axis is 1/n too many, not a wrong axis
            ways.append(
                (
                    "wrong-axis",
                    lambda u, axis=axis: u.mean(axis=axis),  # type: ignore[misc]
                    f"the gradient of {name} is averaged over axis {axis}, not summed over axis {axes}",
                )
            )
        ways.append(("wrong-axis", lambda u: u.sum(), f"the gradient of {name} is summed over all axes"))
        if len(full) > len(shape):
            for at, row in ((0, "first"), (-1, "last")):
                ways.append(
                    (
                        "one-row",
                        lambda u, at=at: u[at],  # type: ignore[misc]
                        f"the gradient of {name} is that of the {row} row alone: the sum over axis {axes} is missing",
                    )
                )
        for n, (id, then, text) in enumerate(ways):
            changes = Changes(steps={step: change(then)})
            right = scene.tape.gradient(leaf)
            tried = change(then)(scene.adjoints[node.id], scene.tape.parts[step])
            if np.shape(tried) == scene.mine[leaf].shape and not scene.is_same(tried, right):
                yield fixed(id, scene, node.id, changes, text, chain_rule(scene, node.id), f"{id} {n}", [leaf])


def _exchanged(scene: Scene) -> Iterator[Edit]:
    for a in scene.mine:
        for b in scene.mine:
            if a < b and scene.graph[a].shape == scene.graph[b].shape:
                ga, gb = scene.tape.gradient(a), scene.tape.gradient(b)
                changes = Changes(results={a: lambda _, g=gb: g, b: lambda _, g=ga: g})  # type: ignore[misc]
                text = f"the gradients of {scene.names[a]} and {scene.names[b]} are exchanged"
                rule = "each gradient stands under the name of its own parameter"
                yield fixed("exchanged", scene, max(a, b), changes, text, rule, leaves=[a, b])


# --- planted examples -------------------------------------------------------------------------------------------------


def _affine(params: Any, x: Any, y: Any) -> Any:
    p = x @ params["w"] + params["b"]
    return np.mean((p - y) ** 2)


def _pair(params: Any, x: Any) -> Any:
    return np.mean(np.sin(x @ params["a"]) + np.cos(x @ params["b"]))


def _wrong(then: Callable[[Any], Any]) -> Planted:
    params = {"w": np.hstack([W, W[::-1]]), "b": np.array([0.2, -0.5])}

    def mine(params: Any, x: Any, y: Any) -> Any:
        g = 2 * (x @ params["w"] + params["b"] - y) / 10
        return {"w": x.T @ g, "b": then(g)}

    return _affine, (params, X, Y), mine, {}


def _wrong_w(then: Callable[[Any], Any]) -> Planted:
    w = np.array([[0.3, 0.1, -0.4], [-0.8, 0.5, 0.9]])
    return squares, (w, X, Y), lambda w, x, y: then(2 * x.T @ (x @ w - y) / 15), {}


def _wrong_pair() -> Planted:
    a, b = W[:, 0], -2 * W[:, 0]
    mine = {"a": -np.sin(X @ b) @ X / 5, "b": np.cos(X @ a) @ X / 5}
    return _pair, ({"a": a, "b": b}, X), mine, {}


_KINDS: tuple[tuple[str, str, str, int, Callable[[Scene], Iterator[Edit]], Callable[[], Planted]], ...] = (
    ("transposed", "The gradient of a matrix is transposed.", "for z = x @ w: g_w = x.T @ g_z", 2, _transposed,
     lambda: _wrong_w(lambda g: g.T)),
    ("reshaped", "The gradient of a matrix is reshaped, not transposed.", "for z = x @ w: g_w = x.T @ g_z",
     6, _only("reshaped", _reshaped), lambda: _wrong_w(lambda g: g.T.reshape(2, 3))),
    ("wrong-shape", "The numbers are right, in another shape.", "the gradient of w has the shape of w", 4,
     _only("wrong-shape", _reshaped), lambda: _wrong(lambda g: g.sum(axis=0, keepdims=True))),
    ("not-summed", "What was broadcast is not summed again, so that the batch is left in the gradient.",
     "for z = a + b: g_b is the sum of g_z over the axes along which b was broadcast", 1, _only("not-summed", _sums),
     lambda: _wrong(lambda g: g)),
    ("wrong-axis", "The gradient is summed over the wrong axis.",
     "for z = a + b: g_b is the sum of g_z over the axes along which b was broadcast", 2, _only("wrong-axis", _sums),
     lambda: _wrong(lambda g: g.sum(axis=1))),
    ("one-row", "The gradient of one row stands for that of the whole batch.",
     "for z = a + b: g_b is the sum of g_z over the axes along which b was broadcast", 4, _only("one-row", _sums),
     lambda: _wrong(lambda g: g[0])),
    ("exchanged", "The gradients of two parameters are exchanged.", "each stands under its own parameter's name", 5,
     _exchanged, _wrong_pair),
)  # fmt: skip

for _id, _sentence, _rule, _common, _edits, _example in _KINDS:
    mistake(Mistake(id=_id, sentence=_sentence, rule=_rule, common=_common, edits=_edits, planted=_example))
