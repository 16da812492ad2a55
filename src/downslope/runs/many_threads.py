"""The threads of a sweep: each takes the next run that is meant, until none is left or somebody wants it to end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

import numpy as np

from downslope.errors import DownslopeError
from downslope.runs.interrupt import heed, interruptible
from downslope.runs.many_walk import Case, Outcome, Rewalk, StoppedError
from downslope.runs.progress import shown
from downslope.runs.run import Run
from downslope.runs.train import train
from downslope.runs.walk import quiet

KEPT = 2**28  # bytes of parameters and optimizers' states that are kept; further runs are walked again when asked for
GLANCE = 0.05  # seconds between two looks at how far it is


class Many:
    """The runs of a sweep while they are trained. whole: each by ``ds.train``, because more is asked than walking."""

    def __init__(self, cases: Sequence[Case], folder: Path | None, *, whole: bool, every_epoch: bool) -> None:
        self.cases, self.folder, self.whole, self.every_epoch = cases, folder, whole, every_epoch
        # Runs with the same programs one after the other, and of those the ones that see the same mini-batches.
        kinds = {key: k for k, key in enumerate(dict.fromkeys(case.key for case in cases))}
        self.todo = deque(sorted(cases, key=lambda case: (kinds[case.key], case.task.seed)))
        self.idle: dict[Hashable, list[Rewalk]] = {key: [] for key in kinds}
        self.making = {key: threading.Lock() for key in kinds}
        self.outcomes: dict[int, Outcome] = {}
        self.kept, self.ended, self.trouble = 0, False, list[BaseException]()
        self.turn = threading.Lock()
        self.left = threading.Semaphore(0)  # threads that have ended

    def prepare(self) -> None:
        """One step of each kind is traced before anything is trained: what does not work is said first.

        Kinds that differ in what the seed draws alone are traced when it is their turn.
        """
        known = set()
        for case in self.todo:
            if case.key[0] not in known:
                known.add(case.key[0])
                walker = Rewalk(case, lambda: self.ended, self.turn)
                with quiet(case.segment.threads):
                    walker.prepare(case)
                self.idle[case.key].append(walker)

    def train(self, workers: int, progress: Callable[[int, int], None] | None) -> None:
        """Train in so many threads, and wait for them; Ctrl-C ends it between two portions of steps."""
        pool = [threading.Thread(target=self.work, name=f"downslope-run-{k}") for k in range(workers)]
        total = len(self.cases)
        with shown(f"{total} runs", progress) as told, interruptible() as asked:
            try:
                for thread in pool:
                    thread.start()
                for _ in pool:
                    while not self.left.acquire(timeout=GLANCE):
                        self.ended |= asked()
                        told(len(self.outcomes), total)
            finally:  # a second Ctrl-C too
                self.ended = True
                for thread in pool:
                    thread.join()
            told(len(self.outcomes), total)
        if self.trouble:
            raise self.trouble[0]

    def work(self) -> None:
        """What a thread does."""
        try:
            with quiet(self.cases[0].segment.threads), heed(lambda: self.ended):
                while not self.ended:
                    try:
                        case = self.todo.popleft()
                    except IndexError:
                        return
                    self.outcomes[case.number] = self.one(case)
        except StoppedError:
            pass
        except BaseException as error:  # raised again where it can be seen
            self.trouble.append(error)
            self.ended = True
        finally:
            self.left.release()

    def one(self, case: Case) -> Outcome:
        """Train a case."""
        if self.whole:
            return self.by_itself(case)
        idle = self.idle[case.key]
        try:
            walker = idle.pop()
        except IndexError:
            with self.making[case.key]:  # one thread compiles, the others find its code
                walker = Rewalk(case, lambda: self.ended, self.turn)
                walker.prepare(case)
        size = sum(leaf.nbytes for leaf in walker.walk.carried.leaves)
        found = walker.run(case, every_epoch=self.every_epoch, keep=self.kept + size <= KEPT)
        self.kept += size
        idle.append(walker)
        return found or self.by_itself(case)

    def by_itself(self, case: Case) -> Outcome:
        """By ``ds.train``: with a file, with a plateau, or to find the node at which numbers ceased to be finite."""
        path = None if self.folder is None else self.folder / f"{case.number:03d}.run"
        began = time.perf_counter()
        try:
            run: Run = train(**case.given, record=False if path is None else path)
        except DownslopeError as error:  # only this run is concerned: all that could be known before was checked
            return Outcome(np.empty(0), {"step": []}, 0.0, stopped=f"not trained: {error.what}  [{error.code}]")
        if run.steps < case.until and self.ended and not run.failure:
            raise StoppedError
        metrics = {name: values.tolist() for name, values in run.metrics.items()}
        found = Outcome(run.loss, metrics, time.perf_counter() - began, stopped=run.stopped)
        if path is None or run.path is None:
            found.run = run
        else:  # opened again when it is asked for: a process may have no more than a thousand files open
            found.path = run.path
            run.file.close()
        return found
