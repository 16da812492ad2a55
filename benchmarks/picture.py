"""The figures as pictures: how many times as long each contender takes, and how the cost grows with the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.contenders import EAGER, IN_PLACE, OURS, SCAN, TRAIN, two
from benchmarks.table import yardstick
from downslope.views.plot.style import LIGHT, TICK, dress, figure, power, save, series

ROWS = {
    "T": "T: 2-8-8-1\nbatch 10, SGD",
    "S": "S: 64-32-10\nbatch 32, Adam",
    "M": "M: 64-256-256-10\nbatch 128, Adam",
    "L": "L: 784-1024-1024-10\nbatch 256, Adam",
    "sweep": "64 runs of S\n200 steps each",
}
LIMITS = ("matrix products alone", "C by hand")
LEVELS = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)  # lines above and below a row's own that a name may stand on
SMALL = 7.5


def best_of(contenders: Mapping[str, Any]) -> dict[str, float]:
    """Contender -> how many times as long as Downslope's machine code, the better of one and of two threads."""
    ours = yardstick(contenders)
    if not ours:
        return {}
    found: dict[str, float] = {}
    for name, each in contenders.items():
        if "best" in each:
            short = name.removesuffix(", 2 threads")
            found[short] = min(found.get(short, np.inf), each["best"] / contenders[ours]["best"])
    return found


def ratios(figures: Mapping[str, Any]) -> Axes:
    """A row for each workload, a dot for each contender, on an axis of ratios."""
    rows = [(name, best_of(figures["steps"][name])) for name in ROWS if name in figures["steps"]]
    rows = [(name, found) for name, found in rows if found]
    ax = figure(9.0, 1.5 + 1.9 * len(rows))  # names of a row stay clear of those of the next
    machine = figures["machine"]
    below = f"best epoch of each, in turns, on {machine['cores']} cores ({machine['processor']}); float32"
    title = "Time of a training step, as a multiple of Downslope's machine code"
    dress(ax, LIGHT, title=title, below=below, x_label="times as long (logarithmic)", y_label="")
    ax.grid(axis="y", visible=False)
    ax.set_xscale("log")
    every = [value for _, found in rows for value in found.values()] or [1.0]
    ax.set_xlim(min(0.5, *every) / 1.5, max(2.0, *every) * 2.5)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [ROWS[name] for name, _ in rows])
    ax.xaxis.set_major_formatter(FuncFormatter(power))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.axvline(1, color=LIGHT.first, linewidth=1.2)
    for y, (_, found) in enumerate(rows):
        ax.axhline(y, color=LIGHT.faint, linewidth=0.8, zorder=0)
        _row(ax, y, found)
    return ax


