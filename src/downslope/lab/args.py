"""What each view takes beside its run and its step: the ``args`` of a query, by view. Sizes are cut, never refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from downslope.lab.limits import MOST_SURFACE_STEPS, MOST_WORDS
from downslope.lab.settings import Choice, DataChoice

Short = Annotated[str, Meta(max_length=200)]
Formula = Annotated[str, Meta(max_length=MOST_WORDS)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Args(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a view that takes nothing more."""


class RunsArgs(Args, frozen=True):
    """most: how many runs are listed."""

    most: Count = 200


class SweepArgs(Args, frozen=True):
    """name: of a sweep, the newest one if None. result: what is compared. along: the setting that goes to the right."""

    name: Short | None = None
    result: Short | None = None
    along: Short | None = None


class TimelineArgs(Args, frozen=True):
    """scalars: recorded numbers, each a track. first, last: the steps that can be seen; all if None. most: points."""

    scalars: Annotated[tuple[Literal["loss", "grad_norm", "lr", "seconds"], ...], Meta(max_length=4)] = (
        "loss",
        "grad_norm",
        "lr",
    )
    first: int | None = None
    last: int | None = None
    most: Count = 400


class LossCurveArgs(Args, frozen=True):
    """buckets: pairs of lowest and highest value."""

    buckets: Count = 500


class ReadingArgs(Args, frozen=True):
    """id: of an instrument. steps: at which it is read; or every so many; about a hundred if neither is given.

    at: True reads it at the query's step alone. target: a layer or a parameter. settings: the instrument's own.
    """

    id: Short
    steps: Annotated[tuple[int, ...], Meta(max_length=2_000)] | None = None
    every: Count | None = None
    at: bool = False
    target: Short | None = None
    settings: Annotated[dict[Short, bool | int | float | Short | None], Meta(max_length=16)] = {}


class NetworkArgs(Args, frozen=True):
    """row: a place in the mini-batch, None for all. most: units of a layer. units: which of them, by layer.

    of: address of a unit whose numbers are wanted place by place.
    """

    row: int | None = None
    most: Annotated[int, Meta(ge=1, le=64)] = 12
    units: Annotated[dict[Short, tuple[int, ...]], Meta(max_length=64)] = {}
    of: Short | None = None


class DerivationArgs(Args, frozen=True):
    """words: what is explained, "dense1.w[3, 2]". most: contributions at each branching. depth: of branchings.

    opened: labels of the parts to follow, from the number to the loss, and layers to open operation by operation.
    """

    words: Short | None = None
    most: Annotated[int, Meta(ge=1, le=50)] = 5
    depth: Annotated[int, Meta(ge=1, le=40)] = 8
    opened: Annotated[tuple[Short, ...], Meta(max_length=64)] = ()


class GraphArgs(Args, frozen=True):
    """open: names of groups that are not folded; None decides by size. values: numbers of the step beside them.

    fold_above: how many operations are shown unfolded where nobody says what is open; as on a wide page if None.
    """

    open: Annotated[tuple[Short, ...], Meta(max_length=500)] | None = None
    values: bool = True
    fold_above: Count | None = None


class ProgramArgs(Args, frozen=True):
    """values: numbers of the step beside the lines."""

    values: bool = True


class LayersArgs(Args, frozen=True):
    """of: what is shown of each layer. steps: at which; about a hundred if None. target: of one array alone."""

    of: Literal["grads", "params", "updates", "activations", "update_ratio", "dead_units", "saturation"] = "grads"
    steps: Annotated[tuple[int, ...], Meta(max_length=200)] | None = None
    target: Short | None = None


class SliceArgs(Args, frozen=True):
    """dims: 1 is a line, 2 a plane. directions: as the instrument ``loss_slice`` has them; "trajectory" is the plane in
    which the run moved. points: a side. span, seed: of the directions.
    """

    dims: Literal[1, 2] = 2
    directions: Short = "random"
    points: Annotated[int, Meta(ge=5, le=61)] = 21
    span: Annotated[float, Meta(gt=0, le=1e3)] = 1.0
    seed: Annotated[int, Meta(ge=0)] = 0


