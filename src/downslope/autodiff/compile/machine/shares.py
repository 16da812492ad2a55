"""The groups of a step that several threads share, and the code of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from downslope.autodiff.compile.machine.calls import Call
from downslope.autodiff.compile.machine.code import Module
from downslope.autodiff.compile.machine.cpu import Cpu
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.nests import write_nest
from downslope.autodiff.compile.machine.parts import Cut, cut_nest, cut_product, part_of_nest, part_of_product
from downslope.autodiff.compile.machine.products import Product
from downslope.autodiff.compile.machine.schedule import Group
from downslope.autodiff.compile.machine.values import Value


def find_cuts(groups: Iterable[Group], products: Mapping[int, Product]) -> dict[int, Cut]:
    """First value of a group -> how the group is cut; those that are left whole are not in it."""
    found: dict[int, Cut | None] = {}
    for group in groups:
        v = group.values[0]
        if group.is_nest:
            found[v.id] = cut_nest(group)
        elif v.op == "product":
            found[v.id] = cut_product(v, products[v.id])
    return {i: cut for i, cut in found.items() if cut}


def write_parts(
    module: Module, group: Group, by_id: Mapping[int, Value], stored: frozenset[int], cpu: Cpu, cut: Cut
) -> tuple[Call, int]:
    """The code of a part of a group and of the last part, and the bytes of scratch that a thread needs for them."""
    calls, scratch = list[Call](), 0
    for length in (cut.length, cut.last):
        if group.is_nest:
            part, own = part_of_nest(group, by_id, cut, length)
            calls.append(write_nest(module, part, own, stored, cpu.width, cut))
        else:
            product = Product(module, part_of_product(group.values[0], cut, length), cpu.width, cpu.registers)
            scratch = max(scratch, product.scratch)
            calls.append(product.write_part(cut.axis, cut.length))
    one, last = calls
    if one.arguments != last.arguments:
        raise NotGenerated("a fault of the generator: parts of a group that read different memory")
    return replace(one, parts=cut.parts, last=last.function), scratch
