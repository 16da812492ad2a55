"""Vectors in registers that Python's operators work on; each operation writes one instruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from downslope.autodiff.compile.machine.kinds import mangled, type_of

if TYPE_CHECKING:
    from downslope.autodiff.compile.machine.code import Function


@dataclass(frozen=True, slots=True, eq=False)
class Vec:
    """A value in registers: ``lanes`` numbers of one kind (a plain number where ``lanes`` is 1)."""

    f: Function
    name: str
    kind: str
    lanes: int
    written: Any = None  # the number that it is, where it is a constant
    factors: tuple[Vec, Vec] | None = None  # of what it is the product

    @property
    def type(self) -> str:
        """Its type in LLVM's language."""
        return type_of(self.kind, self.lanes)

    @property
    def is_float(self) -> bool:
        """Whether it is a floating-point number."""
        return self.kind[0] == "f"

    def __str__(self) -> str:
        return f"{self.type} {self.name}"

    def like(self, value: Any) -> Vec:
        """A constant of the same kind; vectors pass through."""
        return value if isinstance(value, Vec) else self.f.const(self.kind, self.lanes, value)

    def op(self, float_op: str, int_op: str, other: Any) -> Vec:
        """Arithmetic: one word for floating-point numbers, one for whole ones."""
        y = self.like(other)
        word = float_op if self.is_float else int_op
        return self.f.value(f"{word} {self.type} {self.name}, {y.name}", self.kind, self.lanes)

    # A product and a sum become one operation, rounded once. That is decided here: LLVM would do it in one place and
    # not in another, and a number would depend on whether it stands in a whole vector or in the last one of a row. The
    # difference of two products stays as NumPy has it: a·a - b·b is 0 where a is b, and no tiny negative number.

    def __add__(self, other: Any) -> Vec:
        y = self.like(other)
        if self.factors:
            return self.factors[0].fma(self.factors[1], y)
        if y.factors:
            return y.factors[0].fma(y.factors[1], self)
        return self.op("fadd", "or" if self.kind == "bool" else "add", other)

    def __radd__(self, other: Any) -> Vec:
        return self.like(other) + self

    def __sub__(self, other: Any) -> Vec:
        y = self.like(other)
        if self.factors and not y.factors:
            return self.factors[0].fma(self.factors[1], -y)
        if y.factors and not self.factors:
            return (-y.factors[0]).fma(y.factors[1], self)
        return self.op("fsub", "sub", other)

    def __rsub__(self, other: Any) -> Vec:
        return self.like(other) - self

    def __mul__(self, other: Any) -> Vec:
        product = self.op("fmul", "and" if self.kind == "bool" else "mul", other)
        return replace(product, factors=(self, self.like(other))) if self.is_float else product

    def __rmul__(self, other: Any) -> Vec:
        return self.like(other) * self

    def __truediv__(self, other: Any) -> Vec:
        return self.op("fdiv", "sdiv", other)

    def __rtruediv__(self, other: Any) -> Vec:
        return self.like(other) / self

    def __neg__(self) -> Vec:
        if self.is_float:
            return self.f.value(f"fneg {self.type} {self.name}", self.kind, self.lanes)
        return self.like(0) - self

    def __and__(self, other: Any) -> Vec:
        return self.bits("and", other)

    def __or__(self, other: Any) -> Vec:
        return self.bits("or", other)

    def __xor__(self, other: Any) -> Vec:
        return self.bits("xor", other)

    def __invert__(self) -> Vec:
        return self.bits("xor", True if self.kind == "bool" else -1)

    def bits(self, word: str, other: Any) -> Vec:
        """A bitwise operation; shifts too."""
        return self.f.value(f"{word} {self.type} {self.name}, {self.like(other).name}", self.kind, self.lanes)

    def compare(self, float_word: str, int_word: str, other: Any) -> Vec:
        """True or false in every lane."""
        word = f"fcmp {float_word}" if self.is_float else f"icmp {int_word}"
        return self.f.value(f"{word} {self.type} {self.name}, {self.like(other).name}", "bool", self.lanes)

    def __lt__(self, other: Any) -> Vec:
        return self.compare("olt", "ult" if self.kind == "bool" else "slt", other)

    def __le__(self, other: Any) -> Vec:
        return self.compare("ole", "ule" if self.kind == "bool" else "sle", other)

    def __gt__(self, other: Any) -> Vec:
        return self.compare("ogt", "ugt" if self.kind == "bool" else "sgt", other)

    def __ge__(self, other: Any) -> Vec:
        return self.compare("oge", "uge" if self.kind == "bool" else "sge", other)

    def eq(self, other: Any) -> Vec:
        """Equal; false where either is NaN."""
        return self.compare("oeq", "eq", other)

    def ne(self, other: Any) -> Vec:
        """Not equal; true where either is NaN."""
        return self.compare("une", "ne", other)

    def call(self, name: str, *others: Any) -> Vec:
        """An LLVM intrinsic whose operands and result have this type."""
        xs = [self, *map(self.like, others)]
        function = self.f.module.intrinsic(f"llvm.{name}.{mangled(self.type)}", self.type, [self.type] * len(xs))
        return self.f.value(f"call {self.type} {function}({', '.join(map(str, xs))})", self.kind, self.lanes)

    def fma(self, factor: Any, summand: Any) -> Vec:
        """self · factor + summand, rounded once."""
        return self.call("fma", factor, summand)

    def cast(self, kind: str) -> Vec:
        """The same numbers as another kind, as NumPy's astype makes them."""
        if kind == self.kind:
            return self
        if kind == "bool":
            return self.ne(0)
        to = type_of(kind, self.lanes)
        if self.kind == "bool":
            word = "uitofp" if kind[0] == "f" else "zext"
        elif self.is_float and kind[0] == "f":
            word = "fpext" if kind == "f64" else "fptrunc"
        elif self.is_float:
            return self._to_integer(kind)
        elif kind[0] == "f":
            word = "sitofp"
        else:
            word = "sext" if kind == "i64" else "trunc"
        return self.f.value(f"{word} {self} to {to}", kind, self.lanes)

    def _to_integer(self, kind: str) -> Vec:
        """Towards zero. What does not fit is the smallest integer, as x86 and NumPy there make it; never undefined."""
        limit = 2.0**63 if kind == "i64" else 2.0**31
        fits = (self >= -limit) & (self < limit)
        safe = self.f.select(fits, self, self.like(0))
        to = type_of(kind, self.lanes)
        return self.f.select(fits, self.f.value(f"fptosi {safe} to {to}", kind, self.lanes), -int(limit))

    def bitcast(self, kind: str) -> Vec:
        """The same bits as another kind of the same size."""
        return self.f.value(f"bitcast {self} to {type_of(kind, self.lanes)}", kind, self.lanes)

    def splat(self, lanes: int) -> Vec:
        """One number in every lane."""
        if lanes == self.lanes:
            return self
        if self.name[0] != "%":
            return Vec(self.f, f"splat ({self})", self.kind, lanes, self.written)
        to = type_of(self.kind, lanes)
        first = self.f.value(f"insertelement {to} poison, {self}, i64 0", self.kind, lanes)
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self.f.value(f"shufflevector {first}, {to} poison, {zeros}", self.kind, lanes)

    def pick(self, lanes: Sequence[int], other: Vec | None = None) -> Vec:
        """Lanes in another order, counted on into ``other``."""
        mask = f"<{len(lanes)} x i32> <{', '.join(f'i32 {k}' for k in lanes)}>"
        second = str(other) if other is not None else f"{self.type} poison"
        return self.f.value(f"shufflevector {self}, {second}, {mask}", self.kind, len(lanes))

    def lane(self, k: int) -> Vec:
        """One of the numbers."""
        return self if self.lanes == 1 else self.f.value(f"extractelement {self}, i64 {k}", self.kind, 1)

    def any(self) -> Vec:
        """Whether a mask is true anywhere."""
        if self.lanes == 1:
            return self
        function = self.f.module.intrinsic(f"llvm.vector.reduce.or.{mangled(self.type)}", "i1", [self.type])
        return self.f.value(f"call i1 {function}({self})", "bool", 1)


def folded_together(xs: Sequence[Vec], combine: Callable[[Vec, Vec], Vec]) -> Vec:
    """All lanes of each vector combined to one number, which becomes a lane of the result; at most so many vectors as
    they have lanes, both powers of two.

    Halves of two vectors go into one, so that sixteen are folded in fifteen steps; each pair of numbers that meets
    is the one that meets where a vector is folded alone.
    """
    made, part = list(xs), xs[0].lanes
    while part > 1:
        half = part // 2
        firsts = [k for start in range(0, made[0].lanes, part) for k in range(start, start + half)]
        if len(made) == 1:
            x = made[0]
            seconds = [k + half for k in firsts]
            low, high = (x.pick(firsts), x.pick(seconds)) if x.lanes > 2 else (x.lane(0), x.lane(1))
            made = [combine(low, high)]
        else:
            both = [*firsts, *(k + made[0].lanes for k in firsts)]
            made = [
                combine(x.pick(both, y), x.pick([k + half for k in both], y))
                for x, y in zip(made[::2], made[1::2], strict=True)
            ]
        part = half
    return made[0]
