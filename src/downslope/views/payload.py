"""What views show, as plain numbers: one record per view, which both painters and the text form read.

The records turn into JSON and MessagePack as they are, and TypeScript's types are generated from them. So they hold no
arrays, and nothing that JSON cannot hold: where a number is not finite it is None in its series and told in ``events``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from downslope.views.data_payload import BoundaryView as BoundaryView, DataView as DataView, RowsView as RowsView
from downslope.views.derivation_payload import DerivationView as DerivationView
from downslope.views.event import Event as Event
from downslope.views.graph_payload import GraphView as GraphView, ProgramView as ProgramView
from downslope.views.list_payload import (
    CatalogueView as CatalogueView,
    CompareView as CompareView,
    PresetsView as PresetsView,
    RunsView as RunsView,
    TextView as TextView,
    WhereView as WhereView,
)
from downslope.views.network_payload import (
    NetworkView as NetworkView,
    Unit as Unit,
    UnitLayer as UnitLayer,
    UnitPlaces as UnitPlaces,
    Wire as Wire,
)
from downslope.views.reading_payload import (
    BarsView as BarsView,
    CourseView as CourseView,
    CurveView as CurveView,
    HeatView as HeatView,
    HistogramView as HistogramView,
    SliceView as SliceView,
    TimelineView as TimelineView,
)
from downslope.views.sweep_payload import SweepView as SweepView


class LossCurve(Struct, frozen=True, tag="loss_curve"):
    """The loss over the steps of a run, thinned so that each bucket keeps its lowest and its highest value.

    steps, loss: the points that were kept, in order; None where the loss is not finite. smoothed: the running median
    over ``window`` steps (the finite ones of them), at ``smoothed_steps``; both empty for short runs. Of a very long
    run, which is drawn from its summaries, lowest and highest stand at the beginning and in the middle of their bucket,
    and smoothed is the bucket's mean (smoothed_by), over ``window`` steps.
    held_out_steps, held_out_loss: one point an epoch. not_finite: how many steps had a NaN or infinite loss, all
    counted, also where ``events`` sums them up.
    """

    title: str
    x_label: str
    y_label: str
    n_steps: int
    steps: tuple[int, ...]
    loss: tuple[float | None, ...]
    window: int
    smoothed_steps: tuple[int, ...]
    smoothed: tuple[float | None, ...]
    held_out_steps: tuple[int, ...]
    held_out_loss: tuple[float | None, ...]
    not_finite: int
    events: tuple[Event, ...]
    smoothed_by: Literal["median", "mean"] = "median"


class ConfusionMatrix(Struct, frozen=True, tag="confusion"):
    """How often a row of one class was taken for another. counts[i][j]: rows of class i that were predicted as j.

    part: the rows that were judged, "held-out" or "training". n: their number, the sum of all counts.
    """

    title: str
    target: str
    part: Literal["held-out", "training"]
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    events: tuple[Event, ...]

    @property
    def right(self) -> int:
        """Rows predicted right: the sum of the diagonal."""
        return sum(row[i] for i, row in enumerate(self.counts))

    def mistakes(self) -> list[tuple[int, int, int]]:
        """(count, true class, predicted class) of every kind of mistake that was made, the most frequent first."""
        made = [
            (count, i, j) for i, row in enumerate(self.counts) for j, count in enumerate(row) if i != j and count > 0
        ]
        return sorted(made, key=lambda mistake: (-mistake[0], mistake[1], mistake[2]))


class Residuals(Struct, frozen=True, tag="residuals"):
    """Target minus prediction, in the user's unit, for the rows of one part.

    target, predicted, rows: the points that were kept, with their row in the source; all rows of a small set, else an
    even sample together with the largest residuals. predicted is None where it is not finite. n, rmse, mae, r2,
    quantiles (of the residual, at 0, 5, 25, 50, 75, 95 and 100 %): over all rows with a finite prediction; None where
    there is none. unit: the name of the target column, which stands for its unit.
    """

    title: str
    unit: str
    part: Literal["held-out", "training"]
    target: tuple[float, ...]
    predicted: tuple[float | None, ...]
    rows: tuple[int, ...]
    n: int
    not_finite: int
    rmse: float | None
    mae: float | None
    r2: float | None
    quantiles: tuple[float, ...]
    events: tuple[Event, ...]


QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The places of ``Residuals.quantiles``."""


# --- descents of surfaces ---------------------------------------------------------------------------------------------

Spot: TypeAlias = tuple[float | None, float | None]
"""Two numbers, for x and for y."""


class Lowest(Struct, frozen=True):
    """A known minimum of a surface."""

    x: float
    y: float
    value: float


