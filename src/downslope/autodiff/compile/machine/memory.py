"""Stage 4, memory: one workspace for all values of a step, shared by lifetime; new parameters over the old ones.

Everything has its place before the program runs: no allocation in a step, and no address that is computed from data.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate
from typing import TypeAlias

from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.schedule import Schedule
from downslope.autodiff.compile.machine.values import Operand, Ref, Value, contiguous

ALIGNMENT = 64
# ("bound", input node), ("streamed", input node), ("constant", value) or ("workspace", 0), and bytes from its start.
# The table has slots for ("gathered", input node), ("record", place), the flag, the team and its scratch too.
Home: TypeAlias = tuple[str, int, int]
# (first group that needs it, last one, bytes, value; -1 - value for scratch beside it)
Wish: TypeAlias = tuple[int, int, int, int]


@dataclass
class Memory:
    """homes: value -> where it is. copies: (what, bound input node) to be written over it at the end of a step."""

    homes: dict[int, Home] = field(default_factory=dict)
    copies: list[tuple[Operand, int]] = field(default_factory=list)
    nbytes: int = 0
    scratch: dict[int, Home] = field(default_factory=dict)

    def more(self, size: int) -> Home:
        """So many bytes at the end of the workspace."""
        home = ("workspace", 0, self.nbytes)
        self.nbytes += -(-size // ALIGNMENT) * ALIGNMENT
        return home

    def __str__(self) -> str:
        lines = [f"workspace of {self.nbytes:,} bytes"]
        lines += [f"  %{i:<4} {kind} {k} + {offset}" for i, (kind, k, offset) in sorted(self.homes.items())]
        return "\n".join([*lines, *(f"  at the end {x} -> input {k}" for x, k in self.copies)])


class Planner:
    """Finds places. Tests lay the workspace out in another way, by another ``hand_out``."""

    def __init__(
        self,
        found: Schedule,
        bound: Sequence[int],
        carried: Mapping[int, int],
        scratch: Mapping[int, int],
        gathered: Sequence[int],
    ) -> None:
        self.found, self.bound, self.carried, self.scratch = found, set(bound), carried, scratch
        self.gathered = set(gathered)
        self.lowered = found.lowered
        self.by_id = {v.id: v for v in self.lowered.values}
        self.parts: dict[int, list[Value]] = {}
        for v in self.lowered.values:
            if v.place is not None:
                self.parts.setdefault(v.place[0], []).append(v)
        self.reads: dict[int, list[tuple[int, Value, Ref]]] = {}
        for k, group in enumerate(found.groups):
            for v in group.values:
                for ref in v.refs:
                    self.reads.setdefault(ref.value, []).append((k, v, ref))
        self.memory = Memory()
        self.over: dict[int, int] = {}

    def plan(self) -> Memory:
        """Places for all values."""
        for node, i in self.lowered.inputs.items():
            if node in self.gathered:
                continue
            self.memory.homes[i] = ("bound" if node in self.bound else "streamed", node, 0)
        for v in self.lowered.values:
            if v.op == "constant":
                self.memory.homes[v.id] = ("constant", v.id, 0)
        for into, out in self.carried.items():
            if out in self.lowered.outputs:  # else it has no elements
                self.carry(into, self.lowered.outputs[out])
        for i, into in self.over.items():
            self.memory.homes[i] = ("bound", into, 0)
        self.hand_out(self.wanted())
        for v in self.lowered.values:
            if v.place is not None and v.place[0] in self.memory.homes:
                kind, k, offset = self.memory.homes[v.place[0]]
                self.memory.homes[v.id] = (kind, k, offset + v.place[1] * KINDS[v.kind][2])
        return self.memory

    # --- carried values ---------------------------------------------------------------------------------------------

    def carry(self, into: int, what: Operand) -> None:
        """Have an output replace an input: computed over it, or copied at the end."""
        old = self.by_id[self.lowered.inputs[into]]
        if isinstance(what, Ref) and self.may_replace(into, what):
            self.over[what.value] = into
        elif what != Ref(old.id, 0, contiguous(tuple(n for n in old.shape if n > 1))):  # else it stays what it is
            self.memory.copies.append((what, into))

    def may_replace(self, into: int, what: Ref) -> bool:
        """A new value over the old one, if nothing reads the old one after that."""
        old, new = self.by_id[self.lowered.inputs[into]], self.by_id[what.value]
        is_whole = what.offset == 0 and what.strides == contiguous(tuple(n for n in old.shape if n > 1))
        if (
            not is_whole
            or new.size != old.size
            or new.kind != old.kind
            or new.op in ("input", "constant", "random")  # random words come four at a time and may reach beyond
            or new.place is not None
            or new.id in self.over
            or any(isinstance(x, Ref) and x.value == old.id for x in self.lowered.outputs.values())
        ):
            return False
        first = min(self.written(new.id))
        return all(
            k < first or (k == first and self.is_in_step(new, v, ref)) for k, v, ref in self.reads.get(old.id, ())
        )

    def is_in_step(self, new: Value, reader: Value, ref: Ref) -> bool:
        """The nest that writes a number has read the old one just before, and does not come back."""
        group = self.found.groups[self.found.group_of[new.id]] if new.id in self.found.group_of else None
        if group is None or not group.is_nest or group.returns or new.op != "map" or reader.op == "look":
            return False
        return ref.offset == 0 and group.widened(reader, ref.strides) == group.home(new)

    def written(self, i: int) -> list[int]:
        """The groups that write a value."""
        if i in self.found.group_of:
            return [self.found.group_of[i]]
        return [k for p in self.parts.get(i, ()) for k in self.written(p.id)]

    # --- the workspace ----------------------------------------------------------------------------------------------

    def wanted(self) -> list[Wish]:
        """What needs room in the workspace: values, and scratch beside them."""
        end = len(self.found.groups)
        outputs = {x.value for x in self.lowered.outputs.values() if isinstance(x, Ref)}
        wanted: list[Wish] = []
        for v in self.lowered.values:
            if v.id in self.memory.homes or v.place is not None:
                continue
            if v.id not in self.found.stored and v.op not in ("assembly", "input"):
                continue
            written = [0] if v.op == "input" else self.written(v.id)  # gathered before all groups
            if not written:
                continue
            family = [v.id, *(p.id for p in self.parts.get(v.id, ()))]
            last = max((k for i in family for k, _, _ in self.reads.get(i, ())), default=0)
            if any(i in outputs for i in family):
                last = end
            size = v.size * KINDS[v.kind][2]
            size += -size % 32 if v.op == "random" else 0  # its words come four at a time
            wanted.append((min(written), max(last, *written), size, v.id))
        wanted += [(k, k, size, -1 - i) for i, size in self.scratch.items() for k in [self.found.group_of[i]]]
        return wanted

    def hand_out(self, wanted: Sequence[Wish]) -> None:
        """Room for each, in slots that serve one after the other."""
        living: list[tuple[int, int]] = []  # a heap of (last group, slot)
        free: list[tuple[int, int]] = []  # (bytes, slot), smallest first
        sizes: list[int] = []
        slot_of: list[tuple[int, int]] = []  # (value, slot)
        for first, last, size, i in sorted(wanted):
            while living and living[0][0] < first:
                _, slot = heappop(living)
                insort(free, (sizes[slot], slot))
            place = bisect_left(free, (size, -1))
            if place < len(free) and free[place][0] <= 4 * size + 4096:
                slot = free.pop(place)[1]
            else:
                slot = len(sizes)
                sizes.append(-(-size // ALIGNMENT) * ALIGNMENT)
            heappush(living, (last, slot))
            slot_of.append((i, slot))
        starts = [0, *accumulate(sizes)]
        self.memory.nbytes = starts[-1]
        for i, slot in slot_of:
            self.settle(i, starts[slot])

    def settle(self, i: int, start: int) -> None:
        """A wish lies so many bytes from the start of the workspace."""
        homes, key = (self.memory.homes, i) if i >= 0 else (self.memory.scratch, -1 - i)
        homes[key] = ("workspace", 0, start)


def plan(
    found: Schedule,
    bound: Sequence[int],
    carried: Mapping[int, int],
    scratch: Mapping[int, int] | None = None,
    gathered: Sequence[int] = (),
) -> Memory:
    """Places for all values. carried: bound input -> the output that replaces it. scratch: value -> bytes beside it.

    gathered: inputs that are copied into the workspace at the beginning of a step.
    """
    return Planner(found, bound, carried, scratch or {}, gathered).plan()
