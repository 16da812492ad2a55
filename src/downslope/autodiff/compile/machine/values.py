"""What a graph becomes: values with memory of their own, and how they read each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff.graph import Graph

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """What a value reads of another one: for each axis of its own domain a stride, in elements of the other."""

    value: int
    offset: int
    strides: Shape

    def __str__(self) -> str:
        start = f"+{self.offset}" if self.offset else ""
        return f"%{self.value}{start}({', '.join(map(str, self.strides))})"


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number of the step, by its node: the rate, the step's number, what follows from them."""

    node: int

    def __str__(self) -> str:
        return f"number {self.node}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A number that is written in the program."""

    value: Any

    def __str__(self) -> str:
        return f"{self.value:g}"


Operand: TypeAlias = Ref | Number | Literal


@dataclass(slots=True)
class Value:
    """One array with memory of its own, or a part of another one's (``place``).

    domain: lengths of the loops that compute it. home: its own strides over them, 0 where it is reduced. kinds: what
    its operands are converted to. form: for a map ``(vector functions, *operands) -> result``.
    """

    id: int
    op: str
    kind: str
    shape: Shape
    domain: Shape = ()
    home: Shape = ()
    args: tuple[Operand, ...] = ()
    kinds: tuple[str, ...] = ()
    name: str = ""
    form: Callable[..., Any] | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    node: int | None = None
    place: tuple[int, int] | None = None  # (the value that it is a part of, first element there)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def refs(self) -> list[Ref]:
        """The operands that are values."""
        return [x for x in self.args if isinstance(x, Ref)]

    @property
    def axes(self) -> frozenset[int]:
        """Axes of the domain that a reduction sums over."""
        return frozenset(self.attrs.get("axes", ()))

    def __str__(self) -> str:
        operands = " ".join(map(str, self.args))
        options = "".join(f" {k}={v}" for k, v in self.attrs.items() if k != "array")
        into = f" in %{self.place[0]}+{self.place[1]}" if self.place else ""
        return f"%{self.id:<4} {self.kind}{list(self.domain)} {self.name or self.op} {operands}{options}{into}".rstrip()


@dataclass(frozen=True)
class Lowered:
    """All values in the order in which they can be computed, the numbers beside them, and who takes part outside."""

    graph: Graph
    values: tuple[Value, ...]
    numbers: tuple[int, ...]  # nodes
    inputs: Mapping[int, int]  # node -> value
    outputs: Mapping[int, Operand]  # node -> what it is, over its own shape

    def __str__(self) -> str:
        return "\n".join(map(str, self.values))


def contiguous(shape: Sequence[int]) -> Shape:
    """Row-major strides in elements."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))
