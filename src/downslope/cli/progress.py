"""How far a run is: a bar on a terminal, about ten plain lines in a log, nothing when asked to be quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress as Bar, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from downslope.runs import Progress

Report: TypeAlias = "Callable[[Progress], None]"
LINES = 10
LONGEST_SILENCE = 60.0


@contextmanager
def shown(quiet: bool) -> Iterator[Report | None]:
    """What training is given to report to, on stderr: what a run says at its end stays alone on stdout."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _TwoLines(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f}%"),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        ) as bar:
            task = bar.add_task("training", total=None, epoch="1")

            def move(now: Progress) -> None:
                bar.below = words(now)
                bar.update(task, total=now.steps, completed=now.step, epoch=_epochs(now))

            yield move
    else:
        yield _Log()


class _TwoLines(Bar):
    """The bar, and below it what is told: in one line they would not fit into 80 columns."""

    below = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        yield Text(self.below)


class _Log:
    """A line at the start, whenever another tenth of the run is done, and after a minute without one."""

    def __init__(self) -> None:
        self.tenths, self.told = -1, 0.0

    def __call__(self, now: Progress) -> None:
        tenths = now.step * LINES // now.steps
        if tenths > self.tenths or time.monotonic() > self.told + LONGEST_SILENCE:
            self.tenths, self.told = tenths, time.monotonic()
            print(f"epoch {_epochs(now)}, {words(now)}", file=sys.stderr, flush=True)


def words(now: Progress) -> str:
    """Step, loss, held-out metric, pace and time left."""
    parts = [f"step {now.step:,}/{now.steps:,}", f"loss {now.loss:.4g}"]
    if now.metric == now.metric:  # NaN before the first epoch has ended
        value = f"{now.metric:.1%}" if now.metric_name == "accuracy" else f"{now.metric:.3f}"
        parts.append(f"held-out {now.metric_name.replace('r2', 'R²')} {value}")
    parts.append(f"{now.steps_per_second:,.0f} steps/s")
    if now.step < now.steps:
        parts.append(f"{duration(now.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(0.4), duration(75), duration(7300)
    ('1 s', '1 min 15 s', '2 h 1 min')
    """
    if not seconds < 1e7:
        return "an unknown time"
    whole = max(round(seconds), 1)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _epochs(now: Progress) -> str:
    return f"{min(now.epoch + (now.step < now.steps), now.epochs)}/{now.epochs}"
