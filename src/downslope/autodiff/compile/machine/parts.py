"""Which groups are worked on by several threads: along which axis they are cut, and what one part of them is.

Only where parts write different numbers, each made as in the whole: elementwise work, rows or columns that are each
summed alone, blocks of a product. A sum is never cut, so the numbers do not depend on how many threads there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from downslope.autodiff.compile.machine.products import Product, flops
from downslope.autodiff.compile.machine.schedule import SHARED, Group
from downslope.autodiff.compile.machine.values import Shape, Value

# Measured: below these, handing parts over costs more than it gives (about a microsecond for each group).
LEAST = {"nest": SHARED, "product": 2**18}  # numbers times operations; floating-point operations
GRAIN = {"nest": 2**16, "product": 2**20}  # of a part, unless there are to be two at least
MOST = 64  # parts
LINE = 64  # numbers: parts of a row begin with whole vectors


@dataclass(frozen=True)
class Cut:
    """An axis of length ``total``, in parts of ``length``; the last one may be shorter."""

    axis: int
    length: int
    total: int

    @property
    def parts(self) -> int:
        """How many there are."""
        return -(-self.total // self.length)

    @property
    def last(self) -> int:
        """The length of the last one."""
        return self.total - (self.parts - 1) * self.length


def cut_nest(group: Group) -> Cut | None:
    """How a nest is cut; None if it is not."""
    work = math.prod(group.domain) * len(group.values)
    kept = [a for a in range(len(group.domain)) if a not in (group.reduced or ())]
    if work < LEAST["nest"] or not kept or any(v.op == "look" for v in group.values):  # all lookups raise one flag
        return None
    axis = next((a for a in kept if group.domain[a] >= 8), max(kept, key=lambda a: group.domain[a]))
    return _cut(axis, group.domain[axis], work // GRAIN["nest"], LINE if axis == len(group.domain) - 1 else 1)


def cut_product(v: Value, product: Product) -> Cut | None:
    """How a product is cut: along a stack, else strips of columns, which are set aside once each, else rows."""
    work = flops(v)
    if work < LEAST["product"]:
        return None
    *stack, m, n, _ = v.domain
    parts, strip = work // GRAIN["product"], product.strip_width
    strips = -(-n // strip)
    if stack and stack[0] >= 4:
        return _cut(0, stack[0], parts, 1)
    if strips >= 2 and (strips % 2 == 0 or strips > 4 or product.scratch):
        return _cut(len(stack) + 1, n, parts, strip)
    return _cut(len(stack), m, parts, 48 if product.scratch else 8)


def _cut(axis: int, total: int, parts: int, unit: int) -> Cut | None:
    """About so many parts of whole units."""
    units = -(-total // unit)
    cut = Cut(axis, unit * -(-units // min(max(parts, 2), MOST)), total)
    return cut if cut.parts > 1 else None


def part_of_nest(group: Group, by_id: Mapping[int, Value], cut: Cut, length: int) -> tuple[Group, dict[int, Value]]:
    """The nest with a shorter axis, and all values with those of the nest as they are in it."""

    def shorter(v: Value) -> Value:
        if v.op == "reduce" or v.domain == group.domain:
            return replace(v, domain=_with(v.domain, cut.axis, length))
        kept = [a for a in range(len(group.domain)) if a not in (group.reduced or ())]
        return replace(v, domain=_with(v.domain, kept.index(cut.axis), length))

    values = [shorter(v) for v in group.values]
    return replace(group, values=values, domain=_with(group.domain, cut.axis, length)), {
        **by_id, **{v.id: v for v in values}
    }  # fmt: skip


def part_of_product(v: Value, cut: Cut, length: int) -> Value:
    """The product with a shorter axis."""
    return replace(v, domain=_with(v.domain, cut.axis, length))


def _with(shape: Shape, axis: int, length: int) -> Shape:
    return (*shape[:axis], length, *shape[axis + 1 :])
