"""What a training run tells about itself while it goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A moment of a run. loss: of the last mini-batch. metric: on the held-out part, NaN at first."""

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    metric_name: str
    metric: float
    steps_per_second: float
    seconds_left: float
