"""What is shown of readings and of a run's time line, as plain numbers; a part of payload.py.

In all of them: unit and sentence are the instrument's; not_finite counts the values that are NaN or infinite (None in
their series), also those between the steps that are shown.
"""

from __future__ import annotations

from msgspec import Struct

from downslope.views.event import Event

Numbers = tuple[float | None, ...]


class Band(Struct, frozen=True):
    """Where a value usually lies, each end None if it is open, and who says so (a publication, or folklore)."""

    low: float | None
    high: float | None
    source: str

    @property
    def words(self) -> str:
        """The range with its source."""
        low, high = (None if end is None else f"{end:g}" for end in (self.low, self.high))
        span = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
        return f"usually {span} ({self.source})"


class Line(Struct, frozen=True):
    """Numbers under a name."""

    name: str
    values: Numbers


class Panel(Struct, frozen=True):
    """Lines on one scale. title: what sets them apart from the other panels; "" where there is one."""

    title: str
    lines: tuple[Line, ...]


class CourseView(Struct, frozen=True, tag="course"):
    """A few numbers over the steps. values of each line belong to ``steps``; n_steps: how many steps were read."""

    title: str
    unit: str
    sentence: str
    n_steps: int
    steps: tuple[int, ...]
    panels: tuple[Panel, ...]
    band: Band | None
    not_finite: int
    events: tuple[Event, ...]


class BarsView(Struct, frozen=True, tag="bars"):
    """A number for each of some names, at one step. axis: what the names are; values of each line belong to them."""

    title: str
    unit: str
    sentence: str
    step: int
    axis: str
    names: tuple[str, ...]
    panels: tuple[Panel, ...]
    band: Band | None
    not_finite: int
    events: tuple[Event, ...]


class HeatView(Struct, frozen=True, tag="heat"):
    """A number for each of many names over the steps: values[i][j] belongs to names[i] and steps[j]."""

    title: str
    unit: str
    sentence: str
    n_steps: int
    steps: tuple[int, ...]
    axis: str
    names: tuple[str, ...]
    values: tuple[Numbers, ...]
    not_finite: int
    events: tuple[Event, ...]


class Curve(Struct, frozen=True):
    """What was read at one step along x. smoothed: the same with less noise, empty where the instrument has none."""

    step: int
    x: tuple[float, ...]
    y: Numbers
    smoothed: Numbers = ()


class Mark(Struct, frozen=True):
    """A place on the x axis with a name."""

    name: str
    x: float


class CurveView(Struct, frozen=True, tag="curve"):
    """A curve for each of a few steps, the oldest first. is_log: x is a geometric series. marks: of the last curve."""

    title: str
    unit: str
    sentence: str
    x_label: str
    is_log: bool
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...]
    not_finite: int
    events: tuple[Event, ...]


class Counts(Struct, frozen=True):
    """The histograms of one array. counts[j][k]: numbers in bin k at step j; zero, not_finite: those without a bin."""

    name: str
    counts: tuple[tuple[int, ...], ...]
    zero: Numbers
    not_finite: Numbers


class HistogramView(Struct, frozen=True, tag="histogram"):
    """How many numbers have which size and sign, over the steps.

    edges: of the magnitude, ascending from 0; bin 0 holds the most negative numbers, the last one the greatest: the
    bins of negative numbers stand in reverse, then those of positive ones. Magnitudes that occur nowhere have no bins
    at either end: the first one begins at 0, and the last one is empty, so that its edge ends the one before.
    left_out: names of the arrays that are not among the panels, which can be asked for one by one.
    """

    title: str
    unit: str
    sentence: str
    n_steps: int
    steps: tuple[int, ...]
    edges: tuple[float, ...]
    panels: tuple[Counts, ...]
    not_finite: int
    events: tuple[Event, ...]
    left_out: tuple[str, ...] = ()


class SliceView(Struct, frozen=True, tag="slice"):
    """The loss over a plane through the parameters of a step. z[i][j]: at (x[j], y[i]), None where it is not finite.

    levels: where contours are drawn. path: places of earlier parameters in the plane, of the steps ``path_steps``.
    explained: the part of the path's variance along x and y, each None where there is no path.
    """

    title: str
    unit: str
    sentence: str
    step: int
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[Numbers, ...]
    levels: tuple[float, ...]
    path: tuple[tuple[float | None, float | None], ...]
    path_steps: tuple[int, ...]
    explained: tuple[float | None, float | None]
    not_finite: int
    events: tuple[Event, ...]


class Track(Struct, frozen=True):
    """A number over the whole of a run, a stretch of steps for each point: lowest, mean and highest of its finite ones.

    first, last: of each stretch. not_finite: how many of its numbers are not. Where every step has a stretch of its own
    the three are the same.
    """

    name: str
    label: str
    first: tuple[int, ...]
    last: tuple[int, ...]
    low: Numbers
    mean: Numbers
    high: Numbers
    not_finite: tuple[int, ...]


class TimelineView(Struct, frozen=True, tag="timeline"):
    """A run from its first to its last step: recorded numbers, snapshots, and what happened when.

    snapshots: how many steps were done at each, so 0 is before the first step.
    """

    title: str
    n_steps: int
    tracks: tuple[Track, ...]
    snapshots: tuple[int, ...]
    events: tuple[Event, ...]
