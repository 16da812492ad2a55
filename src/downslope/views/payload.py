"""What views show, as plain numbers: one record per view, which both painters and the text form read.

The records turn into JSON and MessagePack as they are, and TypeScript's types are generated from them. So they hold no
arrays, and nothing that JSON cannot hold: where a number is not finite it is None in its series and told in ``events``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct


class Event(Struct, frozen=True):
    """Something to point at. step: where on the step axis; None if it belongs to no step. count: how many in a row."""

    kind: Literal["nan", "infinite", "failure", "stopped"]
    text: str
    step: int | None = None
    count: int = 1


class LossCurve(Struct, frozen=True, tag="loss_curve"):
    """The loss over the steps of a run, thinned so that each bucket keeps its lowest and its highest value.

    steps, loss: the points that were kept, in order; None where the loss is not finite. smoothed: the running median
    over ``window`` steps (the finite ones of them), at ``smoothed_steps``; both empty for short runs.
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

Payload: TypeAlias = LossCurve | ConfusionMatrix | Residuals
