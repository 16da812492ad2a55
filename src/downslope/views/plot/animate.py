"""The ways down a surface as an animation.

The map is drawn once; a frame adds the paths up to a step, and what the value was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

from downslope.views.payload import DescentView
from downslope.views.plot.clip import first_outside
from downslope.views.plot.descent import descent
from downslope.views.plot.film import ending_of, endings as endings, write
from downslope.views.plot.style import TICK, series, theme
from downslope.views.text import number

MOST_FRAMES = 120
SECONDS = 8.0  # at most, for all steps
LAST = 2500  # milliseconds that the last frame stands
DPI = 76
TRAIL = 6
COLOURS = 128  # of a GIF's palette, beside those of the lines


def animation(
    payload: DescentView, path: Path, *, dark: bool = False, progress: Callable[[int, int], None] | None = None
) -> list[int]:
    """Write the animation to a file that ends in .gif, .avif or .mp4; the steps that have a frame, at most 120.

    progress: is told after each frame how many are drawn, and of how many. Errors: SettingError ``animation-ending``,
    ``animation-package``.
    """
    ending_of(path)
    steps = frame_steps(max(each.n_steps for each in payload.paths))
    frames = []
    for frame in _frames(payload, steps, dark):
        frames.append(frame)
        if progress is not None:
            progress(len(frames), len(steps))
    pause = round(min(1000 * SECONDS / len(steps), 250) / 10) * 10  # a GIF counts hundredths of a second
    pauses = [pause] * (len(frames) - 1) + [LAST]
    write(frames, path, pauses, _palette(frames[-1], [series(k, dark) for k in range(len(payload.paths))], dark))
    return steps


def _palette(frame: Image.Image, lines: list[str], dark: bool) -> Image.Image:
    """One palette for all frames, or the map would flicker: the map's colours, and those of the lines to the letter,
    pure and half mixed with the paper as their edges are; few pixels have these, so counting would leave them out."""
    counted = frame.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).getpalette() or []
    colours = theme(dark)
    paper = np.array(to_rgb(colours.paper))
    exact = [np.array(to_rgb(colour)) for colour in (colours.paper, colours.ink, *lines)]
    mixed = [part * colour + (1 - part) * paper for colour in exact[1:] for part in (0.7, 0.4)]
    forced = [round(255 * float(number)) for colour in (*exact, *mixed) for number in colour]
    image = Image.new("P", (1, 1))
    image.putpalette((forced + counted)[: 3 * 256])
    return image


def frame_steps(n_steps: int) -> list[int]:
    """The steps that are shown: all of a short path, else an even part of them with the first and the last.

    >>> frame_steps(3), len(frame_steps(5000)), frame_steps(5000)[-1]
    ([0, 1, 2, 3], 120, 5000)
    """
    return [int(step) for step in np.linspace(0, n_steps, min(n_steps + 1, MOST_FRAMES)).round()]


def _frames(payload: DescentView, steps: list[int], dark: bool) -> Iterator[Image.Image]:
    ax = descent(payload, dark=dark, is_still=False)
    figure: Any = ax.get_figure(root=True)
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)
    beside = figure.axes[1]
    moving = [_Moving(payload, k, ax, beside, dark) for k in range(len(payload.paths))]
    words = _words(figure.axes[2], payload, dark)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    for step in steps:
        canvas.restore_region(background)
        for one in moving:
            one.draw(step)
        for line, told in zip(words, _told(payload, step), strict=True):
            line.set_text(told)
            line.axes.draw_artist(line)
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


class _Moving:
    """One path and its curve of values, drawn up to a step."""

    def __init__(self, payload: DescentView, k: int, ax: Axes, beside: Axes, dark: bool) -> None:
        self.steps = np.array(payload.paths[k].steps)
        self.points = np.array(payload.paths[k].points, dtype=np.float64)
        self.points[~(np.abs(self.points) < 1e6 * max(map(abs, payload.surface.domain)))] = np.nan
        self.until = first_outside(payload.paths[k])
        self.ax, self.beside = ax, beside
        colours, colour = theme(dark), series(k, dark)
        self.line = _named(ax, f"path{k}")
        self.curve = _named(beside, f"value{k}")
        self.heights = np.array(self.curve.get_ydata(), dtype=np.float64)
        style: dict[str, Any] = {
            "marker": "o",
            "markersize": 7,
            "color": colour,
            "markeredgecolor": colours.paper,
            "animated": True,
        }
        (self.head,) = ax.plot([], [], zorder=7, **style)
        (self.mark,) = beside.plot([], [], zorder=7, clip_on=False, **style)
        for line in (self.line, self.curve):
            line.set_animated(True)

    def draw(self, step: int) -> None:
        """Into the canvas, on top of what is there."""
        k = int(np.searchsorted(self.steps, step, side="right"))
        # Once it has left the map only the last steps trail behind: a path that swings out would fill the map.
        gone = np.full((1, 2), np.nan)
        trail = (self.points[: self.until + 1], gone, self.points[max(self.until, k - TRAIL) : k])
        self.line.set_data(*(np.concatenate(trail) if k > self.until + 1 else self.points[:k]).T)
        self.head.set_data(*self.points[k - 1 : k].T)
        self.curve.set_data(self.steps[:k], self.heights[:k])
        self.mark.set_data(self.steps[k - 1 : k], self.heights[k - 1 : k])
        for line, ax in (
            (self.line, self.ax),
            (self.head, self.ax),
            (self.curve, self.beside),
            (self.mark, self.beside),
        ):
            ax.draw_artist(line)


def _named(ax: Axes, gid: str) -> Any:
    return next(line for line in ax.lines if line.get_gid() == gid)


def _words(ax: Axes, payload: DescentView, dark: bool) -> list[Any]:
    """A line for the step, and one for each path in its colour."""
    colours = [theme(dark).ink, *(series(k, dark) for k in range(len(payload.paths)))]
    return [
        ax.annotate(
            "", (0, 1), xycoords="axes fraction", xytext=(0, -14 * k), textcoords="offset points", va="top",
            fontsize=TICK, color=colour, animated=True, parse_math=False,
        )
        for k, colour in enumerate(colours)
    ]  # fmt: skip


def _told(payload: DescentView, step: int) -> list[str]:
    """The step, and every path's value there; at its end what happened to it."""
    lines = [f"step {step:,}"]
    for path in payload.paths:
        k = int(np.searchsorted(path.steps, step, side="right")) - 1
        end = f", {path.verdict}" if step >= path.n_steps else ""
        lines.append(f"{path.label}: {number(path.values[k])}{end}")
    return lines
