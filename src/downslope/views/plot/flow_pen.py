"""What the parts of a network's picture share: its Axes, scale and colours, and the stage that the step has come to."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from downslope.views.network_payload import NetworkView
from downslope.views.plot.flow_layout import Layout
from downslope.views.plot.style import FONTS, TITLE, Theme, short

NEGATIVE, POSITIVE = ("#762a83", "#c79bd6"), ("#1b7837", "#6fcf84")
"""Of edges, on light and on dark paper: purple and green, which colour-blind readers tell apart, as blue (forward) and
orange (backward) are taken."""


def stages(payload: NetworkView) -> list[str]:
    """The stages of a step in their order; the numbers in their names are those of layers, the input being 0."""
    ahead = range(1, len(payload.layers))
    return ["input", *(f"forward {k}" for k in ahead), "loss", *(f"backward {k}" for k in reversed(ahead)), "update"]


class Pen:
    """The Axes with the sizes and colours of this picture, and how far the step has come in it.

    scale: of all sizes, 1 in a figure of its own. forward: how many layers have their value; backward: from which one
    on they have their error signal.
    """

    def __init__(
        self, ax: Axes, payload: NetworkView, places: Layout, colours: Theme, dark: bool, colour: str, stage: int | None
    ) -> None:
        self.ax, self.payload, self.at = ax, payload, places
        self.colours, self.dark, self.colour = colours, dark, colour
        figure: Any = ax.get_figure(root=True)
        self.scale = min(ax.bbox.width / places.size[0], ax.bbox.height / places.size[1]) / figure.dpi
        last = len(stages(payload)) - 1
        self.stage, n = last if stage is None else min(max(stage, 0), last), len(payload.layers)
        self.is_all = stage is None
        self.forward = min(self.stage + 1, n)
        self.has_loss = self.stage >= n
        self.backward = n - min(max(self.stage - n, 0), n - 1)
        self.updated = self.stage == last
        self.ramp = LinearSegmentedColormap.from_list("edges", [NEGATIVE[dark], colours.faint, POSITIVE[dark]])

    def say(self, x: float, y: float, words: str, colour: str, size: float = 8.5, **more: Any) -> Any:
        """Words whose size follows the picture's."""
        style: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False, "fontfamily": FONTS[0]} | more
        return self.ax.text(x, y, words, color=colour, fontsize=size * self.scale, **style)

    def on_paper(self, pad: float = 0.8) -> dict[str, Any]:
        """The box below words that stand on a line."""
        return {"facecolor": self.colours.paper, "edgecolor": "none", "pad": pad, "alpha": 0.86}

    def frame(self) -> None:
        """Paper, title and scale."""
        wide, high = self.at.size
        self.ax.get_figure(root=True).set_facecolor(self.colours.paper)  # type: ignore[union-attr]  # it always has one
        self.ax.set_facecolor(self.colours.paper)
        self.ax.set_xlim(0, wide)
        self.ax.set_ylim(0, high)
        self.ax.set_aspect("equal")
        self.ax.axis("off")
        title = self.ax.set_title(
            self.payload.title, loc="left", fontsize=TITLE * max(self.scale, 0.75), color=self.colours.ink,
            fontfamily=FONTS[0], fontweight="bold", pad=4,
        )  # fmt: skip
        title.set_parse_math(False)
        parts = [self.payload.of, self.payload.rule]
        self.say(0.0, high - 0.1, short(",  ".join(filter(None, parts))), self.colours.soft, 9, ha="left")
        if not self.is_all:
            colour, words = self._now()
            self.say(self.at.x[-1] + 0.42, high + 0.12, words, colour, 11, ha="right", fontweight="bold", gid="now")

    def _now(self) -> tuple[str, str]:
        """The stage in words, in the colour of its direction."""
        phase, _, k = stages(self.payload)[self.stage].partition(" ")
        paint = {"forward": self.colours.first, "backward": self.colours.second}.get(phase, self.colours.ink)
        return paint, f"{phase}: {self.payload.layers[int(k)].label}" if k else f"the {phase}"
