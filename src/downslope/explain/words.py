"""What is asked for: ``"dense1.w[3, 2]"``, ``"errors.dense1.h[5, 2]"``, ``"dense1.w"``, ``"dense1"``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from downslope.errors import SettingError, nearest

KINDS = {
    "grads": "gradient",
    "errors": "adjoint",
    "activations": "activation",
    "updates": "update",
}
"""First word -> what is explained."""


@dataclass(frozen=True)
class Words:
    """kind: one of ``KINDS``' values, "" where no first word says it. place: None for the whole array."""

    asked: str
    kind: str
    name: str
    place: tuple[int, ...] | None


def read(asked: str, known: Collection[str] = ()) -> Words:
    """The parts of a question. known: names that stand for themselves, as that of an argument called ``errors``.

    Errors: SettingError ``explain-place``.
    """
    name, bracket, places = asked.strip().partition("[")
    first, dot, rest = name.strip().partition(".")
    kind = KINDS.get(first, "") if dot and name.strip() not in known else ""
    name = rest if kind else name.strip()
    if not bracket:
        return Words(asked, kind, name.strip(), None)
    try:
        inner = places.strip().removesuffix("]").strip()
        return Words(asked, kind, name.strip(), tuple(int(word) for word in inner.split(",") if word.strip()))
    except ValueError:
        raise _no_place(asked, places, ()) from None


def place_in(words: Words, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The place, counted from 0 and checked against the shape; ``()`` of a single number. Error ``explain-place``."""
    if words.place is None:
        return None if len(shape) else ()
    fits = len(words.place) == len(shape) and all(-n <= i < n for i, n in zip(words.place, shape, strict=True))
    if not fits:
        raise _no_place(words.asked, f"{list(words.place)}", shape)
    return tuple(i % n for i, n in zip(words.place, shape, strict=True))


def _no_place(asked: str, places: str, shape: Sequence[int]) -> SettingError:
    ends = f"use {[0] * len(shape)} to {[n - 1 for n in shape]}" if len(shape) else "write whole numbers: w[3, 2]"
    return SettingError(
        "explain-place",
        f"{places} is no entry of an array of shape {tuple(shape)}" if len(shape) else f"{places!r} is no entry",
        where=f"explain({asked!r})",
        why="one entry has one whole number for each axis, counted from 0",
        do=f"{ends}, or leave the brackets out for the whole array",
    )


def find(words: Words, known: Mapping[str, int], others: Iterable[str] = ()) -> int:
    """The node of a name. others: names that may be asked for elsewhere. Errors: SettingError ``explain-name``."""
    if words.name in known:
        return known[words.name]
    if not words.name.count("."):  # the name alone, where only one layer has it
        ends = [name for name in known if name.rpartition(".")[2] == words.name]
        if len({known[name] for name in ends}) == 1:
            return known[ends[0]]
    raise SettingError(
        "explain-name",
        f"there is nothing called {words.name!r} to explain",
        where=f"explain({words.asked!r})",
        why="a number is known by the name that the code gives to its array",
        do=nearest(words.name, {*known, *others}),
    )
