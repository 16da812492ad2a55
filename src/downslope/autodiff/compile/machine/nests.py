"""Stage 3, loops: the four forms of a nest, its innermost axis in vectors.

*plain*: every number once. *rows*: reductions along the innermost axis; a short row stays in registers from its first
number to what follows from its sum, a long one is gone through once for each reduction that the next pass needs.
*columns*: reductions down the outer axes, a few vectors of columns at a time. *single*: no axes at all.
Lanes past the end of an axis are masked, so nothing outside of an array is ever touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from downslope.autodiff.compile.machine.calls import Call
from downslope.autodiff.compile.machine.code import Module
from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.nest import Access, Nest
from downslope.autodiff.compile.machine.parts import Cut
from downslope.autodiff.compile.machine.schedule import Group
from downslope.autodiff.compile.machine.totals import combine, finished, folded, identity
from downslope.autodiff.compile.machine.values import Value
from downslope.autodiff.compile.machine.vec import Vec

REGISTERS = 256  # bytes of a row that is kept in registers
TOGETHER = 4  # vectors that are worked on side by side, so that one need not wait for the other


class Single(Nest):
    """No axes: a few numbers."""

    def loops(self) -> None:
        """Each value once."""
        zero = self.f.const("i64", 1, 0)
        env: dict[int, Vec] = {}
        found = [(v, self.value(v, zero, 1, None, env, {})) for v in self.group.values]
        for v, x in found:
            if v.id in self.stored:
                self.f.store(x, self.pointers[self.home(v)])


class Plain(Nest):
    """No reductions."""

    def loops(self) -> None:
        """The outer axes around strips of the last one."""

        def body(i: Vec, tail: int | None) -> None:
            env: dict[int, Vec] = {}
            loads: dict[Access, Vec] = {}
            for v, x in [(v, self.value(v, i, self.lanes, tail, env, loads)) for v in self.kept()]:
                self.save(v, x, i, tail)

        def row(carried: list[Vec]) -> list[Vec]:
            self.read_rows()
            self.f.strips(self.n, self.lanes, body)
            return carried

        self.around(self.outer, 0, [], row)


class Columns(Nest):
    """Reductions over axes before the last one."""

    def loops(self) -> None:
        """The outer axes around strips of columns, and in each the axes that are summed over."""
        reduces = [v for v in self.group.values if v.op == "reduce"]

        def columns(i: Vec, count: int, tail: int | None) -> None:
            starts = [Vec(self.f, (i + k * self.lanes).name, "i64", 1) if k else i for k in range(count)]
            initial = [self.f.const(v.kind, self.lanes, identity(v)) for v in reduces for _ in starts]

            def down(totals: list[Vec]) -> list[Vec]:
                outer_reads = self.row_reads
                self.read_rows()
                found: list[list[Vec]] = [[] for _ in reduces]
                for k, start in enumerate(starts):
                    env: dict[int, Vec] = {}
                    loads: dict[Access, Vec] = {}
                    for r, v in enumerate(reduces):
                        x = self.operand(v, 0, start, self.lanes, tail, env, loads)
                        found[r].append(combine(v.name, totals[r * count + k], x))
                    for v, x in [(v, self.value(v, start, self.lanes, tail, env, loads)) for v in self.kept()]:
                        self.save(v, x, start, tail)
                self.row_reads = outer_reads
                return [x for xs in found for x in xs]

            totals = self.around(self.down, len(self.outer), initial, down)
            for r, v in enumerate(reduces):
                for k, start in enumerate(starts):
                    self.save(v, finished(v, totals[r * count + k]), start, tail)

        def row(carried: list[Vec]) -> list[Vec]:
            block = TOGETHER * self.lanes
            whole = self.n - self.n % block
            if whole:
                self.f.each(whole, block, lambda i: columns(i, TOGETHER, None))
            left = self.n - whole
            if left // self.lanes:
                columns(self.f.const("i64", 1, whole), left // self.lanes, None)
            if left % self.lanes:
                columns(self.f.const("i64", 1, self.n - left % self.lanes), 1, left % self.lanes)
            return carried

        self.around(self.outer, 0, [], row)


class Rows(Nest):
    """Reductions along the last axis, and what follows from them on the same row."""

    def loops(self) -> None:
        """Row after row, all passes over one before the next."""
        phases = self.phases()
        size = max(KINDS[v.kind][2] for v in self.group.values)
        short = not self.down and self.n * size <= REGISTERS

        def row(carried: list[Vec]) -> list[Vec]:
            self.rows = {}
            self.read_rows()
            (self.short_row if short else self.long_row)(phases)
            for v in self.group.values:
                if self.group.is_row_value(v) and v.id in self.stored:
                    self.f.store(self.rows[v.id], self.pointers[self.home(v)])
            return carried

        self.around(self.outer, 0, [], row)

    def phases(self) -> dict[int, int]:
        """Value -> the pass over the row in which it is computed."""
        found: dict[int, int] = {}
        for v in self.group.values:
            inner = [(self.by_id[r.value], found[r.value]) for r in v.refs if r.value in self.inside]
            if v.op == "reduce" or not self.group.is_row_value(v):
                found[v.id] = max((p + self.group.is_row_value(x) for x, p in inner), default=0)
            else:
                found[v.id] = max((p for _, p in inner), default=-1)
        return found

    def row_maps(self, phases: dict[int, int], phase: int) -> None:
        """What follows from the numbers of this row that are known by now."""
        zero = self.f.const("i64", 1, 0)
        for v in self.group.values:
            if v.op == "map" and self.group.is_row_value(v) and phases[v.id] == phase:
                self.rows[v.id] = self.value(v, zero, 1, None, {}, {})

    def short_row(self, phases: dict[int, int]) -> None:
        """All passes over a row that stays in registers."""
        starts = [
            (self.f.const("i64", 1, k), min(self.lanes, self.n - k) if self.n - k < self.lanes else None)
            for k in range(0, self.n, self.lanes)
        ]
        envs: list[dict[int, Vec]] = [{} for _ in starts]
        loads: list[dict[Access, Vec]] = [{} for _ in starts]
        self.row_maps(phases, -1)
        for phase in range(max(phases.values(), default=0) + 1):
            for v in self.group.values:
                if v.op != "reduce" or phases[v.id] != phase:
                    continue
                total = None
                for (i, tail), env, own in zip(starts, envs, loads, strict=True):
                    x = self.masked(v, self.operand(v, 0, i, self.lanes, tail, env, own), tail)
                    total = x if total is None else combine(v.name, total, x)
                assert total is not None
                self.rows[v.id] = finished(v, folded(v.name, total))
            self.row_maps(phases, phase)
        found = [
            (v, self.value(v, i, self.lanes, tail, env, own), i, tail)
            for (i, tail), env, own in zip(starts, envs, loads, strict=True)
            for v in self.kept()
        ]
        for v, x, i, tail in found:
            self.save(v, x, i, tail)

    def long_row(self, phases: dict[int, int]) -> None:
        """A pass over memory for each number of the row that a later one needs."""
        self.row_maps(phases, -1)
        for phase in range(max(phases.values(), default=0) + 1):
            reduces = [v for v in self.group.values if v.op == "reduce" and phases[v.id] == phase]
            kept = [v for v in self.kept() if phases[v.id] == phase]
            if reduces or kept:
                self.one_pass(reduces, kept)
            self.row_maps(phases, phase)

    def one_pass(self, reduces: Sequence[Value], kept: Sequence[Value]) -> None:
        """Once along the row. Values of an earlier pass are computed again from what was read."""
        many = TOGETHER if reduces and self.n >= 2 * TOGETHER * self.lanes else 1
        initial = [self.f.const(v.kind, self.lanes, identity(v)) for v in reduces for _ in range(many)]

        def strip(i: Vec, tail: int | None, totals: list[Vec]) -> list[Vec]:
            env: dict[int, Vec] = {}
            loads: dict[Access, Vec] = {}
            found = [
                combine(v.name, total, self.masked(v, self.operand(v, 0, i, self.lanes, tail, env, loads), tail))
                for v, total in zip(reduces, totals, strict=True)
            ]
            for v, x in [(v, self.value(v, i, self.lanes, tail, env, loads)) for v in kept]:
                self.save(v, x, i, tail)
            return found

        def along(totals: list[Vec]) -> list[Vec]:
            if self.down:
                self.read_rows()
            block, done = many * self.lanes, 0
            if many > 1:
                done = self.n - self.n % block

                def turn(i: Vec, now: list[Vec]) -> list[Vec]:
                    found: list[Vec] = list(now)
                    for k in range(many):
                        start = Vec(self.f, (i + k * self.lanes).name, "i64", 1) if k else i
                        found[k::many] = strip(start, None, now[k::many])
                    return found

                totals = self.f.loop(done, block, totals, turn)
            whole = self.n - self.n % self.lanes
            if whole > done:

                def one(i: Vec, now: list[Vec]) -> list[Vec]:
                    start = Vec(self.f, (i + done).name, "i64", 1) if done else i
                    return _renewed(now, many, strip(start, None, now[::many]))

                totals = self.f.loop(whole - done, self.lanes, totals, one)
            if self.n % self.lanes:
                last = self.f.const("i64", 1, whole)
                totals = _renewed(totals, many, strip(last, self.n % self.lanes, totals[::many]))
            return totals

        totals = self.around(self.down, len(self.outer), initial, along)
        for r, v in enumerate(reduces):
            total = totals[r * many]
            for x in totals[r * many + 1 : (r + 1) * many]:
                total = combine(v.name, total, x)
            self.rows[v.id] = finished(v, folded(v.name, total))

    def masked(self, v: Value, x: Vec, tail: int | None) -> Vec:
        """Lanes past the end must not change the result."""
        if tail is None or x.lanes == 1:
            return x
        return self.f.select(self.f.lanes_below(tail, x.lanes), x, identity(v))


def _renewed(totals: list[Vec], many: int, new: Sequence[Vec]) -> list[Vec]:
    """Partial sums side by side, the first one of each reduction replaced."""
    return [new[k // many] if k % many == 0 else x for k, x in enumerate(totals)]


def write_nest(
    module: Module,
    group: Group,
    by_id: Mapping[int, Value],
    stored: frozenset[int],
    width: int,
    cut: Cut | None = None,
) -> Call:
    """A nest as a function of its module. width: bytes of a vector of this CPU. cut: it is a part of one cut so."""
    form = Single if not group.domain else Rows if group.in_rows else Columns if group.reduced else Plain
    return form(module, group, by_id, stored, width, cut).write()
