"""Stage 2, schedule: which values are computed together in one nest of loops, and in which order the nests run.

A nest computes everything over one domain. Values that only live inside of it stay in registers. What it may hold:

- number-by-number work, and looking up in arrays that were finished before;
- reductions over one set of axes. Where these are the last axes of memory, the loop over the others goes around, and
  what follows from a finished row (its mean, its largest number) may be used on the same row again: softmax and layer
  norm are one nest each;
- where the last axis is kept instead (a bias gradient), the rows are run down for a few columns at a time, and the
  sums leave the nest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from downslope.autodiff.compile.machine.values import Lowered, Ref, Shape, Value

ROW = 2048  # numbers: a row that is read again while it is in the first cache
MANY = 48  # operations in one nest
SHARED = 2**16  # numbers times operations: below, handing parts of a nest to other threads costs more than it gives


@dataclass(eq=False)
class Group:
    """One nest of loops over ``domain``, or one value that stands alone. reduced: axes that its reductions sum over."""

    values: list[Value]
    is_nest: bool
    domain: Shape = ()
    reduced: frozenset[int] | None = None

    @property
    def in_rows(self) -> bool:
        """Reductions run along the last axis."""
        return self.reduced is not None and len(self.domain) - 1 in self.reduced

    @property
    def returns(self) -> bool:
        """Something in it follows from a reduction along the last axis: the row is read again."""
        own = {v.id for v in self.values if self.in_rows and self.is_row_value(v)}
        return any(ref.value in own for v in self.values for ref in v.refs)

    @property
    def row(self) -> int:
        """Numbers that are reduced to one."""
        size = 1
        for a in self.reduced or ():
            size *= self.domain[a]
        return size

    @property
    def kept(self) -> Shape:
        """Lengths of the axes that no reduction sums over."""
        return tuple(n for a, n in enumerate(self.domain) if a not in (self.reduced or ()))

    def is_row_value(self, value: Value) -> bool:
        """One number a row: a reduction's result, or what follows from it."""
        return value.op == "reduce" or (self.reduced is not None and value.domain != self.domain)

    def home(self, value: Value) -> Shape:
        """The strides of a value over the domain of the nest."""
        return self.widened(value, value.home)

    def widened(self, value: Value, strides: Shape) -> Shape:
        """Strides over a value's own domain as strides over the nest's: a row's number has none along the row."""
        if value.op == "reduce" or value.domain == self.domain:
            return strides
        own = iter(strides)
        return tuple(0 if a in (self.reduced or ()) else next(own) for a in range(len(self.domain)))

    def __str__(self) -> str:
        if not self.is_nest:
            return f"alone\n  {self.values[0]}"
        over = f", reduced over axes {sorted(self.reduced)}" if self.reduced else ""
        return "\n".join([f"nest {list(self.domain)}{over}", *(f"  {v}" for v in self.values)])


