"""Heat maps: a number for each of many names over the steps, and the histograms of arrays over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, PowerNorm, SymLogNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator

from downslope.views.plot.axes import array, dress_panel, head, name_rows, panels, step_axis
from downslope.views.plot.style import TICK, Theme, figure, notes, short, theme
from downslope.views.reading_payload import Counts, HeatView, HistogramView
from downslope.views.text import number, shortened
from downslope.views.thin import median

MOST_NAMES = 32
Array = Any


def heat(payload: HeatView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. Below 0 is orange, above blue; not finite is red."""
    n = len(payload.names)
    ax = figure(8.0, 1.6 + min(max(0.2 * n, 2.4), 6.5)) if ax is None else ax
    colours = theme(dark)
    head(ax, colours, payload.title, [payload.sentence], x_label="step")
    ax.grid(False)
    values = np.array([array(row) for row in payload.values])
    sound = values[np.isfinite(values)]
    mesh = ax.pcolormesh(
        _edges(payload.steps), np.arange(n + 1) - 0.5, np.ma.masked_invalid(values), rasterized=True, gid="cells",
        cmap=_ramp(colours, sound), norm=_norm(sound),
    )  # fmt: skip
    shown = range(0, n, -(-n // MOST_NAMES))
    name_rows(ax, shown, shortened([payload.names[k] for k in shown], 22), colours)
    ax.set_ylabel("" if payload.axis == "part" else payload.axis, color=colours.soft)
    ax.set_ylim(n - 0.5, -0.5)
    edges = _edges(payload.steps)
    step_axis(ax, int(edges[0]), int(edges[-1]))
    _bar(ax, mesh, payload.unit, colours)
    notes(ax, colours, [f"{event.text}{' (red)' * (event.kind == 'nan')}" for event in payload.events])
    return ax


def _edges(steps: tuple[int, ...]) -> Array:
    """Where the columns begin and end: each reaches to the next step that was read."""
    if len(steps) == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    places = np.array(steps, np.float64)
    return np.append(places, places[-1] + (places[-1] - places[-2]))


def _ramp(colours: Theme, sound: Array) -> Colormap:
    two = bool(len(sound)) and sound.min() < 0
    ends = [colours.second, colours.paper, colours.first] if two else [colours.faint, colours.first]
    return LinearSegmentedColormap.from_list("ramp", ends).with_extremes(bad=colours.alarm)


def _norm(sound: Array) -> Normalize:
    """Linear; over more than two decades so that the small ones can be told apart."""
    reach = float(np.abs(sound).max(initial=0.0)) or 1.0
    least = float(sound.min()) if len(sound) else 0.0
    low = -reach if least < 0 else least if least > 0.2 * reach else 0.0
    size = np.abs(sound[sound != 0])
    if len(size) and median(size) < 0.02 * reach:
        return SymLogNorm(max(float(np.quantile(size, 0.1)), reach * 1e-6), vmin=low, vmax=reach)
    return Normalize(low, reach)


def _bar(ax: Axes, mesh: QuadMesh, unit: str, colours: Theme) -> None:
    inside = ax.inset_axes((1.02, 0, 0.02, 1))
    inside.set_facecolor(colours.paper)
    bar = ax.get_figure(root=True).colorbar(mesh, cax=inside, format=FuncFormatter(lambda value, _: number(value)))  # type: ignore[union-attr]  # an Axes always has a figure
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=colours.soft, labelsize=TICK, length=0)
    bar.set_label(unit, color=colours.soft, fontsize=TICK)


# --- histograms -------------------------------------------------------------------------------------------------------


def histogram(payload: HistogramView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own: size and sign upwards, steps to the right.

    The stronger the colour, the larger the share of the array's numbers. Sizes that occur nowhere are left out.
    """
    n = len(payload.panels)
    columns = n if n < 4 else 2 if n == 4 else 3
    rows = -(-n // max(columns, 1))
    ax = figure(max(3.4 * columns, 6.4), 1.6 + 2.8 * rows) if ax is None else ax
    colours = theme(dark)
    head(
        ax, colours, payload.title, [payload.sentence], x_label="step" if len(payload.steps) > 1 else "share of numbers"
    )
    ax.grid(False)
    used = _used(payload)
    for k, (counts, part) in enumerate(zip(payload.panels, panels(ax, n, columns, below=0.3), strict=True)):
        if n > 1:
            dress_panel(part, colours, counts.name)
        _draw(part, payload, counts, used, colours, names=k % columns == 0)
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _used(payload: HistogramView) -> tuple[int, int]:
    """First and last bin of magnitude that holds a number, anywhere."""
    bins = len(payload.edges)
    total = np.zeros(2 * bins)
    for counts in payload.panels:
        total += np.array(counts.counts, np.float64).sum(axis=0)
    held = np.flatnonzero(total[bins:] + total[:bins][::-1])
    return (int(held[0]), int(held[-1])) if len(held) else (0, bins - 1)


def _draw(
    ax: Axes, payload: HistogramView, counts: Counts, used: tuple[int, int], colours: Theme, *, names: bool
) -> None:
    bins, (low, high) = len(payload.edges), used
    table = np.array(counts.counts, np.float64)
    bad = np.array(counts.not_finite, np.float64)
    whole = table.sum(axis=1) + np.array(counts.zero, np.float64) + bad
    rows = np.concatenate((table[:, bins - 1 - high : bins - low], table[:, bins + low : bins + high + 1]), axis=1)
    half = high - low + 1
    share = np.divide(rows, whole[:, None], out=np.zeros_like(rows), where=whole[:, None] > 0)
    edges = _edges(payload.steps)
    places = np.arange(-half, half + 1)
    if len(edges) == 2:
        ax.barh(places[:-1] + 0.5, share[0], height=0.9, color=colours.first, gid="bars")
    else:
        ax.pcolormesh(
            edges, places, share.T, cmap=colours.ramp(colours.first), rasterized=True, gid="cells",
            norm=PowerNorm(0.5, 0, max(float(share.max(initial=0.0)), 1e-12)),
        )  # fmt: skip
        step_axis(ax, int(edges[0]), int(edges[-1]))
    ax.grid(False)
    ax.axhline(0, color=colours.soft, linewidth=0.8)
    decades = [k for k in range(low, high + 1) if k > 0 and (k - 1) % 4 == 0]
    decades = [k for k in decades if k - low > 0.2 * half][:: -(-len(decades) // 3)]
    ticks_above = [(k - low, short(f"{payload.edges[k]:.0e}").replace("-", "−")) for k in decades]
    middle = short(f"{payload.edges[low]:.0e}" if low else f"{payload.edges[1]:.0e}").replace("-", "−")
    ticks = [(-at, f"−{edge}") for at, edge in ticks_above] + [(0, f"± {middle}")] + ticks_above
    ax.set_yticks([at for at, _ in ticks], [words if names else "" for _, words in ticks])
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=len(edges) > 2))
    for step, lost in zip(payload.steps, bad, strict=True):
        if lost and len(edges) > 2:
            ax.axvline(step, color=colours.alarm, linewidth=1.2, gid="bad")
    zeros = np.nanmax(np.array(counts.zero, np.float64) / np.maximum(whole, 1), initial=0.0)
    if zeros > 0:
        ax.text(0.98, 0.97, f"up to {zeros:.0%} zeros", transform=ax.transAxes, ha="right", va="top",
                color=colours.soft, fontsize=TICK - 1,
                bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 1.0, "alpha": 0.85})  # fmt: skip
