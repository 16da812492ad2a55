"""The flow of a network: values from left to right, the loss, error signals from right to left, and the update.

Sizes are in inches of a figure of its own; in an Axes that is given all of it shrinks together.
"""

from __future__ import annotations

from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from downslope.errors import SettingError, nearest
from downslope.views.network_payload import NetworkView, Unit, UnitLayer
from downslope.views.plot.flow_edges import draw_edges, draw_to_loss
from downslope.views.plot.flow_layout import Layout, layout
from downslope.views.plot.flow_pen import NEGATIVE, POSITIVE, Pen
from downslope.views.plot.flow_words import backward_words, equations, fmt, forward_words
from downslope.views.plot.style import FONTS, theme

Colour = Literal["gradient", "weight", "update"]
COLOURS = ("gradient", "weight", "update")
FADED = 0.18  # of what has not come yet


def flow(
    payload: NetworkView,
    ax: Axes | None = None,
    *,
    dark: bool = False,
    colour: Colour = "gradient",
    stage: int | None = None,
) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own.

    colour: what the edges are coloured by. stage: how far the step has come, a place in ``flow_pen.stages``; None shows
    all of it. Errors: SettingError ``flow-colour``.
    """
    if colour not in COLOURS:
        raise SettingError(
            "flow-colour",
            f"colour={colour!r}",
            where="ds.plot.flow(colour=...)",
            why="an edge has a weight, a gradient and an update",
            do=nearest(str(colour), COLOURS),
        )
    places = layout(payload)
    ax = _own_axes(places) if ax is None else ax
    pen = Pen(ax, payload, places, theme(dark), dark, colour, stage)
    pen.frame()
    for wire in payload.wires:
        draw_edges(pen, wire)
    draw_to_loss(pen)
    for k, layer in enumerate(payload.layers):
        _head(pen, k, layer)
        for i, unit in enumerate(layer.units):
            _unit(pen, k, i, unit)
    _loss(pen)
    _words(pen)
    return ax


def _own_axes(places: Layout) -> Axes:
    wide, high = places.size
    whole = Figure(figsize=(wide + 0.3, high + 0.5))
    return whole.add_axes((0.15 / (wide + 0.3), 0.08 / (high + 0.5), wide / (wide + 0.3), high / (high + 0.5)))


def _head(pen: Pen, k: int, layer: UnitLayer) -> None:
    """Above a column what it is; below it how many units are folded away."""
    top = pen.at.y_range[1] + pen.at.high / 2
    words = f"{layer.label} · {layer.activation}" if layer.activation else layer.label
    pen.say(pen.at.x[k], top + 0.32, words, pen.colours.ink, 9.5, fontweight="bold")
    hidden = layer.n - len(layer.units)
    if hidden:
        low = pen.at.y[k][-1] - pen.at.high / 2
        pen.say(pen.at.x[k], low - 0.13, f"+ {hidden:,} more of {layer.n:,}", pen.colours.soft, 8, gid="folded")


def _unit(pen: Pen, k: int, i: int, unit: Unit) -> None:
    """A box in two halves: above the value that goes forward, below the error signal that comes back."""
    x, y, wide, high = pen.at.x[k], pen.at.y[k][i], pen.at.wide, pen.at.high
    has_value, has_error = k < pen.forward, k >= pen.backward and k > 0
    outline = FancyBboxPatch(
        (x - wide / 2, y - high / 2), wide, high, boxstyle="round,pad=0,rounding_size=0.1",
        facecolor=pen.colours.paper, edgecolor=pen.colours.soft, linewidth=0.9 * pen.scale, zorder=4,
    )  # fmt: skip
    pen.ax.add_patch(outline)
    share = 1.0 if k == 0 else 0.5
    for on, low, tall, paint in (
        (has_value, y + high / 2 - share * high, share * high, pen.colours.first),
        (has_error, y - high / 2, 0.5 * high, pen.colours.second),
    ):
        if on:
            tint = to_rgba(paint, 0.26 if pen.dark else 0.16)
            half = Rectangle((x - wide / 2, low), wide, tall, facecolor=tint, linewidth=0, zorder=5)
            pen.ax.add_patch(half)
            half.set_clip_path(outline)
    digits = 4 if pen.at.roomy else 3
    size = 9.5 if pen.at.roomy else 7.5
    blue, orange = (_strong(pen.colours.first, pen.dark), _strong(pen.colours.second, pen.dark))
    if has_value:
        at = y if k == 0 else y + high / 4
        pen.say(x, at, fmt(unit.value, digits), blue, size, gid="value", zorder=6, fontweight="bold")
    if has_error:
        pen.say(x, y - high / 4, fmt(unit.error, digits), orange, size, gid="error", zorder=6, fontweight="bold")
    _around(pen, k, x, y, unit, has_error)


def _around(pen: Pen, k: int, x: float, y: float, unit: Unit, has_error: bool) -> None:
    """The unit's name, and below the box its sum and its bias where there is room."""
    if not pen.at.roomy:
        pen.say(x - pen.at.wide / 2 - 0.05, y, _cut(unit.label), pen.colours.soft, 7, ha="right", zorder=6,
                 bbox={"facecolor": pen.colours.paper, "edgecolor": "none", "pad": 0.6, "alpha": 0.8})  # fmt: skip
        return
    pen.say(x, y + pen.at.high / 2 + 0.1, unit.label, pen.colours.ink, 8.5, gid="unit")
    lines = []
    if k < pen.forward and unit.before is not None:
        lines.append(f"z {fmt(unit.before)}" + (f",  dL/dz {fmt(unit.error_before)}" if has_error else ""))
    if unit.bias is not None:
        lines.append(f"b {fmt(unit.bias)}" + (f",  g {fmt(unit.bias_gradient)}" if has_error else ""))
    for row, line in enumerate(lines):
        pen.say(x, y - pen.at.high / 2 - 0.12 - 0.15 * row, line, pen.colours.soft, 7.5, zorder=6)


