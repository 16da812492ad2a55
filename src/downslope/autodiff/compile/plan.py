"""Where every value of a graph lives: buffers shared by lifetime, views that cost nothing, parts written in place.

Three kinds of places. *fixed*: an array that exists before the program runs (a constant, a bound input, a planned
buffer, or a view of one of these). *number*: a Python number. *step*: made anew in every step (an argument, a view of
one, or the result of an operation that has no ``out=`` form). Fixed values share memory once they are no longer needed:

- an elementwise operation writes over an operand that dies with it;
- the parts of a concatenation are computed straight into their slices of it (so gradients land in one flat vector);
- a carried output (a new parameter) is written over the input that it replaces, if nothing reads that any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff.graph import Graph, Node

ALIGNMENT = 64


def is_elementwise(node: Node) -> bool:
    """Number by number, so that the result may take the place of an operand."""
    return isinstance(node.primitive.forward, np.ufunc) and node.primitive.name != "matmul"


def is_view(node: Node) -> bool:
    """Shares the memory of its operand (basic indexing does, integer arrays do not)."""
    return node.primitive.view or (node.primitive.name == "getitem" and len(node.inputs) == 1)


@dataclass(frozen=True)
class Plan:
    """``arrays``: the fixed values; ``copies``: bound input -> output to be copied over it at the end of a step."""

    arrays: Mapping[int, Any]
    copies: Mapping[int, int]
    buffers: int
    nbytes: int


class _Planner:
    def __init__(self, graph: Graph, bound: Mapping[int, Any], carried: Mapping[int, int]) -> None:
        self.graph, self.bound, self.carried = graph, bound, carried
        self.root: dict[int, int] = {}
        self.stand_in: dict[int, Any] = {}  # fixed values before their memory is given out: shape and strides are right
        self.find_fixed()
        self.dies: dict[int, int] = {}
        for i, root in self.root.items():
            self.dies[root] = max(self.dies.get(root, root), graph.last_use[i])
        self.part_of: dict[int, tuple[int, int]] = {}  # owner -> (concatenation, start)
        self.over: dict[int, int] = {}  # owner -> bound input whose array it takes
        self.copies: dict[int, int] = {}
        self.place_carried()
        self.place_parts()
        for part, (whole, _) in self.part_of.items():  # a part may be read after the whole has been
            self.dies[whole] = max(self.dies[whole], self.dies[part])

    def find_fixed(self) -> None:
        for node in self.graph.nodes:
            if node.weak:
                continue
            if node.primitive.name == "input":
                if node.id in self.bound:
                    self.own(node, self.bound[node.id])
            elif node.primitive.name == "constant":
                self.own(node, np.asarray(node.attrs["value"]))
            elif is_view(node):
                source = self.stand_in.get(node.inputs[0])
                if source is not None:
                    seen = node.primitive.forward(source, **node.attrs)
                    if np.may_share_memory(seen, source):  # a reshape of a transposed array is a copy
                        self.stand_in[node.id] = seen
                        self.root[node.id] = self.root[node.inputs[0]]
            elif node.primitive.into is not None:
                self.own(node, np.empty(node.shape, node.dtype))

    def own(self, node: Node, array: Any) -> None:
        self.stand_in[node.id] = array
        self.root[node.id] = node.id

    def is_computed(self, root: int | None) -> bool:
        return root is not None and self.graph[root].primitive.name not in ("input", "constant")

    def place_carried(self) -> None:
        for into, out in self.carried.items():
            root = self.root.get(out)
            readers = [i for i, r in self.root.items() if r == into and self.graph.users[i]]
            last = max((self.graph.last_use[i] for i in readers), default=-1)
            is_free = root == out and self.is_computed(root) and self.root.get(out) not in self.over
            reads_it_whole = is_free and is_elementwise(self.graph[out]) and last == out
            only_itself = all(i == into for i in readers if self.graph.last_use[i] == out)
            if is_free and (last < out or (reads_it_whole and only_itself)):
                self.over[out] = into
            else:
                self.copies[into] = out

    def place_parts(self) -> None:
        for node in self.graph.nodes:
            if node.primitive.name != "concatenate" or node.attrs["axis"] or node.id not in self.root:
                continue
            if len(node.shape) != 1:
                continue
            start = 0
            for i in node.inputs:
                root, size = self.root.get(i), self.graph[i].size
                if (
                    root is not None
                    and self.is_computed(root)
                    and root not in self.part_of
                    and root not in self.over
                    and self.graph[root].primitive.name != "concatenate"
                    and self.graph[root].size == size
                    and self.graph[root].dtype == node.dtype
                    and self.stand_in[i].flags.c_contiguous
                    and node.inputs.count(i) == 1
                ):
                    self.part_of[root] = (node.id, start)
                start += size

    # --- giving out memory ---------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        slots: list[int] = []  # size in bytes of each buffer
        free: list[int] = []
        slot_of: dict[int, int] = {}
        inherited: set[int] = set()  # owners whose buffer went on to the operation that they died with

        def take(root: int) -> None:
            node = self.graph[root]
            need = max(node.size * node.dtype.itemsize, 1)
            best = min(free, key=lambda s: (slots[s] < need, abs(slots[s] - need)), default=None)
            if best is None or slots[best] > 4 * need + 4096:
                best = len(slots)
                slots.append(0)
            else:
                free.remove(best)
            slots[best] = max(slots[best], need)
            slot_of[root] = best

        ending: dict[int, list[int]] = {}
        for root, end in self.dies.items():
            ending.setdefault(end, []).append(root)
        for node in self.graph.nodes:
            owned = self.root.get(node.id) == node.id and self.is_computed(node.id)
            over = [
                r
                for r in ending.get(node.id, ())
                if owned and is_elementwise(node) and r in node.inputs and r in slot_of and r != node.id
                and self.graph[r].shape == node.shape and self.graph[r].dtype == node.dtype
            ]  # fmt: skip
            if owned and node.id not in slot_of and node.id not in self.over:
                if node.id in self.part_of:
                    whole = self.part_of[node.id][0]
                    if whole not in slot_of and whole not in self.over:
                        take(whole)
                elif over:
                    slot_of[node.id] = slot_of[over[0]]
                    inherited.add(over[0])
                else:
                    take(node.id)
            for r in ending.get(node.id, ()):
                if r in slot_of and r not in inherited:
                    free.append(slot_of[r])
        return self.hand_out(slots, slot_of)

    def hand_out(self, slots: list[int], slot_of: Mapping[int, int]) -> Plan:
        memory = [_aligned(n) for n in slots]
        arrays: dict[int, Any] = {}

        def array_of(root: int) -> Any:
            node = self.graph[root]
            if root in arrays:
                return arrays[root]
            if not self.is_computed(root):
                made = self.stand_in[root]
            elif root in self.over:
                made = self.bound[self.over[root]]
            elif root in self.part_of:
                whole, start = self.part_of[root]
                made = array_of(whole)[start : start + node.size].reshape(node.shape)
            else:
                made = memory[slot_of[root]][: node.size * node.dtype.itemsize].view(node.dtype).reshape(node.shape)
            arrays[root] = made
            return made

        for node in self.graph.nodes:
            if node.id in self.root:
                if self.root[node.id] == node.id:
                    array_of(node.id)
                else:
                    arrays[node.id] = node.primitive.forward(arrays[node.inputs[0]], **node.attrs)
        return Plan(arrays, self.copies, len(slots), sum(slots))


def _aligned(nbytes: int) -> Any:
    raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


def plan(graph: Graph, bound: Mapping[int, Any] | None = None, carried: Mapping[int, int] | None = None) -> Plan:
    """Give every value of the graph a place.

    bound: input id -> the array that it always reads. carried: bound input -> the output that replaces it.
    """
    return _Planner(graph, bound or {}, carried or {}).plan()
