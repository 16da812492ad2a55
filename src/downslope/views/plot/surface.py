"""A surface as a contour map with its known minima."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from downslope.views.payload import SurfaceView
from downslope.views.plot.style import LABEL, Theme, dress, figure, short, theme

MOST_STRETCHED = 3.0
"""Domains with longer sides than this one to another are not drawn to scale."""
WIDEST, HIGHEST = 5.3, 5.3  # of the map, in inches


def surface(payload: SurfaceView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the contour map with its known minima into ``ax``, or into a figure of its own."""
    if ax is None:
        wide, high = size(payload.domain)
        ax = figure(wide + 1.3, high + 1.4)
    draw_map(payload, ax, payload.title, "", dark)
    draw_minima(ax, payload, theme(dark))
    return ax


def draw_map(payload: SurfaceView, ax: Axes, title: str, below: str, dark: bool) -> None:
    """Bands, contours and axes, to scale unless the domain is too long; what has no finite value stays blank."""
    colours = theme(dark)
    dress(ax, colours, title=title, below=below, x_label="x", y_label="y")
    ax.title.set_parse_math(False)
    ax.grid(False)
    left, right, bottom, top = payload.domain
    z = np.ma.masked_invalid(np.array(payload.z, dtype=np.float64))
    if payload.levels:
        levels = [float(z.min()), *payload.levels, float(z.max())]
        paint = colours.ramp(colours.soft)(np.linspace(0.02, 0.5, len(levels) - 1))
        ax.contourf(payload.x, payload.y, z, levels=levels, colors=paint)
        ax.contour(
            payload.x, payload.y, z, levels=payload.levels, colors=colours.soft, linewidths=0.5, alpha=0.55,
            linestyles="solid",
        )  # fmt: skip
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    stretch = (right - left) / (top - bottom)
    ax.set_aspect("equal" if 1 / MOST_STRETCHED <= stretch <= MOST_STRETCHED else "auto")
    for axis, room in ((ax.xaxis, ax.bbox.width), (ax.yaxis, ax.bbox.height)):
        inches = room / ax.get_figure(root=True).dpi  # type: ignore[union-attr]  # an Axes always has a figure
        axis.set_major_locator(MaxNLocator(int(np.clip(inches * 1.2, 2, 6)), steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: short(f"{value:.4g}")))
    if payload.not_finite:
        ax.set_xlabel("x     (blank: no finite value)", fontsize=LABEL, color=colours.soft)


def draw_minima(ax: Axes, payload: SurfaceView, colours: Theme) -> None:
    """A star at each known minimum in the domain."""
    left, right, bottom, top = payload.domain
    inside = [(m.x, m.y) for m in payload.minima if left <= m.x <= right and bottom <= m.y <= top]
    if inside:
        x, y = np.array(inside).T
        ax.scatter(
            x, y, marker="*", s=110, color=colours.ink, edgecolors=colours.paper, linewidths=0.8,
            zorder=8, gid="minima", clip_on=False,
        )  # fmt: skip


def size(domain: tuple[float, float, float, float]) -> tuple[float, float]:
    """Inches of the map: to scale, as large as it may be, unless one side would become too short."""
    left, right, bottom, top = domain
    ratio = (right - left) / (top - bottom)
    if not 1 / MOST_STRETCHED <= ratio <= MOST_STRETCHED:
        ratio = 1.0
    scale = min(WIDEST / ratio, HIGHEST)
    return max(scale * ratio, 1.8), scale
