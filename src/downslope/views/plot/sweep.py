"""Many runs: a dot for each, a line through the means over the seeds, a bar for their spread."""

from __future__ import annotations

import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from downslope.views.plot.axes import head
from downslope.views.plot.style import TICK, figure, notes, series, theme
from downslope.views.sweep_payload import SweepView
from downslope.views.text import number

MARGIN = 0.06  # beside the outermost places, of the width
APART = 0.012  # between the dots of two lines, of the width of the picture


def sweep(payload: SweepView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. Logarithmic for losses that span a decade."""
    ax = figure(7.5, 4.4) if ax is None else ax
    colours = theme(dark)
    most = max((len(point.values) for line in payload.lines for point in line.points), default=1)
    below = "a dot for each run; the line: their mean, the bars: their standard deviation"
    head(ax, colours, payload.title, [below] if most > 1 else [], x_label=payload.x_label, y_label=payload.y_label)
    if payload.is_log:
        ax.set_xscale("log")
    ends = [end for line in payload.lines for end in (line.points[0].x, line.points[-1].x)]
    ax.set_xlim(_moved(payload, -MARGIN)(min(ends)), _moved(payload, MARGIN)(max(ends)))
    if payload.words:
        ax.set_xticks(range(len(payload.words)), list(payload.words))
    every = [value for line in payload.lines for point in line.points for value in point.values if value is not None]
    is_loss = payload.y_label.endswith("loss")  # an accuracy is a part of a whole, R² may be below 0
    if is_loss and every and min(every) > 0 and max(every) > 10 * min(every):
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    for k, line in enumerate(payload.lines):
        colour, x = series(k, dark), _moved(payload, (k - (len(payload.lines) - 1) / 2) * APART)
        dots = [(x(p.x), value) for p in line.points for value in p.values if value is not None]
        ax.plot(
            [a for a, _ in dots], [b for _, b in dots], "o", markersize=3.2, alpha=0.45, color=colour, mew=0,
            gid=f"runs{k}",
        )  # fmt: skip
        means = [(x(p.x), math.nan if p.mean is None else p.mean, p.spread or 0.0) for p in line.points]
        ax.errorbar(
            [a for a, _, _ in means], [b for _, b, _ in means], [c for _, _, c in means], color=colour,
            linewidth=0 if payload.words else 1.7, elinewidth=1.0, marker="o", markersize=5, gid=f"means{k}",
            label=line.name,
        )  # fmt: skip
    if len(payload.lines) > 1:
        ax.legend(fontsize=TICK, frameon=False, labelcolor=colours.ink)
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _moved(payload: SweepView, by: float) -> Callable[[float], float]:
    """A place a little to the side, by a part of the width: so that the lines' dots do not hide each other."""
    xs = [point.x for line in payload.lines for point in line.points]
    if payload.is_log:
        ratio = (max(xs) / min(xs)) ** by
        return lambda x: x * ratio
    width = (max(xs) - min(xs)) or 1.0
    return lambda x: x + width * by
