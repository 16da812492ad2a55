"""What pictures of readings share: scales, names at the ends of lines, small pictures side by side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from downslope.views.plot.race import spread
from downslope.views.plot.style import FONTS, LABEL, TICK, Theme, dress, power, series
from downslope.views.reading_payload import Band
from downslope.views.text import number, shortened

Array = Any
LETTERS_AN_INCH = 13.0  # of the lines below a title
TINIEST, LARGEST = 1e-300, 1e300  # that an axis reaches: beyond, a tick is no double any more


def array(values: Sequence[float | None]) -> Array:
    """With NaN for None."""
    return np.array(values, dtype=np.float64)


def head(ax: Axes, colours: Theme, title: str, lines: Sequence[str], *, x_label: str = "", y_label: str = "") -> None:
    """Dress the Axes with a title and folded lines below it."""
    wide = max(int(ax.get_figure(root=True).get_size_inches()[0] * LETTERS_AN_INCH) - 8, 40)  # type: ignore[union-attr]  # an Axes always has a figure
    folded = [part for line in lines if line for part in textwrap.wrap(line.replace("``", ""), wide)]
    dress(ax, colours, title=title, below="\n".join(folded), x_label=x_label, y_label=y_label)
    for words in (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts):
        words.set_parse_math(False)


def crosses(ax: Axes, places: Array, colours: Theme) -> None:
    """Where a value is not finite: a cross at the lower edge."""
    if len(places):  # an empty line would take room in the lower left corner of the figure
        ax.plot(
            places, np.zeros(len(places)), "x", color=colours.alarm, markersize=5.5, clip_on=False, gid="bad",
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip


def name_rows(ax: Axes, places: Sequence[float], names: Sequence[str], colours: Theme) -> None:
    """Names beside rows, as they are: a dollar in them begins no formula."""
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", labelcolor=colours.ink)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)


def step_axis(ax: Axes, first: int, last: int) -> None:
    """Steps along x, in whole numbers."""
    ax.set_xlim(first, max(last, first + 1))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def value_axis(ax: Axes, every: Array, *, ticks: int = 6) -> bool:
    """The scale of what is drawn: logarithmic if all is above 0 and spans more than a decade. Whether it is."""
    every = every[np.isfinite(every)]
    if not len(every):
        ax.set_yticks([])
        return False
    low, high = float(every.min()), float(every.max())
    if low > 0 and high > 10 * low:
        decades = math.log10(high) - math.log10(low)
        ax.set_yscale("log")
        ax.set_ylim(max(low / 10 ** (0.05 * decades), TINIEST), min(high * 10 ** min(0.07 * decades, 9), LARGEST))
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 3.0), numticks=ticks + 2))
        ax.yaxis.set_major_formatter(FuncFormatter(power))
        ax.yaxis.set_minor_formatter(NullFormatter())
        return True
    if low == high:
        ax.set_ylim(*(0.0, 1.0) if low == 0 else sorted((0.0, 2 * low)))
        ax.set_yticks([low], [number(low).replace("-", "−")])
        return False
    if not math.isfinite(1.2 * high - 1.2 * low):  # more than a double holds
        ax.set_yscale("symlog", linthresh=max(abs(low), abs(high)) * 1e-6)
        ax.set_ylim(low, high)
        return False
    room = 0.08 * (high - low)
    ax.set_ylim(0.0 if 0 <= low < 0.5 * high else low - room, high + room)
    ax.yaxis.set_major_locator(MaxNLocator(ticks - 1))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value).replace("-", "−")))
    return False


def with_band(every: Array, band: Band | None) -> Array:
    """The values and those ends of the band that are not far away: within three times the reach of the values."""
    sound = every[np.isfinite(every)]
    if band is None or not len(sound):
        return every
    reach = max(float(np.ptp(sound)), float(np.abs(sound).max()))
    ends = [end for end in (band.low, band.high) if end is not None]
    near = [end for end in ends if sound.min() - 3 * reach <= end <= sound.max() + 3 * reach]
    return np.append(every, near)


def draw_band(ax: Axes, band: Band | None, colours: Theme) -> None:
    """Where values usually lie, as far as it is in the picture."""
    if band is None:
        return
    bottom, top = ax.get_ylim()
    low = bottom if band.low is None else max(band.low, bottom)
    high = top if band.high is None else min(band.high, top)
    if low < high:
        ax.axhspan(low, high, color=colours.first, alpha=0.09, linewidth=0, gid="band", zorder=0)
    for end in (band.low, band.high):
        if end is not None and bottom < end < top:
            ax.axhline(end, color=colours.first, linewidth=0.8, alpha=0.6, gid="edge", zorder=0)
    ax.set_ylim(bottom, top)


def told(band: Band | None) -> str:
    """The healthy range in words."""
    return f"Shaded: {band.words}" if band else ""


def colour_of(k: int, n: int, colours: Theme, dark: bool) -> str:
    """Of line k among n: one alone is blue like every first series."""
    return colours.first if n == 1 else series(k, dark)


def name_ends(ax: Axes, ends: Sequence[tuple[str, str, float]], *, most: int = 20, gap: float = 0.075) -> None:
    """(name, colour, last value) at the right ends of lines, moved apart where these end close to each other."""
    if not ends:
        return
    to_axes = ax.transData + ax.transAxes.inverted()
    places = [
        float(to_axes.transform((ax.get_xlim()[1], value))[1]) if math.isfinite(value) else 1.0 for *_, value in ends
    ]
    names = shortened([name for name, *_ in ends], most)
    heights = spread([min(max(place, 0.0), 1.0) for place in places], min(gap, 1 / len(ends)))
    for name, (_, colour, _), height in zip(names, ends, heights, strict=True):
        ax.annotate(
            name, (1, height), xycoords="axes fraction", xytext=(8, 0), textcoords="offset points", va="center",
            color=colour, fontsize=TICK, gid="name", parse_math=False,
        )  # fmt: skip


def last_finite(values: Array) -> float:
    """The last number that is one; NaN without any."""
    sound = values[np.isfinite(values)]
    return float(sound[-1]) if len(sound) else math.nan


def panels(ax: Axes, n: int, columns: int, *, right: float = 0.04, below: float = 0.2) -> list[Axes]:
    """n Axes inside of ``ax``, row by row, which itself keeps only its title.

    right: room after each for names, of the width of ``ax``; below: room under each, in inches.
    """
    if n == 1:
        return [ax]
    ax.set_yticks([])
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    rows = -(-n // columns)
    wide, high = 1 / columns, 1 / rows
    inch = 1 / (0.75 * _share(ax) * ax.get_figure(root=True).get_size_inches()[1])  # type: ignore[union-attr]  # an Axes always has a figure
    return [
        ax.inset_axes((
            (k % columns) * wide + 0.02 * (k % columns > 0),
            1 - (k // columns + 1) * high + below * inch,
            wide - right - 0.02 * (k % columns > 0),
            high - (below + 0.24) * inch,
        ))
        for k in range(n)
    ]  # fmt: skip


def _share(ax: Axes) -> float:
    """The part of its figure's height that is for this Axes, of several below each other."""
    place = ax.get_subplotspec()
    if place is None:
        return float(ax.get_position().height)
    ratios = np.array(place.get_gridspec().get_height_ratios(), dtype=np.float64)
    return float(ratios[list(place.rowspan)].sum() / ratios.sum())


def dress_panel(ax: Axes, colours: Theme, title: str) -> None:
    """A small picture: its title is a plain line."""
    dress(ax, colours, title=title, x_label="", y_label="")
    ax.set_title(title, loc="left", fontsize=LABEL, color=colours.ink, fontfamily=FONTS[0], pad=6)
    ax.title.set_parse_math(False)
