"""Numbers over the steps: lines named at their ends, the usual range shaded; a small picture for each scale."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from downslope.views.plot.axes import (
    array,
    colour_of,
    crosses,
    draw_band,
    dress_panel,
    head,
    last_finite,
    name_ends,
    panels,
    step_axis,
    told,
    value_axis,
    with_band,
)
from downslope.views.plot.style import Theme, figure, notes, theme
from downslope.views.reading_payload import CourseView, Panel

FEW = 40  # steps: each is marked by a dot
MOST_NAMED = 8  # lines; more go from a pale to a strong colour in their order, and the first and the last are named


def course(payload: CourseView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. What is not finite is a cross at the lower edge."""
    n = len(payload.panels)
    columns = 1 if n == 1 else 2 if n in (2, 4) else 3
    ax = figure(*((7.5, 4.2) if n == 1 else (3.8 * columns, 1.2 + 2.3 * -(-n // columns)))) if ax is None else ax
    colours = theme(dark)
    alone = n == 1
    y_label = payload.unit if alone else ""
    head(ax, colours, payload.title, [payload.sentence, told(payload.band)], x_label="step", y_label=y_label)
    if not alone:
        ax.grid(False)
    for panel, part in zip(
        payload.panels, panels(ax, n, columns, right=0.09 if columns == 2 else 0.075, below=0.3), strict=True
    ):
        if not alone:
            dress_panel(part, colours, panel.title)
        _draw(part, payload, panel, colours, dark)
    if not payload.steps:
        ax.set_xticks([])
        notes(ax, colours, ["no step was read"])
    return ax


def _draw(ax: Axes, payload: CourseView, panel: Panel, colours: Theme, dark: bool) -> None:
    steps = np.array(payload.steps)
    columns = [array(line.values) for line in panel.lines]
    every = np.concatenate([np.zeros(0), *columns])
    if len(steps):
        step_axis(ax, int(steps[0]), int(steps[-1]))
    value_axis(ax, with_band(every, payload.band), ticks=6 if len(payload.panels) == 1 else 4)
    draw_band(ax, payload.band, colours)
    ends, many = [], len(columns) > MOST_NAMED
    for k, (line, column) in enumerate(zip(panel.lines, columns, strict=True)):
        colour = colour_of(k, len(columns), colours, dark)
        if many:
            colour = to_hex(colours.ramp(colours.first)(0.45 + 0.55 * k / (len(columns) - 1)))
        dots = "o" if len(steps) <= FEW else None
        ax.plot(
            steps, column, color=colour, linewidth=1.6 if len(steps) < 300 else 1.0, marker=dots, markersize=3.2,
            linestyle="-" if k < 6 or many else (0, (4, 2)), clip_on=False, gid=f"line{k}",
        )  # fmt: skip
        crosses(ax, steps[~np.isfinite(column)], colours)
        if len(columns) > 1 and (not many or k in (0, len(columns) - 1)):
            ends.append((line.name, colour, last_finite(column)))
    name_ends(ax, ends, most=20 if len(payload.panels) == 1 else 10, gap=0.075 if len(payload.panels) == 1 else 0.15)
