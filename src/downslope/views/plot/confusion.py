"""The confusion matrix: hits in blue, mistakes in orange, each as strong as its share of the true class."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from downslope.views.payload import ConfusionMatrix
from downslope.views.plot.style import TICK, Theme, dress, figure, notes, theme
from downslope.views.text import shortened

Numbers: TypeAlias = NDArray[np.float64]

FEW = 12
"""From more classes on, names and counts are smaller."""


def confusion(payload: ConfusionMatrix, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own whose size goes with the number of classes."""
    side = max(3.0, min(0.55 * len(payload.classes), 3.5 + 0.17 * len(payload.classes)))
    ax = figure(side + 2.4, side + 1.5) if ax is None else ax
    colours = theme(dark)
    share = f"{payload.right:,} of {payload.n:,} {payload.part} rows right"
    if payload.n:
        share += f" ({payload.right / payload.n:.1%})"
    label = f"predicted {payload.target}"
    dress(ax, colours, title=payload.title, below=share, x_label=label, y_label=f"true {payload.target}")
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    counts = np.array(payload.counts, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    ax.imshow(_paint(shares, colours), interpolation="nearest", aspect="equal")
    _lines(ax, len(counts), colours)
    _names(ax, payload, colours)
    _numbers(ax, counts, shares, colours)
    notes(ax, colours, [event.text for event in payload.events])
    return ax


def _paint(shares: Numbers, colours: Theme) -> Numbers:
    """Colour of every cell, (k, k, 4). A square root, because a mistake in two of a hundred rows must be seen."""
    strength = np.where(shares > 0, 0.14 + 0.71 * np.sqrt(shares), 0.0)
    hits, misses = colours.ramp(colours.first)(strength), colours.ramp(colours.second)(strength)
    return np.where(np.eye(len(shares), dtype=bool)[:, :, None], hits, misses)


def _lines(ax: Axes, k: int, colours: Theme) -> None:
    """Thin lines between the cells, so that a row can be followed across many of them."""
    edges = np.arange(k + 1) - 0.5
    ax.hlines(edges, -0.5, k - 0.5, color=colours.faint, linewidth=0.6)
    ax.vlines(edges, -0.5, k - 0.5, color=colours.faint, linewidth=0.6)


def _names(ax: Axes, payload: ConfusionMatrix, colours: Theme) -> None:
    names = shortened(payload.classes, 16)
    k = len(names)
    size = TICK if k <= FEW else 7.0
    cell = ax.bbox.width / k / (ax.figure.dpi / 72)  # in points; a letter is about 0.6 of its size wide
    lies = max(map(len, names)) * 0.65 * size < cell
    ax.set_xticks(range(k), names, rotation=0 if lies else 45, ha="center" if lies else "right", rotation_mode="anchor")
    ax.set_yticks(range(k), names)
    ax.tick_params(labelsize=size, labelcolor=colours.ink)


def _numbers(
    ax: Axes,
    counts: Numbers,
    shares: Numbers,
    colours: Theme,
) -> None:
    """Every count that is not 0, and at the right the share of each class that was recognised."""
    k = len(counts)
    size = TICK if k <= FEW else 5.5
    for i, j in np.argwhere(counts > 0).tolist():
        # Ink on pale cells, paper on strong ones: where the two have the same contrast.
        colour = colours.paper if shares[i, j] > 0.45 else colours.ink
        ax.text(j, i, f"{counts[i, j]:.0f}", ha="center", va="center", color=colour, fontsize=size)
    heads = [("recall", 1.0, "axes fraction", 10, TICK)]
    heads += [(f"{shares[i, i]:.0%}", i, "data", 0, min(size + 1, TICK)) for i in range(k) if counts[i].any()]
    for words, y, system, up, points in heads:
        ax.annotate(
            words,
            (1, y),
            xycoords=("axes fraction", system),
            xytext=(8, up),
            textcoords="offset points",
            va="baseline" if up else "center",
            color=colours.first,
            fontsize=points,
        )
