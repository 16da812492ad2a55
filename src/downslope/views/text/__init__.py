"""Every view in words and characters, for terminals, logs and screen readers: first the numbers, then their shape."""

from __future__ import annotations

from collections.abc import Callable

from downslope.views import payload as kinds
from downslope.views.text import examples, lists
from downslope.views.text.confusion import confusion
from downslope.views.text.derivation import derivation
from downslope.views.text.descent import descent
from downslope.views.text.graph import graph, program
from downslope.views.text.loss_curve import loss_curve
from downslope.views.text.network import network
from downslope.views.text.race import race
from downslope.views.text.reading import bars, course, curve, heat, histogram, plane
from downslope.views.text.residuals import largest_residuals, residuals
from downslope.views.text.surface import surface
from downslope.views.text.sweep import sweep
from downslope.views.text.timeline import timeline
from downslope.views.text.words import number, shortened

__all__ = [
    "confusion",
    "derivation",
    "descent",
    "largest_residuals",
    "loss_curve",
    "network",
    "number",
    "race",
    "residuals",
    "shortened",
    "surface",
    "sweep",
    "text",
    "timeline",
]


def _as_it_is(payload: kinds.TextView, width: int) -> str:
    return payload.text


FORMS: dict[type, Callable[..., str]] = {
    kinds.SurfaceView: surface,
    kinds.DescentView: descent,
    kinds.LossCurve: loss_curve,
    kinds.ConfusionMatrix: confusion,
    kinds.CourseView: course,
    kinds.BarsView: bars,
    kinds.HeatView: heat,
    kinds.CurveView: curve,
    kinds.HistogramView: histogram,
    kinds.SliceView: plane,
    kinds.TimelineView: timeline,
    kinds.GraphView: graph,
    kinds.ProgramView: program,
    kinds.DataView: examples.data,
    kinds.BoundaryView: examples.boundary,
    kinds.RowsView: examples.rows,
    kinds.RunsView: lists.runs,
    kinds.CompareView: lists.compare,
    kinds.QuadraticView: lists.quadratic,
    kinds.CatalogueView: lists.catalogue,
    kinds.PresetsView: lists.presets,
    kinds.WhereView: lists.where,
    kinds.TextView: _as_it_is,
    kinds.SweepView: sweep,
    kinds.NetworkView: network,
    kinds.DerivationView: derivation,
}
"""Text forms that fit themselves into a width."""


def text(payload: kinds.Payload, width: int = 80) -> str:
    """The text form of any payload, lines of at most ``width`` characters where its words allow it."""
    if isinstance(payload, kinds.RaceView):
        return race(payload)
    if isinstance(payload, kinds.Residuals):
        return residuals(payload)
    return FORMS[type(payload)](payload, width)
