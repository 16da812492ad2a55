"""Mistakes at the loss: softmax twice or left out, its derivative where it has cancelled, targets of other rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.explain.mistakes.factors import W, X
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.table import Edit, Mistake, Planted, fixed, mistake
from downslope.explain.mistakes.tape import Array, Changes


@dataclass(frozen=True, eq=False)
class Logits:
    """A value z whose adjoint is (σ(z) - y) / n: a cross-entropy follows. sigma: softmax, or sigmoid."""

    z: int
    p: Array
    y: Array
    n: float
    is_softmax: bool

    def sigma(self, z: Array) -> Array:
        """softmax over the last axis, or sigmoid."""
        return softmax(z) if self.is_softmax else 0.5 * (np.tanh(0.5 * z) + 1)


def softmax(z: Array) -> Array:
    """Shares of e^z over the last axis."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def logits(scene: Scene) -> list[Logits]:
    """Recognised by their adjoints: n times that, taken from σ(z), leaves targets. The first of several in a row."""
    found: list[Logits] = []
    known = [scene.values[t] for t in scene.targets]
    for node in reversed(scene.on_the_way):
        z, g = scene.values[node.id], scene.adjoints[node.id]
        if not node.shape or node.id in scene.tape.leaves:
            continue
        g = np.broadcast_to(g, node.shape)
        for is_softmax in (True, False) if len(node.shape) > 1 and node.shape[-1] > 1 else (False,):
            p = softmax(z) if is_softmax else 0.5 * (np.tanh(0.5 * z) + 1)
            for n in dict.fromkeys((node.shape[0], 1, node.size)):
                y = p - n * g
                if not np.all(np.isfinite(y)) or any(
                    np.allclose(y, other.y) for other in found if np.shape(other.y) == np.shape(y)
                ):
                    continue
                near = np.rint(y)
                one_hot = bool(np.all(np.abs(y - near) < 1e-9) and np.isin(near, (0, 1)).all())
                rows = not is_softmax or bool(np.all(np.abs(y.sum(axis=-1) - 1) < 1e-9))
                given = any(np.shape(t) == node.shape and np.allclose(y, t, rtol=0, atol=1e-9) for t in known)
                if rows and (one_hot or given) and np.ptp(y) > 0:
                    found.append(Logits(node.id, p, near if one_hot else y, n, is_softmax))
    return found


def _edit(id: str, scene: Scene, of: Logits, delta: Array, detail: str) -> Edit:
    name = "softmax" if of.is_softmax else "sigmoid"
    rule = f"{scene.adjoint_name(of.z)} = ({name}({scene.name(of.z)}) - y) / {of.n:g}"
    return fixed(id, scene, of.z, Changes(adjoints={of.z: lambda _: delta / of.n}), detail, rule)


def _missing(scene: Scene) -> Iterator[Edit]:
    for of in logits(scene):
        name = "softmax" if of.is_softmax else "sigmoid"
        z = scene.name(of.z)
        yield _edit(
            "softmax-missing", scene, of, scene.values[of.z] - of.y, f"{z} - y stands where {name}({z}) - y should"
        )


def _again(scene: Scene) -> Iterator[Edit]:
    for of in logits(scene):
        twice = of.sigma(of.p)
        name = "softmax" if of.is_softmax else "sigmoid"
        text = f"{name} is applied twice: to {scene.name(of.z)}, and to the result"
        yield _edit("softmax-twice", scene, of, twice - of.y, text)
        yield _edit("softmax-twice", scene, of, _through(of, twice - of.y), f"{text}, and handed back through both")


def _through(of: Logits, g: Array) -> Array:
    """g times the Jacobian of σ at z."""
    return of.p * (g - (np.sum(g * of.p, axis=-1, keepdims=True) if of.is_softmax else of.p * g))


def _uncancelled(scene: Scene) -> Iterator[Edit]:
    for of in logits(scene):
        name = "softmax" if of.is_softmax else "sigmoid"
        text = f"p - y is multiplied by p * (1 - p), which has cancelled against the logarithm of the loss ({name})"
        yield _edit("derivative-not-cancelled", scene, of, (of.p - of.y) * of.p * (1 - of.p), text)
        if of.is_softmax:
            text = "p - y is handed back through softmax once more, which it has passed already"
            yield _edit("derivative-not-cancelled", scene, of, _through(of, of.p - of.y), text)


def _without_y(scene: Scene) -> Iterator[Edit]:
    for of in logits(scene):
        yield _edit("target-missing", scene, of, of.p, "y is not subtracted: p stands where p - y should")


