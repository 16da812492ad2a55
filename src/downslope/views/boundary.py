"""What a network answers over the plane of its two inputs, as a payload: the decision boundary and each unit's map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.errors import SettingError
from downslope.runs.probe import Probe
from downslope.runs.replayed import ReplayedStep
from downslope.runs.walk import quiet
from downslope.views.data_payload import BoundaryView, UnitMap
from downslope.views.event import Event
from downslope.views.values import all_in_short, in_short

if TYPE_CHECKING:
    from downslope.runs import Run

MOST_POINTS = 101
MOST_UNITS = 64
UNIT_POINTS = 20
LINE_POINTS = 200
MARGIN = 0.15
Array = Any


def boundary_view(run: Run, step: ReplayedStep, points: int = 41, units: int = MOST_UNITS) -> BoundaryView:
    """The payload of a network's answers over the range of one or two inputs, before step ``step.t``.

    points: of the grid a side, up to ``MOST_POINTS``. units: how many units' maps are shown at most, in the order of
    the layers. Layers answer as in training; those of dropout, which would be another one for each point, have no maps.
    Errors: SettingError ``boundary-inputs``.
    """
    task = run.history.segment_at(step.t).task
    data = task.data
    if data.train.x.shape[1] > 2:
        raise SettingError(
            "boundary-inputs",
            f"the network has {data.train.x.shape[1]} inputs",
            where=f"boundary_view of step {step.t}",
            why="a map has two axes, so it can show all of what a network answers to one or two inputs",
            do="look at a loss slice, at layers or at rows, or train on a set with two features such as moons",
        )
    n = max(2, min(points, MOST_POINTS))
    with quiet(1):
        axes, plane = _plane(data, n)
        output = np.asarray(task.output(step.nested, step.carried.memory, plane), np.float64)
        unit_axes, coarse = _plane(data, UNIT_POINTS)
        maps, left_out = _units(task, step, coarse, max(0, min(units, MOST_UNITS)))
    shape = (len(axes[1]) or 1, len(axes[0]))
    z, sure = _answers(data, output)
    bad = int((~np.isfinite(output)).sum())
    text = f"{bad:,} of the network's {output.size:,} answers are NaN or infinite"
    return BoundaryView(
        title=f"{data.name}: what the network answers before step {step.t:,}",
        step=int(step.t),
        first=data.features[0],
        second=data.features[1] if len(data.features) > 1 else "",
        classes=tuple(data.classes),
        x=_raw(data, axes[0], 0),
        y=_raw(data, axes[1], 1),
        z=_grid(z, shape),
        sure=_grid(sure, shape) if sure is not None else (),
        unit_x=_raw(data, unit_axes[0], 0),
        unit_y=_raw(data, unit_axes[1], 1),
        units=maps,
        left_out=left_out,
        not_finite=bad,
        events=(Event("nan", text, step=int(step.t), count=bad),) * bool(bad),
    )


def _plane(data: Any, n: int) -> tuple[tuple[Array, Array], Array]:
    """The grid's axes in the model's units, and its points as rows; one input has a finer axis, and no second."""
    ends = []
    for column in np.concatenate((data.train.x, data.held_out.x)).T:
        low, high = float(column.min()), float(column.max())
        room = MARGIN * ((high - low) or 1.0)
        ends.append((low - room, high + room))
    if len(ends) == 1:
        axis = np.linspace(*ends[0], LINE_POINTS)
        return (axis, np.zeros(0)), axis[:, None]
    first, second = (np.linspace(*end, n) for end in ends)
    X, Y = np.meshgrid(first, second)
    return (first, second), np.column_stack((X.ravel(), Y.ravel()))


def _raw(data: Any, axis: Array, column: int) -> tuple[float, ...]:
    if not len(axis):
        return ()
    rows = np.zeros((len(axis), len(data.features)))
    rows[:, column] = axis
    return tuple(float(f"{value:.6g}") for value in data.raw_features(rows)[:, column].tolist())


def _answers(data: Any, output: Array) -> tuple[Array, Array | None]:
    """What is drawn of the network's outputs (n, outputs), and how sure it is where that is something else."""
    if data.task == "regression":
        return np.ravel(data.raw_target(output)), None
    with np.errstate(all="ignore"):
        powers = np.exp(output - output.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
    if output.shape[1] == 2:
        return probabilities[:, 1], None
    broken = ~np.isfinite(output).all(axis=1)
    likeliest = np.where(broken, np.nan, np.argmax(output, axis=1))
    return likeliest, probabilities.max(axis=1)


def _grid(values: Array, shape: tuple[int, int]) -> tuple[tuple[float | None, ...], ...]:
    return tuple(map(all_in_short, np.reshape(values, shape)))


def _units(task: Any, step: ReplayedStep, plane: Array, most: int) -> tuple[tuple[UnitMap, ...], int]:
    x = task.inputs(plane)
    y = task.targets(
        np.zeros(len(plane), np.int64) if task.data.task == "classification" else np.zeros((len(plane), 1))
    )
    found: list[UnitMap] = []
    left_out = 0
    if not most:
        return (), 0
    probe = Probe(task, step.nested, step.carried.memory, x, y)
    activations = probe.look(step.nested, step.carried.memory, x, y, step.t)["activations"]
    side = (-1, UNIT_POINTS) if plane.shape[1] == 2 else (1, -1)
    for name, facts in probe.layers.items():
        h = np.asarray(activations.get(name, ()), np.float64)
        if h.ndim != 2 or facts.kind == "dropout":
            continue
        for unit in range(h.shape[1]):
            if len(found) == most:
                left_out += 1
                continue
            column = h[:, unit]
            finite = column[np.isfinite(column)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
            rows = tuple(map(all_in_short, column.reshape(side)))
            found.append(UnitMap(name, unit, rows, in_short(low), in_short(high), bool((column == 0).all())))
    return tuple(found), left_out
