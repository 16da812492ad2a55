"""Groups that differ in their addresses only: what a group's code depends on, and where the addresses stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from downslope.autodiff.compile.machine.calls import Place
from downslope.autodiff.compile.machine.schedule import Group
from downslope.autodiff.compile.machine.values import Literal, Number, Operand, Value


def pattern(group: Group, by_id: Mapping[int, Value], stored: frozenset[int]) -> tuple[Any, list[Place | int]]:
    """What a group's code depends on, and the addresses and numbers in the order in which it meets them."""
    inside = {v.id: k for k, v in enumerate(group.values)}
    places: list[Place | int] = []
    at: dict[Place | int, int] = {}

    def place(x: Place | int) -> int:
        if x not in at:
            at[x] = len(places)
            places.append(x)
        return at[x]

    def operand(x: Operand) -> Any:
        if isinstance(x, Literal):
            return repr(x.value)
        if isinstance(x, Number):
            return ("number", place(x.node))
        if x.value in inside:
            return ("inside", inside[x.value], x.offset, x.strides)
        return (by_id[x.value].kind, place((x.value, x.offset)), x.strides)

    key = tuple(
        (
            v.op, v.name, id(v.form), v.kind, v.kinds, v.domain, v.home, tuple(map(operand, v.args)),
            tuple((k, repr(x)) for k, x in v.attrs.items()), place((v.id, 0)) if v.id in stored else None,
        )
        for v in group.values
    )  # fmt: skip
    return (group.domain, group.reduced, key), places