def _row(ax: Axes, y: int, found: Mapping[str, float]) -> None:
    """Dots, and each name on the nearest line where it covers no other: over its dot, or beginning or ending there."""
    drawn = FigureCanvasAgg(ax.get_figure(root=True)).get_renderer()  # type: ignore[no-untyped-call]  # matplotlib gives no types
    taken: dict[int, list[tuple[float, float]]] = {level: [] for level in LEVELS}
    points = drawn.points_to_pixels(1.0)
    for name, value in sorted(found.items(), key=lambda item: (item[0] != OURS, item[1])):
        is_ours, is_limit = name in (OURS, IN_PLACE, TRAIN), name in LIMITS
        colour = LIGHT.first if is_ours else LIGHT.ink if is_limit else LIGHT.second
        size = 9 if name == OURS else 5
        ax.plot([value], [y], "D" if is_limit else "o", color=colour, markersize=size, gid=name, zorder=3)
        text = ax.annotate(
            "Downslope" if name == OURS else name, (value, y), xytext=(0, 0), textcoords="offset points", ha="center",
            va="center", fontsize=SMALL, color=colour, fontweight="bold" if name == OURS else "normal", gid="name",
            bbox={"facecolor": LIGHT.paper, "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
        half = text.get_window_extent(drawn).width / 2 + 3
        dot = float(ax.transData.transform((value, y))[0])
        places = [(level, shift) for level in LEVELS for shift in (0.0, half - 6, 6 - half)]
        level, shift = next((p for p in places if _is_free(taken[p[0]], dot + p[1], half)), places[-1])
        taken[level].append((dot + shift - half, dot + shift + half))
        text.xyann = (shift / points, 3 + 10 * level if level > 0 else -3 + 10 * level)
        if abs(level) > 1:
            ax.annotate("", (value, y), xytext=(0, 8.5 * level), textcoords="offset points", zorder=1,
                        arrowprops={"arrowstyle": "-", "color": LIGHT.faint, "linewidth": 0.8})  # fmt: skip


def _is_free(taken: list[tuple[float, float]], middle: float, half: float) -> bool:
    return all(middle + half <= left or middle - half >= right for left, right in taken)


def in_words(figures: Mapping[str, Any]) -> str:
    """The picture for who does not see it."""
    told = []
    for name in ROWS:
        found = best_of(figures["steps"].get(name, {}))
        if found:
            others = sorted((v, n) for n, v in found.items() if n != OURS)
            told.append(f"{ROWS[name].replace(chr(10), ', ')}: " + ", ".join(f"{n} {v:.3g}" for v, n in others))
    return "How many times as long as Downslope's machine code each takes for a training step. " + ". ".join(told) + "."


def cost_growth(figures: Mapping[str, Any]) -> Figure:
    """Microseconds a step against FLOPs for widths, and against nodes for depths."""
    grown, picture = figures["growth"]["points"], Figure(figsize=(9.0, 4.6), layout="constrained")
    axes = picture.subplots(1, 2, sharey=True)
    for ax, kind, key, label in (
        (axes[0], "width", "flops", "FLOPs of a step, two hidden layers of {} to {} units"),
        (axes[1], "depth", "nodes", "nodes of the graph, {} to {} hidden layers of 32 units"),
    ):
        line = [point for name, point in grown.items() if name.startswith(kind)]
        sizes = [name.split()[1] for name in grown if name.startswith(kind)]
        label = label.format(sizes[0], sizes[-1])
        dress(ax, LIGHT, title=f"Growing {kind}", x_label=label, y_label="µs a step" if kind == "width" else "")
        for k, name in enumerate((OURS, two(OURS), SCAN, EAGER)):
            timed = [(p[key], p["contenders"][name]["best"]) for p in line if "best" in p["contenders"].get(name, {})]
            if timed:
                colour = LIGHT.first if k < 2 else series((0, 3)[k - 2], False)
                ax.plot(*zip(*timed, strict=True), ":o" if name == two(OURS) else "-o", color=colour, markersize=4,
                        linewidth=1.8, label=name, gid=name)  # fmt: skip
        ax.plot([p[key] for p in line], [p["roofline"] for p in line], "--", color=LIGHT.soft, linewidth=1.2,
                label="what all cores could do (roofline)", gid="roofline")  # fmt: skip
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(FuncFormatter(power))
    axes[0].legend(frameon=False, fontsize=TICK, labelcolor=LIGHT.ink)
    return picture


def growth_in_words(figures: Mapping[str, Any]) -> str:
    """The picture for who does not see it."""
    told = []
    for name, point in figures["growth"]["points"].items():
        times = ", ".join(f"{n} {c['best']:.3g}" for n, c in point["contenders"].items() if "best" in c)
        told.append(
            f"{name} ({point['flops']:.3g} FLOPs, {point['nodes']} nodes): {times}, at best {point['roofline']:.3g}"
        )
    return "Microseconds a training step. " + "; ".join(told) + "."


def save_ratios(figures: Mapping[str, Any], path: Path) -> None:
    """Write the ratio picture, if any workload has been compared."""
    if any(best_of(figures["steps"].get(name, {})) for name in ROWS):
        whole = ratios(figures).get_figure(root=True)
        assert whole is not None
        save(whole, path, title="Downslope beside its peers", description=in_words(figures))


def save_growth(figures: Mapping[str, Any], path: Path) -> None:
    """Write the picture of the growing cost."""
    save(cost_growth(figures), path, title="How the cost of a step grows", description=growth_in_words(figures))
