"""Curves at a few steps, the later the stronger, named at their ends; a spectrum, a line through the loss."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from downslope.views.plot.axes import array, crosses, head, last_finite, name_ends, value_axis
from downslope.views.plot.style import TICK, Theme, figure, notes, power, short, theme
from downslope.views.reading_payload import CurveView

DEEPEST = 1e-6  # of the highest value: what lies below is not drawn, so that the tails of a density leave room


def curve(payload: CurveView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own."""
    ax = figure(7.5, 4.4) if ax is None else ax
    colours = theme(dark)
    head(ax, colours, payload.title, [payload.sentence], x_label=payload.x_label, y_label=payload.unit)
    ys = [array(each.y) for each in payload.curves]
    every = np.concatenate([np.zeros(0), *ys])
    sound = every[np.isfinite(every)]
    floor = float(sound.max()) * DEEPEST if len(sound) and sound.min() >= 0 else -math.inf
    is_log = value_axis(ax, np.maximum(sound, floor)) if floor > 0 else value_axis(ax, sound)
    _x_axis(ax, payload)
    ends = []
    for k, (each, y) in enumerate(zip(payload.curves, ys, strict=True)):
        strength = (k + 1) / len(payload.curves)
        colour = to_hex(colours.ramp(colours.first)(0.4 + 0.6 * strength))
        drawn = np.where(y < floor, np.nan, y) if is_log else y
        noisy = bool(each.smoothed)
        ax.plot(
            each.x, drawn, color=colour, linewidth=0.9 if noisy else 1.7, alpha=0.45 if noisy else 1.0, gid=f"curve{k}"
        )
        if noisy:
            ax.plot(each.x, array(each.smoothed), color=colour, linewidth=1.9, gid=f"smooth{k}")
        crosses(ax, np.array(each.x)[~np.isfinite(y)], colours)
        ends.append((f"step {each.step:,}", colour, last_finite(drawn)))
    if len(ends) > 1:
        name_ends(ax, ends)
    _marks(ax, payload, colours)
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _x_axis(ax: Axes, payload: CurveView) -> None:
    ends = [end for each in payload.curves for end in (each.x[0], each.x[-1]) if math.isfinite(end)]
    if not ends or min(ends) == max(ends):
        return
    ax.set_xlim(min(ends), max(ends))
    if payload.is_log:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=8))
        ax.xaxis.set_major_formatter(FuncFormatter(power))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(7))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(f"{x:.4g}").replace("-", "−")))


def _marks(ax: Axes, payload: CurveView, colours: Theme) -> None:
    """A thin line at each named place, its words beside it, at different heights."""
    low, high = ax.get_xlim()
    for k, mark in enumerate(payload.marks):
        ax.axvline(mark.x, color=colours.second, linewidth=1.0, linestyle=(0, (4, 3)), gid="mark")
        middle = math.sqrt(low * high) if payload.is_log else (low + high) / 2
        left = mark.x > middle
        ax.annotate(
            f"{mark.name} {short(f'{mark.x:.3g}')}".replace("-", "−"), (mark.x, 0.97 - 0.075 * k),
            xycoords=("data", "axes fraction"), xytext=(-5 if left else 5, 0), textcoords="offset points",
            ha="right" if left else "left", va="top", color=colours.second, fontsize=TICK,
            bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
        )  # fmt: skip
