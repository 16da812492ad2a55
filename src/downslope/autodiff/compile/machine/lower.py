"""Stage 1, lower: a graph becomes values that have memory of their own; what is a view becomes a stride.

Reshapes, transposes, slices and broadcasts vanish: whoever reads them reads the value behind them with other strides.
What is left is few kinds of work: ``map`` (number by number), ``look`` (at places that are computed), ``reduce``,
``product``, and some that stand alone. Axes of length 1 are gone too.
"""

from __future__ import annotations

from dataclasses import replace

from downslope.autodiff.compile.machine import sums, views
from downslope.autodiff.compile.machine.kinds import NotGenerated
from downslope.autodiff.compile.machine.lowering import Lowering
from downslope.autodiff.compile.machine.values import Lowered, Ref, Shape, Value, contiguous
from downslope.autodiff.graph import Graph

assert views, sums  # the table of rules fills itself when they are imported


def lower(graph: Graph) -> Lowered:
    """The graph as values. NotGenerated where an operation has no machine form."""
    lowered = _placed(Lowering(graph).run())
    require_inside(lowered)
    return lowered


def require_inside(lowered: Lowered) -> None:
    """Every number that is read or written lies in memory of its value: the law that generated code relies on."""
    by_id = {v.id: v for v in lowered.values}
    for v in lowered.values:
        for k, ref in enumerate(v.refs):
            places = v.attrs["places"] if v.op == "look" and k == 0 else ()
            lengths = (*v.domain, *(n for _, n in places))
            _require_span(by_id[ref.value].size, ref.offset, (*ref.strides, *(s for s, _ in places)), lengths)
        if v.op == "scatter":
            places = v.attrs["places"]
            lengths = (*v.domain, *(n for _, n in places))
            _require_span(v.size, v.attrs["offset"], (*v.home, *(s for s, _ in places)), lengths)
        elif v.place is not None:
            _require_span(by_id[v.place[0]].size, v.place[1], v.home, v.domain)
        else:
            _require_span(v.size, 0, v.home, v.domain)


def _require_span(size: int, offset: int, strides: Shape, lengths: Shape) -> None:
    reach = [s * (n - 1) for s, n in zip(strides, lengths, strict=True)]
    first, last = offset + sum(r for r in reach if r < 0), offset + sum(r for r in reach if r > 0)
    if not 0 <= first <= last < size:
        raise NotGenerated(f"a fault of the generator: numbers {first} to {last} of an array of {size}")


def _placed(lowered: Lowered) -> Lowered:
    """Parts of a joined array that nobody else needs are computed in their place, without the copy."""
    values = list(lowered.values)
    readers: dict[int, list[int]] = {}
    for v in values:
        for ref in v.refs:
            readers.setdefault(ref.value, []).append(v.id)
    kept = {x.value for x in lowered.outputs.values() if isinstance(x, Ref)}
    filled = {v.place[0] for v in values if v.name == "fill" and v.place is not None}  # the frame is written first
    moved: dict[int, int] = {}  # copy -> its source
    for copy in values:
        if copy.name != "copy" or copy.place is None or copy.place[0] in filled:
            continue
        ref = copy.refs[0]
        source = values[ref.value]
        if (
            source.op in ("map", "reduce", "product", "look")
            and source.place is None
            and source.id not in kept
            and ref.offset == 0
            and source.size == copy.size
            and source.kind == copy.kind
            and ref.strides == contiguous(copy.domain)
        ):
            home = _into(source, copy)
            if home is not None and (home == source.home or readers[source.id] == [copy.id]):
                values[source.id] = replace(source, place=copy.place, home=home)
                moved[copy.id] = source.id
    return replace(lowered, values=tuple(v for v in values if v.id not in moved)) if moved else lowered


def _into(source: Value, copy: Value) -> Shape | None:
    """The strides of the source in the memory of the copy; None where its axes do not fit there."""
    if copy.home == contiguous(copy.domain):
        return source.home
    if source.op != "reduce" and source.domain == copy.domain and source.home == contiguous(source.domain):
        return copy.home
    return None
