"""A surface in words and as a map in characters, which also holds the ways down it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downslope.views.payload import PathView, Spot, SurfaceView
from downslope.views.text.words import told, wrapped

SHADES = " .:-=+*#"
"""From the lowest to the highest band of a map."""


def surface(payload: SurfaceView, width: int = 80) -> str:
    """What it is and what it teaches, its minima, and a map of it."""
    return "\n".join(
        [*facts(payload, width), "", *chart(payload, width=min(max(width - 4, 24), 72)), *told(payload.events)]
    )


def facts(payload: SurfaceView, width: int) -> list[str]:
    """Title, what the surface teaches, and the minima that are known, the first four by their place."""
    known = ", ".join(f"({m.x:.4g}, {m.y:.4g})" for m in payload.minima[:4])
    more = f" and {len(payload.minima) - 4} more" if len(payload.minima) > 4 else ""
    lines = [payload.title, *wrapped(payload.teaches, width)]
    if payload.lowest is not None:
        lines.append(f"  lowest known value {payload.lowest:.6g}; minima at {known}{more}")
    return lines


def chart(payload: SurfaceView, paths: Sequence[PathView] = (), width: int = 72) -> list[str]:
    """A map in characters, higher bands darker: S is the start, E an end, o the way, M a known minimum."""
    height = width // 3
    left, right, bottom, top = payload.domain
    rows = [payload.z[i] for i in np.linspace(len(payload.y) - 1, 0, height).round().astype(int).tolist()]
    across = np.linspace(0, len(payload.x) - 1, width).round().astype(int).tolist()
    levels = np.array(payload.levels)
    part = len(SHADES) / (len(levels) + 1)
    drawn = [
        ["?" if (z := row[j]) is None else SHADES[int(np.searchsorted(levels, z) * part)] for j in across]
        for row in rows
    ]

    def mark(spot: Spot, sign: str) -> None:
        x, y = spot
        if x is not None and y is not None and left <= x <= right and bottom <= y <= top:
            i, j = round((top - y) / (top - bottom) * (height - 1)), round((x - left) / (right - left) * (width - 1))
            drawn[i][j] = sign

    for path in paths:
        for spot in path.points:
            mark(spot, "o")
    for low in payload.minima:
        mark((low.x, low.y), "M")
    for path in paths:
        mark(path.points[0], "S")
        mark(path.end, "E")
    signs = "S start, o way, E end, M known minimum" if paths else "M known minimum"
    edge = "  +" + "-" * width + "+"
    where = f"  x from {left:g} to {right:g}, y from {bottom:g} (below) to {top:g}"
    return [edge, *(f"  |{''.join(row)}|" for row in drawn), edge, where, f"  {signs}; higher is darker"]
