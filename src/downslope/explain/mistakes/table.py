"""What an entry of the table of mistakes states, and the table itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from downslope.explain.mistakes.places import turned
from downslope.explain.mistakes.scene import Scene
from downslope.explain.mistakes.tape import Changes

Planted: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], Any, dict[str, Any]]
"""A function, its arguments, a gradient by it that is wrong in this way, and further settings of check_gradients."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One way to go wrong at one place.

    mistake: id in the table. node: where. leaves: those whose gradient it may change. changes: what it does, of one
    unknown number c where it is ``free`` (solved for by projection, because gradients are straight in it).
    detail: what was done, in words, without full stop; of c where it is free, None if c is no number that this mistake
    has. rule: the line of the chain rule as it should be. known: values of c that are tried when two mistakes meet.
    alike: edits of one mistake with the same word here are also tried all together (the same slip in every layer).
    """

    mistake: str
    node: int
    leaves: frozenset[int]
    changes: Callable[[float], Changes]
    detail: Callable[[float], str | None]
    rule: str
    free: bool = False
    known: tuple[float, ...] = ()
    alike: str = ""


def fixed(
    mistake: str, scene: Scene, node: int, changes: Changes, detail: str, rule: str, alike: str = "", leaves: Any = None
) -> Edit:
    """An edit without an unknown number."""
    reached = scene.tape.below[node] if leaves is None else frozenset(leaves)
    return Edit(mistake, node, reached, lambda _: changes, lambda _: detail, rule, alike=alike)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """A kind of mistake.

    id: its name everywhere. sentence: what it is. rule: the line of the chain rule that it breaks, in general.
    common: how often it is made, 1 the most; of several that give the same numbers the commonest is told first.
    edits: every place of a scene where it can be made, with the change of the backward pass. factors: or, if it
    multiplies an adjoint by a number, those numbers with what was done, in words. prefers: primitives at which such a
    factor is likeliest lost. planted: an example, made by hand.
    """

    id: str
    sentence: str
    rule: str
    common: int
    planted: Callable[[], Planted]
    edits: Callable[[Scene], Iterable[Edit]] | None = None
    factors: Callable[[Scene], Mapping[float, str]] | None = None
    prefers: tuple[str, ...] = ()


MISTAKES: dict[str, Mistake] = {}


def mistake(entry: Mistake) -> Mistake:
    """Put an entry into the table; two entries of one id are a mistake too."""
    if entry.id in MISTAKES:
        raise ValueError(f"two mistakes are called {entry.id!r}")
    MISTAKES[entry.id] = entry
    return entry


def all_edits(scene: Scene) -> Iterator[Edit]:
    """Every single mistake that can be made in this scene."""
    for entry in MISTAKES.values():
        if entry.edits is not None:
            yield from entry.edits(scene)


def chain_rule(scene: Scene, node: int) -> str:
    """The line of the chain rule that leads back through a node, with the names of the user's code."""
    n = scene.graph[node]
    g = scene.adjoint_name(node)
    inputs = [i for k, i in enumerate(n.inputs) if (node, k) in scene.tape.back]
    if not inputs:
        return f"{g} is the sum over everything that reads {scene.name(node)}"
    first = scene.adjoint_name(inputs[0])
    names = [scene.name(i) for i in n.inputs]
    if n.primitive.name == "matmul":
        lines = [
            f"{scene.adjoint_name(n.inputs[0])} = {g} @ {turned(names[1])}",
            f"{scene.adjoint_name(n.inputs[1])} = {turned(names[0])} @ {g}",
        ]
        return ", ".join(line for k, line in enumerate(lines) if (node, k) in scene.tape.back)
    if n.primitive.name in ("mean", "sum"):
        size = scene.graph[n.inputs[0]].size // max(n.size, 1)
        return f"{first} = {g}" + (f" / {size}" if n.primitive.name == "mean" else "") + ", for each of its numbers"
    if n.primitive.name in ("add", "subtract"):
        signs = ["", "-" if n.primitive.name == "subtract" else ""]
        return ", ".join(
            f"{scene.adjoint_name(i)} = {signs[k]}{g}"
            + (", summed over the axes of broadcasting" if scene.graph[i].shape != n.shape else "")
            for k, i in enumerate(n.inputs)
            if (node, k) in scene.tape.back
        )
    if n.primitive.name == "power" and isinstance(scene.graph[n.inputs[1]].attrs.get("value"), int | float):
        exponent = scene.graph[n.inputs[1]].attrs["value"]
        return f"{first} = {g} * {exponent} * {names[0]}" + (f"**{exponent - 1}" if exponent != 2 else "")
    if n.primitive.name in ("multiply", "divide") and len(inputs) == 1:
        k = n.inputs.index(inputs[0])
        sign = "/" if n.primitive.name == "divide" and k == 0 else "*"
        return f"{first} = {g} {sign} {names[1 - k]}"
    slope = _SLOPES.get(n.primitive.name, f"d{scene.name(node)}/d{{0}}")
    return f"{first} = {g} * {slope.format(names[0])}"


_SLOPES = {
    "square": "2 * {0}",
    "exp": "exp({0})",
    "log": "1 / {0}",
    "tanh": "(1 - tanh({0})**2)",
    "sqrt": "1 / (2 * sqrt({0}))",
    "absolute": "sign({0})",
}
