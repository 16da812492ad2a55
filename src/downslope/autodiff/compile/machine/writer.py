"""Stage 5, code: the whole loop over the steps as one LLVM function.

``run(table, count)`` takes ``count`` steps. The table holds the addresses of everything outside: what is bound and
carried, the streams, the constants, the workspace, the records and a flag. So the code knows no address, and the same
code serves any process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from downslope.autodiff.compile.machine import vectors
from downslope.autodiff.compile.machine.alone import Alone, check_rows, take_rows
from downslope.autodiff.compile.machine.calls import STATUS, Call, Place
from downslope.autodiff.compile.machine.code import Function, Module
from downslope.autodiff.compile.machine.cpu import Cpu, flushing
from downslope.autodiff.compile.machine.kinds import KINDS, NotGenerated, kind_of
from downslope.autodiff.compile.machine.lower import lower
from downslope.autodiff.compile.machine.lowering import operand_kinds, same
from downslope.autodiff.compile.machine.memory import Home, Memory, plan
from downslope.autodiff.compile.machine.nests import write_nest
from downslope.autodiff.compile.machine.parts import Cut
from downslope.autodiff.compile.machine.products import Product
from downslope.autodiff.compile.machine.schedule import Group, Schedule, schedule
from downslope.autodiff.compile.machine.shares import find_cuts, write_parts
from downslope.autodiff.compile.machine.sharing import pattern
from downslope.autodiff.compile.machine.team import ARGUMENTS, team_code
from downslope.autodiff.compile.machine.values import Literal, Number, Operand, Ref, Value, contiguous
from downslope.autodiff.compile.machine.vec import Vec
from downslope.autodiff.graph import Graph


class Writer:
    """Puts the stages together: ``ir`` is the module's text, ``slots`` says what the table holds, in order.

    shared: large groups are cut into parts that several threads may take. scratch: bytes that each of them needs.
    planner: lays the workspace out.
    """

    def __init__(
        self,
        graph: Graph,
        bound: Iterable[int],
        carried: Mapping[int, int],
        recorded: Sequence[int],
        cpu: Cpu,
        rows: Mapping[int, int] | None = None,
        *,
        shared: bool = False,
        planner: Callable[..., Memory] = plan,
    ) -> None:
        if any(graph[into].shape != graph[out].shape for into, out in carried.items()):
            raise NotGenerated("a carried value that changes its shape")
        self.graph, self.recorded, self.cpu, self.carried = graph, recorded, cpu, tuple(carried)
        self.rows = rows or {}  # input -> rows of the array that its mini-batches are gathered from
        self.lowered = lower(graph)
        self.schedule: Schedule = schedule(self.lowered)
        self.by_id = {v.id: v for v in self.lowered.values}
        self.module = Module()
        products = [g.values[0] for g in self.schedule.groups if g.values[0].op == "product"]
        self.products = {v.id: Product(self.module, v, cpu.width, cpu.registers) for v in products}
        self.cuts = find_cuts(self.schedule.groups, self.products) if shared else {}
        self.scratch = 0
        scratch = {i: p.scratch for i, p in self.products.items() if p.scratch and i not in self.cuts}
        self.memory = planner(self.schedule, list(bound), carried, scratch, list(self.rows))
        self.slots: list[Home] = []
        self.pointers: dict[Home, str] = {}
        self.f, self.most = Function(self.module, "run"), 0  # most: arguments of a group that is shared
        self.known: dict[Any, Call] = {}
        self.calls = [self.call(group) for group in self.schedule.groups]
        self.calls += self.final_copies()
        self.ir = self.write()

    # --- the pieces -------------------------------------------------------------------------------------------------

    def call(self, group: Group) -> Call:
        """The group as a call of its function; groups that differ in their addresses only share one."""
        key, places = pattern(group, self.by_id, self.schedule.stored)
        v = group.values[0]
        if v.id in self.memory.scratch:
            places = [*places, (-2 - v.id, 0)]
        if key not in self.known:
            cut = self.cuts.get(v.id)
            made = self.parts(group, cut) if cut else self.function(group)
            self.known[key] = replace(
                made, arguments=tuple(x if x == STATUS else places.index(x) for x in made.arguments)
            )
        known = self.known[key]
        return replace(known, arguments=tuple(x if isinstance(x, tuple) else places[x] for x in known.arguments))

    def function(self, group: Group) -> Call:
        """A group's code."""
        v = group.values[0]
        if group.is_nest:
            return write_nest(self.module, group, self.by_id, self.schedule.stored, self.cpu.width)
        if v.op == "product":
            return self.products[v.id].write((-2 - v.id, 0) if v.id in self.memory.scratch else None)
        return Alone(self.module, v, self.by_id, self.cpu.width).write()

    def parts(self, group: Group, cut: Cut) -> Call:
        """The code of a group that several threads may take parts of."""
        call, scratch = write_parts(self.module, group, self.by_id, self.schedule.stored, self.cpu, cut)
        self.scratch = max(self.scratch, scratch)
        return call

    def final_copies(self) -> list[Call]:
        """What could not be computed in its place. Views of old values are set aside first."""
        first, then = [], []
        for what, into in self.memory.copies:
            old = self.by_id[self.lowered.inputs[into]]
            if isinstance(what, Ref) and self.memory.homes[what.value][0] == "bound":
                aside = self.copy_value(what, old, None)
                first.append(self.copy_call(aside))
                what = Ref(aside.id, 0, aside.home)
            target = self.copy_value(what, old, into)
            then.append(self.copy_call(target))
        return [*first, *then]

    def copy_value(self, what: Operand, old: Value, into: int | None) -> Value:
        """Something as a value of its own: over an input, or set aside."""
        domain = tuple(n for n in old.shape if n > 1)
        made = Value(max(self.by_id) + 1, "map", old.kind, old.shape, domain, contiguous(domain), (what,), (old.kind,))
        made.name, made.form = "copy", same
        self.by_id[made.id] = made
        if into is None:
            self.memory.homes[made.id] = self.memory.more(made.size * KINDS[made.kind][2])
        else:
            self.memory.homes[made.id] = ("bound", into, 0)
        return made

    def copy_call(self, v: Value) -> Call:
        """The nest of one copy."""
        group = Group([v], True, v.domain)
        return write_nest(self.module, group, self.by_id, frozenset([v.id]), self.cpu.width)

    # --- the loop over the steps ------------------------------------------------------------------------------------

    def slot(self, home: Home) -> str:
        """The name that holds an address of the table."""
        if home not in self.pointers:
            self.pointers[home] = f"%t{len(self.slots)}"
            self.slots.append(home)
        return self.pointers[home]

    def write(self) -> str:
        """The text of the module."""
        f = self.f
        flag = self.slot(("flag", 0, 0))

        def step(k: Vec) -> None:
            numbers = self.numbers(k)
            addresses: dict[Home, str] = {}
            self.take(k, flag, addresses)
            for call in self.calls:
                given = [
                    f"ptr {self.address(x, k, addresses)}"
                    if isinstance(x, tuple)
                    else f"double {numbers[x].cast('f64').name}"
                    for x in call.arguments
                ]
                self.share(call, given) if call.parts else f.do(f"call void {call.function}({', '.join(given)})")
            for place, i in enumerate(self.recorded):
                x = self.lowered.outputs[i]
                record = f.at(self.slot(("record", place, 0)), "f64", k)
                f.store(self.scalar(x, numbers, k, addresses).cast("f64"), record)

        first = self.require_rows(flag)
        f.start("steps")
        place = len(f.lines)
        k = Vec(f, "%k", "i64", 1)
        step(k)
        f.do("%following = add nuw nsw i64 %k, 1")
        f.do(f"%raised = load i64, ptr {flag}, align 8")
        f.do("%is_good = icmp eq i64 %raised, 0")
        f.do("%is_more = icmp ult i64 %following, %count")
        f.do("%goes_on = and i1 %is_good, %is_more")
        f.do("br i1 %goes_on, label %steps, label %finish")
        last = f.block
        f.lines.insert(place, f"%k = phi i64 [ 0, %{first} ], [ %following, %{f.block} ]")
        f.start("finish")
        f.do(f"%done = phi i64 [ 0, %{first} ], [ %following, %{last} ]")
        loads = [
            line
            for name, n in zip(self.pointers.values(), range(len(self.slots)), strict=True)
            for line in (
                f"{name}_ = getelementptr ptr, ptr %table, i64 {n}",
                f"{name} = load ptr, ptr {name}_, align 8",
            )
        ]
        before, after = flushing(self.module, self.cpu)
        f.lines[1:1] = [*loads, *before]
        body = "\n".join(line if line.endswith(":") else f"  {line}" for line in [*f.lines, *after])
        if self.cuts:
            self.module.last.append(team_code(self.module, self.cpu, before, after))
        self.module.last += [f"define i64 @run(ptr %table, i64 %count) nounwind {{\n{body}\n  ret i64 %done\n}}"]
        return str(self.module)

    def share(self, call: Call, given: Sequence[str]) -> None:
        """Put up a group for all threads, and wait until its parts are done."""
        team, scratch = self.slot(("team", 0, 0)), self.slot(("scratch", 0, 0))
        self.most = max(self.most, len(given))
        for n, x in enumerate(given):
            self.f.do(f"store {x}, ptr {self.f.at(team, 'i64', ARGUMENTS + n)}, align 8")
        functions = f"ptr {call.function}, ptr {call.last}, i64 {call.parts}"
        self.f.do(f"call void @share(ptr {team}, {functions}, ptr {scratch})")

    def require_rows(self, flag: str) -> str:
        """Look through the row numbers of all steps before the first one; the block that this ends with.

        What is outside raises the flag, and no step is taken.
        """
        f = self.f
        for node, rows in self.rows.items():
            v = self.by_id[self.lowered.inputs[node]]
            if v.id in self.memory.homes:
                name = check_rows(self.module, v.shape[0], rows, self.cpu.width)
                f.do(f"call void {name}(ptr {self.slot(('streamed', node, 0))}, i64 %count, ptr {flag})")
        f.do(f"%refused = load i64, ptr {flag}, align 8")
        f.do("%is_refused = icmp ne i64 %refused, 0")
        f.do("br i1 %is_refused, label %finish, label %steps")
        return f.block

    def take(self, k: Vec, flag: str, known: dict[Home, str]) -> None:
        """Copy the rows of this step into the workspace."""
        for node, rows in self.rows.items():
            v = self.by_id[self.lowered.inputs[node]]
            if v.id not in self.memory.homes:  # nobody reads it
                continue
            B = v.shape[0]
            name = take_rows(self.module, v.kind, B, v.size // B, rows, self.cpu.width)
            indices = self.f.at(self.slot(("streamed", node, 0)), "i64", self.f.times(k, B))
            source, goal = self.slot(("gathered", node, 0)), self.address((v.id, 0), k, known)
            self.f.do(f"call void {name}(ptr {source}, ptr {indices}, ptr {goal}, ptr {flag})")

    def address(self, place: Place, k: Vec, known: dict[Home, str]) -> str:
        """Where a value or a part of it lies in step k."""
        value, offset = place
        if place == STATUS:
            return self.slot(("flag", 0, 0))
        if value < -1:
            home = self.memory.scratch[-2 - value]
        else:
            kind, which, start = self.memory.homes[value]
            home = (kind, which, start + offset * KINDS[self.by_id[value].kind][2])
        if home not in known:
            pointer = self.slot((home[0], home[1], 0))
            if home[0] == "streamed":
                size = self.row_bytes(home[1])
                moved = self.f.times(k, size)
                pointer = self.f.named(f"getelementptr inbounds i8, ptr {pointer}, i64 {moved.name}")
            if home[2]:
                pointer = self.f.named(f"getelementptr inbounds i8, ptr {pointer}, i64 {home[2]}")
            known[home] = pointer
        return known[home]

    def row_bytes(self, node: int) -> int:
        """Bytes of a streamed input in one step."""
        n = self.graph[node]
        return n.size * (8 if n.weak else KINDS[kind_of(n.dtype)][2])

    def numbers(self, k: Vec) -> dict[int, Vec]:
        """The Python numbers of a step, in the order of the graph."""
        f, found = self.f, dict[int, Vec]()
        for i in self.graph.inputs:
            node = self.graph[i]
            if node.weak:
                kind = "i64" if node.dtype.kind in "iu" else "f64"
                found[i] = f.load(f.at(self.slot(("streamed", i, 0)), kind, k), kind, 1)
        for i in self.lowered.numbers:
            node = self.graph[i]
            if node.primitive.machine is None:
                raise NotGenerated(f"{node.primitive.name} of Python numbers")
            kinds = operand_kinds(node, self.graph)
            xs = [
                f.const(kind, 1, self.graph[j].attrs["value"])
                if self.graph[j].primitive.name == "constant"
                else found[j].cast(kind)
                for j, kind in zip(node.inputs, kinds, strict=True)
            ]
            own = {"f": "f64", "b": "bool"}.get(node.dtype.kind, "i64")
            found[i] = node.primitive.machine(vectors, *xs).cast(own)
        return found

    def scalar(self, x: Operand, numbers: Mapping[int, Vec], k: Vec, known: dict[Home, str]) -> Vec:
        """A recorded number."""
        if isinstance(x, Literal):
            return self.f.const("f64", 1, x.value)
        if isinstance(x, Number):
            return numbers[x.node]
        return self.f.load(self.address((x.value, x.offset), k, known), self.by_id[x.value].kind, 1)

    def __str__(self) -> str:
        return "\n\n".join(
            f"# {title}\n{text}"
            for title, text in (("schedule", self.schedule), ("memory", self.memory), ("code", self.ir))
        )
