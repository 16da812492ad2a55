"""Steps of a network as an animation: forward, loss, backward and update, a frame for each stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from downslope.runs import Run
from downslope.runs.step import Step
from downslope.views.network import network_view
from downslope.views.network_payload import NetworkView
from downslope.views.plot.film import drawn, ending_of, write
from downslope.views.plot.flow import flow
from downslope.views.plot.flow_pen import stages

DPI = 88
PAUSE, LOSS, UPDATE, LAST = 700, 1100, 1900, 3200  # milliseconds that a frame stands
STEPS = 3


def chosen_steps(n: int, most: int = STEPS) -> list[int]:
    """The first and the last of n steps and some between, farther apart as they go.

    >>> chosen_steps(900)
    [1, 30, 900]
    """
    return sorted({round(float(step)) for step in np.geomspace(1, max(n, 1), min(most, max(n, 1)))})


def network_steps(shown: Run | Step, steps: Iterable[int] | None = None, row: int | None = None) -> list[NetworkView]:
    """The payloads of a Step, or of some steps of a Run; all of them show the units that the first one shows."""
    if isinstance(shown, Run):
        found = [shown.at(int(t)) for t in (chosen_steps(shown.steps) if steps is None else steps)]
    else:
        found = [shown]  # type: ignore[list-item]  # a Step, replayed or not
    first = network_view(found[0], row)
    units = {layer.name: [unit.place for unit in layer.units] for layer in first.layers}
    return [first, *(network_view(step, row, units=units) for step in found[1:])]


def flow_animation(
    payloads: Sequence[NetworkView],
    path: Path,
    *,
    dark: bool = False,
    dots: int = DPI,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the stages of each step to a file that ends in .gif, .avif or .mp4.

    progress: is told after each frame how many are drawn, and of how many. Errors: SettingError ``animation-ending``,
    ``animation-package``.
    """
    ending_of(path)
    frames, pauses = [], []
    total = sum(len(stages(payload)) for payload in payloads)
    for payload in payloads:
        for stage, name in enumerate(stages(payload)):
            frames.append(drawn(flow(payload, dark=dark, stage=stage), dots))
            pauses.append({"loss": LOSS, "update": UPDATE}.get(name, PAUSE))
            if progress is not None:
                progress(len(frames), total)
    pauses[-1] = LAST
    write(frames, path, pauses)
