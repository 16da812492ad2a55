"""The ways down a surface on its map; on a figure of its own with the values beside it, and in words what happened."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from downslope.views.payload import DescentView, SurfaceView
from downslope.views.plot.clip import clipped, first_outside, parts
from downslope.views.plot.heights import heights
from downslope.views.plot.marks import draw_arrows, draw_dots, draw_ends, draw_names
from downslope.views.plot.style import FONTS, SERIES, TICK, TITLE, series, theme
from downslope.views.plot.surface import draw_map, draw_minima, size
from downslope.views.text import number


def descent(payload: DescentView, ax: Axes | None = None, *, dark: bool = False, is_still: bool = True) -> Axes:
    """Draw map and paths into ``ax``; without one into a figure of its own, with the values and the words beside.

    is_still: with the steps, arrows and ends; an animation draws these itself.
    """
    below = None
    if ax is None:
        ax, beside, below = _panels(payload.surface)
        heights(payload, beside, dark=dark)
    inches = ax.get_figure(root=True).get_size_inches()[0] - 1.2  # type: ignore[union-attr]  # it always has one
    draw_map(payload.surface, ax, payload.title, _below(payload, int(inches / 0.07)), dark)
    ax.title.set_fontsize(min(TITLE, TITLE * inches / (0.105 * len(payload.title))))
    colours = theme(dark)
    lines = []
    for k, path in enumerate(payload.paths):
        until, colour, style = first_outside(path), series(k, dark), "-" if k < len(SERIES) else (0, (4, 2))
        line, rest = (clipped(part, payload.surface.domain) for part in parts(path, until))
        lines.append(line)
        ax.plot(*line.T, color=colour, linewidth=1.3, linestyle=style, solid_joinstyle="round", gid=f"path{k}")
        if is_still:
            ax.plot(*rest.T, color=colour, linewidth=0.8, alpha=0.35, gid=f"later{k}")
            draw_dots(ax, payload.surface, path, colour, colours, alone=len(payload.paths) == 1)
    draw_minima(ax, payload.surface, colours)
    if is_still:
        draw_ends(ax, payload, colours, dark)
        if len(payload.paths) == 1:
            draw_arrows(ax, payload, dark)
        else:
            draw_names(ax, payload, lines, colours, dark)
    if below is not None:
        has_arrows = any(words.get_gid() == "downhill" for words in ax.texts)
        _in_words(payload, below, dark=dark, is_still=is_still, has_arrows=has_arrows)
    return ax


def _panels(payload: SurfaceView) -> tuple[Axes, Axes, Axes]:
    """Axes for the map, the values and the words, placed in inches so that the map keeps its scale."""
    wide, high = size(payload.domain)
    left, bottom, head, gap, side, right = 0.75, 0.65, 0.85, 0.95, 3.3, 0.3
    full = max(high, 3.9)
    whole = Figure(figsize=(left + wide + gap + side + right, bottom + full + head))
    across, up = whole.get_size_inches()

    def place(x: float, y: float, width: float, height: float) -> Axes:
        return whole.add_axes((x / across, y / up, width / across, height / up))

    x = left + wide + gap
    words = 1.85
    return (
        place(left, bottom + full - high, wide, high),
        place(x, bottom + words + 0.45, side, full - words - 0.75),
        place(x, bottom, side, words - 0.15),
    )


def _below(payload: DescentView, room: int) -> str:
    """The formula, and the exact limit of the rate where there is one, in about ``room`` characters."""
    lines = []
    if len(payload.paths) == 1 and payload.paths[0].limit is not None:
        limit = payload.paths[0].limit
        if limit.limit is None:
            lines.append("no rate is stable: the surface curves down")
        else:
            lines.append(f"stable below lr = {limit.constant:.4g}/λmax = {limit.limit:.6g}, exactly")
    room = max(room - sum(map(len, lines)) - 5, 20)
    return "     ".join([textwrap.shorten(payload.surface.formula, room, placeholder=" …"), *lines])


def _in_words(payload: DescentView, ax: Axes, *, dark: bool, is_still: bool, has_arrows: bool) -> None:
    """What happened, in lines: of one path with its reasons, of several one line each."""
    colours = theme(dark)
    ax.axis("off")
    lines: list[tuple[str, str]] = []
    if is_still and len(payload.paths) == 1:
        (path,) = payload.paths
        lines += [(line, colours.ink) for line in _fold(f"{path.verdict}: {path.because}")]
        if path.limit is not None:
            lines += [("", colours.soft), *((line, colours.soft) for line in _fold(path.limit.sentence))]
        arrows = "blue arrows: downhill, −gradient, at the first steps"
        lines += [("", colours.soft), (arrows, series(1, dark))] if has_arrows else []
    elif is_still:
        for k, path in enumerate(payload.paths):
            end = number(path.values[-1])
            for line in _fold(f"{path.label}: {path.verdict}, value {end}"):
                lines.append((line, series(k, dark)))
    most = 12
    if is_still:
        star = "   star: known minimum" if payload.surface.minima else ""
        lines += [("", colours.soft), (f"ring: start   square: end{star}", colours.soft)]
    lines = lines if len(lines) <= most else [*lines[: most - 1], ("…", colours.soft)]
    for k, (line, colour) in enumerate(lines):
        ax.annotate(
            line, (0, 1), xycoords="axes fraction", xytext=(0, -11 * k), textcoords="offset points", va="top",
            fontsize=TICK - 0.5, color=colour, fontfamily=FONTS[0], parse_math=False,
        )  # fmt: skip


def _fold(words: str) -> list[str]:
    return textwrap.wrap(words, 52, break_on_hyphens=False)
