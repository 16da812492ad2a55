"""Descents in words: the first steps of every path in numbers, what happened to it, and the map."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.views.payload import DescentView, PathView, Spot
from downslope.views.text.surface import chart, facts
from downslope.views.text.words import NOT_FINITE, columns, told, wrapped


def descent(payload: DescentView, width: int = 80, rows: int = 8) -> str:
    """What the surface teaches, the first ``rows`` steps of every path in numbers, what happened to it, and a map."""
    lines = facts(payload.surface, width)
    for path in payload.paths:
        lines += ["", *_path(path, width, rows)]
    return "\n".join(
        [*lines, "", *chart(payload.surface, payload.paths, min(max(width - 4, 24), 72)), *told(payload.events)]
    )


def _path(path: PathView, width: int, rows: int) -> list[str]:
    steps = f"{path.n_steps:,} step{'s' * (path.n_steps != 1)}"
    lines = wrapped(f"{path.optimizer}, {steps} from {_spot(path.points[0])}", width, "")
    lines += _table_of_steps(path, width, rows) if rows else []
    when = f" at step {path.at}" if path.verdict == "diverged" else ""
    lines += wrapped(f"{path.verdict}{when}: {path.because}.", width)
    lines += wrapped(f"{path.limit.sentence}.", width) if path.limit else []
    return [*lines, *(line for note in path.notes for line in wrapped(note, width))]


def _table_of_steps(path: PathView, width: int, rows: int) -> list[str]:
    """The first steps and the last in numbers; what does not fit beside the points comes in a table of its own."""
    shown = range(len(path.steps))
    picked = list(shown) if len(shown) <= rows + 2 else [*shown[:rows], None, shown[-1]]
    groups: list[list[tuple[str, Sequence[float | None]]]] = [
        [("step", path.steps)], _pair("", path.points), [("value", path.values)], _pair("g.", path.gradients),
        _pair("update.", path.updates), *(_pair(f"{name}.", column) for name, column in path.state.items()),
    ]  # fmt: skip
    tables: list[list[list[str]]] = [[]]
    for group in groups:
        is_step = group[0][0].startswith("update.")  # none follows the last point
        cells = [
            [title, *("..." if k is None else "" if is_step and k == shown[-1] else _cell(column[k]) for k in picked)]
            for title, column in group
        ]
        if tables[-1] and _wide([*tables[-1], *cells]) > width:
            tables.append(list(tables[0][:1]))
        tables[-1] += cells
    lines = []
    for table in tables:
        lines += columns(list(zip(*table, strict=True)), left=False)
    lines.append("  g: the gradient at the point; update: the step taken from there")
    if path.state:
        lines.append(f"  {', '.join(path.state)}: what {path.label.partition('(')[0]} remembered on arrival")
    return lines


def _pair(title: str, spots: Sequence[Spot]) -> list[tuple[str, Sequence[float | None]]]:
    return [(f"{title}x", [x for x, _ in spots]), (f"{title}y", [y for _, y in spots])]


def _cell(value: float | None) -> str:
    return NOT_FINITE if value is None else f"{value:.5g}"


def _spot(spot: Spot) -> str:
    return "(" + ", ".join("not finite" if value is None else f"{value:.6g}" for value in spot) + ")"


def _wide(columns: Sequence[Sequence[str]]) -> int:
    return sum(2 + max(map(len, column)) for column in columns)
