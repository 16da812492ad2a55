"""Views: what is shown of runs and descents, as plain payloads, with a text form each and pictures in plot/."""

from __future__ import annotations

from downslope.views.confusion import confusion
from downslope.views.loss_curve import loss_curve
from downslope.views.payload import (
    ConfusionMatrix,
    DescentView,
    Event,
    LossCurve,
    Payload,
    RaceView,
    Residuals,
    SurfaceView,
)
from downslope.views.race import race_view
from downslope.views.residuals import residuals
from downslope.views.surface import descent_view, surface_view

__all__ = [
    "ConfusionMatrix",
    "DescentView",
    "Event",
    "LossCurve",
    "Payload",
    "RaceView",
    "Residuals",
    "SurfaceView",
    "confusion",
    "descent_view",
    "loss_curve",
    "race_view",
    "residuals",
    "surface_view",
]
