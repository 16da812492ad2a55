"""A walk: the state of a run after some number of steps, and the programs that take the next ones."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from downslope.runs.segment import Segment
from downslope.runs.step_program import Carried, Steps, steps_of

Array = Any


class Walk:
    """The place of a segment where ``done`` steps of the run are done. A training walks ahead, a replay walks again.

    norms: the steps tell the gradient's squared norm too.
    """

    def __init__(self, segment: Segment, carried: Carried, done: int, *, norms: bool) -> None:
        self.segment, self.carried, self.done, self.norms = segment, carried, done, norms
        self.ways: dict[tuple[int, bool], Steps] = {}
        self.coming: Future[Steps] | None = None

    @property
    def taken_over(self) -> bool:
        """Whether the next step is one of machine code, if it can be made."""
        return self.segment.takeover is not None and self.done >= self.segment.takeover

    def prepare(self) -> None:
        """Begin to compile, in a thread: the steps before machine code takes over go on meanwhile."""
        if self.coming is None:
            thread = ThreadPoolExecutor(1, "downslope-compile")
            self.coming = thread.submit(self._made, self.segment.batch_size, True)
            thread.shutdown(wait=False)

    def way_for(self, rows: int) -> Steps:
        """The next steps for mini-batches of so many rows; the last one of an epoch may be smaller."""
        # an epoch's smaller last mini-batch is not worth a compilation of its own
        key = rows, self.taken_over and rows == self.segment.batch_size
        if key not in self.ways:
            self.ways[key] = self.coming.result() if key[1] and self.coming else self._made(*key)
        return self.ways[key]

    def _made(self, rows: int, compiled: bool) -> Steps:
        task = self.segment.task
        with np.errstate(all="ignore"):  # a thread begins with NumPy's own setting
            return steps_of(
                task.objective,
                self.segment.rule,
                self.carried,
                (task.x[:rows], task.y[:rows]),
                norms=self.norms,
                clock=self.segment.clock,
                rows=(task.x, task.y) if compiled else None,
                like=task.like,
                threads=self.segment.threads,
            )

    def mini_batches(self, most: int) -> tuple[Array, Array]:
        """The next mini-batches of one size and one epoch, as their way takes them: stacked, or as row numbers."""
        places, rows = self.segment.places(self.done, most)
        if self.way_for(rows).gathered is not None:
            index = np.reshape(places, (-1, rows))
            return index, index
        return self.segment.stacked(self.done, most)

    def take(self, xs: Array, ys: Array, rates: Sequence[float], records: Sequence[Array]) -> None:
        """Take one step on each of the mini-batches. records: arrays for losses and squared norms."""
        with np.errstate(all="ignore"):  # a replay may diverge as its training did
            self.way_for(xs.shape[1]).run(xs, ys, self.done + 1, rates, records)
        self.done += len(xs)

    def advance(self, to: int, rates: Any = None) -> tuple[Array, Array]:
        """Walk until ``to`` steps are done: the losses and the gradients' norms on the way.

        rates: ``(first, last) -> rates`` where they are not those of the rule (a plateau's).
        """
        count = to - self.done
        losses, squares = np.full(count, np.nan), np.full(count, np.nan)
        start = self.done
        while self.done < to:
            xs, ys = self.mini_batches(to - self.done)
            span = slice(self.done - start, self.done - start + len(xs))
            found = (rates or self.segment.rates)(self.done + 1, self.done + len(xs))
            self.take(xs, ys, found, (losses[span], squares[span])[: 1 + self.norms])
        return losses, np.sqrt(squares)


def quiet(threads: int | None) -> Any:
    """Inside, BLAS has so many threads (None: its own choice) and numbers that are not finite make no noise."""
    stack = contextlib.ExitStack()
    stack.enter_context(np.errstate(all="ignore"))
    if threads is not None:
        _limit(threads, leave=False)
        stack.callback(_limit, threads, leave=True)
    return stack


_lock = threading.Lock()
_limits: list[int] = []  # those in force: the setting is one for the process, and a thread may ask while another trains
_freed: Any = None


def _limit(threads: int, *, leave: bool) -> None:
    """Begin or end a limit. The last one to leave gives BLAS back its own choice, and none before."""
    global _freed
    with _lock:
        if leave:
            _limits.remove(threads)
        else:
            _limits.append(threads)
        if not _limits:
            _freed.restore_original_limits()
            return
        found = _libraries("scipy.linalg" in sys.modules).limit(limits=_limits[-1], user_api="blas")
        if len(_limits) == 1 and not leave:
            _freed = found


@cache  # looking for the libraries of the process costs as much as thirty small steps; SciPy brings a BLAS of its own
def _libraries(with_scipy: bool) -> ThreadpoolController:
    return ThreadpoolController()


def bits(carried: Carried) -> bytes:
    """All that is carried from step to step, end to end."""
    return b"".join(leaf.tobytes() for leaf in carried.leaves)


def fingerprint(carried: bytes | Carried) -> str:
    """A hash of every bit that is carried from step to step."""
    raw = carried if isinstance(carried, bytes) else bits(carried)
    return hashlib.blake2b(raw, digest_size=16).hexdigest()
