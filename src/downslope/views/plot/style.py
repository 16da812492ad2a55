"""How every picture looks: one palette that colour-blind readers can tell apart, little ink beside the data.

Nothing global is changed: a painter sets the colours and sizes of the Axes that it is given and of nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from downslope.views.text import number

FONTS = ["DejaVu Sans", "Verdana", "sans-serif"]  # the second has the metrics of the first, where that is missing
TITLE, LABEL, TICK = 12.0, 10.0, 9.0


@dataclass(frozen=True)
class Theme:
    """Colours by role. first, second: the two series, blue and orange of Okabe and Ito; alarm: what went wrong."""

    paper: str
    ink: str
    soft: str
    faint: str
    first: str
    second: str
    alarm: str

    def ramp(self, colour: str) -> LinearSegmentedColormap:
        """From the paper to ``colour``."""
        return LinearSegmentedColormap.from_list("ramp", [self.paper, colour])


LIGHT = Theme("#ffffff", "#1f2328", "#59636e", "#e6e8eb", first="#0072b2", second="#d55e00", alarm="#b3123f")
DARK = Theme("#14171a", "#e8eaed", "#9aa4ae", "#2c3238", first="#56b4e9", second="#e69f00", alarm="#ff6b8b")


def theme(dark: bool) -> Theme:
    """The colours for dark or for light paper."""
    return DARK if dark else LIGHT


SERIES = ("#d55e00", "#0072b2", "#007a5a", "#9b3f8c", "#7a5c00", "#1f2328")
SERIES_DARK = ("#e69f00", "#56b4e9", "#2fc59b", "#e08fc4", "#f0e442", "#e8eaed")
"""A colour for each path, told apart by colour-blind readers; every path is named beside it all the same."""


def series(k: int, dark: bool) -> str:
    """The colour of line ``k``."""
    colours = SERIES_DARK if dark else SERIES
    return colours[k % len(colours)]


def figure(width: float, height: float) -> Axes:
    """The Axes of a new figure of this size in inches, unknown to pyplot and so freed with its last name."""
    picture = Figure(figsize=(width, height), layout="constrained")
    picture.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr, call-arg]  # the engine chosen above
    return picture.add_subplot()


def dress(ax: Axes, colours: Theme, *, title: str, below: str = "", x_label: str, y_label: str) -> None:
    """Paper, title with lines below it, labels, the two axis lines and faint horizontal guides."""
    ax.get_figure(root=True).set_facecolor(colours.paper)  # type: ignore[union-attr]  # an Axes always has a figure
    ax.set_facecolor(colours.paper)
    ax.set_title(
        title,
        loc="left",
        fontsize=TITLE,
        color=colours.ink,
        fontfamily=FONTS[0],
        fontweight="bold",
        pad=12 + 14 * (below.count("\n") + bool(below)),
    )
    if below:
        ax.annotate(
            below,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 10),
            textcoords="offset points",
            fontsize=TICK,
            color=colours.soft,
        )
    ax.set_xlabel(x_label, fontsize=LABEL, color=colours.soft)
    ax.set_ylabel(y_label, fontsize=LABEL, color=colours.soft)
    ax.tick_params(which="both", colors=colours.soft, labelsize=TICK, length=0)
    for side, spine in ax.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colours.soft)
    ax.grid(axis="y", color=colours.faint, linewidth=0.8)
    ax.set_axisbelow(True)


def notes(ax: Axes, colours: Theme, texts: list[str]) -> None:
    """What the reader must know before believing the picture, under it."""
    if texts:
        ax.set_xlabel("\n".join([ax.get_xlabel(), *texts]), fontsize=LABEL, color=colours.soft)


def power(value: float, _: object) -> str:
    """A number on a logarithmic axis."""
    return number(value) if 1e-3 <= value < 1e4 else short(f"{value:.0e}")


def short(words: str) -> str:
    """An exponent without the zeros and the plus sign that Python writes: 1e-05 is 1e-5."""
    return words.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def save(picture: Figure, path: Path, *, title: str = "", description: str = "") -> None:
    """Write an .svg (the same bytes for the same picture; its words stay words) or a .png (200 dots an inch).

    title, description: for readers who do not see the picture.
    """
    words = {name: word for name, word in (("Title", title), ("Description", description)) if word}
    with matplotlib.rc_context({"svg.hashsalt": "downslope", "svg.fonttype": "none", "font.sans-serif": FONTS}):
        if path.suffix == ".svg":
            # Neither a date nor a version, so that a picture changes only where what it shows does.
            picture.savefig(path, metadata={"Creator": "Downslope", "Date": None, **words})
        else:
            picture.savefig(path, dpi=200, metadata={"Software": "Downslope", **words})
