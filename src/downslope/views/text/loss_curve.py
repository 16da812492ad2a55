"""The loss curve in words: first, last and lowest, and a line of bars for its shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

from downslope.views.payload import LossCurve
from downslope.views.text.words import NOT_FINITE, number, told
from downslope.views.thin import median

BARS = "▁▂▃▄▅▆▇█"


def loss_curve(payload: LossCurve, width: int = 80) -> str:
    """First, last and lowest loss, with a line of bars on a scale that training and held-out part share."""
    series = [
        ("training", payload.smoothed_steps or payload.steps, payload.smoothed or payload.loss),
        ("held out", payload.held_out_steps, payload.held_out_loss),
    ]
    every = [value for _, _, values in series for value in values if value is not None]
    scale = Scale(every)
    shown = f", {payload.smoothed_by} of {payload.window} steps" if payload.window else ""
    lines = [payload.title, f"  {payload.y_label}{shown}{', logarithmic bars' if scale.is_log else ''}"]
    for name, steps, values in series:
        if steps:
            lines.append(_loss_line(name, steps, values, payload, scale, max(width - 62, 12)))
    return "\n".join([*lines, *told(payload.events)])


def _loss_line(
    name: str,
    steps: Sequence[int],
    values: Sequence[float | None],
    payload: LossCurve,
    scale: Scale,
    width: int,
) -> str:
    if payload.loss[-1] is None and name == "training":
        values = (*values[:-1], None)  # the median of the steps before it must not hide how the run ended
    finite = [(value, step) for value, step in zip(values, steps, strict=True) if value is not None]
    if not finite:
        return f"  {name}  no finite value in {len(values)}"
    low, where = min(finite)
    bars = sparkline(steps, values, payload.n_steps, scale, width)
    return f"  {name}  {number(values[0]):>9} {bars} {number(values[-1]):<9} lowest {number(low)} at step {where:,}"


class Scale:
    """Heights from 0 to 1 between the lowest and the highest of ``values``; logarithmic if they span over a decade."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = (min(values), max(values)) if values else (0.0, 1.0)
        self.is_log = self.low > 0 and self.high > 10 * self.low

    def height(self, value: float) -> float:
        """0 for the lowest value, 1 for the highest."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        # in halves: the difference of two numbers may be larger than any number
        return (at / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0


def sparkline(steps: Sequence[int], values: Sequence[float | None], n_steps: int, scale: Scale, width: int = 40) -> str:
    """One bar for each of ``width`` equal parts of the run: the median there; × where no value is finite.

    A part without a point repeats the one before it.

    >>> sparkline([1, 2, 3, 4], [4.0, None, 2.0, 1.0], 4, Scale([1.0, 4.0]), width=4)
    '█×▃▁'
    """
    places = [min((step - 1) * width // max(n_steps, 1), width - 1) for step in steps]
    bars, last = "", " "
    for k in range(width):
        here = [value for value, place in zip(values, places, strict=True) if place == k]
        finite = [value for value in here if value is not None]
        if finite:
            last = BARS[min(int(scale.height(median(finite)) * len(BARS)), len(BARS) - 1)]
        elif here:
            last = NOT_FINITE
        bars += last
    return bars
