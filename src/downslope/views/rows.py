"""The examples of one step as a payload: those that weigh most in its gradient first, shown as what they are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.instruments.row_blame import row_blame
from downslope.runs.replayed import ReplayedStep
from downslope.runs.walk import quiet
from downslope.views.data_payload import RowShown, RowsView
from downslope.views.event import Event
from downslope.views.thin import or_none
from downslope.views.values import in_short

if TYPE_CHECKING:
    from downslope.runs import Run

MOST_ROWS = 64
MOST_FEATURES = 24
Array = Any


def rows_view(run: Run, step: ReplayedStep, most: int = 16, *, target: str | None = None) -> RowsView:
    """The payload of a step's mini-batch. most: how many rows are shown, at most ``MOST_ROWS``. target: a parameter or
    a layer, whose gradient alone counts then. Errors: SettingError ``instrument-target``.
    """
    data = run.history.segment_at(step.t).task.data
    with quiet(1):
        shares = _shares(step, target)
        losses = np.asarray(step.losses, np.float64)
        output = np.asarray(step.activations["output"])
    order = np.argsort(-shares, kind="stable") if np.isfinite(shares).all() else np.arange(len(shares))
    kept = order[: max(1, min(most, MOST_ROWS))]
    places = _places(data, step.rows)
    width = data.train.x.shape[1] if data.image_shape else min(data.train.x.shape[1], MOST_FEATURES)
    shown = []
    for k in kept.tolist():
        at, row = places[k], int(step.rows[k])
        values = data.raw_features(data.train.x[at])[:width] if data.image_shape is None else data.train.x[at]
        shown.append(
            RowShown(
                place=k,
                row=row,
                share=in_short(shares[k]),
                loss=in_short(losses[k]),
                target=_word(data, data.train.y[at]),
                predicted=_predicted(data, output[k]),
                values=tuple(in_short(value) for value in np.asarray(values, np.float64).tolist()),
                faults=tuple(each.corruption for each in data.touched if row in each.rows),
            )
        )
    bad = int((~np.isfinite(losses)).sum() + (~np.isfinite(shares)).sum())
    events = []
    if not np.isfinite(shares).all():
        text = (
            "the mean gradient is 0 or not finite, so there are no shares: the rows are in the order of the mini-batch"
        )
        events.append(Event("nan", text, step=int(step.t), count=int((~np.isfinite(shares)).sum())))
    return RowsView(
        title=f"{data.name}: the {len(kept)} of {len(shares)} rows that weigh most in step {step.t:,}",
        step=int(step.t),
        loss=or_none(np.array([step.loss], np.float64))[0],
        n=len(shares),
        sentence=f"An even share is {1 / len(shares):.3g}; below 0 stands a row that pulled against the step.",
        features=tuple(data.features[:width]) if data.image_shape is None else (),
        image_shape=data.image_shape,
        rows=tuple(shown),
        not_finite=bad,
        events=tuple(events),
    )


def _shares(step: ReplayedStep, target: str | None) -> Array:
    """Of each place in the mini-batch: what ``row_blame`` tells by rows, which may stand in a mini-batch twice."""
    told = row_blame(step, target)
    waiting: dict[int, list[int]] = defaultdict(list)
    for k, row in enumerate(np.asarray(step.rows).tolist()):
        waiting[row].append(k)
    shares = np.full(len(step.rows), np.nan)
    for row, share in zip(told.axes[0].labels, told.values, strict=True):
        shares[waiting[row].pop(0)] = share
    return shares


def _places(data: Any, rows: Array) -> list[int]:
    """Where the rows of a mini-batch stand among the rows to train on."""
    by_row: dict[int, int] = {row: k for k, row in enumerate(data.train.rows.tolist())}
    return [by_row[int(row)] for row in rows]


def _word(data: Any, y: Array) -> str:
    if data.task == "classification":
        return str(data.classes[int(y)])
    return f"{float(np.ravel(data.raw_target(y))[0]):.6g}"


def _predicted(data: Any, output: Array) -> str:
    if not np.isfinite(output).all():
        return "not finite"
    return _word(data, np.argmax(output) if data.task == "classification" else output)