@dataclass(frozen=True)
class Schedule:
    """Groups in the order in which they run. stored: values that need memory. group_of: value -> its group's place."""

    lowered: Lowered
    groups: tuple[Group, ...]
    stored: frozenset[int]
    group_of: Mapping[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(f"{k}: {group}" for k, group in enumerate(self.groups))


class _Scheduler:
    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.by_id = {v.id: v for v in lowered.values}
        self.readers: dict[int, list[Value]] = {}
        self.parts: dict[int, list[Value]] = {}
        for v in lowered.values:
            for i in dict.fromkeys(ref.value for ref in v.refs):
                self.readers.setdefault(i, []).append(v)
            if v.place is not None:
                self.parts.setdefault(v.place[0], []).append(v)
        self.outputs = {x.value for x in lowered.outputs.values() if isinstance(x, Ref)}
        self.groups: list[Group] = []
        self.at: dict[int, int] = {}  # value -> its group

    def run(self) -> Schedule:
        alive = self.alive()
        for v in self.lowered.values:
            if v.id in alive and v.op not in ("input", "constant", "assembly"):
                self.put(v)
        self.sink()
        groups = [g for g in self.groups if g.values]
        at = {v.id: k for k, g in enumerate(groups) for v in g.values}
        order = {v.id: k for k, v in enumerate(self.lowered.values)}
        for g in groups:
            g.values.sort(key=lambda v: order[v.id])
        return Schedule(self.lowered, tuple(groups), self.stored(groups, at), at)

    def alive(self) -> set[int]:
        """What an output follows from."""
        found: set[int] = set()
        todo = list(self.outputs)
        while todo:
            i = todo.pop()
            if i not in found:
                found.add(i)
                todo += [ref.value for ref in self.by_id[i].refs]
                todo += [p.id for p in self.parts.get(i, ())]
        return found

    # --- placing ----------------------------------------------------------------------------------------------------

    def ready(self, i: int) -> int:
        """The last group that takes part in making a value; -1 if it is there from the beginning."""
        if i in self.at:
            return self.at[i]
        return max((self.ready(p.id) for p in self.parts.get(i, ())), default=-1)

    def put(self, v: Value) -> None:
        earliest = max((self.ready(ref.value) for ref in v.refs), default=-1)
        if v.place is not None and v.name != "fill":
            fills = [p for p in self.parts[v.place[0]] if p.name == "fill"]
            earliest = max([earliest, *(self.ready(p.id) + 1 for p in fills)])
        if v.op not in ("map", "look", "reduce"):
            self.open(v, Group([v], False))
            return
        if 0 <= earliest < len(self.groups) and self.joins(v, self.groups[earliest], earliest):
            self.into(v, earliest)
            return
        for k in range(len(self.groups) - 1, earliest, -1):
            if self.joins(v, self.groups[k], k):
                self.into(v, k)
                return
        self.open(v, Group([v], True, v.domain, v.axes if v.op == "reduce" else None))

    def open(self, v: Value, group: Group) -> None:
        self.at[v.id] = len(self.groups)
        self.groups.append(group)

    def into(self, v: Value, k: int) -> None:
        group = self.groups[k]
        if v.op == "reduce":
            group.reduced = v.axes
        group.values.append(v)
        self.at[v.id] = k

    def joins(self, v: Value, group: Group, k: int) -> bool:
        """Whether the nest can compute this value too."""
        if not group.is_nest or len(group.values) >= MANY:
            return False
        if v.op == "reduce":
            fits = v.domain == group.domain and group.reduced in (None, v.axes) and not self.hinders(v, group)
        elif v.domain == group.domain:
            fits = True
        else:
            fits = group.in_rows and v.op == "map" and v.domain == group.kept and self.leads_back(v, group, k)
        return fits and all(self.reads(v, ref, group, k) for ref in v.refs)

    def hinders(self, v: Value, group: Group) -> bool:
        """Whether threads could share a large nest, if it did not sum all of its numbers to one as well."""
        is_shared = group.reduced is None and math.prod(group.domain) * len(group.values) >= SHARED
        return is_shared and len(v.axes) == len(group.domain)

    def reads(self, v: Value, ref: Ref, group: Group, k: int) -> bool:
        """An operand from before the nest, or one that is in a register at the right moment."""
        last = self.ready(ref.value)
        if last < k:
            return True
        if self.at.get(ref.value) != k or v.op == "look":
            return False
        source = self.by_id[ref.value]
        if ref.offset or self.widened(v, ref.strides, group) != group.home(source):
            return False
        if not group.is_row_value(source):
            return True
        # A row's number again: the row must be short enough to be worth reading twice, and its loop the inner one.
        return group.in_rows and group.row <= ROW

    def widened(self, v: Value, strides: Shape, group: Group) -> Shape:
        return strides if v.op == "reduce" else group.widened(v, strides)

    def leads_back(self, v: Value, group: Group, k: int) -> bool:
        """A number for each row is worth computing in the nest only if the row itself goes on from it."""
        if group.row > ROW or not any(self.at.get(ref.value) == k for ref in v.refs):
            return False
        todo, seen = [v], set[int]()
        while todo:
            now = todo.pop()
            if now.id in seen or len(seen) > MANY:
                continue
            seen.add(now.id)
            for reader in self.readers.get(now.id, ()):
                if reader.op == "map" and reader.domain == group.domain:
                    return True
                if reader.op == "map" and reader.domain == group.kept:
                    todo.append(reader)
        return False

    # --- moving what is cheap to where it is needed -----------------------------------------------------------------

    def sink(self) -> None:
        """A value that one later nest reads moves there, if all that it reads is in memory anyway."""
        for v in reversed(self.lowered.values):
            k = self.at.get(v.id)
            if k is None or v.op != "map" or v.id in self.outputs or v.place is not None:
                continue
            goals = {self.at[r.id] for r in self.readers.get(v.id, ()) if r.id in self.at}
            group = self.groups[next(iter(goals))] if len(goals) == 1 else None
            if group is None or goals == {k} or not group.is_nest or group.domain != v.domain:
                continue
            (goal,) = goals
            if len(group.values) >= MANY or not all(self.is_kept(ref.value, v, goal) for ref in v.refs):
                continue
            matches = all(
                ref.offset == 0 and self.widened(r, ref.strides, group) == group.home(v) and r.op in ("map", "reduce")
                for r in self.readers[v.id]
                for ref in r.refs
                if ref.value == v.id
            )
            if matches:
                self.groups[k].values.remove(v)
                group.values.append(v)
                self.at[v.id] = goal

    def is_kept(self, i: int, v: Value, goal: int) -> bool:
        """In memory, and finished, when the goal runs."""
        if self.ready(i) >= goal:
            return False
        if i not in self.at:
            return True
        others = [r for r in self.readers.get(i, ()) if r.id != v.id]
        return (
            i in self.outputs
            or not self.groups[self.at[i]].is_nest
            or any(self.at.get(r.id, self.at[i]) != self.at[i] for r in others)
        )

    def stored(self, groups: Sequence[Group], at: Mapping[int, int]) -> frozenset[int]:
        """Values that another group reads, outputs, and parts of joined arrays."""
        found = set(self.outputs)
        for g in groups:
            for v in g.values:
                if not g.is_nest or v.place is not None:
                    found.add(v.id)
                for ref in v.refs:
                    if at.get(ref.value, -1) != at[v.id]:
                        found.add(ref.value)
        return frozenset(found)


def schedule(lowered: Lowered) -> Schedule:
    """Put every value into a group."""
    return _Scheduler(lowered).run()
