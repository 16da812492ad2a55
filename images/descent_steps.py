"""The steps of gradient descent at three learning rates: on the map, as losses, and the first step in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

import downslope as ds
from downslope import views
from downslope.views.plot.clip import clipped
from downslope.views.plot.style import FONTS, dress, power, series, short, theme

FORMULA = "0.3 * (x + y)**2 + 1.2 * (x - y)**2"
SHOWN = "L(x, y) = 0.3 (x + y)² + 1.2 (x − y)²"
DOMAIN, START, STEPS = ((-5.0, 3.0), (-4.5, 3.5)), (-4.2, -2.4), 20
RATES = (("too small", 0.03, 1), ("well chosen", 0.3, 2), ("too large", 0.43, 0))  # words, rate, place of its colour
WIDE, HIGH = 10.0, 6.9
ARROWED, APART = 4, 0.9  # steps whose gradient is drawn as an arrow, where they are so far apart
MINIMUM = (0.0, 0.0)  # both squares are 0 there, and nowhere else


def paths() -> list[Any]:
    """The three descents of one surface from one start."""
    surface = ds.surfaces.formula(FORMULA, DOMAIN, start=START, name="L")
    return [ds.descend(surface, ds.optim.gradient_descent(rate), steps=STEPS) for _, rate, _ in RATES]


def descent_steps(found: list[Any], until: int = STEPS) -> Figure:
    """The picture of the three descents up to a step."""
    whole = Figure(figsize=(WIDE, HIGH))
    whole.set_facecolor(theme(False).paper)
    ink, soft = theme(False).ink, theme(False).soft

    def place(x: float, y: float, wide: float, high: float) -> Axes:
        return whole.add_axes((x / WIDE, y / HIGH, wide / WIDE, high / HIGH))

    def say(y: float, words: str, size: float, colour: str, **more: Any) -> None:
        whole.text(
            0.3 / WIDE, y / HIGH, words, fontsize=size, color=colour, fontfamily=FONTS[0], parse_math=False, **more
        )

    say(HIGH - 0.36, "Gradient descent: step after step against the gradient", 15, ink, fontweight="bold")
    say(HIGH - 0.64, f"{SHOWN}. Each step: new point = point − rate × gradient", 10.5, soft)
    for k, (path, (words, rate, colour)) in enumerate(zip(found, RATES, strict=True)):
        draw_one(place(0.45 + 3.2 * k, 3.15, 2.75, 2.75), path, f"{words}: rate {rate:g}", colour, until, first=k == 0)
    losses(place(0.85, 0.62, 4.6, 1.95), found, until)
    numbers(place(6.4, 0.45, 3.4, 2.1), found[1], until)
    return whole


def draw_one(ax: Axes, path: Any, title: str, colour: int, until: int, *, first: bool) -> None:
    """One descent on the map: contours, steps, and the direction against the gradient at the first of them."""
    colours, paint = theme(False), series(colour, False)
    contours(ax, path.surface)
    ax.set_title(title, loc="left", fontsize=11, color=paint, fontweight="bold", fontfamily=FONTS[0], pad=5)
    ax.set_xlabel("x", fontsize=9, color=colours.soft, labelpad=0)
    ax.set_ylabel("y" if first else "", fontsize=9, color=colours.soft, labelpad=0)
    points = np.asarray(path.points)[: until + 1]
    line = clipped(points, (*DOMAIN[0], *DOMAIN[1]))
    ax.plot(*line.T, color=paint, linewidth=1.5, zorder=5, solid_joinstyle="round")
    ax.plot(*points[1:].T, "o", color=paint, markersize=4, markeredgecolor=colours.paper, markeredgewidth=0.6, zorder=6)
    ax.plot(*points[0], "o", color=colours.paper, markersize=8, markeredgecolor=paint, markeredgewidth=1.8, zorder=7)
    last = None
    for at, gradient in list(zip(points, path.gradients, strict=False))[:ARROWED]:
        if last is not None and np.hypot(*(at - last)) < APART:  # arrows on top of each other say nothing
            continue
        last, tip = at, at - 1.15 * np.asarray(gradient) / np.hypot(*gradient)
        style = {"arrowstyle": "-|>", "color": colours.ink, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", tuple(tip), tuple(at), arrowprops=style, zorder=8)
    ax.text(
        0.97, 0.03, short(f"loss {path.values[until]:.2g}"), transform=ax.transAxes, ha="right", va="bottom",
        color=paint, fontweight="bold", fontsize=9.5,
        bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 2.5, "alpha": 0.85},
    )  # fmt: skip


def contours(ax: Axes, surface: Any) -> None:
    """The surface in bands, the darker the higher, and a star at its minimum."""
    colours = theme(False)
    dress(ax, colours, title="", x_label="", y_label="")
    ax.grid(False)
    view = views.surface_view(surface, n=33)
    z = np.array(view.z)
    levels = np.geomspace(0.25, 40, 9)
    paint = colours.ramp(colours.first)(np.linspace(0.03, 0.42, len(levels) + 1))
    ax.contourf(view.x, view.y, z, levels=[0.0, *levels, 1e3], colors=paint)
    ax.contour(view.x, view.y, z, levels=levels, colors=[colours.paper], linewidths=0.8)
    ax.set_aspect("equal")
    ax.set_xticks([-4, -2, 0, 2], ["−4", "−2", "0", "2"])
    ax.set_yticks([-4, -2, 0, 2], ["−4", "−2", "0", "2"])
    ax.scatter(*MINIMUM, marker="*", s=120, color=colours.ink, edgecolors=colours.paper, linewidths=0.8, zorder=8)


def losses(ax: Axes, found: list[Any], until: int) -> None:
    """The loss after each step, on a logarithmic scale, each line with its name at its end."""
    colours = theme(False)
    dress(ax, colours, title="", x_label="step", y_label="")
    ax.set_title("The loss after each step", loc="left", fontsize=11, color=colours.ink, fontweight="bold", pad=6)
    ax.set_yscale("log")
    ax.set_xlim(0, STEPS)
    ax.set_ylim(1e-7, 300)
    ax.set_xticks(range(0, STEPS + 1, 5))
    ax.yaxis.set_major_locator(LogLocator(numticks=6))
    ax.yaxis.set_major_formatter(FuncFormatter(power))
    ax.yaxis.set_minor_formatter(NullFormatter())
    for path, (words, _, colour) in zip(found, RATES, strict=True):
        values, paint = np.asarray(path.values)[: until + 1], series(colour, False)
        ax.plot(values, color=paint, linewidth=1.7, marker="o", markersize=2.6, clip_on=False)
        if until == STEPS:
            ax.annotate(words, (STEPS, values[-1]), xytext=(7, 0), textcoords="offset points", va="center",
                        fontsize=9.5, color=paint, annotation_clip=False)  # fmt: skip


def numbers(ax: Axes, path: Any, until: int) -> None:
    """The step that leads to the point ``until``, in numbers, and the limit of the rate."""
    colours = theme(False)
    ax.axis("off")
    k = 1 if until in (0, STEPS) else until
    rate, at, g, to = RATES[1][1], path.points[k - 1], path.gradients[k - 1], path.points[k]

    def two(pair: Any) -> str:
        return f"({pair[0]:.3f}, {pair[1]:.3f})".replace("-", "−")

    strong = series(RATES[1][2], False)
    ax.text(0, 0.97, f"Step {k} at rate {rate:g}, in numbers", fontsize=11, color=colours.ink, fontweight="bold",
            fontfamily=FONTS[0], va="top", transform=ax.transAxes)  # fmt: skip
    for row, (name, value, colour) in enumerate((
        ("point", two(at), colours.ink),
        ("gradient", two(g), colours.ink),
        ("rate × gradient", two(rate * np.asarray(g)), colours.ink),
        ("new point", two(to), strong),
        ("loss", f"{path.values[k - 1]:.4g} → {path.values[k]:.4g}", strong),
    )):  # fmt: skip
        style: Any = {"fontsize": 9.5, "color": colour, "va": "top", "transform": ax.transAxes, "fontfamily": FONTS[0]}
        weight = "bold" if colour == strong else "normal"
        ax.text(0, 0.845 - 0.125 * row, name, fontweight=weight, **style)
        ax.text(0.4, 0.845 - 0.125 * row, value, fontweight=weight, **style)
    for row, line in enumerate((
        "arrows: against the gradient, straight downhill",
        "ring: start · star: minimum",
        f"rates above 2 / λmax = {path.stability.limit:.4f} diverge here",
    )):  # fmt: skip
        ax.text(0, 0.19 - 0.1 * row, line, fontsize=9, color=colours.soft, va="top", transform=ax.transAxes)
