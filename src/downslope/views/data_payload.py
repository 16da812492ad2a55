"""What is shown of data, and of what a network makes of it; a part of payload.py."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from downslope.views.event import Event

Number = float | None
Numbers = tuple[Number, ...]


class DataView(Struct, frozen=True, tag="data"):
    """A data set as points of two of its features, in the user's units, thinned evenly where there are many.

    first, second: names of the features that are drawn; second is "" where there is only one. x, y: of each point; y is
    the target for a single feature. target: class index, or the number itself in the user's unit. rows: in the source.
    held_out: whether a point is of that part. faults: 1 + the place in ``corruptions`` of what was done to the row on
    purpose, 0 for nothing. n_train, n_held_out: of the whole set. notes: what was done to the data, in sentences.
    """

    title: str
    name: str
    task: Literal["classification", "regression"]
    features: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    n_train: int
    n_held_out: int
    first: str
    second: str
    x: Numbers
    y: Numbers
    target: Numbers
    rows: tuple[int, ...]
    held_out: tuple[bool, ...]
    faults: tuple[int, ...]
    corruptions: tuple[str, ...]
    image_shape: tuple[int, int] | None
    notes: tuple[str, ...]
    events: tuple[Event, ...]


class UnitMap(Struct, frozen=True):
    """What one unit answers over the plane: values[i][j] at (x[j], y[i]) of its view. dead: 0 everywhere on it."""

    layer: str
    unit: int
    values: tuple[Numbers, ...]
    low: Number
    high: Number
    dead: bool


class BoundaryView(Struct, frozen=True, tag="boundary"):
    """What a network of one or two inputs answers over their range, at one step.

    x, y: the grid in the user's units; y is () for one input. classes: names, () for numbers. z[i][j]: at (x[j], y[i]):
    probability of the second of two classes; of more the index of the likeliest; else the predicted number. sure[i][j]:
    probability of the likeliest class, () where z says it. unit_x, unit_y: the coarser grid of ``units``. left_out:
    units that are not listed because there are too many.
    """

    title: str
    step: int
    first: str
    second: str
    classes: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[Numbers, ...]
    sure: tuple[Numbers, ...]
    unit_x: tuple[float, ...]
    unit_y: tuple[float, ...]
    units: tuple[UnitMap, ...]
    left_out: int
    not_finite: int
    events: tuple[Event, ...]


class RowShown(Struct, frozen=True):
    """An example of a mini-batch. share: of the mini-batch's gradient along itself, so that all shares are 1 together.

    place: in the mini-batch; row: in the source. target, predicted: as words or numbers in the user's unit. values: the
    features in the user's units, or the pixels of an image. faults: what was done to this row on purpose.
    """

    place: int
    row: int
    share: Number
    loss: Number
    target: str
    predicted: str
    values: Numbers
    faults: tuple[str, ...]


class RowsView(Struct, frozen=True, tag="rows"):
    """The examples of one step, those with the greatest share of its gradient first; at most ``MOST_ROWS`` of them.

    n: rows of the mini-batch. features: names of the values that are shown, cut at ``MOST_FEATURES``. image_shape:
    (height, width) where a row is an image.
    """

    title: str
    step: int
    loss: Number
    n: int
    sentence: str
    features: tuple[str, ...]
    image_shape: tuple[int, int] | None
    rows: tuple[RowShown, ...]
    not_finite: int
    events: tuple[Event, ...]
