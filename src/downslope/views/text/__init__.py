"""Every view in words and characters, for terminals, logs and screen readers: first the numbers, then their shape."""

from __future__ import annotations

from downslope.views.payload import ConfusionMatrix, DescentView, LossCurve, Payload, RaceView, SurfaceView
from downslope.views.text.confusion import confusion
from downslope.views.text.descent import descent
from downslope.views.text.loss_curve import loss_curve
from downslope.views.text.race import race
from downslope.views.text.residuals import largest_residuals, residuals
from downslope.views.text.surface import surface
from downslope.views.text.words import number, shortened

__all__ = [
    "confusion",
    "descent",
    "largest_residuals",
    "loss_curve",
    "number",
    "race",
    "residuals",
    "shortened",
    "surface",
    "text",
]


def text(payload: Payload, width: int = 80) -> str:
    """The text form of any payload, lines of at most ``width`` characters where its words allow it."""
    if isinstance(payload, SurfaceView):
        return surface(payload, width)
    if isinstance(payload, DescentView):
        return descent(payload, width)
    if isinstance(payload, RaceView):
        return race(payload)
    if isinstance(payload, LossCurve):
        return loss_curve(payload, width)
    if isinstance(payload, ConfusionMatrix):
        return confusion(payload, width)
    return residuals(payload)
