"""What machine code is given: arrays that lie, fit and may be written as its addresses were computed for.

Everything here is asked before the code runs. Inside of it there are addresses only, and nobody asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.graph import Graph, Node
from downslope.errors import ShapeError

Span: TypeAlias = tuple[int, int]  # the first byte of an array, and the one after its last


def address(array: Any) -> int:
    """Where an array begins."""
    found: int = array.__array_interface__["data"][0]
    return found


def span(array: Any) -> Span:
    """Where an array in one piece lies."""
    start = address(array)
    return start, start + array.nbytes


class Stream:
    """An input that has a value for each step; where it is gathered, the numbers of rows of an array."""

    def __init__(self, node: Node, *, gathered: bool) -> None:
        self.name, self.gathered = node.full_name, gathered
        weak = np.dtype(np.int64 if node.dtype.kind in "iu" else np.float64)
        self.dtype = np.dtype(np.int64) if gathered else weak if node.weak else node.dtype
        self.shape = node.shape[:1] if gathered else node.shape

    def typed(self, given: Any) -> Any:
        """One value a step, end to end in memory, in the type that was traced; what lies otherwise is copied.

        Errors: ShapeError ``machine-arrays``.
        """
        if type(given) is np.ndarray and given.dtype == self.dtype and given.shape[1:] == self.shape and given.ndim:
            flags = given.flags
            if flags.c_contiguous and flags.aligned:
                return given
        found = np.asarray(given)
        if self.gathered and found.dtype.kind not in "iu" and found.size:
            raise _refused(f"row numbers of type {found.dtype} for {self.name}", self.name)
        if found.shape[1:] != self.shape or not found.ndim:
            what = f"a stream of shape {found.shape} for {self.name}, which has shape {self.shape} in a step"
            raise _refused(what, self.name)
        array = np.ascontiguousarray(found, self.dtype)
        return array if array.flags.aligned else array.copy()


def require_room(records: Sequence[Any], told: int, count: int) -> None:
    """A record for each number that is told, with room for all steps."""
    if len(records) != told:
        raise _refused(f"{len(records)} records for {told} recorded numbers", "records")
    for k, record in enumerate(records):
        if len(record) < count:
            raise _refused(f"record {k} has room for {len(record)} of {count} steps", f"records[{k}]")


def require_apart(name: str, read: Span, written: Iterable[Span]) -> None:
    """An input shares no memory with an array that the code writes while it reads it."""
    start, end = read
    for first, last in written:
        if start < last and first < end:
            raise _refused(f"{name} shares memory with an array that every step writes", name)


def require_lasting(
    graph: Graph, bound: Mapping[int, Any], gathered: Mapping[int, Any], carried: Mapping[int, int]
) -> None:
    """What the code holds on to: of the type and shape that were traced, in one piece, each on its own.

    NotGenerated where NumPy can do it and the code cannot; ShapeError ``machine-arrays`` where it would be wrong.
    """
    for array in (*bound.values(), *gathered.values()):
        if not isinstance(array, np.ndarray) or not array.flags.c_contiguous or not array.flags.aligned:
            raise NotGenerated("an input that does not lie in memory in one piece")
    for i, array in bound.items():
        _require_fit(graph[i], array.dtype, array.shape)
    for i, array in gathered.items():
        _require_fit(graph[i], array.dtype, (*graph[i].shape[:1], *array.shape[1:]))
    taken: list[Span] = []
    for i in carried:
        name = graph[i].full_name
        if not bound[i].flags.writeable:
            raise _refused(f"{name} cannot be written, and every step replaces it", name)
        require_apart(name, span(bound[i]), taken)
        taken.append(span(bound[i]))
    others = {**gathered, **{i: array for i, array in bound.items() if i not in carried}}
    for i, array in others.items():
        require_apart(graph[i].full_name, span(array), taken)


def _require_fit(node: Node, dtype: Any, shape: tuple[int, ...]) -> None:
    """Addresses are written for the shapes that were traced."""
    if node.weak or (node.dtype, node.shape) != (dtype, shape):
        raise NotGenerated(f"an array of type {dtype} and shape {shape} for {node.full_name}, traced as {node.type}")


def _refused(what: str, where: str) -> ShapeError:
    return ShapeError(
        "machine-arrays",
        what,
        where=f"{where} of a machine program",
        why="its code was written for the arrays of the trace, and works on their memory without asking again",
        do="give arrays of the traced shapes that can be written and share no memory: .copy() makes one",
    )
