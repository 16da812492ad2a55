"""Views: what is shown of a run, as plain payloads, with a text form each and pictures by matplotlib in plot/."""

from __future__ import annotations

from downslope.views.confusion import confusion
from downslope.views.loss_curve import loss_curve
from downslope.views.payload import ConfusionMatrix, Event, LossCurve, Payload, Residuals
from downslope.views.residuals import residuals

__all__ = [
    "ConfusionMatrix",
    "Event",
    "LossCurve",
    "Payload",
    "Residuals",
    "confusion",
    "loss_curve",
    "residuals",
]
