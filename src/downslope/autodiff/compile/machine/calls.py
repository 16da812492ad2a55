"""What the written functions are called with, and the one check that depends on data: an index within its array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from downslope.autodiff.compile.machine.code import Function
from downslope.autodiff.compile.machine.vec import Vec

Place: TypeAlias = tuple[int, int]  # (value, first element)
STATUS: Place = (-1, 0)


@dataclass(frozen=True)
class Call:
    """A function with its arguments: addresses (STATUS is the step's flag), and Python numbers by their node.

    parts: how many there are, where several threads may take them; last: the function of the last one.
    """

    function: str
    arguments: tuple[Place | int, ...]
    parts: int = 0
    last: str = ""


def checked(f: Function, flag: str, index: Vec, n: int) -> Vec:
    """A place within n: counted from the end where negative; 0, and the step's flag raised, where it is outside."""
    index = f.select(index < 0, index + n, index)
    good = (index >= 0) & (index < n)
    before = f.load(flag, "i64", 1)
    f.store(before | (~good).any().cast("i64"), flag)
    return f.select(good, index, 0)
