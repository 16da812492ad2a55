"""What is no nest and no product: adding at places, running totals, positions of extremes, random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

from downslope.autodiff.compile.machine import vectors
from downslope.autodiff.compile.machine.calls import STATUS, Call, Place, checked
from downslope.autodiff.compile.machine.code import Function, Module
from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.values import Number, Ref, Shape, Value
from downslope.autodiff.compile.machine.vec import Vec


class Alone:
    """Writes one value that stands alone. by_id: all values. width: bytes of a vector."""

    def __init__(self, module: Module, v: Value, by_id: dict[int, Value], width: int) -> None:
        self.v, self.by_id, self.width = v, by_id, width
        self.f = Function(module, v.name)
        self.arguments: list[Place | int] = []

    def write(self) -> Call:
        """The function, and what it is called with."""
        {"scatter": self.scatter, "random": self.random}.get(self.v.op, self.scan)()
        return Call(self.f.module.add(self.f), tuple(self.arguments))

    def pointer(self, place: Place) -> str:
        """One more address."""
        name = f"%p{len(self.arguments)}"
        self.arguments.append(place)
        self.f.parameters.append(f"ptr {name}")
        return name

    def over(self, shape: Shape, body: Callable[[list[Vec]], None]) -> None:
        """Loops over all axes, with an index for each."""

        def at(indices: list[Vec]) -> None:
            if len(indices) == len(shape):
                body(indices)
            else:
                self.f.each(shape[len(indices)], 1, lambda i: at([*indices, i]))

        at([])

    def element(self, pointer: str, kind: str, indices: list[Vec], strides: Shape) -> str:
        """The address of an element."""
        for i, s in zip(indices, strides, strict=True):
            pointer = self.f.at(pointer, kind, self.f.times(i, s)) if s else pointer
        return pointer

    # --- adding at places -------------------------------------------------------------------------------------------

    def scatter(self) -> None:
        """Zeros, and then one after the other, so that a place that is named twice gets both."""
        f, v = self.f, self.v
        target, flag = self.pointer((v.id, 0)), self.pointer(STATUS)
        source, *index = v.refs
        given = self.pointer((source.value, source.offset))
        indices = [self.pointer((ref.value, ref.offset)) for ref in index]
        lanes = self.width // KINDS[v.kind][2]
        self.fill(target, v.size, lanes)
        in_vectors = bool(v.domain) and v.home[-1] == 1 and source.strides[-1] in (0, 1)
        in_vectors = in_vectors and all(ref.strides[-1] == 0 for ref in index)
        loops = v.domain[:-1] if in_vectors else v.domain

        def add(at: list[Vec]) -> None:
            goal = self.element(target, v.kind, at, v.home[: len(at)])
            goal = f.at(goal, v.kind, v.attrs["offset"])
            for pointer, ref, (stride, n) in zip(indices, index, v.attrs["places"], strict=True):
                kind = self.by_id[ref.value].kind
                place = f.load(self.element(pointer, kind, at, ref.strides[: len(at)]), kind, 1).cast("i64")
                goal = f.at(goal, v.kind, f.times(checked(f, flag, place, n), stride))
            kind = self.by_id[source.value].kind
            x = self.element(given, kind, at, source.strides[: len(at)])
            if not in_vectors:
                f.store(f.load(goal, v.kind, 1) + f.load(x, kind, 1).cast(v.kind), goal)
                return

            def some(i: Vec, tail: int | None) -> None:
                place = f.at(goal, v.kind, i)
                more = f.load(f.at(x, kind, f.times(i, source.strides[-1])), kind, lanes, tail, source.strides[-1])
                f.store(f.load(place, v.kind, lanes, tail) + more.cast(v.kind), place, tail)

            f.strips(v.domain[-1], lanes, some)

        self.over(loops, add)

    def fill(self, pointer: str, n: int, lanes: int) -> None:
        """Zeros."""
        kind = self.v.kind
        zeros = self.f.const(kind, lanes, 0)
        self.f.strips(n, lanes, lambda i, tail: self.f.store(zeros, self.f.at(pointer, kind, i), tail))

    # --- along one axis ---------------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Running totals, or the first place of the largest or smallest number; NaN counts as the extreme one."""
        f, v = self.f, self.v
        (ref,) = v.refs
        source, target = self.pointer((ref.value, ref.offset)), self.pointer((v.id, 0))
        given, length = self.by_id[ref.value].kind, v.attrs["length"]
        outer = v.domain[:-1] if length > 1 else v.domain
        step, own = (ref.strides[-1], v.home[-1]) if length > 1 else (0, 0)

        def row(at: list[Vec]) -> None:
            x0 = self.element(source, given, at, ref.strides[: len(at)])
            goal = self.element(target, v.kind, at, v.home[: len(at)])
            if v.name == "cumsum":

                def total(i: Vec, sums: list[Vec]) -> list[Vec]:
                    x = f.load(f.at(x0, given, f.times(i, step)), given, 1).cast(v.kind)
                    f.store(sums[0] + x, f.at(goal, v.kind, f.times(i, own)))
                    return [sums[0] + x]

                f.loop(length, 1, [f.const(v.kind, 1, 0)], total)
                return

            def best(i: Vec, now: list[Vec]) -> list[Vec]:
                place, extreme = now
                x = f.load(f.at(x0, given, f.times(i, step)), given, 1)
                better = x > extreme if v.name == "argmax" else x < extreme
                if x.is_float:
                    better = (better | vectors.is_nan(x)) & ~vectors.is_nan(extreme)
                here = Vec(f, i.name, "i64", 1)
                return [f.select(better, here, place), f.select(better, x, extreme)]

            place, _ = f.loop(length, 1, [f.const("i64", 1, 0), f.load(x0, given, 1)], best)
            f.store(place, goal)

        self.over(outer, row)

    # --- random numbers ---------------------------------------------------------------------------------------------

    def random(self) -> None:
        """NumPy's Philox generator with counter (block + 1, 0, place, t): four words a block, 53 bits of each."""
        f, v = self.f, self.v
        target = self.pointer((v.id, 0))
        (t,) = v.args
        if isinstance(t, Number):
            f.parameters.append("double %t")
            self.arguments.append(t.node)
            step = Vec(f, "%t", "f64", 1).cast("i64").name
        elif isinstance(t, Ref):
            kind = self.by_id[t.value].kind
            step = f.load(self.pointer((t.value, t.offset)), kind, 1).cast("i64").name
        else:
            step = str(t.value)
        blocks = math.ceil(v.size / 4)

        def block(i: Vec) -> None:
            words = self.philox(f.named(f"add i64 {i.name}, 1"), "0", str(v.attrs["place"]), step)
            for k, word in enumerate(words):
                x = f.value(f"lshr i64 {word}, 11", "i64", 1).cast("f64") * 2.0**-53
                f.store(x, f.at(f.at(target, "f64", f.times(i, 4)), "f64", k))

        f.each(blocks, 1, block)

    def philox(self, c0: str, c1: str, c2: str, c3: str) -> tuple[str, str, str, str]:
        """Ten rounds of Philox 4x64 (Salmon et al. 2011, with the constants of its table 2)."""
        f = self.f
        key = [self.v.attrs["seed"], self.v.attrs["stream"]]
        for _ in range(10):
            high0, low0 = self.times(0xD2E7470EE14C6C93, c0)
            high1, low1 = self.times(0xCA5A826395121157, c2)
            mixed1 = f.named(f"xor i64 {f.named(f'xor i64 {high1}, {c1}')}, {key[0]}")
            mixed3 = f.named(f"xor i64 {f.named(f'xor i64 {high0}, {c3}')}, {key[1]}")
            c0, c1, c2, c3 = mixed1, low1, mixed3, low0
            key = [(key[0] + 0x9E3779B97F4A7C15) % 2**64, (key[1] + 0xBB67AE8584CAA73B) % 2**64]
        return c0, c1, c2, c3

    def times(self, factor: int, x: str) -> tuple[str, str]:
        """Upper and lower half of a product of 64-bit words."""
        f = self.f
        wide = f.named(f"mul i128 {f.named(f'zext i64 {x} to i128')}, {factor}")
        return f.named(f"trunc i128 {f.named(f'lshr i128 {wide}, 64')} to i64"), f.named(f"trunc i128 {wide} to i64")


