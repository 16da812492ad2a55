"""The time line of a run: one track above the other over the same steps, and what happened when below them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from downslope.views.event import Event
from downslope.views.plot.axes import array, crosses, head, step_axis, value_axis
from downslope.views.plot.style import LABEL, TICK, Theme, dress, figure, theme
from downslope.views.reading_payload import TimelineView, Track

STRIP, GAP = 0.045, 0.065  # of the height: the snapshots, and above each track
MOST_EVENTS = 8


def timeline(payload: TimelineView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own. The band is from the lowest to the highest number."""
    ax = figure(8.0, 1.9 + 1.35 * len(payload.tracks)) if ax is None else ax
    colours = theme(dark)
    head(ax, colours, payload.title, [])
    ax.set_yticks([])
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    shown = [event for event in payload.events if event.step is not None][:MOST_EVENTS]
    last = max([payload.n_steps, *(event.step or 0 for event in shown)])
    weights = np.array([1.8, *[1.0] * (len(payload.tracks) - 1)])[: len(payload.tracks)]
    room = 1 - STRIP - GAP * (len(payload.tracks) + 0.5)
    top = 1.0
    for track, part in zip(payload.tracks, room * weights / weights.sum(), strict=True):
        top -= part + GAP
        inside = ax.inset_axes((0, top, 1, part))
        _track(inside, track, colours)
        _at_events(inside, shown, colours)
        _steps(inside, last, below=False)
    strip = ax.inset_axes((0, 0, 1, STRIP))
    _strip(strip, payload, colours)
    _steps(strip, last, below=True)
    _told(strip, payload.events, shown, colours)
    return ax


def _steps(ax: Axes, last: int, *, below: bool) -> None:
    step_axis(ax, 0, last)
    if not below:
        ax.xaxis.set_major_formatter(NullFormatter())


def _track(ax: Axes, track: Track, colours: Theme) -> None:
    low, mean, high = (array(column) for column in (track.low, track.mean, track.high))
    dress(ax, colours, title="", x_label="", y_label="")
    ax.set_title(track.label, loc="left", fontsize=LABEL, color=colours.ink, pad=3)
    value_axis(ax, np.concatenate((low, high)), ticks=4)
    middle = (np.array(track.first) + np.array(track.last)) / 2
    judged = track.label.startswith("held-out")
    colour = colours.second if judged else colours.first
    if (low != high).any():
        ax.fill_between(middle, low, high, color=colour, alpha=0.25, linewidth=0, gid="band")
    ax.plot(middle, mean, color=colour, linewidth=1.3, marker="o" if judged and len(mean) <= 60 else None, markersize=3,
            gid="mean", clip_on=False)  # fmt: skip
    crosses(ax, middle[np.array(track.not_finite, np.int64) > 0], colours)
    end = next((value for value in reversed(track.mean) if value is not None), None)
    if end is not None:
        ax.annotate(f"{end:.4g}", (1, end), xycoords=("axes fraction", "data"), xytext=(6, 0),
                    textcoords="offset points", va="center", color=colour, fontsize=TICK, gid="end")  # fmt: skip


def _colour(event: Event, colours: Theme) -> str:
    return {"fork": colours.first, "note": colours.ink, "stopped": colours.soft}.get(event.kind, colours.alarm)


def _at_events(ax: Axes, events: list[Event], colours: Theme) -> None:
    for event in events:
        ax.axvline(event.step or 0, color=_colour(event, colours), linewidth=1.0, linestyle=(0, (3, 3)), alpha=0.7)


def _strip(ax: Axes, payload: TimelineView, colours: Theme) -> None:
    """A short line for each snapshot."""
    ax.set_facecolor(colours.paper)
    ax.set_yticks([])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.tick_params(colors=colours.soft, labelsize=TICK, length=0)
    for side, spine in ax.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colours.soft)
    ax.vlines(payload.snapshots, 0, 1, color=colours.soft, linewidth=0.9, gid="snapshots", clip_on=False)
    ax.set_ylim(0, 1)
    ax.annotate(f"{len(payload.snapshots)} snapshots", (1, 0.5), xycoords="axes fraction", xytext=(6, 0),
                textcoords="offset points", va="center", color=colours.soft, fontsize=TICK)  # fmt: skip


def _told(ax: Axes, events: tuple[Event, ...], shown: list[Event], colours: Theme) -> None:
    """What happened, a line each under the steps; those that are in the picture with a number at their place."""
    ax.set_xlabel("step", fontsize=LABEL, color=colours.soft)
    others = [event for event in events if event not in shown]
    lines = [f"{event.step:,}: {event.text}" for event in shown] + [event.text for event in others[:2]]
    if len(others) > 2:
        lines.append(f"and {len(others) - 2} more")
    for k, (words, event) in enumerate(zip(lines, [*shown, *others], strict=False)):
        ax.annotate(
            words if len(words) <= 110 else words[:109] + "…", (0, 0), xycoords="axes fraction",
            xytext=(0, -40 - 13 * k), textcoords="offset points", va="top", fontsize=TICK, gid="event",
            color=_colour(event, colours), parse_math=False,
        )  # fmt: skip
