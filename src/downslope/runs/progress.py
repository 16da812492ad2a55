"""What a training run tells about itself while it goes on, and a line that shows how far long questions are."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
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


@contextlib.contextmanager
def shown(title: str, told: Callable[[int, int], None] | None = None) -> Iterator[Callable[[int, int], None]]:
    """Inside, the yielded function takes how much is done, and of how much. It is ``told``, or a line on stderr.

    The line appears after a second and only where somebody is looking (a terminal or a notebook), and goes when all is
    done. DOWNSLOPE_PROGRESS=0 in the environment keeps it away, as from a notebook that is run to be published.
    """
    if told is not None:
        yield told
        return
    began, drawn = time.monotonic(), [False, 0.0]
    watched = (sys.stderr.isatty() or "ipykernel" in sys.modules) and os.environ.get("DOWNSLOPE_PROGRESS") != "0"

    def line(done: int, of: int) -> None:
        now = time.monotonic()
        if not watched or now - began < 1 or now - drawn[1] < 0.1:
            return
        left = (now - began) * (of - done) / max(done, 1)
        bar = "█" * round(24 * done / max(of, 1))
        sys.stderr.write(f"\r{title}  {bar:·<24}  {done:,} of {of:,}, {left:.0f} s left ")
        sys.stderr.flush()
        drawn[:] = [True, now]

    try:
        yield line
    finally:
        if drawn[0]:
            sys.stderr.write("\r" + " " * (len(title) + 70) + "\r")
            sys.stderr.flush()
