"""What is marked along the paths of a map: steps, start, end, where one leaves, arrows and names."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from downslope.views.payload import DescentView, PathView, Spot, SurfaceView
from downslope.views.plot.clip import Pairs, array, clip, first_outside, inside
from downslope.views.plot.style import TICK, Theme, series

MOST_DOTS = 200
ARROWS = 3


def draw_dots(ax: Axes, payload: SurfaceView, path: PathView, colour: str, colours: Theme, *, alone: bool) -> None:
    """A dot for each step, shrinking from the first to the last."""
    points = array(path.points)[:MOST_DOTS]
    age = np.arange(len(points)) / max(len(points) - 1, 1)
    seen = inside(points, payload)
    sizes = (5 + 25 * np.exp(-4 * age)) * (1 if alone else 0.5)
    x, y = points[seen].T
    ax.scatter(
        x, y, s=sizes[seen], color=colour, edgecolors=colours.paper, linewidths=(sizes[seen] / 60).tolist(), zorder=4,
        gid="steps",
    )  # fmt: skip


def draw_ends(ax: Axes, payload: DescentView, colours: Theme, dark: bool) -> None:
    """Start, end, and an arrow over the edge where a path leaves the map."""
    starts: set[Spot] = set()
    for k, path in enumerate(payload.paths):
        colour = series(k, dark)
        first, last = array([path.points[0], path.end])
        if inside(first[None], payload.surface)[0] and path.points[0] not in starts:
            starts.add(path.points[0])
            one = len({p.points[0] for p in payload.paths}) == 1 and len(payload.paths) > 1
            edge = colours.ink if one else colour
            ax.scatter(
                first[0], first[1], s=62, color=colours.paper, edgecolors=edge, linewidths=1.8, zorder=5, gid="start"
            )
        if inside(last[None], payload.surface)[0] and path.n_steps:
            ax.scatter(
                last[0],
                last[1],
                s=62,
                marker="s",
                color=colour,
                edgecolors=colours.paper,
                linewidths=1.2,
                zorder=7,
                gid="end",
            )
        if path.left:
            _exit(ax, payload, path, colour, colours)


def _exit(ax: Axes, payload: DescentView, path: PathView, colour: str, colours: Theme) -> None:
    points, k = array(path.points), first_outside(path)
    if not 0 < k < len(points):
        return
    left, right, bottom, top = payload.surface.domain
    low, high = np.array([left, bottom]), np.array([right, top])
    with np.errstate(all="ignore"):
        move = points[k] - points[k - 1]
        part = clip(points[k - 1], move, low, high) if np.isfinite(move).all() else None
        edge = points[k - 1] + (part[1] if part else 0.0) * move
        ahead = move / np.max(np.abs(move / (high - low))) if np.isfinite(move).all() else np.zeros(2)
    tip = edge + 0.025 * ahead
    ax.annotate(
        "", _xy(tip), _xy(edge - 0.04 * ahead), annotation_clip=False, gid="exit",
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    if len(payload.paths) == 1:
        returns = path.outside < path.n_steps + 1 - (path.left or 0)
        words = f"leaves the map at step {path.left}{' and returns' if returns else ''}"
        u, v = (edge - low) / (high - low)
        _beside(ax, edge, words, colours.alarm, colours, bool(u > 0.5), bool(v < 0.5), "left")


def draw_arrows(ax: Axes, payload: DescentView, dark: bool) -> None:
    """At the first steps, as long as these are apart: the step itself, and where the gradient points down."""
    (path,) = payload.paths
    left, right, bottom, top = payload.surface.domain
    side = min(right - left, top - bottom)
    points, downhill, moves = array(path.points), -array(path.gradients), array(path.updates)
    used: list[Pairs] = []
    for at, down, move in list(zip(points, downhill, moves, strict=True))[: min(ARROWS, path.n_steps)]:
        size, length = np.hypot(*down), np.hypot(*move)
        is_usable = np.isfinite([*at, *down, *move]).all() and 0 < size < 1e150 and 0 < length < 1e150
        if not is_usable or not inside(at[None], payload.surface)[0]:
            return
        if any(np.hypot(*(at - other)) < 0.16 * side for other in used):
            return
        used.append(at)
        if float(down @ move) < 0.999 * size * length:
            _arrow(ax, at, at + down * 0.16 * side / size, series(1, dark), "downhill")
        if length > 0.02 * side and inside((at + move)[None], payload.surface)[0]:
            _arrow(ax, at, at + move, series(0, dark), "step")


def _arrow(ax: Axes, tail: Pairs, tip: Pairs, colour: str, gid: str) -> None:
    ax.annotate(
        "", _xy(tip), _xy(tail), gid=gid, zorder=6,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "shrinkA": 4, "shrinkB": 0},
    )  # fmt: skip


def draw_names(ax: Axes, payload: DescentView, lines: list[Pairs], colours: Theme, dark: bool) -> None:
    """Each path's name beside the part of it that is farthest from all others and from the names before."""
    left, right, bottom, top = payload.surface.domain
    scale = np.array([right - left, top - bottom])
    corner = np.array([left, bottom])
    spread = [(line[np.isfinite(line).all(axis=1)] - corner) / scale for line in lines]
    short = [path.label.partition("(")[0] for path in payload.paths]
    words = short if len(set(short)) == len(short) else [path.label for path in payload.paths]
    placed: list[Pairs] = []
    for k, own in enumerate(spread):
        candidates = own[((own > 0.03) & (own < 0.97)).all(axis=1)][:MOST_DOTS]
        if placed and len(candidates):  # two names on top of each other are none
            apart = np.abs(candidates[:, None] - np.array(placed)[None])
            candidates = candidates[((apart[..., 0] > 0.24) | (apart[..., 1] > 0.07)).all(axis=1)]
        if not len(candidates):
            continue
        others = np.concatenate([line for j, line in enumerate(spread) if j != k] + [np.full((1, 2), 9.0)])
        away = np.min(np.hypot(*(candidates[:, None] - others[None]).transpose(2, 0, 1)), axis=1)
        best = candidates[int(np.argmax(away))]
        toward = best - others[int(np.argmin(np.hypot(*(best - others).T)))]
        on_left = bool(best[0] > 0.75 or (toward[0] < 0 and best[0] > 0.25))
        placed.append(best)
        _beside(ax, corner + best * scale, words[k], series(k, dark), colours, on_left, bool(toward[1] >= 0))


def _beside(
    ax: Axes, at: Pairs, words: str, colour: str, colours: Theme, on_left: bool, above: bool, gid: str = "name"
) -> None:
    ax.annotate(
        words, _xy(at), xytext=(-7 if on_left else 7, 6 if above else -6),
        textcoords="offset points", ha="right" if on_left else "left", va="bottom" if above else "top", color=colour,
        fontsize=TICK, zorder=9, gid=gid, parse_math=False,
        bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
    )  # fmt: skip


def _xy(point: Pairs) -> tuple[float, float]:
    return float(point[0]), float(point[1])
