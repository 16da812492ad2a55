"""The loss curve: every step faint, their median strong, the held-out part as points, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from downslope.views.payload import LossCurve
from downslope.views.plot.style import TICK, Theme, dress, figure, theme
from downslope.views.text import number

NAN = float("nan")


def loss_curve(payload: LossCurve, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. Logarithmic if the loss spans more than a decade."""
    ax = figure(7.5, 4.2) if ax is None else ax
    colours = theme(dark)
    dress(ax, colours, title=payload.title, x_label=payload.x_label, y_label=payload.y_label)
    raw, smooth, held = (_gaps(v) for v in (payload.loss, payload.smoothed, payload.held_out_loss))
    alone = not payload.smoothed_steps
    few = len(raw) <= 30
    ax.plot(
        payload.steps,
        raw,
        color=colours.first,
        linewidth=1.6 if alone else 0.7,
        alpha=1.0 if alone else 0.28,
        marker="o" if few else None,
        markersize=3.5,
        solid_joinstyle="round",
        clip_on=not few,
    )
    ax.plot(payload.smoothed_steps, smooth, color=colours.first, linewidth=2.0, solid_capstyle="round")
    dots = "o" if len(held) <= 60 else None
    ax.plot(
        payload.held_out_steps, held, color=colours.second, linewidth=1.6, marker=dots, markersize=3.8, clip_on=False
    )
    _scale(ax, payload)
    words = "training" if alone else f"training\n({payload.smoothed_by} of {payload.window:,})"
    ends = [
        (words, colours.first, payload.steps if alone else payload.smoothed_steps, raw if alone else smooth),
        ("held out", colours.second, payload.held_out_steps, held),
    ]
    _name_ends(ax, payload, [(w, c, v) for w, c, s, values in ends if (v := _last(values)) is not None and s])
    _mark_events(ax, payload, colours)
    return ax


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [NAN if value is None else value for value in values]


def _last(values: Sequence[float]) -> float | None:
    return next((value for value in reversed(values) if value == value), None)


def _scale(ax: Axes, payload: LossCurve) -> None:
    steady = [v for v in (*(payload.smoothed or payload.loss), *payload.held_out_loss) if v is not None]
    every = [v for v in (*payload.loss, *payload.held_out_loss) if v is not None]
    ax.set_xlim(1 if payload.n_steps > 1 else 0, max(payload.n_steps, 2))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    if every and min(every) > 0 and max(steady) > 10 * min(steady):
        ax.set_yscale("log")
        decades = max(every) / min(every)
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 1e3 else (1.0, 3.0), numticks=12))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value) if value < 1e5 else f"{value:.0e}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    elif every and min(every) >= 0:
        ax.set_ylim(0, 1.08 * max(every) or 1.0)
    if not every:
        ax.set_yticks([])


def _name_ends(ax: Axes, payload: LossCurve, ends: list[tuple[str, str, float]]) -> None:
    """Names at the right ends of the lines, moved apart where the lines end close to each other."""
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [float(to_axes.transform((payload.n_steps, value))[1]) for _, _, value in ends]
    gap = 0.15
    if len(ends) == 2 and abs(heights[0] - heights[1]) < gap:
        middle = min(max(sum(heights) / 2, gap / 2), 1 - gap / 2)
        sign = 1 if heights[0] >= heights[1] else -1
        heights = [middle + sign * gap / 2, middle - sign * gap / 2]
    for (words, colour, value), height in zip(ends, heights, strict=True):
        name, _, rest = words.partition("\n")
        text = f"{name} {value:.3g}" + (f"\n{rest}" if rest else "")
        ax.annotate(
            text,
            (1, height),
            xycoords="axes fraction",
            xytext=(8, 0),
            textcoords="offset points",
            color=colour,
            fontsize=TICK,
            va="center",
            linespacing=1.35,
        )


def _mark_events(ax: Axes, payload: LossCurve, colours: Theme) -> None:
    """A line where something happened; its words stand where the curve leaves room."""
    shown = {event.step: event for event in payload.events if event.step is not None}
    for k, (step, event) in enumerate(list(shown.items())[:4]):
        colour = colours.soft if event.kind == "stopped" else colours.alarm
        ax.axvline(step, color=colour, linewidth=1.2, linestyle=(0, (4, 3)))
        on_the_left = step > 0.5 * payload.n_steps
        is_low = _is_high(ax, payload, step)
        ax.annotate(
            event.text,
            (step, 0.03 + 0.08 * k if is_low else 0.97 - 0.08 * k),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if on_the_left else 6, 0),
            textcoords="offset points",
            ha="right" if on_the_left else "left",
            va="bottom" if is_low else "top",
            color=colour,
            fontsize=TICK,
            bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
        )


def _is_high(ax: Axes, payload: LossCurve, step: int) -> bool:
    """Whether the curve runs through the upper half beside this step."""
    near = [v for s, v in zip(payload.steps, payload.loss, strict=True) if v is not None and s <= step]
    if not near:
        return False
    return bool((ax.transData + ax.transAxes.inverted()).transform((step, near[-1]))[1] > 0.5)
