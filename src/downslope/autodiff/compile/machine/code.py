"""LLVM's intermediate language as text: modules and functions, with blocks, loops and memory.

Text and not llvmlite's object model: it is what is hashed, printed and read, and it is written three times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from downslope.autodiff.compile.machine.kinds import KINDS, literal, mangled
from downslope.autodiff.compile.machine.vec import Vec


class Module:
    """Functions and the intrinsics that they call. Functions with the same text are one function."""

    def __init__(self) -> None:
        self.declared: dict[str, str] = {}
        self.functions: dict[str, str] = {}  # text without the name -> name
        self.last: list[str] = []

    def intrinsic(self, name: str, result: str, parameters: Sequence[str]) -> str:
        """Declare it once; returns the name to call."""
        self.declared[name] = f"declare {result} @{name}({', '.join(parameters)})"
        return f"@{name}"

    def add(self, function: Function) -> str:
        """Keep a finished function; returns the name to call it by."""
        text = function.text()
        if text not in self.functions:
            self.functions[text] = f"@{function.stem}{len(self.functions)}"
        return self.functions[text]

    def __str__(self) -> str:
        bodies = [f"define internal {text.replace('@@', name, 1)}" for text, name in self.functions.items()]
        return "\n".join([*self.declared.values(), "", *bodies, *self.last])


Index: TypeAlias = Vec | int


class Function:
    """One function while it is written: numbered values, blocks, loops, and memory by number of elements."""

    def __init__(self, module: Module, stem: str) -> None:
        self.module, self.stem = module, stem
        self.parameters: list[str] = []
        self.lines: list[str] = ["entry:"]
        self.block = "entry"
        self.counter = 0

    def parameter(self, type_: str) -> str:
        """One more parameter; returns its name."""
        name = f"%a{len(self.parameters)}"
        self.parameters.append(f"{type_} {name}")
        return name

    def text(self) -> str:
        """The whole function, with ``@@`` for its name."""
        body = "\n".join(line if line.endswith(":") else f"  {line}" for line in self.lines)
        return f"void @@({', '.join(self.parameters)}) nounwind {{\n{body}\n  ret void\n}}"

    def called_by_parts(self) -> None:
        """Take the parameters from a table: ``(table, part, scratch)`` are then those of every such function."""
        loads = []
        for k, (type_, name) in enumerate(parameter.split() for parameter in self.parameters):
            loads += [
                f"{name}_ = getelementptr i64, ptr %table, i64 {k}",
                f"{name} = load {type_}, ptr {name}_, align 8",
            ]
        self.lines[1:1] = loads
        self.parameters = ["ptr %table", "i64 %part", "ptr %scratch"]

    def fresh(self, stem: str = "v") -> str:
        """A name that was not used before."""
        self.counter += 1
        return f"{stem}{self.counter}"

    def do(self, text: str) -> None:
        """One instruction without a result."""
        self.lines.append(text)

    def named(self, text: str) -> str:
        """One instruction; returns the name of its result."""
        name = f"%{self.fresh()}"
        self.lines.append(f"{name} = {text}")
        return name

    def value(self, text: str, kind: str, lanes: int) -> Vec:
        """One instruction with a number or vector as its result."""
        return Vec(self, self.named(text), kind, lanes)

    def const(self, kind: str, lanes: int, value: Any) -> Vec:
        """The same number in every lane."""
        text = literal(kind, value)
        return Vec(self, text if lanes == 1 else f"splat ({KINDS[kind][0]} {text})", kind, lanes, value)

    def select(self, mask: Vec, x: Vec, y: Any) -> Vec:
        """x where the mask is true, else y."""
        other = x.like(y)
        return self.value(f"select {mask}, {x}, {other}", x.kind, x.lanes)

    def lanes_below(self, count: int, lanes: int) -> Vec:
        """A constant mask: true in the first ``count`` lanes."""
        text = ", ".join("i1 true" if k < count else "i1 false" for k in range(lanes))
        return Vec(self, f"<{text}>", "bool", lanes)

    # --- blocks --------------------------------------------------------------------------------------------------

    def start(self, label: str) -> None:
        """Everything that follows stands in this block."""
        self.lines.append(f"{label}:")
        self.block = label

    def loop(
        self,
        count: int | str,
        step: int,
        initial: Sequence[Vec],
        body: Callable[[Vec, list[Vec]], Sequence[Vec]],
    ) -> list[Vec]:
        """``for i in range(0, count, step)`` with values that go from turn to turn; at least one turn is taken."""
        if isinstance(count, int) and count <= step:
            return list(body(self.const("i64", 1, 0), list(initial)))
        before, head, after = self.block, self.fresh("loop"), self.fresh("done")
        self.do(f"br label %{head}")
        self.start(head)
        place = len(self.lines)
        i = Vec(self, f"%{self.fresh('i')}", "i64", 1)
        phis = [Vec(self, f"%{self.fresh('u')}", x.kind, x.lanes) for x in initial]
        following = list(body(i, phis))
        last = self.block
        more = f"%{self.fresh('i')}"
        self.do(f"{more} = add nuw nsw i64 {i.name}, {step}")
        self.do(f"%{(test := self.fresh('c'))} = icmp ult i64 {more}, {count}")
        self.do(f"br i1 %{test}, label %{head}, label %{after}")
        lines = [f"{i.name} = phi i64 [ 0, %{before} ], [ {more}, %{last} ]"]
        for phi, first, new in zip(phis, initial, following, strict=True):
            lines.append(f"{phi.name} = phi {phi.type} [ {first.name}, %{before} ], [ {new.name}, %{last} ]")
        self.lines[place:place] = lines
        self.start(after)
        return following

    def each(self, count: int, step: int, body: Callable[[Vec], None]) -> None:
        """``for i in range(0, count, step)``, with nothing that goes from turn to turn."""

        def turn(i: Vec, _: list[Vec]) -> list[Vec]:
            body(i)
            return []

        self.loop(count, step, [], turn)

    def strips(self, n: int, lanes: int, body: Callable[[Vec, int | None], None]) -> None:
        """A row in vectors, ``body(first, lanes)``: whole ones (lanes None) in a loop, then what is left."""
        whole = n - n % lanes
        if whole:
            self.each(whole, lanes, lambda i: body(i, None))
        if n % lanes:
            body(self.const("i64", 1, whole), n % lanes)

    # --- memory --------------------------------------------------------------------------------------------------

    def at(self, pointer: str, kind: str, index: Index) -> str:
        """The address of an element."""
        if isinstance(index, int):
            if index == 0:
                return pointer
            return self.named(f"getelementptr inbounds {KINDS[kind][1]}, ptr {pointer}, i64 {index}")
        if index.name == "0":
            return pointer
        return self.named(f"getelementptr inbounds {KINDS[kind][1]}, ptr {pointer}, i64 {index.name}")

    def times(self, i: Vec, factor: int) -> Vec:
        """An index times a constant."""
        if factor == 1 or i.name == "0":
            return i
        return self.value(f"mul nsw i64 {i.name}, {factor}", "i64", 1)

    def load(self, pointer: str, kind: str, lanes: int, tail: int | None = None, stride: int = 1) -> Vec:
        """Numbers from memory; only the first ``tail`` of them where that is given (the others are 0)."""
        _, memory, size = KINDS[kind]
        if lanes == 1 or stride == 0:
            found = self.value(f"load {memory}, ptr {pointer}, align {size}", kind, 1)
            return self._from_memory(found).splat(lanes)
        type_ = f"<{lanes} x {memory}>"
        count = lanes if tail is None else tail
        if stride != 1:
            return self._gather(self._spread(pointer, kind, lanes, stride), kind, lanes, count)
        if count == lanes:
            return self._from_memory(self.value(f"load {type_}, ptr {pointer}, align {size}", kind, lanes))
        mask = self.lanes_below(count, lanes)
        name = f"llvm.masked.load.{mangled(type_)}.p0"
        function = self.module.intrinsic(name, type_, ["ptr", "i32", f"<{lanes} x i1>", type_])
        call = f"call {type_} {function}(ptr {pointer}, i32 {size}, {mask}, {type_} zeroinitializer)"
        return self._from_memory(self.value(call, kind, lanes))

    def store(self, x: Vec, pointer: str, tail: int | None = None, stride: int = 1) -> None:
        """Numbers to memory; only the first ``tail`` of them where that is given."""
        _, memory, size = KINDS[x.kind]
        lanes, count = x.lanes, x.lanes if tail is None else tail
        type_ = memory if lanes == 1 else f"<{lanes} x {memory}>"
        name = self.named(f"zext {x} to {type_}") if x.kind == "bool" else x.name
        if lanes == 1 or (stride == 1 and count == lanes):
            self.do(f"store {type_} {name}, ptr {pointer}, align {size}")
            return
        mask = self.lanes_below(count, lanes)
        if stride == 1:
            called = f"llvm.masked.store.{mangled(type_)}.p0"
            function = self.module.intrinsic(called, "void", [type_, "ptr", "i32", f"<{lanes} x i1>"])
            self.do(f"call void {function}({type_} {name}, ptr {pointer}, i32 {size}, {mask})")
            return
        places = self._spread(pointer, x.kind, lanes, stride)
        called = f"llvm.masked.scatter.{mangled(type_)}.v{lanes}p0"
        function = self.module.intrinsic(called, "void", [type_, f"<{lanes} x ptr>", "i32", f"<{lanes} x i1>"])
        self.do(f"call void {function}({type_} {name}, <{lanes} x ptr> {places}, i32 {size}, {mask})")

    def load_at(self, pointer: str, places: Vec, kind: str, tail: int | None = None) -> Vec:
        """Numbers from a different element in every lane."""
        memory, lanes = KINDS[kind][1], places.lanes
        if lanes == 1:
            return self.load(self.at(pointer, kind, places), kind, 1)
        pointers = self.named(f"getelementptr inbounds {memory}, ptr {pointer}, {places}")
        return self._gather(pointers, kind, lanes, lanes if tail is None else tail)

    def _from_memory(self, x: Vec) -> Vec:
        if x.kind != "bool":
            return x
        type_ = "i8" if x.lanes == 1 else f"<{x.lanes} x i8>"
        zero = "0" if x.lanes == 1 else "zeroinitializer"
        return self.value(f"icmp ne {type_} {x.name}, {zero}", "bool", x.lanes)

    def _spread(self, pointer: str, kind: str, lanes: int, stride: int) -> str:
        places = ", ".join(f"i64 {k * stride}" for k in range(lanes))
        return self.named(f"getelementptr inbounds {KINDS[kind][1]}, ptr {pointer}, <{lanes} x i64> <{places}>")

    def _gather(self, pointers: str, kind: str, lanes: int, count: int) -> Vec:
        _, memory, size = KINDS[kind]
        type_, mask = f"<{lanes} x {memory}>", self.lanes_below(count, lanes)
        name = f"llvm.masked.gather.{mangled(type_)}.v{lanes}p0"
        function = self.module.intrinsic(name, type_, [f"<{lanes} x ptr>", "i32", f"<{lanes} x i1>", type_])
        operands = f"<{lanes} x ptr> {pointers}, i32 {size}, {mask}, {type_} zeroinitializer"
        return self._from_memory(self.value(f"call {type_} {function}({operands})", kind, lanes))
