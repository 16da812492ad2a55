"""A race: the median of the best value so far and the band of its quarters, against the gradients it cost."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from downslope.views.payload import RaceView
from downslope.views.plot.style import TICK, dress, figure, power, series, theme
from downslope.views.text import number, shortened

FLOOR = 1e-16
"""Of the first value: what lies below it is rounding, and drawn as if it lay there."""
NAME_STEP = 0.075  # between the names of two lines, of the height of the picture


def race(payload: RaceView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. The lowest line at the end is the winner's."""
    ax = figure(9.0, 4.8) if ax is None else ax
    colours = theme(dark)
    lowest = payload.lowest or 0.0
    label = f"best value − lowest known ({lowest:.6g})" if lowest else "best value so far"
    runs = f"{payload.runs} run{'s' * (payload.runs != 1)}"
    below = f"line: median of {runs}; band: from a quarter of them to three quarters" if payload.runs > 1 else "one run"
    dress(ax, colours, title=payload.title, below=below, x_label="gradient evaluations", y_label=label)
    curves = [
        [np.array(column, dtype=np.float64) - lowest for column in (each.low, each.median, each.high)]
        for each in payload.entrants
    ]
    every = np.concatenate([column for columns in curves for column in columns])
    every = every[np.isfinite(every)]
    floor = _scale(ax, every)
    for k, columns in enumerate(curves):
        low, median, high = (column if floor is None else np.maximum(column, floor) for column in columns)
        style = "-" if k < 6 else (0, (4, 2))
        colour, alpha = series(k, dark), max(0.16 - 0.025 * len(curves), 0.03)  # many bands would make one grey
        ax.fill_between(payload.at, low, high, color=colour, alpha=alpha, linewidth=0, gid=f"band{k}")
        for edge in (low, high):
            ax.plot(payload.at, edge, color=colour, linewidth=0.5, alpha=0.45, gid=f"edge{k}")
        ax.plot(payload.at, median, color=series(k, dark), linewidth=1.8, linestyle=style, gid=f"median{k}")
    ax.set_xlim(1, max(payload.budget, 2))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    _names(ax, payload, curves, floor, dark)
    return ax


def _scale(ax: Axes, every: NDArray[np.float64]) -> float | None:
    """Logarithmic if all is above 0 and spans more than a decade; then what is drawn lowest."""
    if not len(every):
        ax.set_yticks([])
        return None
    positive = every[every > 0]
    if not len(positive) or (every < -1e-12 * positive.max()).any() or positive.max() <= 10 * every.min():
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        return None
    floor = max(float(positive.min()), float(positive.max()) * FLOOR)
    decades = np.log10(float(positive.max()) / floor)
    ax.set_yscale("log")
    ax.set_ylim(floor / 10 ** (0.03 * decades), float(positive.max()) * 10 ** (0.04 * decades))
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 3.0), numticks=9))
    ax.yaxis.set_major_formatter(FuncFormatter(power))
    ax.yaxis.set_minor_formatter(NullFormatter())
    return floor


def _names(
    ax: Axes, payload: RaceView, curves: list[list[NDArray[np.float64]]], floor: float | None, dark: bool
) -> None:
    """Names with their rates at the right ends of the lines, moved apart where these end close to each other."""
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = []
    for _, median, _ in curves:
        end = median[-1] if floor is None else max(median[-1], floor)
        ends.append(float(to_axes.transform((payload.budget, end))[1]) if np.isfinite(end) else 1.0)
    names = [each.name.partition("(")[0] for each in payload.entrants]
    if len(set(names)) < len(names):
        names = shortened([each.name for each in payload.entrants], 30)
    for k, height in enumerate(spread(ends, NAME_STEP)):
        each = payload.entrants[k]
        words = f"{names[k]}, lr {textwrap.shorten(each.lr, 24, placeholder='…')}"
        words += f", {each.diverged} of {payload.runs} diverged" if each.diverged else ""
        ax.annotate(
            words, (1, height), xycoords="axes fraction", xytext=(8, 0),
            textcoords="offset points", va="center", color=series(k, dark), fontsize=TICK, gid="name",
            parse_math=False,
        )  # fmt: skip


def spread(heights: list[float], gap: float) -> list[float]:
    """Places on a line of length 1 as near to ``heights`` as a gap between all of them allows, in the same order.

    >>> spread([0.0, 0.0, 0.5], gap=0.1)
    [0.0, 0.1, 0.5]
    """
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    placed = [0.0] * len(heights)
    low = 0.0
    for k in order:
        placed[k] = low = max(heights[k], low)
        low += gap
    high = 1.0
    for k in reversed(order):
        placed[k] = high = min(placed[k], high)
        high -= gap
    return placed
