"""The residual plot: what is left of the target after the prediction, against the prediction."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from downslope.views.payload import Residuals
from downslope.views.plot.style import TICK, dress, figure, notes, theme
from downslope.views.text import largest_residuals, number

NAMED = 3


def residuals(payload: Residuals, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own.

    Points above the line were predicted too low. The band is one root mean squared error to each side.
    """
    ax = figure(7.5, 4.6) if ax is None else ax
    colours = theme(dark)
    dress(
        ax,
        colours,
        title=payload.title,
        below=_below(payload),
        x_label=f"predicted {payload.unit}",
        y_label=f"{payload.unit} − prediction",
    )
    target = np.array(payload.target)
    predicted = np.array([np.nan if value is None else value for value in payload.predicted])
    residual = target - predicted
    if payload.rmse is not None:
        ax.axhspan(-payload.rmse, payload.rmse, color=colours.first, alpha=0.09, linewidth=0)
        ax.annotate(
            f"± {number(payload.rmse)}\n(root mean\nsquared error)",
            (1, payload.rmse),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=colours.first,
            fontsize=TICK,
            linespacing=1.35,
        )
    ax.axhline(0, color=colours.ink, linewidth=1.0)
    many = len(target) > 300
    ax.scatter(
        predicted,
        residual,
        s=14 if many else 26,
        color=colours.first,
        alpha=0.35 if many else 0.65,
        linewidths=0,
    )
    ax.margins(x=0.06, y=0.1)
    ax.autoscale_view()  # the places of the names below are compared on the page
    taken: list[tuple[float, float]] = []
    for row, true, guess in largest_residuals(payload, NAMED):
        x, y = ax.transAxes.inverted().transform(ax.transData.transform((guess, true - guess)))
        if any(abs(x - a) < 0.15 and abs(y - b) < 0.05 for a, b in taken):
            continue  # two names on top of each other are none
        taken.append((float(x), float(y)))
        ax.annotate(
            f"row {row}",
            (guess, true - guess),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colours.soft,
            fontsize=TICK - 1,
        )
    ax.xaxis.set_major_locator(MaxNLocator(7))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _below(payload: Residuals) -> str:
    r2 = "" if payload.r2 is None else f", R² {number(payload.r2)}"
    drawn = len(payload.rows)
    some = "" if drawn == payload.n else f"; {drawn:,} of them drawn, the largest residuals among these"
    return f"{payload.n:,} {payload.part} rows{r2}{some}"
