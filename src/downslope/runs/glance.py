"""A glance at a run file: what it says of itself, read from a few of its rows, without its data and its model.

So a directory of hundreds of runs is listed at once, and a file whose model or data is missing, or of which a part is
damaged, still tells what it can.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from downslope import nn
from downslope.errors import DownslopeError
from downslope.runs import scalars, snapshots
from downslope.runs.connect import NOT_READABLE
from downslope.runs.evaluate import METRIC
from downslope.runs.file import RunFile
from downslope.runs.history import METRICS
from downslope.runs.layout import TABLES
from downslope.runs.snapshots import Mark

Array = Any
FINISHED, NOT_FINISHED, STOPPED, FAILED, DAMAGED = "finished", "not finished", "stopped", "failed", "damaged"
_MAIN = tuple(METRIC.values())
EVERY_STEP = 65_536  # of longer runs a course is drawn from the means of 1,024 steps


@dataclass(frozen=True)
class Glance:
    """A run as its file describes it.

    size: bytes. began: seconds since 1970 at which it was made, or last written where the file does not say. state:
    "finished", "not finished" (killed, or still training), "stopped", "failed" (numbers that are not finite) or
    "damaged"; why: in words. until: how many steps were meant. loss: at the first and at the last step, NaN where that
    is damaged. metric: the main held-out one, its name "" if none is known. parent: of a fork, as in ``Run.parent``.
    """

    path: Path
    size: int
    began: float
    state: str
    why: str = ""
    data: str = ""
    model: str = ""
    optimizer: str = ""
    steps: int = 0
    until: int = 0
    loss: tuple[float, float] = (math.nan, math.nan)
    metric: tuple[str, float] = ("", math.nan)
    parent: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.name.removesuffix(".run")


def glances(directory: str | os.PathLike[str]) -> list[Glance]:
    """The runs of a directory, the oldest first."""
    found = [glance(path) for path in Path(directory).glob("*.run") if path.is_file()]
    return sorted(found, key=lambda each: (each.began, each.name))


def glance(path: str | os.PathLike[str]) -> Glance:
    """What a run file says of itself. Nothing is raised: what cannot be read is in state "damaged"."""
    place, size, began = Path(path), 0, 0.0
    try:
        parts = [place.stat(), *(log.stat() for log in [place.with_name(f"{place.name}-wal")] if log.exists())]
        size, began = sum(part.st_size for part in parts), max(part.st_mtime for part in parts)
        file = RunFile.open(place)
    except (DownslopeError, OSError, *NOT_READABLE) as error:
        return Glance(place, size, began, DAMAGED, getattr(error, "what", str(error)))
    try:
        return _of(file, place, size, began)
    except (*NOT_READABLE, OSError, LookupError, AttributeError) as error:  # rows that are sound but not of a run
        return Glance(place, size, began, DAMAGED, "; ".join(map(str, file.damage)) or str(error))
    finally:
        file.close()


def _of(file: RunFile, path: Path, size: int, began: float) -> Glance:
    created = file.meta("created")
    steps = length(file)
    settings = [json.loads(text) for _, _, text in file.rows("segments", "true ORDER BY number")]
    last = settings[-1] if settings else {}
    first_loss, last_loss = (scalars.read(file, "loss", t, t)[0][0] if steps else math.nan for t in (1, max(steps, 1)))
    metric, value = _last_metric(file)
    if not settings:
        file.note("segments", "(all)", "its settings are lost")
    state, why = state_of(file, steps)
    return Glance(
        path,
        size,
        datetime.fromisoformat(created).timestamp() if created else began,
        state,
        why,
        last.get("data_name", ""),
        model_in_short(last["model"]) if last.get("model") else last.get("model_name", ""),
        last.get("optimizer", ""),
        steps,
        int(file.meta("until", steps)),
        (float(first_loss), float(last_loss)),
        (metric, value),
        file.meta("parent"),
    )


def _last_metric(file: RunFile) -> tuple[str, float]:
    """Of the last evaluation; where the main one is not found there, of the last one at which it is."""
    rows = sorted(file.rows("metrics"), key=lambda row: row[0])  # not by a search: it may miss rows of a damaged tree
    known = {name: math.nan if value is None else float(value) for _, name, value in rows}
    return next(((name, known[name]) for name in (*_MAIN, *METRICS) if name in known), ("", math.nan))


def length(file: RunFile) -> int:
    """How many steps are recorded."""
    extent = file.meta("extent")
    if extent is not None:
        return int(extent["steps"])
    file.note("meta", "row extent", "how many steps there are is lost; counted anew")
    return max((first + count - 1 for first, count, _ in file.rows("summaries")), default=0)


def state_of(file: RunFile, steps: int) -> tuple[str, str]:
    """How the run ended, or what is damaged as far as it was read: the state, and why in words."""
    failure, stopped, until = file.meta("failure"), file.meta("stopped"), file.meta("until", steps)
    file.check()
    if file.damage:
        return DAMAGED, "; ".join(map(str, file.damage))
    if failure:
        return FAILED, f"not finite at step {failure['step']}: {failure['operation']} in {failure['place']}"
    if stopped:
        return STOPPED, str(stopped)
    if steps < until:
        return NOT_FINISHED, "killed, or still training"
    return FINISHED, ""


@cache
def model_in_short(text: str) -> str:
    """``64-32-10`` for dense layers, else the kinds of the layers: ``conv max_pool flatten dense``.

    >>> model_in_short('Model((64,), (dense(32, "relu", name="dense1"), dense(10, name="dense2")))')
    '64-32-10'
    """
    try:
        model = nn.from_text(text)
    except DownslopeError:  # a layer of a plug-in
        return text
    if all(layer.kind == "dense" for layer in model.layers):
        return "-".join(str(math.prod(shape)) for shape in model.shapes)
    return " ".join(layer.kind for layer in model.layers)


# --- looking closer -------------------------------------------------------------------------------------------------


def check(file: RunFile) -> list[Mark]:
    """Read every row of the file, so that ``file.damage`` is complete; the snapshots that are sound."""
    file.check()
    for table in TABLES:
        if table != "snapshots":  # the largest rows: one at a time
            for _ in file.rows(table):
                pass
    return [mark for mark in snapshots.marks(file) if snapshots.hash_of(file, mark) is not None]


def longest_walk(file: RunFile, marks: list[Mark], steps: int) -> int | None:
    """How many steps are replayed at most until any step is reached; None where no snapshot leads to some of them."""
    firsts = [(number, first) for number, first, _ in file.rows("segments", "true ORDER BY number")]
    if not firsts or [number for number, _ in firsts] != list(range(len(firsts))):
        return None  # some are damaged
    ends = [first - 1 for _, first in firsts[1:]] + [steps]
    walks = [0]
    for (number, first), end in zip(firsts, ends, strict=True):
        kept = [mark.step for mark in marks if mark.segment == number]
        if not kept or kept[0] != first - 1:
            return None
        walks += [later - one - 1 for one, later in pairwise(kept)] + [end - kept[-1]]
    return max(walks)


def course(file: RunFile, name: str, steps: int) -> Array:
    """A recorded scalar for drawing, (n,): of every step, or means of a long run. NaN where it is lost."""
    if steps <= EVERY_STEP:
        return scalars.read(file, name, 1, steps)[0]
    found = scalars.overview(file, name)
    return np.where(found.bad > 0, np.nan, found.mean)


def readings(file: RunFile) -> Iterator[tuple[str, str | None, Mapping[str, Any], int]]:
    """The answers that are kept in the file: instrument, target, settings, at how many steps."""
    for question, count in file.select("SELECT question, count(*) FROM readings GROUP BY question"):
        id, target, settings, _ = json.loads(question)
        yield id, target, dict(settings), count
