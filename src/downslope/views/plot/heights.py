"""The values along the ways down, against the step."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from downslope.views.payload import DescentView
from downslope.views.plot.style import FONTS, LABEL, dress, figure, power, series, theme
from downslope.views.text import number


def heights(payload: DescentView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the value against the step into ``ax``, for every path; logarithmic over more than a decade.

    Where the lowest known value is not 0, its distance is drawn, so that "almost there" can be seen.
    """
    ax = figure(6.0, 3.6) if ax is None else ax
    colours = theme(dark)
    lowest = payload.surface.lowest or 0.0
    columns = [np.array(path.values, dtype=np.float64) - lowest for path in payload.paths]
    every = np.concatenate(columns)
    every = every[np.isfinite(every)]
    label = f"value − lowest known ({lowest:.4g})" if lowest else "value"
    dress(ax, colours, title=label, x_label="step", y_label="")
    ax.set_title(label, loc="left", fontsize=LABEL, color=colours.ink, fontfamily=FONTS[0], pad=8)
    positive = every[every > 0]
    is_log = bool(len(positive)) and not (every < -1e-12).any() and positive.max() > 10 * positive.min()
    first = max((abs(column[0]) for column in columns if np.isfinite(column[0])), default=0.0)
    floor = max(float(positive.min()), first * 1e-16) if is_log else 0.0  # below it is rounding
    for k, (path, column) in enumerate(zip(payload.paths, columns, strict=True)):
        shown = np.maximum(column, floor) if is_log else column
        ax.plot(path.steps, shown, color=series(k, dark), linewidth=1.6, solid_joinstyle="round", gid=f"value{k}")
    longest = max(path.n_steps for path in payload.paths)
    ax.set_xlim(0, max(longest, 1))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    _height_scale(ax, every, is_log, floor)
    return ax


def _height_scale(ax: Axes, every: NDArray[np.float64], is_log: bool, floor: float) -> None:
    if not len(every):
        ax.set_yticks([])
    elif is_log:
        ax.set_yscale("log")
        decades = np.log10(float(every.max()) / floor)
        ax.set_ylim(floor / 10 ** (0.04 * decades), float(every.max()) * 10 ** (0.06 * decades))
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 3.0), numticks=7))
        ax.yaxis.set_major_formatter(FuncFormatter(power))
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        if every.max() - every.min() <= 1e-9 * abs(every.max()):
            ax.set_ylim(every.max() - 1, every.max() + 1)
