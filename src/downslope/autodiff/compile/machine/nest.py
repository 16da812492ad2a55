"""One nest of loops as a function: its axes, what it reads and writes, and its values for some lanes.

The forms that the loops take are in ``nests``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from downslope.autodiff.compile.machine import vectors
from downslope.autodiff.compile.machine.calls import STATUS, Call, Place, checked
from downslope.autodiff.compile.machine.code import Function, Module
from downslope.autodiff.compile.machine.kinds import KINDS, NotGenerated
from downslope.autodiff.compile.machine.parts import Cut
from downslope.autodiff.compile.machine.schedule import Group
from downslope.autodiff.compile.machine.values import Literal, Number, Operand, Ref, Shape, Value
from downslope.autodiff.compile.machine.vec import Vec

TOGETHER = 4  # vectors that are worked on side by side, so that one need not wait for the other


@dataclass(frozen=True)
class Access:
    """Memory that the nest goes through: where it begins, and its strides over the domain."""

    place: Place
    strides: Shape


class Nest:
    """Writes one nest. width: bytes of a vector of this CPU. cut: it is a part of a nest that was cut so."""

    def __init__(
        self,
        module: Module,
        group: Group,
        by_id: Mapping[int, Value],
        stored: frozenset[int],
        width: int,
        cut: Cut | None = None,
    ) -> None:
        self.cut = cut
        self.group, self.by_id, self.stored = group, by_id, stored
        self.inside = {v.id for v in group.values}
        self.f = Function(module, "nest")
        self.arguments: list[Place | int] = []
        self.parameters: dict[Place, str] = {}
        self.pointers: dict[Access, str] = {}
        self.projected: dict[Access, Shape] = {}
        self.number_names: dict[int, str] = {}
        self.rows: dict[int, Vec] = {}  # one number each, in the row that is being worked on
        self.row_reads: dict[Access, Vec] = {}
        self.accesses = self.find_accesses()
        self.split_axes()
        self.lanes = self.find_lanes(width)

    # --- what is read and written, and by which loops ---------------------------------------------------------------

    def find_accesses(self) -> list[Access]:
        """All memory that the nest goes through."""
        found: dict[Access, None] = {}
        for v in self.group.values:
            for ref in v.refs:
                if ref.value not in self.inside:
                    found[self.access(v, ref)] = None
            if v.id in self.stored:
                found[self.home(v)] = None
        return list(found)

    def access(self, v: Value, ref: Ref) -> Access:
        """How an operand of a value lies in memory."""
        return Access((ref.value, ref.offset), self.group.widened(v, ref.strides))

    def home(self, v: Value) -> Access:
        """How a value itself lies in memory."""
        return Access((v.id, 0), self.group.home(v))

    def split_axes(self) -> None:
        """The loops: ``outer`` around everything, ``down`` inside of the row or column, ``last`` in vectors."""
        domain, reduced = self.group.domain, self.group.reduced or frozenset()
        kept = [a for a in range(len(domain)) if a not in reduced]
        inner = sorted(reduced)
        self.outer, self.down = self.merged(kept), self.merged(inner)
        source = self.down if self.group.in_rows else self.outer
        self.last = source.pop() if domain else []
        self.n = math.prod(domain[a] for a in self.last)
        for access in self.accesses:
            axes = [*self.outer, *self.down, self.last]
            self.projected[access] = tuple(access.strides[axis[-1]] if axis else 0 for axis in axes)

    def merged(self, axes: Sequence[int]) -> list[list[int]]:
        """Neighbouring axes that all memory goes through without a jump become one."""
        found: list[list[int]] = []
        for a in axes:
            n = self.group.domain[a]
            if found and all(x.strides[found[-1][-1]] == x.strides[a] * n for x in self.accesses):
                found[-1].append(a)
            else:
                found.append([a])
        return found

    def find_lanes(self, width: int) -> int:
        """As many lanes as fill a vector with the smallest floating-point numbers here, and the axis needs."""
        kinds = {v.kind for v in self.group.values} | {k for v in self.group.values for k in v.kinds}
        sizes = [KINDS[k][2] for k in kinds if k[0] == "f"]
        native = width // min(sizes, default=8)
        return min(native, 1 << (self.n - 1).bit_length()) if self.group.domain else 1

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self) -> Call:
        """The function, and what it is called with."""
        for access in self.accesses:
            self.pointers[access] = self.parameter(access.place)
            if self.cut:
                self.pointers[access] = self.begun(access, self.cut)
        self.loops()
        if self.cut:
            self.f.called_by_parts()
        return Call(self.f.module.add(self.f), tuple(self.arguments))

    def begun(self, access: Access, cut: Cut) -> str:
        """Where the memory of this part begins."""
        part = Vec(self.f, "%part", "i64", 1)
        moved = self.f.times(part, access.strides[cut.axis] * cut.length)
        return self.f.at(self.pointers[access], self.kind(access), moved)

    def parameter(self, place: Place) -> str:
        """The name of an address."""
        if place not in self.parameters:
            self.parameters[place] = f"%p{len(self.arguments)}"
            self.f.parameters.append(f"ptr {self.parameters[place]}")
            self.arguments.append(place)
        return self.parameters[place]

    def number(self, node: int) -> Vec:
        """A Python number of the step, as a float64."""
        if node not in self.number_names:
            self.number_names[node] = f"%n{len(self.arguments)}"
            self.arguments.append(node)
            self.f.parameters.append(f"double {self.number_names[node]}")
        return Vec(self.f, self.number_names[node], "f64", 1)

    def around(
        self, axes: Sequence[list[int]], first: int, initial: list[Vec], body: Callable[[list[Vec]], list[Vec]]
    ) -> list[Vec]:
        """Loops over merged axes, the pointers moving along; ``first``: the place of axes[0] among all loops."""
        if not axes:
            return body(initial)
        n = math.prod(self.group.domain[a] for a in axes[0])

        def turn(i: Vec, carried: list[Vec]) -> list[Vec]:
            before, self.pointers = self.pointers, self.moved(first, i)
            found = self.around(axes[1:], first + 1, carried, body)
            self.pointers = before
            return found

        return self.f.loop(n, 1, initial, turn)

    def moved(self, loop: int, i: Vec) -> dict[Access, str]:
        """Where all memory begins in turn ``i`` of a loop."""
        return {
            access: self.f.at(pointer, self.kind(access), self.f.times(i, self.projected[access][loop]))
            if self.projected[access][loop]
            else pointer
            for access, pointer in self.pointers.items()
        }

    def kind(self, access: Access) -> str:
        """The kind of the numbers there."""
        return self.by_id[access.place[0]].kind

    def loops(self) -> None:
        """Write the loops and what is in them."""
        raise NotImplementedError

    # --- operands ---------------------------------------------------------------------------------------------------

    def read(self, access: Access, i: Vec, lanes: int, tail: int | None, loads: dict[Access, Vec]) -> Vec:
        """Numbers from memory, each loaded once; one number for all lanes where it stays the same along the axis."""
        stride = self.projected[access][-1]
        kind = self.kind(access)
        if stride == 0 or not self.group.domain:
            if access not in self.row_reads:
                self.row_reads[access] = self.f.load(self.pointers[access], kind, 1)
            return self.row_reads[access].splat(lanes)
        if access not in loads:
            pointer = self.f.at(self.pointers[access], kind, self.f.times(i, stride))
            loads[access] = self.f.load(pointer, kind, lanes, tail, stride)
        return loads[access]

    def operand(
        self, v: Value, k: int, i: Vec, lanes: int, tail: int | None, env: dict[int, Vec], loads: dict[Access, Vec]
    ) -> Vec:
        """An operand of a value for some lanes, converted to what the operation takes."""
        x: Operand = v.args[k]
        if isinstance(x, Literal):
            return self.f.const(v.kinds[k], lanes, x.value)
        if isinstance(x, Number):
            return self.number(x.node).cast(v.kinds[k]).splat(lanes)
        if x.value not in self.inside:
            found = self.read(self.access(v, x), i, lanes, tail, loads)
        elif x.value in self.rows and self.group.is_row_value(self.by_id[x.value]):
            found = self.rows[x.value].splat(lanes)
        else:
            found = self.value(self.by_id[x.value], i, lanes, tail, env, loads)
        return found.cast(v.kinds[k])

    def value(
        self, v: Value, i: Vec, lanes: int, tail: int | None, env: dict[int, Vec], loads: dict[Access, Vec]
    ) -> Vec:
        """A value of the nest for some lanes, computed on first use."""
        if v.id not in env:
            if v.op == "look":
                env[v.id] = self.look(v, i, lanes, tail, loads)
            else:
                assert v.form is not None
                xs = [self.operand(v, k, i, lanes, tail, env, loads) for k in range(len(v.args))]
                env[v.id] = v.form(vectors, *xs).cast(v.kind)
        return env[v.id]

    def look(self, v: Value, i: Vec, lanes: int, tail: int | None, loads: dict[Access, Vec]) -> Vec:
        """Numbers from places that are in memory themselves. A place outside of the array is flagged, and not read."""
        base = self.access(v, v.refs[0])
        together = all(self.projected[self.access(v, ref)][-1] == 0 for ref in v.refs[1:])
        width = 1 if together else lanes
        total = self.f.const("i64", width, 0)
        for ref, (stride, n) in zip(v.refs[1:], v.attrs["places"], strict=True):
            index = self.read(self.access(v, ref), i, width, tail, loads).cast("i64")
            total = total + self.checked(index, n) * stride
        stride, pointer = self.projected[base][-1], self.pointers[base]
        if together:
            moved = self.f.at(self.f.at(pointer, v.kind, total), v.kind, self.f.times(i, stride))
            return self.f.load(moved, v.kind, lanes, tail, stride)
        if stride:
            raise NotGenerated("an array that is looked up along an axis it also runs along")
        return self.f.load_at(pointer, total, v.kind, tail)

    def checked(self, index: Vec, n: int) -> Vec:
        """Counted from the end where negative; 0, and the step's flag raised, where it is outside."""
        return checked(self.f, self.parameter(STATUS), index, n)

    def save(self, v: Value, x: Vec, i: Vec, tail: int | None) -> None:
        """A value to its memory."""
        access = self.home(v)
        stride = self.projected[access][-1]
        self.f.store(x, self.f.at(self.pointers[access], v.kind, self.f.times(i, stride)), tail, stride)

    # --- along the last axis ----------------------------------------------------------------------------------------

    def kept(self) -> list[Value]:
        """The values of the whole domain that go to memory."""
        return [v for v in self.group.values if v.id in self.stored and not self.group.is_row_value(v)]

    def read_rows(self) -> None:
        """Numbers that stay the same along the last axis are loaded once, before its loop."""
        self.row_reads = {}
        for v in self.group.values:
            for k, ref in enumerate(v.args):
                if isinstance(ref, Ref) and ref.value not in self.inside and not (v.op == "look" and k == 0):
                    access = self.access(v, ref)
                    if self.projected[access][-1] == 0:
                        self.read(access, self.f.const("i64", 1, 0), 1, None, {})
                elif isinstance(ref, Number):
                    self.number(ref.node)
