"""Gradient descent on data: batch, stochastic and mini-batch, as a pure function of what it is given."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from downslope import nn
from downslope.autodiff import tree
from downslope.autodiff.cost import cost
from downslope.data import Data, arrays, order
from downslope.errors import DataError, SettingError
from downslope.optim import Optimizer
from downslope.runs.evaluate import METRIC, evaluate
from downslope.runs.failure import Failure, describe
from downslope.runs.progress import Progress
from downslope.runs.run import Run
from downslope.runs.step_program import Layout, StepProgram

ONE_HOT_LIMIT = 64  # above so many classes a row of zeros and a one costs more than looking the class up
MANY_FLOPS = 5e8  # below so many a step, a second BLAS thread costs more than it gives on a busy machine
REPORT_SECONDS = 0.1


def train(
    model: Any,
    data: Data | tuple[Any, Any],
    *,
    optimizer: Optimizer,
    loss: Callable[..., Any] | None = None,
    batch_size: int | None = 32,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    params: Any = None,
    dtype: Any = np.float32,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train a model and return the run: its loss at every step, its parameters, its metrics on the held-out part.

    model: a model of ``ds.nn``; or any plain NumPy function ``(params, x) -> output``, with ``params`` to start from.
    data: a data set, or a pair ``(x, y)`` of arrays. loss: ``(output, y) -> number``; softmax cross-entropy for classes
    and mean squared error for numbers if None. batch_size: rows of a mini-batch; 1 is stochastic gradient descent, None
    is batch gradient descent (all rows in every step). epochs: passes over the training rows (20 if neither is given);
    or steps: updates. seed: fixes start parameters and batch order. dtype: float32 or float64. threads: of BLAS; one
    unless a step is large. progress: called about ten times a second.

    The run ends early, with what was learned so far, on Ctrl-C and at the first step whose numbers are not finite; then
    ``run.stopped`` says so and ``run.failure`` names the node. Errors: SettingError, DataError, ShapeError.

    >>> import downslope as ds
    >>> run = ds.train(ds.nn.mlp([64, 16, 10]), ds.data.digits(), optimizer=ds.optim.adam(0.01), epochs=2)
    >>> len(run.loss), bool(run.loss[-1] < run.loss[0])
    (90, True)
    """
    training = _Training(model, data, optimizer, loss, batch_size, epochs, steps, seed, params, dtype, threads)
    return training.run(progress)


