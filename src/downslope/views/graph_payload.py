"""What is shown of one step's computation: its graph, and the program with its numbers; a part of payload.py.

Both are of the same traced graph, and a node has the same number in both and in a derivation.
"""

from __future__ import annotations

from msgspec import Struct

from downslope.views.event import Event

Number = float | None


class Values(Struct, frozen=True):
    """An array in a few numbers: lowest, mean and highest of its finite ones, and the first few in their order.

    not_finite: how many are NaN or infinite, of ``size``. first: None where it is not finite.
    """

    size: int
    low: Number
    mean: Number
    high: Number
    not_finite: int
    first: tuple[Number, ...]


class GraphItem(Struct, frozen=True):
    """An operation, or a folded group of them. id: its place among the items, by which edges name it.

    node: its number in the traced graph, None for a group. count: operations in it, 1 where it is one itself. name:
    the user's name of it, "" if there is none, or the group's ("dense1", "dense1 backward"). primitive: "" for a group.
    scope: the group that it belongs to. shape, dtype: of its value; of a group's last one. backward: whether it is of
    the backward half. of: the node whose rule made it. adjoint: the node that holds dL/d(this). line: the user's line,
    "mine.py:12", and code: what stands there, "" where it is not at hand. flops: of the operation or the whole group.
    values: at the step that is looked at, None where nobody asked for them. latex: of the operation. address: what
    ``step.explain`` and all views call its value ("dense1.w", "activations.dense1.z", "errors.dense1.z", "%17" where it
    has no name); of a group its layer. nodes: all in it; holds: how many of a group are of which primitive.
    """

    id: int
    node: int | None
    count: int
    name: str
    primitive: str
    scope: str
    shape: tuple[int, ...]
    dtype: str
    backward: bool
    of: int | None
    adjoint: int | None
    line: str
    code: str
    flops: int
    values: Values | None
    latex: str
    address: str = ""
    nodes: tuple[int, ...] = ()
    holds: dict[str, int] = {}


class GraphView(Struct, frozen=True, tag="graph"):
    """The traced graph of a step, forward and backward half, in the order in which it is computed.

    edges: (from item, to item). n_nodes: operations in the whole graph. groups: all names of groups, in order, each to
    be folded or opened. open: those that are not folded. outputs: items that hold a result. not_finite: operations
    whose value has a NaN or an infinity; the first of them is in events. names: every name of an address -> its node
    and the node that holds its adjoint, whether or not it is folded. culprit: address of the first operation with a NaN
    or an infinity, "" where there is none.
    """

    title: str
    step: int
    n_nodes: int
    items: tuple[GraphItem, ...]
    edges: tuple[tuple[int, int], ...]
    groups: tuple[str, ...]
    open: tuple[str, ...]
    outputs: tuple[int, ...]
    not_finite: int
    events: tuple[Event, ...]
    names: dict[str, tuple[int, int | None]] = {}
    culprit: str = ""


class ProgramLine(Struct, frozen=True):
    """A line of the program. text: as it is written, with its indent. target: the name that it gives, "" for others.

    nodes: the operations that it computes, the last being its result. scope: layer. shape, dtype, values: of the
    result at the step; values is None for lines without one. address: of the result, as of a graph's item. line: the
    user's, "mine.py:12", and code: what stands there.
    """

    text: str
    target: str
    note: str
    nodes: tuple[int, ...]
    scope: str
    backward: bool
    shape: tuple[int, ...]
    dtype: str
    values: Values | None
    address: str = ""
    line: str = ""
    code: str = ""


class ProgramView(Struct, frozen=True, tag="program"):
    """The readable program of a step's loss and gradients, with the numbers of the step beside its lines.

    names, culprit: as of a graph.
    """

    title: str
    step: int
    lines: tuple[ProgramLine, ...]
    not_finite: int
    events: tuple[Event, ...]
    names: dict[str, tuple[int, int | None]] = {}
    culprit: str = ""
