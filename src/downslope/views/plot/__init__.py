"""Pictures: every payload drawn by matplotlib into an Axes, in one style, and saved as SVG or PNG."""

from __future__ import annotations

from matplotlib.axes import Axes

from downslope.views.payload import ConfusionMatrix, DescentView, LossCurve, Payload, RaceView, SurfaceView
from downslope.views.plot.confusion import confusion
from downslope.views.plot.descent import descent
from downslope.views.plot.heights import heights
from downslope.views.plot.loss_curve import loss_curve
from downslope.views.plot.race import race
from downslope.views.plot.residuals import residuals
from downslope.views.plot.style import save
from downslope.views.plot.surface import surface

__all__ = ["confusion", "descent", "draw", "heights", "loss_curve", "race", "residuals", "save", "surface"]


def draw(payload: Payload, ax: Axes | None = None, *, dark: bool = False) -> Axes:
    """Any payload, by the painter of its kind."""
    if isinstance(payload, SurfaceView):
        return surface(payload, ax, dark=dark)
    if isinstance(payload, DescentView):
        return descent(payload, ax, dark=dark)
    if isinstance(payload, RaceView):
        return race(payload, ax, dark=dark)
    if isinstance(payload, LossCurve):
        return loss_curve(payload, ax, dark=dark)
    if isinstance(payload, ConfusionMatrix):
        return confusion(payload, ax, dark=dark)
    return residuals(payload, ax, dark=dark)
