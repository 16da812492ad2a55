"""The chain rule of one number as a picture: sums one below the other, their parts as bars that add up to the value."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from downslope.views.derivation_payload import DerivationView, Part, Sum
from downslope.views.plot.flow_words import fmt
from downslope.views.plot.style import FONTS, TITLE, Theme, theme

WIDE = 9.2  # inches of the whole
LABELS, BARS, NUMBERS = 0.45, 2.55, 6.15  # where the three columns begin
ROW, HEAD, GAP = 0.235, 0.4, 0.14
LETTERS = 106  # in a line over the whole width


@dataclass(frozen=True)
class Line:
    """One row of a sum: its bar goes from start to end, in the units of the value; None where one is not finite."""

    label: str
    words: str
    start: float | None
    end: float | None
    kind: str  # "part", "taken", "rest", "sum"


def derivation(payload: DerivationView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Draw the payload into ``ax``, or into a figure of its own.

    In each sum a bar begins where the one above it ends, so that the last one, together, reaches from 0 to the value;
    every sum has a scale of its own. The part in orange is the one that the next sum is of.
    """
    sums = [(each, lines_of(each)) for each in payload.sums]
    says = textwrap.wrap(payload.sentence, LETTERS)
    ends = _ends(payload)
    high = 0.62 + 0.19 * len(says) + sum(HEAD + ROW * len(rows) + GAP for _, rows in sums) + 0.2 * len(ends) + 0.2
    if ax is None:
        ax = Figure(figsize=(WIDE, high)).add_axes((0, 0, 1, 1))
    pen = _Pen(ax, high, theme(dark))
    pen.say(0.2, high - 0.25, payload.title, pen.colours.ink, TITLE, fontweight="bold", gid="title")
    y = high - 0.52
    for words in says:
        pen.say(0.2, y, words, pen.colours.soft, 9)
        y -= 0.19
    y -= 0.14
    above: float | None = None
    for n, (each, rows) in enumerate(sums, 1):
        y, above = pen.sum(n, each, rows, y, above)
    for words, is_head in ends:
        pen.say(0.2, y, words, pen.colours.ink if is_head else pen.colours.soft, 9, gid="end")
        y -= 0.2
    return ax


def lines_of(each: Sum) -> list[Line]:
    """The rows of a sum: its parts one after the other, the rest of them, and all of it together."""
    found, at = [], 0.0
    for part in each.parts:
        end = None if part.value is None else at + part.value
        found.append(Line(part.label, _words(part), at, end, "taken" if part.taken else "part"))
        at = at if end is None else end
    if each.others:
        end = None if each.rest is None else at + each.rest
        found.append(Line(f"{each.others} others", fmt(each.rest), at, end, "rest"))
    if len(found) > 1:
        found.append(Line("together", fmt(each.value), 0.0, each.value, "sum"))
    return found


def _words(part: Part) -> str:
    product = f"{part.product} = ".replace("-", "−").replace("e−0", "e−") if part.product else ""
    return f"{product}{fmt(part.value)}" + (f"    {part.note}" if part.note else "")


def _ends(payload: DerivationView) -> list[tuple[str, bool]]:
    """Lines below the sums, each with whether it is a statement and not something said about one."""
    found = [(line, False) for line in textwrap.wrap(payload.ending, LETTERS)]
    for statement, note in payload.equations:
        found += [(line, True) for line in textwrap.wrap(statement, LETTERS)]
        found += [(f"     {line}", False) for line in textwrap.wrap(note, LETTERS - 5)]
    if payload.update:
        found += [("the update", True)]
        found += [(f"     {line}", False) for each in payload.update for line in textwrap.wrap(each, LETTERS - 5)]
    return found + [(event.text, False) for event in payload.events]


class _Pen:
    """The Axes in inches of the whole picture."""

    def __init__(self, ax: Axes, high: float, colours: Theme) -> None:
        self.ax, self.colours = ax, colours
        figure: Any = ax.get_figure(root=True)
        self.scale = min(ax.bbox.width / WIDE, ax.bbox.height / high) / figure.dpi
        figure.set_facecolor(colours.paper)
        ax.set_facecolor(colours.paper)
        ax.set_xlim(0, WIDE)
        ax.set_ylim(0, high)
        ax.set_aspect("equal")
        ax.axis("off")

    def say(self, x: float, y: float, words: str, colour: str, size: float, **more: Any) -> None:
        style: dict[str, Any] = {"ha": "left", "va": "center", "parse_math": False, "fontfamily": FONTS[0]} | more
        self.ax.text(x, y, words, color=colour, fontsize=size * self.scale, **style)

    def sum(self, n: int, each: Sum, rows: list[Line], y: float, above: float | None) -> tuple[float, float | None]:
        """Draw one sum below ``y``, tied to the row at ``above`` that it is of; where it ends, and its taken row."""
        colours = self.colours
        if above is not None:
            self.ax.plot([0.27, 0.27], [above, y + 0.1], color=colours.second, linewidth=1.2 * self.scale, gid="tie")
            self.ax.plot([0.27, LABELS - 0.05], [above, above], color=colours.second, linewidth=1.2 * self.scale)
        head = f"{n}.  {each.name}" + (f" = {each.formula}" if each.formula else "")
        self.say(0.2, y, textwrap.shorten(head, LETTERS - 4, placeholder=" …"), colours.ink, 9.5, fontweight="bold")
        self.say(0.45, y - 0.17, textwrap.shorten(each.where, LETTERS, placeholder=" …"), colours.soft, 7.5)
        y -= HEAD
        ends = [end for row in rows for end in (row.start, row.end) if end is not None]
        low, high = min([0.0, *ends]), max([0.0, *ends])
        per = (NUMBERS - BARS - 0.25) / ((high - low) or 1.0)
        zero, taken = BARS - low * per, None
        top = y
        for row in rows:
            self._row(row, y, zero, per)
            taken = y if row.kind == "taken" else taken
            y -= ROW
        self.ax.plot(
            [zero, zero], [top + 0.11, y + ROW - 0.11], color=colours.soft, linewidth=0.8 * self.scale, zorder=3
        )
        return y - GAP, taken if len(rows) > 1 else top

    def _row(self, row: Line, y: float, zero: float, per: float) -> None:
        colours = self.colours
        paint = {"part": colours.first, "taken": colours.second, "rest": colours.soft, "sum": colours.ink}[row.kind]
        strong = row.kind in ("taken", "sum")
        self.say(LABELS, y, textwrap.shorten(row.label, 34, placeholder="…"), paint if strong else colours.ink, 8.5,
                 fontweight="bold" if strong else "normal", gid="label")  # fmt: skip
        if row.start is not None and row.end is not None:
            ends = np.sort([zero + row.start * per, zero + row.end * per])
            width = max(ends[1] - ends[0], 0.012)
            self.ax.barh(
                [y], [width], left=[ends[0]], height=0.16, color=paint, alpha=1.0 if strong else 0.75, gid="bar"
            )
        words = row.words if row.end is not None else "not finite"
        self.say(NUMBERS, y, words, colours.alarm if row.end is None else colours.ink, 8.5, gid="number")
