"""Snapshots: all that is carried from step to step, kept at a few steps so that any other is a short walk away.

They are thinned under a byte budget: the one goes whose neighbours are closest, so the gaps stay alike, and grow like
the powers of two as the run does. The first of every segment and the newest always stay.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard

from downslope.runs.connect import NOT_READABLE
from downslope.runs.file import RunFile
from downslope.runs.step_program import Carried
from downslope.runs.walk import bits, fingerprint

BUDGET = 256 * 2**20  # bytes of snapshots in a file
_own = threading.local()
FEWEST = 4  # stay whatever their size


@dataclass(frozen=True, order=True)
class Mark:
    """Where a snapshot lies: the number of its segment, the steps done, and its size in the file."""

    segment: int
    step: int
    size: int = 0


def marks(file: RunFile) -> list[Mark]:
    """All snapshots of a file, in order; their bodies are neither read nor checked."""
    try:
        found = file.select("SELECT segment, step, size FROM snapshots")
    except NOT_READABLE:  # a damaged table: those that can be reached one by one
        found = [row[:2] + row[3:4] for row in file.rows("snapshots")]
    return sorted(Mark(*row) for row in found if all(isinstance(value, int) for value in row))


@dataclass(frozen=True)
class Taken:
    """A snapshot that is not in a file yet: all bits as they were after ``step`` steps."""

    segment: int
    step: int
    raw: bytes


def take(segment: int, step: int, carried: Carried) -> Taken:
    """What is carried after ``step`` steps, copied; the rest is done when it is written."""
    return Taken(segment, step, bits(carried))


def write(file: RunFile, taken: Taken) -> Mark:
    """Keep a snapshot, compressed, under its hash. Inside ``file.writing()``."""
    if not hasattr(_own, "compressor"):  # making one costs as much as using it; threads cannot share one
        _own.compressor = zstandard.ZstdCompressor(level=1)
    body = _own.compressor.compress(taken.raw)
    mark = Mark(taken.segment, taken.step, len(body))
    file.put("snapshots", mark.segment, mark.step, fingerprint(taken.raw), mark.size, body)
    return mark


def read(file: RunFile, mark: Mark, into: Carried) -> str | None:
    """Put a snapshot's numbers into ``into``, and give its hash. None if it is damaged."""
    row = file.row("snapshots", mark.segment, mark.step)
    raw = zstandard.ZstdDecompressor().decompress(row[4]) if row else b""
    if row is None or len(raw) != sum(leaf.nbytes for leaf in into.leaves):
        return None
    start = 0
    for leaf in into.leaves:
        leaf[...] = np.frombuffer(raw, leaf.dtype, leaf.size, start).reshape(leaf.shape)
        start += leaf.nbytes
    return str(row[2])


def hash_of(file: RunFile, mark: Mark) -> str | None:
    """The hash of a snapshot, None if it is damaged."""
    row = file.row("snapshots", mark.segment, mark.step)
    return row[2] if row else None


def superfluous(kept: Sequence[Mark], budget: int, fewest: int = FEWEST) -> list[Mark]:
    """Which snapshots to give up, so that the others fit into the budget and the longest gap stays short.

    >>> superfluous([Mark(0, t, 10) for t in (0, 10, 20, 25, 30, 40)], budget=50)
    [Mark(segment=0, step=25, size=10)]
    """
    left, gone = sorted(kept), []
    total = sum(mark.size for mark in left)
    while total > budget and len(left) > fewest:
        inner = [
            k for k in range(1, len(left) - 1) if left[k - 1].segment == left[k].segment
        ]  # the first of a segment is where the fork began: nothing before it leads there
        if not inner:
            break
        k = min(inner, key=lambda k: (left[k + 1].step - left[k - 1].step, k))
        total -= left[k].size
        gone.append(left.pop(k))
    return gone
