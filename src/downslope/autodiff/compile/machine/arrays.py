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


def typed(stream: Any, node: Node, is_gathered: bool) -> Any:
    """One value a step, end to end in memory, in the type that was traced; row numbers for what is gathered.

    What lies otherwise is copied. Errors: ShapeError ``machine-arrays``.
    """
    dtype = (np.int64 if node.dtype.kind in "iu" else np.float64) if node.weak else node.dtype
    given = np.asarray(stream)
    if is_gathered and given.dtype.kind not in "iu" and given.size:
        raise _refused(f"row numbers of type {given.dtype} for {node.full_name}", node.full_name)
    shape = node.shape[:1] if is_gathered else node.shape
    if given.shape[1:] != shape or not given.ndim:
        what = f"a stream of shape {given.shape} for {node.full_name}, which has shape {shape} in a step"
        raise _refused(what, node.full_name)
    array = np.ascontiguousarray(given, np.int64 if is_gathered else dtype)
    return array if array.flags.aligned else array.copy()


def require_room(records: Sequence[Any], told: int, count: int) -> None:
    """A record for each number that is told, with room for all steps."""
    if len(records) != told:
        raise _refused(f"{len(records)} records for {told} recorded numbers", "records")
    for k, record in enumerate(records):
        if len(record) < count:
            raise _refused(f"record {k} has room for {len(record)} of {count} steps", f"records[{k}]")


def require_apart(graph: Graph, spans: Mapping[int, Span], written: Iterable[Span]) -> None:
    """No input shares memory with an array that the code writes while it reads them."""
    for first, last in written:
        for i, (start, end) in spans.items():
            if start < last and first < end:
                name = graph[i].full_name
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
        require_apart(graph, {i: span(bound[i])}, taken)
        taken.append(span(bound[i]))
    others = {**gathered, **{i: array for i, array in bound.items() if i not in carried}}
    require_apart(graph, {i: span(array) for i, array in others.items()}, taken)


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
