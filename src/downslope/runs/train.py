"""Gradient descent on data: batch, stochastic and mini-batch, as a pure function of what it is given."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.autodiff.cost import cost
from downslope.data import Data, arrays
from downslope.errors import RunFileError, SettingError, nearest
from downslope.optim import Method, Optimizer, Plateau
from downslope.runs import condition, facts, snapshots, tiers
from downslope.runs.file import RunFile
from downslope.runs.history import History
from downslope.runs.progress import Progress
from downslope.runs.recorder import Recorder
from downslope.runs.run import Run
from downslope.runs.segment import AUTO, DIALECTS, MACHINE, Segment
from downslope.runs.source import NAMES, readable
from downslope.runs.step import Step
from downslope.runs.step_program import Carried
from downslope.runs.task import Task
from downslope.runs.training import StopWhen, Training
from downslope.runs.walk import Walk

MANY_FLOPS = 5e8  # below so many a step, a second BLAS thread costs more than it gives on a busy machine
Path = str | os.PathLike[str]


def train(
    model: Any,
    data: Data | tuple[Any, Any],
    *,
    optimizer: Optimizer | Method,
    loss: Callable[..., Any] | None = None,
    batch_size: int | None = 32,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    params: Any = None,
    plateau: Plateau | None = None,
    dtype: Any = np.float32,
    threads: int | None = None,
    dialect: str = AUTO,
    record: bool | Path = True,
    budget: int = snapshots.BUDGET,
    stop_when: str | Callable[[Step], Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train a model and return the run: its loss at every step, its parameters, and all of its past to be asked.

    model: a model of ``ds.nn``; or any plain NumPy function ``(params, x) -> output``, with ``params`` to start from.
    data: a data set, or a pair ``(x, y)`` of arrays. optimizer: of ``ds.optim``, its rate a number or a schedule;
    methods with a line search (``lbfgs``) are for batch gradient descent. loss: ``(output, y) -> number``; softmax
    cross-entropy for classes and mean squared error for numbers if None. batch_size: rows of a mini-batch; 1 is
    stochastic gradient descent, None is batch gradient descent (all rows in every step). epochs: passes over the
    training rows (20 if neither is given); or steps: updates. seed: fixes start parameters, batch order and dropout.
    plateau: lowers the rate when the held-out part, judged after every epoch, stops improving. dtype: float32 or
    float64. threads: of BLAS and of machine code; one unless a step is large. dialect: of the program that takes the
    steps: "in place" starts at once; "machine" is compiled first, for a part of a second, and several times as fast for
    small networks; "auto" starts in place and compiles meanwhile, and machine code takes over after as many steps as
    that is worth, which depend on the settings only. They agree to rounding, and a run keeps its own.

    record: the path of a new run file, which is written while training goes on; True records in memory; False keeps
    the start and the losses only, which is a little faster and makes ``run.at`` replay from the start. budget: bytes
    that snapshots may take. stop_when: a condition such as ``"loss > 2 * median(loss, 20)"``, or a function of the
    :class:`Step`, asked at every step; the training ends with the first step at which it holds. progress: called about
    ten times a second.

    The run ends early, with what was learned so far, on Ctrl-C and at the first step whose numbers are not finite; then
    ``run.stopped`` says so and ``run.failure`` names the node. Errors: SettingError, DataError, ShapeError,
    RunFileError.

    >>> import downslope as ds
    >>> run = ds.train(ds.nn.mlp([64, 16, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), epochs=2)
    >>> len(run.loss), bool(run.loss[-1] < run.loss[0])
    (90, True)
    """
    held = _breakpoint(stop_when)  # what cannot be read is said before a file is made
    begun = begin(
        model,
        data,
        optimizer=optimizer,
        loss=loss,
        batch_size=batch_size,
        epochs=epochs,
        steps=steps,
        seed=seed,
        params=params,
        plateau=plateau,
        dtype=dtype,
        threads=threads,
        dialect=dialect,
        record=record,
        budget=budget,
    )
    with begun.history.file.recording():
        return _trained(begun.history, begun.walk, begun.until, held, progress, None)


@dataclass(frozen=True, eq=False)
class Begun:
    """A run before its first step: its file is made, and holds the start. until: how many steps are meant."""

    history: History
    walk: Walk
    until: int


def begin(
    model: Any,
    data: Data | tuple[Any, Any],
    *,
    optimizer: Optimizer | Method,
    loss: Callable[..., Any] | None = None,
    batch_size: int | None = 32,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    params: Any = None,
    plateau: Plateau | None = None,
    dtype: Any = np.float32,
    threads: int | None = None,
    dialect: str = AUTO,
    record: bool | Path = True,
    budget: int = snapshots.BUDGET,
) -> Begun:
    """A new run that has taken no step yet. Arguments and errors as for :func:`train`."""
    task = Task(model, data if isinstance(data, Data) else arrays(*data), loss, seed, dtype)
    rows = rows_in_batch(batch_size, len(task.x))
    per_epoch = math.ceil(len(task.x) / rows)
    length = steps_meant(steps, epochs, per_epoch)
    start = task.start(params)
    if dialect not in DIALECTS:
        raise SettingError(
            "train-dialect",
            f"there is no dialect {dialect!r} to train in",
            where="train(dialect=...)",
            why="a training step is a program that is written in one of two ways, or in one after the other",
            do=nearest(dialect, DIALECTS),
        )
    segment = Segment(1, task, optimizer, rows, plateau, threads=threads, takeover=0 if dialect == MACHINE else None)
    carried = Carried.start(start, optimizer, task.start_memory())
    walk = Walk(segment, carried, 0, norms=record is not False)
    way = walk.way_for(rows)
    if threads is None and cost(way.graph).flops < MANY_FLOPS:
        segment = replace(segment, threads=1)
    if dialect == AUTO and not way.reason:
        segment = replace(segment, takeover=tiers.steps_ahead(way.graph))
    walk.segment = segment

    def fill(file: RunFile) -> None:
        file.set_meta("created", facts.now())
        file.set_meta("environment", facts.environment() if not file.in_memory else {})
        file.set_meta("options", {"budget": budget, "sparse": record is False})
        file.set_meta("extent", {"steps": 0})
        file.set_meta("until", length)
        file.put("segments", 0, 1, facts.written(segment, start))
        snapshots.write(file, snapshots.take(0, 0, carried))
        if not file.in_memory:
            facts.keep_data(file, task.data)

    file = RunFile.create(None, fill) if isinstance(record, bool) else RunFile.to_come(record, fill)
    return Begun(History(file, [segment], start, 0), walk, length)