def take_rows(module: Module, kind: str, rows: int, size: int, n: int, width: int) -> str:
    """A function ``(array, indices, target, flag)`` that copies rows of ``size`` numbers, as many as there are indices.

    n: rows of the array. A row outside of it raises the flag.
    """
    f = Function(module, "take")
    f.parameters = [f"ptr {name}" for name in ("%array", "%indices", "%target", "%flag")]
    lanes = width // KINDS[kind][2]

    def row(i: Vec) -> None:
        place = checked(f, "%flag", f.load(f.at("%indices", "i64", i), "i64", 1), n)
        source, goal = f.at("%array", kind, f.times(place, size)), f.at("%target", kind, f.times(i, size))

        def some(j: Vec, tail: int | None) -> None:
            f.store(f.load(f.at(source, kind, j), kind, lanes, tail), f.at(goal, kind, j), tail)

        f.strips(size, lanes, some)

    f.each(rows, 1, row)
    return module.add(f)


def check_rows(module: Module, rows: int, n: int, width: int) -> str:
    """A function ``(indices, steps, flag)`` raising the flag where one of ``rows`` indices a step is outside of n."""
    f = Function(module, "check")
    f.parameters = ["ptr %indices", "i64 %count", "ptr %flag"]
    lanes = width // 8

    def step(k: Vec, _: list[Vec]) -> list[Vec]:
        start = f.at("%indices", "i64", f.times(k, rows))

        def some(i: Vec, tail: int | None) -> None:
            checked(f, "%flag", f.load(f.at(start, "i64", i), "i64", lanes, tail), n)

        f.strips(rows, lanes, some)
        return []

    f.loop("%count", 1, [], step)
    return module.add(f)
