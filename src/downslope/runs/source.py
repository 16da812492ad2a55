"""What conditions read: a run's scalars, its held-out metrics as last known, and its instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.runs.history import METRICS, History
from downslope.runs.instrument import find, known
from downslope.runs.layout import SCALARS

Array = Any


NAMES = (*SCALARS, *METRICS)
"""What can be asked for without a replay: what is recorded of every step, and the held-out metrics."""


def readable() -> list[str]:
    """The instruments that are read of single steps."""
    return [name for name, entry in known().items() if entry.over == "step"]


class RunSource:
    """A run as a condition sees it. ask: how instruments are read (default: anew, without the file's cache)."""

    def __init__(
        self,
        history: History,
        metrics: Mapping[str, Any],
        ask: Callable[..., tuple[Array, Sequence[str]]] | None = None,
    ) -> None:
        self.history, self.metrics, self.ask = history, metrics, ask

    @property
    def names(self) -> Sequence[str]:
        """What can be asked for without a replay."""
        return NAMES

    @property
    def instruments(self) -> Sequence[str]:
        """What is read of single steps."""
        return readable()

    @property
    def last(self) -> int:
        """The number of the last step."""
        return self.history.steps

    def scalar(self, name: str, steps: Array) -> Array:
        """(n,) numbers at these steps; a metric is the one last known before the step, NaN before the first."""
        if name in SCALARS:
            first, last = int(steps[0]), int(steps[-1])
            return self.history.series(name, first, last)[np.asarray(steps) - first]
        # judged after step s: known from step s + 1 on
        at = np.searchsorted(np.asarray(self.metrics["step"], float), steps, side="left") - 1
        values = np.asarray([*self.metrics.get(name, ()), np.nan], float)
        return np.where((at >= 0) & (at < len(values) - 1), values[np.minimum(at, len(values) - 1)], np.nan)

    def reading(
        self, id: str, target: str | None, settings: Mapping[str, Any], steps: Array
    ) -> tuple[Array, Sequence[str]]:
        """What an instrument tells at these steps, and the names of its parts."""
        if self.ask is not None:
            return self.ask(id, target, settings, steps)
        rows, parts = [], tuple[str, ...]()
        for t in steps:
            values, parts = find(id).parts(self.history.step(int(t)), target, settings)
            rows.append(values)
        return np.array(rows, float), parts
