"""Rows: the nests that reduce along their innermost axis, and go on from what they found on the same row.

A short row stays in registers from its first number to what follows from its sum, and several of them are worked on
side by side: their chains of operations overlap, their lanes are folded together, and what is one number a row is one
lane of a vector. A long row is gone through once for each reduction that the next pass needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial, reduce

from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.nest import TOGETHER, Access, Nest
from downslope.autodiff.compile.machine.totals import combine, finished, folded, identity
from downslope.autodiff.compile.machine.values import Value
from downslope.autodiff.compile.machine.vec import Vec

REGISTERS = 256  # bytes of a row that is kept in registers
BLOCK = 16  # vectors of short rows that are worked on side by side


@dataclass
class _Row:
    """One of the short rows that are worked on side by side: where its memory begins, and what is known of it."""

    pointers: dict[Access, str]
    strips: list[tuple[dict[int, Vec], dict[Access, Vec]]]
    reads: dict[Access, Vec] = field(default_factory=dict)
    numbers: dict[int, Vec] = field(default_factory=dict)


class Rows(Nest):
    """Reductions along the last axis, and what follows from them on the same row."""

    def loops(self) -> None:
        """Row after row, all passes over one before the next; short ones several at a time."""
        phases = self.phases()
        size = max(KINDS[v.kind][2] for v in self.group.values)
        if self.down or self.n * size > REGISTERS:

            def row(carried: list[Vec]) -> list[Vec]:
                self.rows = {}
                self.read_rows()
                self.long_row(phases)
                self.save_rows(1)
                return carried

            self.around(self.outer, 0, [], row)
        elif not self.outer:
            self.short_rows(phases, [self.pointers])
        else:

            def block(carried: list[Vec]) -> list[Vec]:
                self.blocks(phases)
                return carried

            self.around(self.outer[:-1], 0, [], block)

    def blocks(self, phases: dict[int, int]) -> None:
        """The innermost loop over short rows: blocks of them, then what is left, one by one."""
        loop = len(self.outer) - 1
        n = math.prod(self.group.domain[a] for a in self.outer[loop])
        many = self.together()
        whole = n - n % many

        def block(i: Vec, count: int) -> None:
            before = self.pointers
            self.short_rows(phases, [self.moved(loop, i + k if k else i) for k in range(count)])
            self.pointers = before

        if whole:
            self.f.each(whole, many, lambda i: block(i, many))
        if n > whole:
            self.f.each(n - whole, 1, lambda i: block(i + whole if whole else i, 1))

    def together(self) -> int:
        """How many short rows are worked on side by side: as many as the registers hold."""
        rows = math.prod(self.group.domain[a] for a in self.outer[-1])
        if any(v.op not in ("map", "reduce") and self.group.is_row_value(v) for v in self.group.values):
            return 1
        most = max(BLOCK // -(-self.n // self.lanes), 1)
        return 1 << (min(most, self.lanes, rows).bit_length() - 1)

    def save_rows(self, count: int) -> None:
        """The numbers of so many rows to their memory."""
        for v in self.group.values:
            if self.group.is_row_value(v) and v.id in self.stored:
                home = self.home(v)
                self.f.store(self.rows[v.id], self.pointers[home], None, self.stride(home) if count > 1 else 1)

    def stride(self, access: Access) -> int:
        """From row to row."""
        return self.projected[access][len(self.outer) - 1]

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

    def row_maps(self, phases: dict[int, int], phase: int, count: int = 1) -> None:
        """What follows from the numbers of so many rows that are known by now."""
        zero = self.f.const("i64", 1, 0)
        for v in self.group.values:
            if v.op == "map" and self.group.is_row_value(v) and phases[v.id] == phase:
                self.rows[v.id] = self.value(v, zero, count, None, {}, {})

    def short_rows(self, phases: dict[int, int], places: list[dict[Access, str]]) -> None:
        """All passes over rows that stay in registers. places: where the memory of each row begins.

        What is one number a row is one lane a row here.
        """
        count = len(places)
        starts = [
            (self.f.const("i64", 1, k), min(self.lanes, self.n - k) if self.n - k < self.lanes else None)
            for k in range(0, self.n, self.lanes)
        ]
        rows = [_Row(place, [({}, {}) for _ in starts]) for place in places]
        reads = self.reads_of(places[0], count)
        together: dict[int, Vec] = {}

        def maps(phase: int) -> None:
            self.pointers, self.row_reads, self.rows = places[0], reads, together
            self.row_maps(phases, phase, count)

        def enter(k: int) -> _Row:
            row = rows[k]
            for i in together.keys() - row.numbers.keys():
                row.numbers[i] = together[i].lane(k)
            self.pointers, self.row_reads, self.rows = row.pointers, row.reads, row.numbers
            return row

        maps(-1)
        for phase in range(max(phases.values(), default=0) + 1):
            for v in self.group.values:
                if v.op != "reduce" or phases[v.id] != phase:
                    continue
                totals = []
                for k in range(count):
                    strips = enter(k).strips
                    xs = [
                        self.masked(v, self.operand(v, 0, i, self.lanes, tail, env, loads), tail)
                        for (i, tail), (env, loads) in zip(starts, strips, strict=True)
                    ]
                    totals.append(reduce(partial(combine, v.name), xs))
                together[v.id] = finished(v, folded(v.name, totals))
            maps(phase)
        found = [
            (k, v, self.value(v, i, self.lanes, tail, env, loads), i, tail)
            for k in range(count)
            for (i, tail), (env, loads) in zip(starts, enter(k).strips, strict=True)
            for v in self.kept()
        ]
        for k, v, x, i, tail in found:
            enter(k)
            self.save(v, x, i, tail)
        self.pointers, self.rows = places[0], together
        self.save_rows(count)

    def reads_of(self, pointers: dict[Access, str], count: int) -> dict[Access, Vec]:
        """What is one number a row in memory, for so many rows."""
        found: dict[Access, Vec] = {}
        for v in self.group.values:
            for access in (self.access(v, ref) for ref in v.refs if v.op == "map" and self.group.is_row_value(v)):
                if access.place[0] not in self.inside and access not in found:
                    pointer, kind = pointers[access], self.kind(access)
                    found[access] = self.f.load(pointer, kind, count, None, self.stride(access) if self.outer else 0)
        return found

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
            self.rows[v.id] = finished(v, folded(v.name, [total]))

    def masked(self, v: Value, x: Vec, tail: int | None) -> Vec:
        """Lanes past the end must not change the result."""
        if tail is None or x.lanes == 1:
            return x
        return self.f.select(self.f.lanes_below(tail, x.lanes), x, identity(v))


def _renewed(totals: list[Vec], many: int, new: Sequence[Vec]) -> list[Vec]:
    """Partial sums side by side, the first one of each reduction replaced."""
    return [new[k // many] if k % many == 0 else x for k, x in enumerate(totals)]
