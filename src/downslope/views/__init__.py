"""Views: what is shown of runs, readings and descents, as plain payloads, with text forms and pictures in plot/."""

from __future__ import annotations

from downslope.views.confusion import confusion
from downslope.views.derivation import derivation_view
from downslope.views.loss_curve import loss_curve
from downslope.views.network import network_view
from downslope.views.one_step import one_step
from downslope.views.payload import (
    BarsView,
    ConfusionMatrix,
    CourseView,
    CurveView,
    DerivationView,
    DescentView,
    Event,
    HeatView,
    HistogramView,
    LossCurve,
    NetworkView,
    Payload,
    RaceView,
    ReadingView,
    Residuals,
    SliceView,
    SurfaceView,
    TimelineView,
)
from downslope.views.race import race_view
from downslope.views.reading import reading_view
from downslope.views.residuals import residuals
from downslope.views.surface import descent_view, surface_view
from downslope.views.timeline import timeline_view

__all__ = [
    "BarsView",
    "ConfusionMatrix",
    "CourseView",
    "CurveView",
    "DerivationView",
    "DescentView",
    "Event",
    "HeatView",
    "HistogramView",
    "LossCurve",
    "NetworkView",
    "Payload",
    "RaceView",
    "ReadingView",
    "Residuals",
    "SliceView",
    "SurfaceView",
    "TimelineView",
    "confusion",
    "derivation_view",
    "descent_view",
    "loss_curve",
    "network_view",
    "one_step",
    "race_view",
    "reading_view",
    "residuals",
    "surface_view",
    "timeline_view",
]
