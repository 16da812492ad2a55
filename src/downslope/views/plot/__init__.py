"""Pictures: every payload drawn by matplotlib into an Axes, in one style, and saved as SVG or PNG.

``draw`` takes a payload, or a Run or a Reading, which it turns into one; so do the painters of runs and readings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes

from downslope import views
from downslope.runs import Run
from downslope.runs.reading import Reading
from downslope.runs.step import Step
from downslope.views import payload as kinds
from downslope.views.plot.bars import bars
from downslope.views.plot.confusion import confusion as _confusion
from downslope.views.plot.course import course
from downslope.views.plot.curve import curve
from downslope.views.plot.descent import descent
from downslope.views.plot.flow import Colour, flow as _flow
from downslope.views.plot.heat import heat, histogram
from downslope.views.plot.heights import heights
from downslope.views.plot.loss_curve import loss_curve as _loss_curve
from downslope.views.plot.picture import picture
from downslope.views.plot.plane import plane
from downslope.views.plot.race import race
from downslope.views.plot.residuals import residuals as _residuals
from downslope.views.plot.style import save
from downslope.views.plot.surface import surface
from downslope.views.plot.timeline import timeline as _timeline

__all__ = [
    "confusion",
    "descent",
    "draw",
    "flow",
    "heights",
    "loss_curve",
    "picture",
    "race",
    "reading",
    "residuals",
    "save",
]
__all__ += ["surface", "timeline"]

PAINTERS: dict[type, Callable[..., Axes]] = {
    kinds.LossCurve: _loss_curve,
    kinds.ConfusionMatrix: _confusion,
    kinds.Residuals: _residuals,
    kinds.SurfaceView: surface,
    kinds.DescentView: descent,
    kinds.RaceView: race,
    kinds.CourseView: course,
    kinds.BarsView: bars,
    kinds.HeatView: heat,
    kinds.CurveView: curve,
    kinds.HistogramView: histogram,
    kinds.SliceView: plane,
    kinds.TimelineView: _timeline,
    kinds.NetworkView: _flow,
}
"""The painter of each kind of payload: it takes the payload, an Axes or None, and dark=."""


def draw(shown: kinds.Payload | Run | Reading, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Anything that can be shown, into ``ax`` or a figure of its own: a Run as its time line, a Reading as fits."""
    payload: Any = shown
    if isinstance(shown, Run):
        payload = views.timeline_view(shown)
    elif isinstance(shown, Reading):
        payload = views.reading_view(shown)
    return PAINTERS[type(payload)](payload, ax, dark=dark)


def reading(shown: Reading | kinds.ReadingView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """What an instrument told: ``ds.plot.reading(run.ask("dead_units"))``."""
    return draw(shown, ax, dark=dark)


def timeline(shown: Run | kinds.TimelineView, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The recorded numbers of a run, its snapshots, and what happened when."""
    return draw(shown, ax, dark=dark)


def flow(
    shown: Step | kinds.NetworkView,
    ax: Axes | None = None,
    *,
    row: int | None = None,
    dark: bool = False,
    colour: Colour = "gradient",
    stage: int | None = None,
) -> Axes:
    """One step of a network: values going forward, the loss, error signals coming back, gradients and the update.

    shown: ``run.at(t)``, ``views.one_step(...)`` for a network written by hand, or a payload. row: one row of the
    mini-batch, by its place. colour: what the edges are coloured by, "gradient", "weight" or "update". stage: how far
    the step has come (0 the inputs, then layer by layer forward, the loss, layer by layer backward, the update); None
    shows all of it. Errors: SettingError ``network-row``, ``flow-colour``.
    """
    payload = views.network_view(shown, row) if isinstance(shown, Step) else shown
    return _flow(payload, ax, dark=dark, colour=colour, stage=stage)


def loss_curve(shown: Run | kinds.LossCurve, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """The loss over the steps of a run."""
    return draw(views.loss_curve(shown) if isinstance(shown, Run) else shown, ax, dark=dark)


def confusion(shown: Run | kinds.ConfusionMatrix, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Which classes a run takes for which others, on the rows that it was judged by."""
    return draw(views.confusion(shown) if isinstance(shown, Run) else shown, ax, dark=dark)


def residuals(shown: Run | kinds.Residuals, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Target minus prediction, of the rows that a run was judged by."""
    return draw(views.residuals(shown) if isinstance(shown, Run) else shown, ax, dark=dark)
