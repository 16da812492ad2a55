"""What is shown of a network at one step, as plain numbers; a part of payload.py."""

from __future__ import annotations

from msgspec import Struct

from downslope.views.event import Event

Matrix = tuple[tuple[float | None, ...], ...]


class Unit(Struct, frozen=True):
    """One unit of a layer. place: its index in the layer.

    value: what it hands on, going forward; before: the same before the activation. error: dloss/dvalue, the error
    signal that comes back; error_before: dloss/dbefore. bias with its gradient and its update; target: of an output.
    None where there is none, and where a number is not finite.
    """

    label: str
    place: int
    value: float | None
    error: float | None
    before: float | None = None
    error_before: float | None = None
    bias: float | None = None
    bias_gradient: float | None = None
    bias_update: float | None = None
    target: float | None = None


class UnitLayer(Struct, frozen=True):
    """A layer, the input being the first. n: all of its units, of which ``units`` are those that are shown.

    places: where a unit has many numbers, how many: (height, width) of a channel of images, (steps,) of a sequence.
    Then a unit's value is their mean, and its error their sum.
    """

    name: str
    label: str
    activation: str
    n: int
    units: tuple[Unit, ...]
    places: tuple[int, ...] = ()


class UnitPlaces(Struct, frozen=True):
    """All numbers of one unit that has many, for one row of the mini-batch.

    layer, unit: which; row: place in the mini-batch. axes: what places are counted by, ("row", "column") or ("step",).
    values, errors: what it hands on, and the error signals, at each place; a sequence is one line. errors are those of
    the mini-batch's loss; () where there are none. place: the chosen one; why: why this one, "" where it was asked for.
    entries: the address of a place, with one number in braces for each axis: "conv1[0, 3, {0}, {1}]".
    """

    layer: str
    unit: int
    row: int
    axes: tuple[str, ...]
    values: Matrix
    errors: Matrix
    place: tuple[int, ...]
    why: str
    entries: str


class Wire(Struct, frozen=True):
    """The edges from layer ``source`` to layer ``target`` (places in ``layers``), between the units that are shown.

    name: of the matrix of weights. weights[i][j]: from shown unit i of the source to shown unit j of the target; so are
    gradients and updates. n: all edges. Where the layer is no matrix (a convolution, dropout) the three are empty, and
    text says what it is.
    """

    name: str
    source: int
    target: int
    n: int
    weights: Matrix
    gradients: Matrix
    updates: Matrix
    text: str = ""


class NetworkView(Struct, frozen=True, tag="network"):
    """One step of a network: the values going forward, the loss, the error signals going backward, the update.

    of: over what the numbers are taken, in words. row: place in the mini-batch of the one row that is shown, None for
    all ``n_rows``: then values are means over the rows, and errors, gradients and the loss those of the mean loss. Of
    one row they are those of this row's own loss; the updates are always those that the step took. rule: the optimizer.
    plain: whether each update is −lr · gradient as it stands here. not_finite: of all numbers, the folded ones too.
    places: of the unit that was asked for, where it has many numbers.
    """

    title: str
    of: str
    step: int
    row: int | None
    n_rows: int
    layers: tuple[UnitLayer, ...]
    wires: tuple[Wire, ...]
    loss: float | None
    lr: float | None
    rule: str
    plain: bool
    not_finite: int
    events: tuple[Event, ...]
    places: UnitPlaces | None = None