def _rows(scene: Scene) -> Iterator[Edit]:
    for t in scene.targets:
        y, name = np.asarray(scene.values[t]), scene.name(t)
        if not np.ndim(y) or y.shape[0] < 2:
            continue
        ways: dict[str, Array] = {
            "those of the row before": np.roll(y, 1, axis=0),
            "those of the row after": np.roll(y, -1, axis=0),
            "in reverse order": y[::-1],
            "those of the first row, for all rows": np.broadcast_to(y[:1], y.shape),
            "in sorted order": np.sort(y, axis=0),
        }
        if y.dtype.kind in "iu":
            classes = int(y.max()) + 1
            ways |= {"one class too high": (y + 1) % classes, "one class too low": (y - 1) % classes}
        elif y.ndim == 2 and y.shape[1] > 1:
            ways |= {"one class too high": np.roll(y, 1, axis=1), "one class too low": np.roll(y, -1, axis=1)}
        for what, instead in ways.items():
            if not np.array_equal(instead, y):
                text = f"the targets {name} are {what}" if scene.graph[t].name else f"the targets are {what}"
                yield fixed(
                    "wrong-targets", scene, t, Changes(values={t: instead}), text, _ROW, leaves=_reached(scene, t)
                )


def _every(scene: Scene) -> Iterator[Edit]:
    for t in scene.targets:
        y = np.asarray(scene.values[t])
        if y.dtype.kind == "f" and np.ndim(y) and y.size == y.shape[0] > 1:
            instead = np.full_like(y, y.mean())
            text = "each output is compared with every target: shapes (B, 1) and (B,) were broadcast to (B, B)"
            yield fixed(
                "targets-broadcast", scene, t, Changes(values={t: instead}), text, _ROW, leaves=_reached(scene, t)
            )


_ROW = "each example's error is its own output minus its own target"


def _reached(scene: Scene, t: int) -> frozenset[int]:
    return frozenset(scene.tape.leaves)


# --- planted examples -------------------------------------------------------------------------------------------------

LABELS = np.array([0, 2, 1, 1, 0])
NUMBERS = np.array([[1.0], [0.0], [2.0], [-1.0], [0.5]])
W3 = np.hstack([W, W[::-1], -W])


def entropy(w: Any, x: Any, y: Any) -> Any:
    """Softmax cross-entropy of a linear model."""
    z = x @ w
    e = np.exp(z)
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(5), y]))


def _line(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


def _wrong(delta: Any) -> Planted:
    def mine(w: Any, x: Any, y: Any) -> Any:
        z = x @ w
        return x.T @ delta(z, softmax(z), np.eye(3)[y]) / 5

    return entropy, (W3, X, LABELS), mine, {}


def _all_pairs(w: Any, x: Any, y: Any) -> Any:
    r = x @ w - y[:, 0]
    return x.T @ r.sum(axis=1, keepdims=True) * 2 / r.size


mistake(
    Mistake(
        id="softmax-missing",
        sentence="z - y stands where softmax(z) - y (or sigmoid(z) - y) should.",
        rule="for a cross-entropy: g_z = (p - y) / n, with p = softmax(z)",
        common=2,
        edits=_missing,
        planted=lambda: _wrong(lambda z, p, y: z - y),
    )
)

mistake(
    Mistake(
        id="softmax-twice",
        sentence="Softmax (or sigmoid) is applied twice.",
        rule="for a cross-entropy: g_z = (p - y) / n, with p = softmax(z) once",
        common=2,
        edits=_again,
        planted=lambda: _wrong(lambda z, p, y: softmax(p) - y),
    )
)

mistake(
    Mistake(
        id="derivative-not-cancelled",
        sentence="p - y is multiplied by the derivative of softmax or sigmoid, which is in it already.",
        rule="for a cross-entropy: g_z = (p - y) / n, because the derivative of σ cancels against that of ln",
        common=2,
        edits=_uncancelled,
        planted=lambda: _wrong(lambda z, p, y: (p - y) * p * (1 - p)),
    )
)

mistake(
    Mistake(
        id="target-missing",
        sentence="The target is not subtracted from the prediction.",
        rule="for a cross-entropy: g_z = (p - y) / n",
        common=2,
        edits=_without_y,
        planted=lambda: _wrong(lambda z, p, y: p),
    )
)

mistake(
    Mistake(
        id="wrong-targets",
        sentence="The outputs are compared with the targets of other rows or classes.",
        rule=_ROW,
        common=3,
        edits=_rows,
        planted=lambda: _wrong(lambda z, p, y: p - np.roll(y, 1, axis=0)),
    )
)

mistake(
    Mistake(
        id="targets-broadcast",
        sentence="Outputs (B, 1) and targets (B,) are broadcast, so that each output meets every target.",
        rule=_ROW,
        common=2,
        edits=_every,
        planted=lambda: (_line, (W, X, NUMBERS), _all_pairs, {}),
    )
)
