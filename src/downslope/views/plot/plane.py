"""A slice through the loss: contours over a plane of parameters, where the run stood, and the way it came."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from downslope.views.plot.axes import array, head
from downslope.views.plot.style import SERIES, SERIES_DARK, TICK, figure, notes, short, theme
from downslope.views.reading_payload import SliceView
from downslope.views.text import number


def plane(payload: SliceView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. Darker is higher; blank: no finite loss."""
    ax = figure(6.6, 5.6) if ax is None else ax
    colours = theme(dark)
    labels = [
        label + (f" ({part:.0%} of the path)" if part is not None else "")
        for label, part in zip((payload.x_label, payload.y_label), payload.explained, strict=True)
    ]
    head(ax, colours, payload.title, [payload.sentence], x_label=labels[0], y_label=labels[1])
    ax.grid(False)
    z = np.ma.masked_invalid(np.array([array(row) for row in payload.z]))
    if payload.levels:
        levels = [
            min(float(z.min()), payload.levels[0]),
            *payload.levels,
            max(float(z.max()), payload.levels[-1] + 1e-12),
        ]
        paint = colours.ramp(colours.first)(np.linspace(0.04, 0.72, len(levels) - 1))
        ax.contourf(payload.x, payload.y, z, levels=levels, colors=paint)
        lines = ax.contour(
            payload.x, payload.y, z, levels=payload.levels, colors=colours.ink, linewidths=0.5, alpha=0.5
        )
        ax.clabel(lines, payload.levels[1::3], fmt=lambda value: number(value), fontsize=TICK - 1, colors=colours.ink)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda x, _: short(f"{x:.4g}").replace("-", "−")))
    ax.set_xlim(payload.x[0], payload.x[-1])
    ax.set_ylim(payload.y[0], payload.y[-1])
    colour = (SERIES_DARK if dark else SERIES)[0]
    if payload.path:
        x, y = np.array(payload.path, dtype=np.float64).T
        ax.plot(x, y, color=colour, linewidth=1.6, marker="o", markersize=3, gid="path")
        _say(ax, f"step {payload.path_steps[0]:,}", x[0], y[0], colour, colours.paper)
    ax.plot([0], [0], marker="o", markersize=8, color=colour, markeredgecolor=colours.paper, gid="here")
    _say(ax, f"step {payload.step:,}", 0.0, 0.0, colour, colours.paper)
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _say(ax: Axes, words: str, x: float, y: float, colour: str, paper: str) -> None:
    """Words beside a place, on its side that is farther from the edge."""
    left, right = ax.get_xlim()
    before = x > (left + right) / 2
    ax.annotate(
        words, (x, y), xytext=(-9 if before else 9, 9), textcoords="offset points", ha="right" if before else "left",
        color=colour, fontsize=TICK, fontweight="bold", gid="name",
        bbox={"facecolor": paper, "edgecolor": "none", "pad": 1.0, "alpha": 0.7},
    )  # fmt: skip