def _loss(pen: Pen) -> None:
    """The one number that all of it is about."""
    x, y = pen.at.x[-1], pen.at.middle
    paint = pen.colours.ink if pen.has_loss else pen.colours.soft
    pen.ax.add_patch(
        FancyBboxPatch(
            (x - 0.42, y - 0.27), 0.84, 0.54, boxstyle="round,pad=0,rounding_size=0.27",
            facecolor=pen.colours.paper, edgecolor=paint, linewidth=1.4 * pen.scale, zorder=4,
        )
    )  # fmt: skip
    pen.say(x, y + 0.11, "loss L", pen.colours.soft, 8, zorder=6)
    if pen.has_loss:
        pen.say(x, y - 0.09, fmt(pen.payload.loss), paint, 9.5, fontweight="bold", zorder=6, gid="loss")


def _words(pen: Pen) -> None:
    """The two directions as arrows, the update of one weight in numbers, and the legend."""
    high, right = pen.at.size[1], pen.at.x[-1] + 0.42
    left = pen.at.x[0] - pen.at.wide / 2
    first = len(pen.payload.layers)
    _arrow(pen, left, right, high - 0.4, pen.colours.first, forward_words(), pen.stage >= 1)
    low = pen.at.y_range[0] - pen.at.high / 2
    _arrow(pen, right, left, low - 0.55, pen.colours.second, backward_words(), pen.stage > first)
    lines = equations(pen.payload) if pen.updated or pen.is_all else []
    for k, line in enumerate(lines):
        pen.say(left, low - 0.82 - 0.19 * k, line, pen.colours.ink, 8.5, ha="left", gid="equation")
    _legend(pen, left, 0.12)


def _arrow(pen: Pen, start: float, end: float, y: float, paint: str, words: str, on: bool) -> None:
    style = {"arrowstyle": "-|>", "color": paint, "linewidth": 1.6 * pen.scale, "alpha": 1.0 if on else FADED}
    pen.ax.annotate("", (end, y), (start, y), arrowprops=style)
    box = pen.on_paper(2.0) | {"alpha": 1.0}
    pen.say((start + end) / 2, y, words, paint, 8.5, bbox=box, alpha=1.0 if on else FADED)


def _legend(pen: Pen, x: float, y: float) -> None:
    what = {"gradient": "gradient g = dL/dw", "weight": "weight w", "update": "update"}[pen.colour]
    said = [
        (f"edges: {what}", pen.colours.soft),
        ("━ above 0", POSITIVE[pen.dark]),
        ("━ below 0", NEGATIVE[pen.dark]),
        ("stronger: larger;  thicker: larger weight", pen.colours.soft),
    ]
    for event in pen.payload.events[:1]:
        more = f"  and {len(pen.payload.events) - 1} more" if len(pen.payload.events) > 1 else ""
        said.append((event.text + more, pen.colours.alarm))
    before: Any = None
    for words, paint in said:
        if before is None:
            before = pen.say(x, y, words, paint, 8, ha="left", gid="legend")
            continue
        before = pen.ax.annotate(
            words, (1, 0), xycoords=before, xytext=(10 * pen.scale, 0), textcoords="offset points", color=paint,
            fontsize=8 * pen.scale, va="bottom", parse_math=False, fontfamily=FONTS[0], gid="legend",
        )  # fmt: skip


def _strong(paint: str, dark: bool) -> Any:
    """A colour as that of small letters on a tint of itself: darker on light paper."""
    red, green, blue, _ = to_rgba(paint)
    return (red, green, blue) if dark else (0.78 * red, 0.78 * green, 0.78 * blue)


def _cut(label: str) -> str:
    return label if len(label) <= 9 else label[:8] + "…"
