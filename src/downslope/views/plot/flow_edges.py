"""The edges of a network's picture: coloured by their gradient, as thick as their weight, with numbers on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from downslope.views.network_payload import Wire
from downslope.views.plot.flow_layout import along
from downslope.views.plot.flow_pen import NEGATIVE, POSITIVE, Pen
from downslope.views.plot.flow_words import fmt


def draw_edges(pen: Pen, wire: Wire) -> None:
    """The lines between two layers, with their numbers where there is room."""
    left, right = pen.at.x[wire.source] + pen.at.wide / 2, pen.at.x[wire.target] - pen.at.wide / 2
    if not wire.weights:
        _bundle(pen, wire, left, right)
        return
    source, target = pen.at.y[wire.source], pen.at.y[wire.target]
    segments = [[(left, y), (right, z)] for y in source for z in target]
    weights = _flat(wire.weights)
    widest = float(np.nanmax(np.abs(weights), initial=0.0)) or 1.0
    thick = (0.7, 2.6) if pen.at.roomy else (0.35, 1.4)
    widths = thick[0] + (thick[1] - thick[0]) * np.nan_to_num(np.abs(weights)) / widest
    lines = LineCollection(
        segments,
        colors=_edge_colours(pen, wire),
        linewidths=widths * pen.scale,
        gid=f"wire{wire.target}",
        zorder=1,
    )
    pen.ax.add_collection(lines)
    t = along(wire, pen.at)
    if t is not None:
        for i, y in enumerate(source):
            for j, z in enumerate(target):
                _numbers(pen, wire, i, j, left + t * (right - left), y + t * (z - y))


def _edge_colours(pen: Pen, wire: Wire) -> list[Any]:
    """By sign and size against the largest of all edges, on a scale of roots so that small ones can be seen."""
    n = len(wire.weights) * len(wire.weights[0])
    if not pen.is_all and pen.stage == wire.target:  # values go through them now
        return [to_rgba(pen.colours.first, 0.9)] * n
    if not pen.is_all and not pen.updated and pen.has_loss and pen.backward == wire.source:  # so do errors
        return [to_rgba(pen.colours.second, 0.9)] * n
    if (wire.target < pen.backward and pen.colour != "weight") or (pen.colour == "update" and not pen.updated):
        return [to_rgba(pen.colours.soft, 0.45)] * n
    values = _flat(_of(pen, wire))
    largest = max((float(np.nanmax(np.abs(_flat(_of(pen, each))), initial=0.0)) for each in pen.payload.wires if
                   each.weights), default=0.0) or 1.0  # fmt: skip
    part = np.sign(values) * np.maximum((np.abs(values) / largest) ** 0.5, 0.25 * (values != 0))
    return [pen.colours.alarm if not np.isfinite(p) else pen.ramp(0.5 + p / 2) for p in part]


def _of(pen: Pen, wire: Wire) -> Any:
    return {"gradient": wire.gradients, "weight": wire.weights, "update": wire.updates}[pen.colour]


def _numbers(pen: Pen, wire: Wire, i: int, j: int, x: float, y: float) -> None:
    """Weight, and below it the gradient, or the weight after the update."""
    weight, gradient = wire.weights[i][j], wire.gradients[i][j]
    box = pen.on_paper()
    known = wire.target >= pen.backward
    lift = 0.085 if known else 0.0
    pen.say(x, y + lift, f"w {fmt(weight)}", pen.colours.ink, 8.5, bbox=box, gid="weight", zorder=3)
    if pen.updated and not pen.is_all and weight is not None and wire.updates[i][j] is not None:
        words, paint = f"→ {fmt(weight + (wire.updates[i][j] or 0.0))}", pen.colours.ink
    elif known:
        paint = pen.colours.alarm if gradient is None else (POSITIVE if gradient > 0 else NEGATIVE)[pen.dark]
        words = f"g {fmt(gradient)}"
    else:
        return
    pen.say(x, y - lift, words, paint, 8.5, bbox=box, gid="gradient", zorder=3)


def _bundle(pen: Pen, wire: Wire, left: float, right: float) -> None:
    """A layer that is no matrix: one arrow with its kind."""
    y = pen.at.middle
    style = {"arrowstyle": "-|>", "color": pen.colours.soft, "linewidth": 1.2 * pen.scale}
    pen.ax.annotate("", (right, y), (left, y), arrowprops=style)
    pen.say((left + right) / 2, y + 0.14, wire.text, pen.colours.soft, 8)


def draw_to_loss(pen: Pen) -> None:
    """From each output to the loss, with its target where there is room."""
    k = len(pen.payload.layers) - 1
    start, end, middle = pen.at.x[k] + pen.at.wide / 2, pen.at.x[-1] - 0.42, pen.at.middle
    for y, unit in zip(pen.at.y[k], pen.payload.layers[k].units, strict=True):
        paint, thick = pen.colours.soft if pen.has_loss else pen.colours.faint, 0.9
        if not pen.is_all and pen.stage in (k + 1, k + 2):
            paint, thick = (pen.colours.first if pen.stage == k + 1 else pen.colours.second), 1.8
        pen.ax.plot([start, end], [y, middle], color=paint, linewidth=thick * pen.scale, alpha=0.8, zorder=1)
        if pen.at.roomy and unit.target is not None:
            x, height = start + 0.52 * (end - start), y + 0.52 * (middle - y)
            box = pen.on_paper()
            pen.say(x, height, f"target {fmt(unit.target)}", pen.colours.soft, 8, bbox=box, gid="target", zorder=3)


def _flat(matrix: Any) -> Any:
    return np.array(matrix, dtype=np.float64).ravel()
