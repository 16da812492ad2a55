"""One optimizer's part in a race: its runs, the best value so far, and the bands over the runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.surfaces.rule import Rule, settings_text
from downslope.surfaces.surface import Array, Surface
from downslope.surfaces.verdict import distance


@dataclass(frozen=True, eq=False)
class Entrant:
    """One optimizer's runs. All arrays have a column for every evaluation, 1 to budget.

    lr: its rate or schedule, stated, or tuned. points, values: where it wants to be read, shapes (runs, budget, 2) and
    (runs, budget), without the noise; NaN and infinity are kept. best: the lowest finite value so far, infinite before
    there is one. median, low, high: of ``best`` over the runs, the half and the quarters; each is a value that a run
    had, not an average. evaluations: those of the race. tuning: those spent before it, on finding lr. tried: rate ->
    the median best value that it reached.
    """

    surface: Surface
    optimizer: Rule
    lr: Any
    values: Array
    points: Array
    evaluations: int
    tuning: int
    tried: dict[float, float]

    @property
    def name(self) -> str:
        """The rule with its settings, without its rate."""
        return settings_text(self.optimizer)

    @property
    def best(self) -> Array:
        """The lowest finite value so far, shape (runs, budget)."""
        return best_so_far(self.values)

    @property
    def low(self) -> Array:
        """A quarter of the runs is at or below it."""
        return quantile(self.best, 0.25)

    @property
    def median(self) -> Array:
        """Half of the runs are at or below it."""
        return quantile(self.best, 0.5)

    @property
    def high(self) -> Array:
        """Three quarters of the runs are at or below it."""
        return quantile(self.best, 0.75)

    @property
    def diverged(self) -> int:
        """How many runs ended in NaN or infinity, or as far away as a descent's verdict calls diverged."""
        with np.errstate(invalid="ignore"):
            is_far = distance(self.surface, self.points)[1][:, -1]
        return int(np.sum(is_far | ~np.isfinite(self.values[:, -1])))


def best_so_far(values: Array) -> Array:
    """The lowest finite value up to each column; infinite before there is one."""
    return np.minimum.accumulate(np.where(np.isfinite(values), values, np.inf), axis=1)


def quantile(best: Array, part: float) -> Array:
    """The smallest value that this part of the runs does not exceed, for each column."""
    return np.asarray(np.quantile(best, part, axis=0, method="inverted_cdf"))


def rate_text(lr: Any) -> str:
    """A number or a schedule as text."""
    return f"{lr:g}" if isinstance(lr, int | float) else str(lr)