class SurfaceView(Struct, frozen=True, tag="surface"):
    """A function of two numbers as a map. z[i][j]: its value at (x[j], y[i]), None where it has none.

    domain: (lowest x, highest x, lowest y, highest y). levels: where contours are drawn, ascending; evenly on the scale
    of log(z − lowest) where a lowest value is known, else so that each band covers the same area. minima: the known
    ones. formula: for people; latex: the same as LaTeX. not_finite: how many values of z are None.
    """

    title: str
    name: str
    formula: str
    latex: str
    teaches: str
    domain: tuple[float, float, float, float]
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[tuple[float | None, ...], ...]
    levels: tuple[float, ...]
    minima: tuple[Lowest, ...]
    lowest: float | None
    start: tuple[float, float]
    not_finite: int
    events: tuple[Event, ...]


class Limit(Struct, frozen=True):
    """The exact limit of a rate on a quadratic surface: ``lr`` must stay below constant / steepest.

    limit: that number; None where the surface curves down, so that no rate is stable. sentence: all of it in words.
    """

    constant: float
    steepest: float
    limit: float | None
    sentence: str


class PathView(Struct, frozen=True):
    """One optimizer's way down. Row k of points, values, gradients and state belongs to the point after steps[k] steps.

    label: the optimizer's name with its rate, short; optimizer: all its settings. lr: None for a schedule. steps: those
    that were kept, all of them up to ``MOST_KEPT``; n_steps: how many were taken. updates, effective_rates: of the step
    that follows row k, so None in the last row; likewise what is not finite anywhere. state: what the optimizer
    remembered on arrival, by its own names, those with a number for x and one for y. verdict, at, because: what
    happened, in a word, since which step, and why it is called so. left: the first step that went over the edge of
    the domain; outside: how many points were there. end: where the path ended. not_finite: how many points, values or
    gradients were not.
    """

    label: str
    optimizer: str
    lr: float | None
    n_steps: int
    steps: tuple[int, ...]
    points: tuple[Spot, ...]
    values: tuple[float | None, ...]
    gradients: tuple[Spot, ...]
    updates: tuple[Spot, ...]
    effective_rates: tuple[Spot, ...]
    state: dict[str, tuple[Spot, ...]]
    verdict: str
    at: int | None
    because: str
    limit: Limit | None
    left: int | None
    outside: int
    end: Spot
    evaluations: int
    not_finite: int
    notes: tuple[str, ...]


class DescentView(Struct, frozen=True, tag="descent"):
    """One or several ways down the same surface."""

    title: str
    surface: SurfaceView
    paths: tuple[PathView, ...]
    events: tuple[Event, ...]


class QuadraticView(Struct, frozen=True, tag="quadratic"):
    """A surface near one point: f(p + d) ≈ value + gradient·d + d·hessian·d / 2.

    curvatures: the Hessian's eigenvalues, ascending; directions[i]: the unit vector of curvatures[i]. limit: 2/λmax,
    above which gradient descent is not stable here, None where the surface does not curve up. newton: the lowest point
    of the model, (None, None) where it has none. sentence: what follows, in words.
    """

    title: str
    point: tuple[float, float]
    value: float | None
    gradient: Spot
    hessian: tuple[Spot, ...]
    curvatures: Spot
    directions: tuple[Spot, ...]
    limit: float | None
    newton: Spot
    sentence: str
    not_finite: int
    events: tuple[Event, ...]


class RaceEntrant(Struct, frozen=True):
    """One optimizer of a race. low, median, high: of the best value so far over the runs, None before there is one.

    name: without its rate; lr: the rate or schedule as text. tuned: whether lr is the best of those tried, which cost
    ``tuning`` evaluations. evaluations: of all its runs in the race. diverged: runs that ended in NaN or infinity.
    """

    name: str
    lr: str
    tuned: bool
    evaluations: int
    tuning: int
    low: tuple[float | None, ...]
    median: tuple[float | None, ...]
    high: tuple[float | None, ...]
    diverged: int


class RaceView(Struct, frozen=True, tag="race"):
    """Optimizers under the same conditions, the lowest first. at: the evaluations of the curves' columns, 1 to budget.

    runs: of each entrant, over which the median and the quarters are taken. lowest: the lowest known value.
    """

    title: str
    surface: str
    budget: int
    runs: int
    lowest: float | None
    at: tuple[int, ...]
    entrants: tuple[RaceEntrant, ...]
    notes: tuple[str, ...]
    events: tuple[Event, ...]


ReadingView: TypeAlias = CourseView | BarsView | HeatView | CurveView | HistogramView | SliceView
"""What a reading can be shown as, by the shape of its values."""

Payload: TypeAlias = (
    LossCurve
    | ConfusionMatrix
    | Residuals
    | SurfaceView
    | DescentView
    | QuadraticView
    | RaceView
    | ReadingView
    | TimelineView
    | NetworkView
    | DerivationView
    | GraphView
    | ProgramView
    | DataView
    | BoundaryView
    | RowsView
    | RunsView
    | CompareView
    | SweepView
    | CatalogueView
    | PresetsView
    | WhereView
    | TextView
)
"""Everything that can be shown; JSON tells the kinds apart by their tag."""
