"""How fast a training goes: at full speed in portions, or so many steps a second; and how fast it went of late."""

from __future__ import annotations

import time
from collections import deque

PORTION_SECONDS = 0.02  # of steps between two looks at the orders
RATE_SECONDS = 0.5  # over which steps a second are counted
FIRST_PORTION = 8  # steps, while nobody knows yet how long one takes


class Pace:
    """A pace from the moment of ``begin`` on. speed: steps a second, 0 as many as it can. done: steps until now."""

    def __init__(self) -> None:
        self.speed, self._portion = 0.0, FIRST_PORTION
        self._began, self._from = 0.0, 0
        self._marks: deque[tuple[float, int]] = deque(maxlen=64)

    def begin(self, done: int, speed: float | None = None) -> None:
        """Count anew from here, so that what was waited for is not caught up with. speed: as before if None."""
        self._began, self._from = time.monotonic(), done
        if speed is not None:
            self.speed = speed
            self._marks.clear()

    def wait(self, done: int, most: float) -> float:
        """Seconds until the next step is due, at most ``most``; 0 at full speed."""
        if not self.speed:
            return 0.0
        due = self._began + (done - self._from + 1) / self.speed
        return min(max(due - time.monotonic(), 0.0), most)

    def due(self, done: int) -> int:
        """How many steps may be taken now, before orders are looked at again."""
        if not self.speed:
            return self._portion
        late = int((time.monotonic() - self._began) * self.speed) - (done - self._from)
        return min(max(late, 0), self._portion)

    def took(self, steps: int, seconds: float) -> None:
        """How long a portion lasted: the next one is to be as long as it should, and at most four times as large."""
        self._portion = max(1, min(int(PORTION_SECONDS * steps / max(seconds, 1e-6)), 4 * self._portion))

    def rate(self, done: int) -> float:
        """Steps a second of the last moments, 0 where nothing is known of them. Called at every report."""
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > RATE_SECONDS:
            self._marks.popleft()
        span, steps = now - self._marks[0][0], done - self._marks[0][1]
        return round(steps / span, 1) if span > 0 else 0.0