class SpectrumArgs(Args, frozen=True):
    """products: Hessian-vector products for each of ``vectors`` random vectors. points: of the curve."""

    vectors: Annotated[int, Meta(ge=1, le=16)] = 4
    products: Annotated[int, Meta(ge=5, le=200)] = 80
    points: Annotated[int, Meta(ge=16, le=1_000)] = 256
    seed: Annotated[int, Meta(ge=0)] = 0


class RowsArgs(Args, frozen=True):
    """most: rows that are shown. target: a parameter or a layer, whose gradient alone counts."""

    most: Annotated[int, Meta(ge=1, le=64)] = 16
    target: Short | None = None


class SurfaceArgs(Args, frozen=True):
    """surface: a name of the catalogue, or formula: your own. domain: (x from, x to, y from, y to) of a formula.

    n: grid points a side.
    """

    surface: Short | None = None
    formula: Formula | None = None
    domain: tuple[float, float, float, float] | None = None
    n: Annotated[int, Meta(ge=11, le=201)] = 101


class QuadraticArgs(Args, frozen=True):
    """As of a surface; point: around which, its start if None."""

    surface: Short | None = None
    formula: Formula | None = None
    domain: tuple[float, float, float, float] | None = None
    point: tuple[float, float] | None = None


class DescentArgs(Args, frozen=True):
    """As of a surface; optimizers: each takes a path of its own. start: (x, y), the surface's own if None. steps; seed:
    of the noise.
    """

    optimizers: Annotated[tuple[Choice, ...], Meta(min_length=1, max_length=12)]
    surface: Short | None = None
    formula: Formula | None = None
    domain: tuple[float, float, float, float] | None = None
    start: tuple[float, float] | None = None
    steps: Annotated[int, Meta(ge=1, le=MOST_SURFACE_STEPS)] = 100
    seed: Annotated[int, Meta(ge=0)] = 0
    n: Annotated[int, Meta(ge=11, le=201)] = 101


class RaceArgs(Args, frozen=True):
    """As of a descent. budget: gradients for each run. runs: starts that are drawn where ``start`` is None; "own" is
    the surface's own. tune: take the best of thirteen rates for each.
    """

    optimizers: Annotated[tuple[Choice, ...], Meta(min_length=1, max_length=12)]
    surface: Short | None = None
    formula: Formula | None = None
    domain: tuple[float, float, float, float] | None = None
    start: tuple[float, float] | Literal["own"] | None = None
    budget: Annotated[int, Meta(ge=2, le=5_000)] = 200
    runs: Annotated[int, Meta(ge=1, le=32)] = 8
    tune: bool = False


class CompareArgs(Args, frozen=True):
    """other: name of the other run. every: steps between comparisons; about forty places if None."""

    other: Short
    every: Count | None = None


class BoundaryArgs(Args, frozen=True):
    """points: of the grid a side. units: how many units' maps."""

    points: Annotated[int, Meta(ge=5, le=101)] = 41
    units: Annotated[int, Meta(ge=0, le=64)] = 64


class DataArgs(Args, frozen=True):
    """data: which set; that of the run if None. first, second: the features that are drawn. most: points."""

    data: DataChoice | None = None
    first: Short | None = None
    second: Short | None = None
    most: Count = 1_000


class TextArgs(Args, frozen=True):
    """view, args: of which view. width: characters of a line."""

    view: Short
    args: dict[str, Any] = {}
    width: Annotated[int, Meta(ge=40, le=200)] = 80


class WhereArgs(Args, frozen=True):
    """id: the word of anything that has a name: an instrument, an optimizer, an error's code, a view ..."""

    id: Short