class _Training:
    """The state of a training while it goes on."""

    def __init__(
        self,
        model: Any,
        data: Data | tuple[Any, Any],
        optimizer: Optimizer,
        loss: Callable[..., Any] | None,
        batch_size: int | None,
        epochs: int | None,
        steps: int | None,
        seed: int,
        params: Any,
        dtype: Any,
        threads: int | None,
    ) -> None:
        self.data = data if isinstance(data, Data) else arrays(*data)
        self.model, self.optimizer, self.seed, self.dtype = model, optimizer, seed, _float_type(dtype)
        n = len(self.data.train)
        self.batch_size = n if batch_size is None else batch_size
        if not isinstance(self.batch_size, int | np.integer) or not 1 <= self.batch_size <= n:
            raise SettingError(
                "batch-size",
                f"batch_size={batch_size} with {n} rows to train on",
                where="train(batch_size=...)",
                why="a mini-batch is taken from the training rows, each of them at most once an epoch",
                do=f"use a number from 1 to {n}, or None for all rows in every step",
            )
        self.steps_per_epoch = math.ceil(n / self.batch_size)
        self.steps = _positive("steps", steps) or self.steps_per_epoch * (_positive("epochs", epochs) or 20)
        self.epochs = math.ceil(self.steps / self.steps_per_epoch)
        self.loss = loss or nn.loss_for(self.data.task)
        start = self.start(params)
        self.layout = Layout(start)
        self.flat = self.layout.flat(start)
        self.state = {name: self.layout.flat(part) for name, part in optimizer.init(start).items()}
        self.x = np.ascontiguousarray(self.data.train.x, self.dtype)
        self.y = self.targets(self.data.train.y)
        self.programs: dict[int, StepProgram] = {}
        self.failure: Failure | None = None
        self.program_for(self.batch_size)
        flops = cost(self.programs[self.batch_size].graph).flops
        self.threads = threads or (1 if flops < MANY_FLOPS else None)

    def start(self, params: Any) -> Any:
        if params is not None:
            return tree.map_tree(lambda leaf: np.array(leaf, self.dtype), params)
        if not isinstance(self.model, nn.Model):
            raise SettingError(
                "params-missing",
                "a plain function is trained without start parameters",
                where="train(model, ..., params=None)",
                why="only a model of ds.nn knows how to initialise itself",
                do="pass params=, a nested dict, list or tuple of arrays",
            )
        self.check_fit(self.model)
        return self.model.init(self.seed, self.dtype)

    def check_fit(self, model: nn.Model) -> None:
        """Inputs and outputs must fit the data before anything is traced."""
        needed = (self.data.train.x.shape[1], self.data.n_outputs)
        has = (model.shapes[0], model.shapes[-1])
        if has != ((needed[0],), (needed[1],)):
            what = "classes" if self.data.task == "classification" else "target"
            raise DataError(
                "model-data-shape",
                f"the model takes examples of shape {has[0]} and gives {has[1]}; {self.data.name} has "
                f"{needed[0]} features and {needed[1]} {what}",
                where=f"first layer {model.layers[0].name}, last layer {model.layers[-1].name}",
                why="every feature is an input of the first layer, every class an output of the last",
                do=f"build it as ds.nn.mlp([{needed[0]}, ..., {needed[1]}])",
            )

    def targets(self, y: Any) -> Any:
        """Classes as rows of zeros and a one for our own cross-entropy, as numbers for other losses."""
        if self.data.task == "regression":
            return np.ascontiguousarray(y, self.dtype)
        if self.loss is nn.softmax_cross_entropy and self.data.n_outputs <= ONE_HOT_LIMIT:
            return np.eye(self.data.n_outputs, dtype=self.dtype)[y]
        return y

    def objective(self, params: Any, x: Any, y: Any) -> Any:
        return self.loss(self.model(params, x), y)

    def program_for(self, rows: int) -> StepProgram:
        """The step for a mini-batch of so many rows; the last one of an epoch may be smaller."""
        if rows not in self.programs:
            batch = (self.x[:rows], self.y[:rows])
            self.programs[rows] = StepProgram(self.objective, self.optimizer, self.layout, self.flat, self.state, batch)
        return self.programs[rows]

    # --- going on ------------------------------------------------------------------------------------------------

    def run(self, progress: Callable[[Progress], None] | None) -> Run:
        self.losses = np.full(self.steps, np.nan)
        self.metrics: dict[str, list[float]] = {"step": []}
        self.done, stopped = 0, None
        self.began = self.reported = time.perf_counter()
        chunk = 8
        limited = threadpool_limits(self.threads, user_api="blas")
        with limited, _interruptible() as interrupted, np.errstate(all="ignore"):
            while self.done < self.steps and not self.failure:
                if interrupted():
                    stopped = f"interrupted after step {self.done} of {self.steps}"
                    break
                began, before = time.perf_counter(), self.done
                self.advance(chunk)
                pace = (time.perf_counter() - began) / max(1, self.done - before)
                chunk = max(1, min(int(REPORT_SECONDS / max(pace, 1e-7)), 4 * chunk))
                self.report(progress)
        if self.failure:
            stopped = f"not finite at step {self.failure.step}: {self.failure.operation} in {self.failure.place}"
        with np.errstate(all="ignore"):
            if self.done and self.metrics["step"][-1:] != [self.done]:
                self.evaluate()
        self.report(progress, at_end=True)
        return self.result(stopped)

    def advance(self, most: int) -> None:
        """Take at most so many steps, of one mini-batch size and one epoch."""
        epoch, within = divmod(self.done, self.steps_per_epoch)
        n, b = len(self.x), self.batch_size
        full = n // b
        if within < full:
            count, rows = min(most, full - within, self.steps - self.done), b
        else:
            count, rows = 1, n - full * b
        places = order(n, self.seed, epoch)[within * b : within * b + count * rows]
        if b == n:
            xs, ys = self.x[None], self.y[None]
        else:
            xs = self.x[places].reshape(count, rows, *self.x.shape[1:])
            ys = self.y[places].reshape(count, rows, *self.y.shape[1:])
        rates = [self.optimizer.lr] * count
        kept = self.kept()
        losses_here = self.losses[self.done : self.done + count]
        self.program_for(rows).run(xs, ys, self.done + 1, rates, losses_here)
        if not (np.isfinite(losses_here).all() and np.isfinite(self.flat).all()):
            self.find_failure(kept, xs, ys, rates)
            return
        self.done += count
        if self.done % self.steps_per_epoch == 0:
            self.evaluate()

    def kept(self) -> tuple[Any, dict[str, Any]]:
        return self.flat.copy(), {name: part.copy() for name, part in self.state.items()}

    def restore(self, kept: tuple[Any, dict[str, Any]]) -> None:
        self.flat[...] = kept[0]
        for name, part in kept[1].items():
            self.state[name][...] = part

    def find_failure(self, kept: Any, xs: Any, ys: Any, rates: list[float]) -> None:
        """Go back to where the numbers were still sound, and take the steps again one by one until one is not."""
        program = self.program_for(xs.shape[1])
        self.restore(kept)
        for k in range(len(rates)):
            before, t, one = self.kept(), self.done + 1, slice(k, k + 1)
            loss = self.losses[self.done : self.done + 1]
            program.run(xs[one], ys[one], t, rates[one], loss)
            if not (np.isfinite(loss).all() and np.isfinite(self.flat).all()):
                self.failure = describe(program.graph, (*before, xs[k], ys[k], t, rates[k]), t)
                self.restore(before)
                return
            self.done += 1

    # --- telling -------------------------------------------------------------------------------------------------

    @property
    def params(self) -> Any:
        return tree.map_tree(np.array, self.layout.nested(self.flat))

    def evaluate(self) -> None:
        held_out = self.data.held_out
        if not len(held_out):
            return
        output = self.model(self.layout.nested(self.flat), np.ascontiguousarray(held_out.x, self.dtype))
        loss = float(self.loss(output, self.targets(held_out.y)))
        self.metrics["step"].append(self.done)
        for name, value in evaluate(self.data, output, loss).items():
            self.metrics.setdefault(name, []).append(value)

    def report(self, progress: Callable[[Progress], None] | None, at_end: bool = False) -> None:
        now = time.perf_counter()
        if progress is None or (now - self.reported < REPORT_SECONDS and not at_end):
            return
        self.reported = now
        name = METRIC[self.data.task]
        pace = self.done / max(now - self.began, 1e-9)
        progress(
            Progress(
                step=self.done,
                steps=self.steps,
                epoch=self.done // self.steps_per_epoch,
                epochs=self.epochs,
                loss=float(self.losses[self.done - 1]) if self.done else math.nan,
                metric_name=name,
                metric=self.metrics.get(name, [math.nan])[-1],
                steps_per_second=pace,
                seconds_left=(self.steps - self.done) / pace if pace else math.inf,
            )
        )

    def result(self, stopped: str | None) -> Run:
        recorded = self.done + (self.failure is not None)
        return Run(
            data=self.data,
            model=self.model,
            optimizer=self.optimizer,
            loss_function=self.loss,
            loss=self.losses[:recorded],
            metrics={k: np.array(v) for k, v in self.metrics.items()},
            params=self.params,
            seed=self.seed,
            batch_size=self.batch_size,
            epochs=self.epochs,
            steps=self.done,
            steps_per_epoch=self.steps_per_epoch,
            seconds=time.perf_counter() - self.began,
            stopped=stopped,
            failure=self.failure,
            objective=self.objective,
            batch=(self.x[: self.batch_size], self.y[: self.batch_size]),
        )


def _float_type(dtype: Any) -> np.dtype[Any]:
    found: np.dtype[Any] = np.dtype(dtype)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise SettingError(
            "train-dtype",
            f"dtype={found}",
            where="train(dtype=...)",
            why="gradients need floating-point numbers of enough digits",
            do="use numpy.float32 (fast) or numpy.float64 (exact to 16 digits)",
        )
    return found


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


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks the run to end between two steps, a second one ends it at once. Only the main thread hears."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: Any) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
