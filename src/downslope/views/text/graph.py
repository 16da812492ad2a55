"""A step's graph and its program in words and characters, with the numbers of the step."""

from __future__ import annotations

from downslope.views.graph_payload import GraphItem, GraphView, ProgramView, Values
from downslope.views.text.words import columns, number, told

MOST_LINES = 400


def graph(payload: GraphView, width: int = 80) -> str:
    """A line for each operation, or folded group: what it is, of what it is made, and its value."""
    sources: dict[int, list[int]] = {}
    for before, after in payload.edges:
        sources.setdefault(after, []).append(before)
    rows = [("", "operation", "shape", "of", "value")]
    rows += [_row(item, sources.get(item.id, [])) for item in payload.items[:MOST_LINES]]
    lines = [payload.title, *(line[:width] for line in columns(rows))]
    if len(payload.items) > MOST_LINES:
        lines.append(f"  and {len(payload.items) - MOST_LINES:,} more")
    return "\n".join([*lines, *told(payload.events)])


def _row(item: GraphItem, sources: list[int]) -> tuple[str, str, str, str, str]:
    if item.count > 1 or item.node is None:
        name = f"{item.name}: {item.count} operations"
    else:
        name = f"{item.name} = {item.primitive}" if item.name else item.primitive
    of = " ".join(map(str, sources[:6])) + (" ..." if len(sources) > 6 else "")
    return str(item.id), name, "x".join(map(str, item.shape)) or "number", of, values(item.values)


def program(payload: ProgramView, width: int = 80) -> str:
    """The program, each line with its value behind it."""
    texts = [line.text for line in payload.lines]
    wide = min(max(map(len, texts), default=0), max(width - 30, 40))
    lines = [payload.title]
    for line in payload.lines:
        shown = values(line.values)
        lines.append(f"{line.text:<{wide}}  # {shown}" if shown else line.text)
    return "\n".join([*lines, *told(payload.events)])


def values(found: Values | None) -> str:
    """A number, or lowest to highest of an array; and how many are not finite."""
    if found is None or not found.size:
        return ""
    if found.size == 1:
        return number(found.first[0])
    bad = f", {found.not_finite:,} not finite" if found.not_finite else ""
    if found.low is None:
        return f"no finite value of {found.size:,}"
    return f"{number(found.low)} to {number(found.high)}{bad}"