def go_on(
    run: Run,
    steps: int | None,
    epochs: int | None,
    stop_when: str | Callable[[Step], Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """``run.train(steps)``: the same settings, from where the run ends."""
    held = _breakpoint(stop_when)
    length = _positive("steps", steps) or run.steps_per_epoch * (_positive("epochs", epochs) or 0)
    if not length:
        raise SettingError(
            "train-length",
            "neither steps nor epochs is given",
            where="run.train(steps=..., epochs=...)",
            why="a run goes on for a whole number of steps, at least one",
            do="use run.train(500) or run.train(epochs=5)",
        )
    if run.failure:
        raise SettingError(
            "run-failed",
            f"the run ended at step {run.failure.step}, whose numbers are not finite",
            where="run.train(...)",
            why="the same step would fail in the same way",
            do=f"go back and change something: run.fork(at={max(1, run.failure.step - 10)}, lr=...).train({length})",
        )
    with run.file.recording():
        recorded = run.file.meta("extent", {"steps": run.steps})["steps"]
        if recorded != run.steps:
            raise RunFileError(
                "run-grown",
                f"the file has {recorded} steps, and this run ends at step {run.steps}",
                where=f"run.train({length}), {run.file.path}",
                why="somebody has gone on with the run since it was opened",
                do="open it again with ds.load(path), or branch off here with run.fork().train(steps)",
            )
        if not run.segment.ends_epoch(run.steps):  # judged where it stopped; a longer training would not have been
            with run.file.writing():
                run.file.remove("metrics", "step = ?", run.steps)
        norms = not run.file.meta("options", {}).get("sparse", False)
        walk = Walk(run.segment, run.carried.copy(), run.steps, norms=norms)
        history = History(run.file, run.segments, run.carried.params(), run.steps)
        return _trained(history, walk, run.steps + length, held, progress, run)


def _trained(
    history: History,
    walk: Walk,
    until: int,
    stop_when: StopWhen | None,
    progress: Callable[[Progress], None] | None,
    before: Run | None,
) -> Run:
    """Train until so many steps are done, record it, and return the run."""
    file, number = history.file, len(history.segments) - 1
    options = {"budget": snapshots.BUDGET, "sparse": False} | file.meta("options", {})
    recorder = Recorder(file, number, walk.done, until, options["budget"], sparse=options["sparse"])
    training = Training(history, walk, recorder, until, stop_when)
    recorder.fact("until", until)
    recorder.fact("stopped", None)
    if file.meta("until") != until:  # what a new run begins with is in its file already
        recorder.commit()
    stopped: str | None = "an error ended the training"
    try:
        stopped = training.run(progress)
    finally:
        failure = training.failure
        recorder.fact("stopped", stopped)
        if failure:
            recorder.fact("failure", {**vars(failure), "loss": str(failure.loss)})
        file = recorder.finish(walk.carried)
    history.live = None
    run = Run(History(file, history.segments, walk.carried.params(), training.done), before and before._parent)
    run.__dict__["carried"] = walk.carried.copy()
    return run


def _breakpoint(stop_when: str | Callable[[Step], Any] | None) -> StopWhen | None:
    return condition.parse(stop_when, NAMES, readable()) if isinstance(stop_when, str) else stop_when


def steps_meant(steps: int | None, epochs: int | None, per_epoch: int) -> int:
    """How many steps a training is to take. SettingError ``train-length``."""
    return _positive("steps", steps) or per_epoch * (_positive("epochs", epochs) or 20)


def rows_in_batch(batch_size: int | None, n: int) -> int:
    """Rows of a mini-batch; SettingError ``batch-size`` for a number that does not fit the data."""
    rows = n if batch_size is None else batch_size
    if not isinstance(rows, int | np.integer) or not 1 <= rows <= n:
        raise SettingError(
            "batch-size",
            f"batch_size={batch_size} with {n} rows to train on",
            where="train(batch_size=...)",
            why="a mini-batch is taken from the training rows, each of them at most once an epoch",
            do=f"use a number from 1 to {n}, or None for all rows in every step",
        )
    return int(rows)


def _positive(name: str, value: int | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int | np.integer) or value < 1:
        raise SettingError(
            "train-length",
            f"{name}={value}",
            where=f"train({name}=...)",
            why="a run takes a whole number of steps, at least one",
            do=f"use {name}=1 or more",
        )
    return int(value)
