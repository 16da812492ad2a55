"""Plateau: the rate falls when a metric has stopped improving. What it knows is a state that is handed in and out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from downslope.errors import SettingError
from downslope.optim.settings import not_negative, positive, whole

PlateauState = dict[str, float]


@dataclass(frozen=True)
class Plateau:
    """rate ← max(least, rate · factor) once a metric has not improved for more than ``patience`` calls.

    No function of t alone, so no Schedule: ``state = plateau.start()``, then after each evaluation
    ``state = plateau.update(state, metric)``, and ``state["rate"]`` is the rate of the next steps. Both are pure, and
    the state is a dict of numbers that can be saved.

    rate: to begin with, above 0. factor: above 0 and below 1. patience: calls without improvement that are put up with.
    threshold: the part of the best value by which a metric must be better to count. cooldown: calls after a fall during
    which nothing is counted. least: the rate never falls below it. larger_is_better: True for an accuracy, False for a
    loss. Errors: SettingError ``optimizer-setting``.

    Source: folklore, as in PyTorch.
    Differs from PyTorch (``ReduceLROnPlateau``) in that its ``threshold_mode="abs"`` and its eps are left out, and for
    metrics below 0, where PyTorch's threshold works backwards. A metric that is NaN never counts as an improvement.

    >>> plateau = Plateau(0.1, factor=0.5, patience=1)
    >>> state = plateau.start()
    >>> for loss in (1.0, 0.9, 0.9, 0.9, 0.9):
    ...     state = plateau.update(state, loss)
    ...     print(state["rate"])
    0.1
    0.1
    0.1
    0.05
    0.05
    """

    rate: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    least: float = 0.0
    larger_is_better: bool = False

    def __post_init__(self) -> None:
        positive("Plateau", "rate", self.rate)
        positive("Plateau", "factor", self.factor)
        if self.factor >= 1:
            raise SettingError(
                "optimizer-setting",
                f"factor is {self.factor!r}",
                where=f"Plateau(factor={self.factor!r})",
                why="the rate is multiplied by it when training is stuck, and is to become smaller then",
                do="Give a number above 0 and below 1, for example factor=0.1.",
            )
        for name in ("patience", "cooldown"):
            count = getattr(self, name)
            if count:
                whole("Plateau", name, count)
        not_negative("Plateau", "threshold", self.threshold)
        not_negative("Plateau", "least", self.least)

    def start(self) -> PlateauState:
        """The state before the first metric."""
        best = -math.inf if self.larger_is_better else math.inf
        return {"rate": self.rate, "best": best, "waited": 0, "resting": 0}

    def update(self, state: PlateauState, metric: float) -> PlateauState:
        """The state after one more metric; ``state`` itself is not changed."""
        rate, best, waited, resting = (state[name] for name in ("rate", "best", "waited", "resting"))
        if self.larger_is_better:
            better = metric > best + self.threshold * abs(best) if math.isfinite(best) else metric > best
        else:
            better = metric < best - self.threshold * abs(best) if math.isfinite(best) else metric < best
        best, waited = (float(metric), 0) if better else (best, waited + 1)
        if resting > 0:
            resting, waited = resting - 1, 0
        if waited > self.patience:
            rate, waited, resting = max(rate * self.factor, self.least), 0, self.cooldown
        return {"rate": rate, "best": best, "waited": waited, "resting": resting}
