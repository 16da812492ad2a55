"""Small pictures for pages of the reference, as SVG in the page itself, in the colours that the page has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff import grad
from downslope.cli.entries import Entry

WIDTH, HEIGHT, MARGIN = 360, 200, 22


def picture(entry: Entry) -> str:
    """HTML of the picture of an entry, empty for kinds that have none."""
    if entry.kind == "activation" and entry.id != "softmax":
        return _curves(entry)
    if entry.kind == "surface":
        return _contours(entry.object)
    return ""


def _curves(entry: Entry) -> str:
    """An activation and its derivative."""
    z = np.linspace(-4, 4, 161)
    h = np.asarray(entry.function(z), float)
    slope = np.asarray(grad(lambda z: np.sum(entry.function(z)))(z), float)
    low, high = max(min(h.min(), slope.min(), 0) - 0.1, -2.5), min(max(h.max(), slope.max(), 1) + 0.1, 4)

    def place(x: Any, y: Any) -> tuple[Any, Any]:
        right, up = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
        return MARGIN + (x + 4) / 8 * right, HEIGHT - MARGIN - (np.clip(y, low, high) - low) / (high - low) * up

    x0, y0 = place(0.0, 0.0)
    axes = f'<path class="axis" d="M{MARGIN} {y0:.1f}H{WIDTH - MARGIN}M{x0:.1f} {MARGIN}V{HEIGHT - MARGIN}"/>'
    ticks = "".join(
        f'<text x="{place(t, 0.0)[0]:.1f}" y="{y0 + 13:.1f}" text-anchor="middle">{t}</text>' for t in (-4, -2, 2, 4)
    )
    ticks += "".join(
        f'<text x="{x0 - 5:.1f}" y="{place(0.0, t)[1] + 4:.1f}" text-anchor="end">{t}</text>'
        for t in range(int(np.ceil(low)), int(np.floor(high)) + 1)
        if t
    )
    lines = [_path(*place(z, values), name) for values, name in ((slope, "second"), (h, "first"))]
    words = f"{entry.id} and its derivative for z from -4 to 4"
    legend = '<span class="first">h(z)</span> and its derivative <span class="second">dh/dz</span>'
    return _figure(axes + ticks + "".join(lines), words, legend, WIDTH, HEIGHT)


def _contours(surface: Any) -> str:
    """Level lines of a surface by marching squares, its start and its minima. Levels are closer where it is low."""
    n, side = 121, 300
    Z = surface.grid(n)[2]
    (left, right), (bottom, top) = surface.domain
    finite = Z[np.isfinite(Z)]
    ranks = np.quantile(finite, np.linspace(0.02, 0.98, 14))
    segments = []
    for k, level in enumerate(np.unique(ranks)):
        path = "".join(_level(Z, level, side / (n - 1), side))
        segments.append(f'<path class="level" style="--k:{k / 13:.2f}" d="{path}"/>')

    def place(point: Any) -> tuple[float, float]:
        return (point[0] - left) / (right - left) * side, side - (point[1] - bottom) / (top - bottom) * side

    marks = []
    for minimum in surface.minima:
        x, y = place(minimum.point)
        marks.append(f'<circle class="minimum" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>')
    x, y = place(surface.start)
    marks.append(f'<path class="start" d="M{x - 5:.1f} {y - 5:.1f}l10 10m0-10l-10 10"/>')
    words = f"Level lines of {surface.name}, x from {left:g} to {right:g} and y from {bottom:g} to {top:g}"
    legend = (
        f"x from {left:g} to {right:g}, y from {bottom:g} to {top:g}; darker is higher. "
        + ('<span class="minimum">●</span> known minimum, ' if surface.minima else "")
        + '<span class="start">×</span> a good start'
    )
    frame = f'<rect class="frame" width="{side}" height="{side}"/>'
    return _figure("".join(segments) + frame + "".join(marks), words, legend, side, side)


def _level(Z: Any, level: float, step: float, side: float) -> Sequence[str]:
    """Segments of one level line: where it crosses the edges of each cell of the grid."""
    above = np.nan_to_num(Z, nan=np.inf) > level
    corners = above[:-1, :-1] * 1 + above[:-1, 1:] * 2 + above[1:, 1:] * 4 + above[1:, :-1] * 8
    edges = {1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 2), (0, 1)), 6: ((0, 2),), 7: ((3, 2),)}
    pieces = []
    for i, j in zip(*np.nonzero((corners > 0) & (corners < 15)), strict=True):
        case = int(corners[i, j])
        a = (Z[i, j], Z[i, j + 1], Z[i + 1, j + 1], Z[i + 1, j])
        if not np.all(np.isfinite(a)):
            continue
        for first, last in edges[case if case <= 7 else 15 - case]:
            points = [_crossing(edge, a, level) for edge in (first, last)]
            (x1, y1), (x2, y2) = [((j + x) * step, side - (i + y) * step) for x, y in points]
            pieces.append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
    return pieces


def _crossing(edge: int, corners: Sequence[float], level: float) -> tuple[float, float]:
    """Where the level crosses an edge of a cell: 0 below, 1 right, 2 above, 3 left."""
    p, q = (corners[edge], corners[(edge + 1) % 4])
    t = float(np.clip((level - p) / (q - p), 0, 1)) if q != p else 0.5
    return ((t, 0.0), (1.0, t), (1 - t, 1.0), (0.0, 1 - t))[edge]


def _path(x: Any, y: Any, name: str) -> str:
    points = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<path class="{name}" d="M{points}"/>'


def _figure(inner: str, words: str, legend: str, width: int, height: int) -> str:
    svg = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{words}">'
    return f'<figure class="picture">{svg}{inner}</svg><figcaption>{legend}</figcaption></figure>'
