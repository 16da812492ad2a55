"""Stage 3, loops: the four forms of a nest, its innermost axis in vectors.

*plain*: every number once. *rows* (in a file of its own): reductions along the innermost axis. *columns*: reductions
down the outer axes, a few vectors of columns at a time. *single*: no axes at all.
Lanes past the end of an axis are masked, so nothing outside of an array is ever touched.
"""

from __future__ import annotations

from collections.abc import Mapping

from downslope.autodiff.compile.machine.calls import Call
from downslope.autodiff.compile.machine.code import Module
from downslope.autodiff.compile.machine.nest import TOGETHER, Access, Nest
from downslope.autodiff.compile.machine.parts import Cut
from downslope.autodiff.compile.machine.rows import Rows
from downslope.autodiff.compile.machine.schedule import Group
from downslope.autodiff.compile.machine.totals import combine, finished, identity
from downslope.autodiff.compile.machine.values import Value
from downslope.autodiff.compile.machine.vec import Vec


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
            if self.n <= TOGETHER * self.lanes:  # a loop of so few turns would cost more than what is in it
                for k in range(0, self.n, self.lanes):
                    left = self.n - k
                    body(self.f.const("i64", 1, k), left if left < self.lanes else None)
            else:
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
