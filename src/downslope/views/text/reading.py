"""Readings in words: each name with its first and last value and a line of bars, and what is not finite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downslope.views.reading_payload import (
    Band,
    BarsView,
    Counts,
    CourseView,
    CurveView,
    HeatView,
    HistogramView,
    Line,
    SliceView,
)
from downslope.views.text.loss_curve import Scale, sparkline
from downslope.views.text.words import NOT_FINITE, columns, number, shortened, to_left, told, wrapped

MOST_NAMES = 40  # rows of a heat map
SHADES = " ░▒▓█"
BAR = "█"


def course(payload: CourseView, width: int = 80) -> str:
    """A line for each name: first value, bars on a scale that the lines of a panel share, last value."""
    lines = _head(payload.title, payload.sentence, payload.unit, payload.band, width)
    for panel in payload.panels:
        lines += [f"  {panel.title}"] if panel.title else []
        lines += _lines(panel.lines, payload.steps, width, "    " if panel.title else "  ")
    return "\n".join([*lines, *told(payload.events)])


def heat(payload: HeatView, width: int = 80) -> str:
    """Likewise, with one scale for all."""
    lines = _head(payload.title, payload.sentence, payload.unit, None, width)
    named = [Line(name, row) for name, row in zip(payload.names, payload.values, strict=True)]
    lines += _lines(named[:MOST_NAMES], payload.steps, width, "  ")
    lines += [f"  and {len(named) - MOST_NAMES} more"] if len(named) > MOST_NAMES else []
    return "\n".join([*lines, *told(payload.events)])


def bars(payload: BarsView, width: int = 80) -> str:
    """A line for each name: its number and a bar; a number below zero has its bar in light blocks."""
    lines = _head(payload.title, payload.sentence, payload.unit, payload.band, width)
    names = shortened(payload.names, 24)
    for panel in payload.panels:
        lines += [f"  {panel.title}"] if panel.title else []
        values = panel.lines[0].values
        most = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
        room = max(width - max(map(len, names)) - 16, 8)
        cells = [
            (
                name,
                number(value),
                NOT_FINITE if value is None else (BAR if value >= 0 else "░") * round(room * (abs(value) / most)),
            )
            for name, value in zip(names, values, strict=True)
        ]
        tables = columns([cell[:2] for cell in cells])
        lines += [f"{table}  {cell[2]}".rstrip() for table, cell in zip(tables, cells, strict=True)]
    return "\n".join([*lines, *told(payload.events)])


def curve(payload: CurveView, width: int = 80) -> str:
    """A line for each step: its curve as bars, and where it is lowest and highest."""
    lines = _head(payload.title, payload.sentence, payload.unit, None, width)
    every = [value for each in payload.curves for value in each.y if value is not None]
    scale, wide = Scale(every), max((len(f"{each.step:,}") for each in payload.curves), default=0)
    for each in payload.curves:
        found = [(value, x) for value, x in zip(each.y, each.x, strict=True) if value is not None]
        shape = sparkline(range(1, len(each.y) + 1), each.smoothed or each.y, len(each.y), scale, max(width - 58, 12))
        if found:
            (low, at), (high, there) = min(found), max(found)
            words = f"lowest {number(low)} at {number(at)}, highest {number(high)} at {number(there)}"
        else:
            words = "no finite value"
        lines.append(f"  step {each.step:>{wide},}  {shape}  {words}")
    if payload.curves:
        x = payload.curves[-1].x
        lines.append(f"  {payload.x_label} from {number(x[0])} to {number(x[-1])}")
    lines += [f"  {mark.name}: {payload.x_label} {number(mark.x)}" for mark in payload.marks]
    return "\n".join([*lines, *told(payload.events)])


def histogram(payload: HistogramView, width: int = 80) -> str:
    """For each array, at the first and the last step: the sizes that nine in ten have, how many are negative or 0."""
    lines = _head(payload.title, payload.sentence, "", None, width)
    for counts in payload.panels:
        lines.append(f"  {counts.name}")
        for k in sorted({0, len(payload.steps) - 1} & set(range(len(payload.steps)))):
            lines.append(f"    step {payload.steps[k]:,}: {_sizes(payload, counts, k)}")
    return "\n".join([*lines, *told(payload.events)])


def _sizes(payload: HistogramView, counts: Counts, k: int) -> str:
    row, bins = np.array(counts.counts[k]), len(payload.edges)
    sizes = row[:bins][::-1] + row[bins:]
    zero, bad = counts.zero[k] or 0, counts.not_finite[k] or 0
    whole = sizes.sum() + zero + bad
    if not sizes.sum():
        return f"no size: {zero:,.0f} of {whole:,.0f} are 0, {bad:,.0f} not finite"
    reached = np.cumsum(sizes) / sizes.sum()
    low, middle, high = (int(np.searchsorted(reached, part)) for part in (0.05, 0.5, 0.95))
    upper = f"{payload.edges[high + 1]:.0e}" if high + 1 < bins else "any size"
    words = f"nine in ten from {payload.edges[low]:.0e} to {upper}, half above {payload.edges[middle]:.0e}"
    words += f", {row[:bins].sum() / sizes.sum():.0%} negative"
    words += f", {zero / whole:.0%} zeros" if zero else ""
    return words + (f", {bad:,.0f} not finite" if bad else "")


def plane(payload: SliceView, width: int = 80) -> str:
    """The plane as characters, the darker the higher; o is where the run stood."""
    lines = _head(payload.title, payload.sentence, payload.unit, None, width)
    z = np.array(payload.z, dtype=np.float64)
    sound = z[np.isfinite(z)]
    if len(sound):
        edges = np.quantile(sound, np.linspace(0, 1, len(SHADES) + 1)[1:-1])
        here = np.abs(np.array(payload.y)).argmin(), np.abs(np.array(payload.x)).argmin()
        for i in reversed(range(len(z))):
            cells = [NOT_FINITE if not np.isfinite(v) else SHADES[int(np.searchsorted(edges, v))] for v in z[i]]
            if i == here[0]:
                cells[here[1]] = "o"
            lines.append("  " + "".join(cell * 2 if cell != "o" else "o " for cell in cells))
        lines.append(f"  from {number(float(sound.min()))} (light) to {number(float(sound.max()))} (dark)")
    for label, part in zip((payload.x_label, payload.y_label), payload.explained, strict=True):
        lines += [f"  {label}: {part:.1%} of the path's variance"] if part is not None else []
    return "\n".join([*lines, *told(payload.events)])


def _head(title: str, sentence: str, unit: str, band: Band | None, width: int) -> list[str]:
    lines = [title, *wrapped(sentence.replace("``", ""), width)]
    if unit:
        lines.append(f"  in {unit}")
    if band:
        lines += wrapped(band.words, width)
    return lines


def _lines(named: Sequence[Line], steps: Sequence[int], width: int, indent: str) -> list[str]:
    scale = Scale([value for line in named for value in line.values if value is not None])
    names = shortened([line.name for line in named], 24) if named else []
    wide = max(map(len, names), default=0)
    found = []
    for name, line in zip(names, named, strict=True):
        if not steps:
            found.append(f"{indent}{name}")
            continue
        places = [step - steps[0] + 1 for step in steps]
        shape = sparkline(places, line.values, places[-1], scale, max(width - wide - 28, 12))
        found.append(f"{indent}{to_left(name, wide)}  {number(line.values[0]):>9} {shape} {number(line.values[-1])}")
    return found
