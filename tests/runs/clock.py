"""A clock that a test moves, so that what depends on time is tested at any pace of the machine."""

from __future__ import annotations


class Clock:
    """Stands for the module ``time``. tick: seconds that pass whenever somebody looks; a test may add to ``now``."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 0.0, tick

    def monotonic(self) -> float:
        self.now += self.tick
        return self.now

    perf_counter = monotonic
