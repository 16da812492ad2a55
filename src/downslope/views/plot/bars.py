"""Numbers by name at one step: bars from zero, each with its name and its number."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from downslope.views.plot.axes import (
    array,
    crosses,
    draw_band,
    dress_panel,
    head,
    name_rows,
    panels,
    told,
    value_axis,
    with_band,
)
from downslope.views.plot.style import TICK, Theme, figure, theme
from downslope.views.reading_payload import BarsView, Panel
from downslope.views.text import number, shortened

MOST_NAMED = 40
ROW = 0.25  # inches for a bar with its name


def bars(payload: BarsView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own; more than forty bars stand upright without names."""
    named = len(payload.names) <= MOST_NAMED
    n = len(payload.panels)
    high = len(payload.names) * ROW + 0.5 if named else 2.6
    columns = min(n, 3)
    if ax is None:
        ax = figure(7.5 if n == 1 else 3.6 * columns, 1.4 + -(-n // columns) * (max(high, 1.0) + 0.3 * (n > 1)))
    colours = theme(dark)
    head(ax, colours, payload.title, [payload.sentence, told(payload.band)], x_label=payload.unit if named else "")
    ax.grid(False)
    right = 0.06 if n > 1 else 0.04
    for k, (panel, part) in enumerate(
        zip(payload.panels, panels(ax, n, columns, right=right, below=0.05), strict=True)
    ):
        if n > 1:
            dress_panel(part, colours, panel.title)
        if named:
            _lying(part, payload, panel, colours, names=k % columns == 0)
        else:
            _standing(part, payload, panel, colours)
    return ax


def _lying(ax: Axes, payload: BarsView, panel: Panel, colours: Theme, *, names: bool) -> None:
    values = array(panel.lines[0].values)
    places = np.arange(len(values))
    sound = np.nan_to_num(values, posinf=np.nan, neginf=np.nan)
    ax.barh(places, sound, height=0.66, color=np.where(sound < 0, colours.second, colours.first), gid="bars")
    reach = max(float(np.abs(sound).max(initial=0.0)), 1e-300)
    low, high = min(float(sound.min(initial=0.0)), 0.0), max(float(sound.max(initial=0.0)), 0.0)
    room = (0.2 if len(payload.panels) == 1 else 0.55) * (high - low or reach)  # for the numbers
    ax.set_xlim(low - room * (low < 0), high + room * (high > 0 or low == 0))
    ax.set_ylim(len(values) - 0.4, -0.6)
    name_rows(ax, places.tolist(), shortened(payload.names, 24) if names else [""] * len(values), colours)
    if names and payload.axis != "part":
        ax.set_ylabel(payload.axis, color=colours.soft)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)
    ax.axvline(0, color=colours.soft, linewidth=0.8)
    for k, value in enumerate(panel.lines[0].values):
        left = value is not None and value < 0
        ax.annotate(
            "not finite" if value is None else number(value).replace("-", "−"), (0.0 if value is None else value, k),
            xytext=(-5 if left else 5, 0), textcoords="offset points", ha="right" if left else "left", va="center",
            color=colours.alarm if value is None else colours.ink, fontsize=TICK, gid="number",
        )  # fmt: skip


def _standing(ax: Axes, payload: BarsView, panel: Panel, colours: Theme) -> None:
    values = array(panel.lines[0].values)
    value_axis(ax, with_band(np.append(values, 0.0), payload.band))
    draw_band(ax, payload.band, colours)
    places = np.arange(1, len(values) + 1)
    ax.bar(places, values, width=0.8, color=np.where(values < 0, colours.second, colours.first), gid="bars")
    crosses(ax, places[~np.isfinite(values)], colours)
    ax.set_xlim(0.4, len(values) + 0.6)
    ax.axhline(0, color=colours.soft, linewidth=0.8)
    ax.grid(axis="y", color=colours.faint, linewidth=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    names = payload.names
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: names[int(x) - 1] if 1 <= x <= len(names) and x == int(x) else "")
    )
    ax.set_xlabel(payload.axis, color=colours.soft)
    ax.set_ylabel(payload.unit, color=colours.soft)
