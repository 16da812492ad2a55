"""A run: what was trained, on what, how well; and everything of its past that can be asked for."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.autodiff.program import Program
from downslope.data import Data
from downslope.errors import SettingError
from downslope.optim import Method, Optimizer
from downslope.runs import ask as asking, condition, lazy
from downslope.runs.evaluate import METRIC
from downslope.runs.failure import Failure
from downslope.runs.file import RunFile
from downslope.runs.history import History
from downslope.runs.instrument import find
from downslope.runs.progress import shown
from downslope.runs.reading import Reading
from downslope.runs.replayed import ReplayedStep
from downslope.runs.segment import MACHINE, Segment
from downslope.runs.source import RunSource
from downslope.runs.step_program import Carried, Steps, steps_of
from downslope.runs.summary import summary
from downslope.runs.task import Task
from downslope.runs.walk import quiet

if TYPE_CHECKING:
    from downslope.runs.baselines import Baselines
    from downslope.runs.compare import Comparison
    from downslope.runs.cursor import Cursor


class Run:
    """A training run. ``print(run)`` summarises it; ``run.at(t)`` is any step of it, ``run.ask(id)`` any number.

    Made by ``ds.train``, ``ds.load`` and ``run.fork``. history: its file, its segments and its past steps. segment: the
    settings of its last steps. steps: how many were taken.
    """

    def __init__(self, history: History, parent: Run | None = None) -> None:
        self.history, self.segment, self.steps, self._parent = history, history.segments[-1], history.steps, parent

    # --- what was trained ----------------------------------------------------------------------------------------

    @property
    def file(self) -> RunFile:
        """Where it is recorded; in memory, if nobody said where."""
        return self.history.file

    @property
    def path(self) -> str | None:
        """The path of its file, None for a run in memory."""
        return None if self.file.in_memory else self.file.path

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The stretches of steps under the same settings: one, and one more for each fork on the way here."""
        return self.history.segments

    @property
    def task(self) -> Task:
        """Model, data and loss."""
        return self.segment.task

    @property
    def data(self) -> Data:
        """What was trained on."""
        return self.task.data

    @property
    def model(self) -> Any:
        """What was trained."""
        return self.task.model

    @property
    def optimizer(self) -> Optimizer | Method:
        """By which rule, at the end."""
        return self.segment.rule

    @property
    def seed(self) -> int:
        """Of start parameters, batch order and dropout."""
        return self.task.seed

    @property
    def batch_size(self) -> int:
        """Rows of a mini-batch."""
        return self.segment.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Mini-batches of an epoch."""
        return self.segment.steps_per_epoch

    @property
    def epochs(self) -> int:
        """Epochs that were begun."""
        return math.ceil(self.steps / self.steps_per_epoch)

    @property
    def loss_function(self) -> Callable[..., Any]:
        """What was made smaller: ``(output, y) -> number``."""
        return self.task.loss

    @property
    def name(self) -> str:
        """What was trained on, in a word."""
        return self.data.name

    @property
    def parent(self) -> Mapping[str, Any] | None:
        """For a fork: "path" of the run that it branched from (None if that was in memory), "step", and "about"."""
        found: Mapping[str, Any] | None = self.file.meta("parent")
        return found

    # --- how it went ---------------------------------------------------------------------------------------------

    @cached_property
    def loss(self) -> Any:
        """Of every step, (steps,); a failed run's last one is not finite: that of the step that was not taken."""
        values = self.history.series("loss")
        return np.append(values, self.failure.loss) if self.failure else values

    def series(self, name: str, first: int = 1, last: int | None = None) -> Any:
        """A number recorded of every step: "loss", "grad_norm", "lr" or "seconds", (n,) for steps first to last."""
        return self.history.series(name, first, last)

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """Name -> values at the steps in "step": held_out_loss and accuracy, or rmse (in the target's unit) and r2."""
        return self.history.metrics()

    @property
    def metric(self) -> tuple[str, float]:
        """The main metric on the held-out part at the end: accuracy for classes, R² for numbers."""
        name = METRIC[self.data.task]
        values = self.metrics.get(name, ())
        return name, float(values[-1]) if len(values) else float("nan")

    @cached_property
    def seconds(self) -> float:
        """How long the steps took, over all parts of the training; without evaluations and pauses."""
        course = self.history.overview("seconds")
        return float(np.nansum(course.mean * course.count))

    @cached_property
    def stopped(self) -> str | None:
        """Why it ended early, None if it did not."""
        found: str | None = self.file.meta("stopped")
        until = self.file.meta("until", self.steps)
        if found is None and self.steps < until:
            return f"not finished: {self.steps} of {until} steps are recorded (killed, or still training)"
        return found

    @cached_property
    def failure(self) -> Failure | None:
        """The node that made the first NaN or infinity, None for a sound run."""
        found = self.file.meta("failure")
        return Failure(**{**found, "loss": float(found["loss"])}) if found else None

    @property
    def damage(self) -> list[str]:
        """What of the file was found to be damaged so far; empty for a sound file."""
        return [str(damage) for damage in self.file.damage]

    # --- using what was learned ----------------------------------------------------------------------------------

    @cached_property
    def carried(self) -> Carried:
        """Parameters, optimizer's state and model's memory after the last step."""
        now = self.history.replay.before(self.steps + 1)
        return now.copy()

    @property
    def params(self) -> Any:
        """The parameters after the last step, nested as the model has them."""
        return self.carried.params()

    def output(self, x: Any) -> Any:
        """The model's output for rows x (n, features): logits (n, classes) or standardised values (n, 1).

        With the parameters to evaluate with: the average, for an optimizer that keeps one.
        """
        return self.task.output(self.carried.evaluated(self.optimizer), self.carried.memory, np.asarray(x))

    def predict(self, x: Any) -> Any:
        """Class indices (n,), or values in the target's own unit (n,)."""
        output = self.output(x)
        if self.data.task == "classification":
            return np.argmax(output, axis=1)
        return self.data.raw_target(np.asarray(output, float)).reshape(-1)

    def program(self, dialect: str = "plain") -> Program:
        """One step as a program: "plain" is to be read, "in place" and "machine" are what a training runs.

        The plain one has loss and gradients, forward and backward, then the update; ``p`` is all parameters end to end,
        as the run keeps them, and the first lines name its parts. That of machine code prints its stages: the nests of
        loops, the memory that they share, and the code.

        Errors: SettingError ``unknown-dialect``; ``no-machine-code`` where this step has none.
        """
        if dialect != MACHINE:
            return self._steps(None).graph.program(dialect)
        steps: Any = self._steps((self.task.x, self.task.y))
        if steps.reason:
            raise SettingError(
                "no-machine-code",
                f"this step has no machine code: {steps.reason}",
                where='run.program("machine")',
                why="not every step can be compiled, and not on every computer; such a training goes on in place",
                do='run.program("in place") is the program that takes its steps',
            )
        program: Program = steps.program
        return program

    def _steps(self, rows: tuple[Any, Any] | None) -> Steps:
        batch = self.task.x[: self.batch_size], self.task.y[: self.batch_size]
        own = self.carried.copy()
        return steps_of(self.task.objective, self.optimizer, own, batch, rows=rows)

    def baselines(self, progress: Callable[[str], None] | None = None) -> Baselines:
        """The same task by guessing the most frequent class (or the mean) and by scikit-learn's own network."""
        hidden = self.model.sizes[1:-1] if hasattr(self.model, "sizes") else (32,)
        return lazy.baselines.baselines(
            self.data, hidden, self.optimizer, self.batch_size, self.epochs, self.seed, progress
        )

    # --- asking --------------------------------------------------------------------------------------------------

    def at(self, t: int) -> ReplayedStep:
        """Step ``t``: its parameters, gradients, activations and all else that :class:`Step` knows, replayed exactly.

        t: 1 is the first step, -1 the last one, ``steps + 1`` the one that would come next. Errors: SettingError
        ``run-step``.
        """
        return self.history.step(t)

    def ask(
        self,
        id: str,
        steps: Any = None,
        every: int | None = None,
        target: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        **settings: Any,
    ) -> Reading:
        """Read an instrument over the past, whether or not anybody thought of it while training.

        id: the instrument's word; ``downslope where ID`` explains it. steps: a step, several, or a slice of step
        numbers; every: every so many steps; about a hundred steps if neither is given (all of them for what was
        recorded of every step). target: a layer or a parameter. settings: the instrument's own. Answers are kept in the
        run's file. progress: called with how many steps are read, and of how many; a bar shows itself after a second
        otherwise. Errors: SettingError ``unknown-name``, ``ask-steps``, ``instrument-setting``, ``instrument-target``.
        """
        entry = find(id)
        everything = steps is None and every is None
        if everything and asking.is_recorded(entry.id, target, settings):
            steps = slice(None)
        if everything and entry.over == "run":
            steps = [self.steps] if self.steps else []
        wanted = asking.steps_asked(steps, every, self.steps)
        if entry.over == "run":
            entry.check(settings | ({"target": target} if target else {}))
            found: Reading = entry.read(self, wanted, **settings, **({"target": target} if target else {}))
            return replace(found, sentence=entry.sentence, healthy=entry.healthy)
        with quiet(self.segment.threads), shown(f"{id} of {self.name}", progress) as told:
            return asking.read(self.history, id, wanted, target, settings, told)

    @property
    def source(self) -> RunSource:
        """What a condition reads."""

        def cached(id: str, target: str | None, settings: Mapping[str, Any], steps: Any) -> Any:
            reading = asking.read(self.history, id, np.asarray(steps), target, settings)
            return reading.values, reading.parts

        return RunSource(self.history, self.metrics, cached)

    def parsed(self, text: str) -> condition.Condition:
        """A condition over this run. Errors: SettingError ``condition-text`` and its kin, pointing at the character."""
        return condition.parse(text, self.source.names, self.source.instruments)

    def first(self, text: str, start: int = 1, stop: int | None = None) -> int | None:
        """The first step at which the condition holds: ``run.first("loss > 2 * median(loss, 20)")``; None if none."""
        return self.parsed(text).first(self.source, start, stop)

    def last(self, text: str, before: int | None = None) -> int | None:
        """The last step, before ``before``, at which the condition holds; None if there is none."""
        return self.parsed(text).last(self.source, self.steps + 1 if before is None else before)

    def where(self, text: str, start: int = 1, stop: int | None = None) -> Any:
        """All steps at which the condition holds, (n,), ascending."""
        return self.parsed(text).where(self.source, start, stop)

    def cursor(self, at: int = 1) -> Cursor:
        """A place in the run that can be moved: forward, back, to a step, to where a condition holds."""
        return lazy.cursor.Cursor(self, at)

    # --- going on ------------------------------------------------------------------------------------------------

    def train(self, steps: int | None = None, *, epochs: int | None = None, **options: Any) -> Run:
        """Go on for so many steps (or epochs), recorded in the same file: bit for bit as if it had trained longer.

        options: ``stop_when``, ``progress``, as for ``ds.train``. Errors: SettingError ``train-length``,
        ``run-failed``; RunFileError ``run-grown``.
        """
        longer: Run = lazy.train.go_on(self, steps, epochs, **options)
        return longer

    def fork(self, at: int | None = None, **changes: Any) -> Run:
        """A new run with the same past, in which step ``at`` is the first that may differ. Then ``.train(steps)``.

        changes: ``optimizer``, ``lr`` (a number, a schedule or its text), ``data``, ``batch_size``, ``seed``, ``edit``
        ({"dense1.w[3, 2]": 0.0, "dense2.b": array}), and ``record`` (a path; in memory otherwise). See
        :func:`downslope.runs.fork.fork`. Errors: SettingError ``run-step``, ``fork-edit``; DataError.
        """
        return lazy.fork.fork(self, self.steps + 1 if at is None else at, **changes)

    def compare(self, other: Run, every: int | None = None) -> Comparison:
        """Where this run and another one part, and how far apart they are from then on."""
        return lazy.compare.compare(self, other, every)

    def try_rates(self, at: int, rates: Any) -> Any:
        """The losses of the steps from ``at`` on, taken on a throw-away fork at exactly these learning rates, (n,)."""
        return lazy.fork.try_rates(self, at, rates)

    def note(self, text: str, step: int | None = None) -> None:
        """Write a remark into the run's file. step: which step it is about."""
        lazy.keeping.note(self, text, step)

    @property
    def notes(self) -> list[tuple[int | None, str]]:
        """The remarks in the file: (step, text)."""
        return [(step, text) for _, step, text, _ in self.file.rows("notes", "true ORDER BY number")]

    @property
    def forks(self) -> list[tuple[str, int, str]]:
        """The forks of this run that have files: (path, first step that may differ, what was changed)."""
        return [(path, step, about) for path, step, about, _ in self.file.rows("forks", "true ORDER BY written, path")]

    def save(self, path: str | os.PathLike[str]) -> Run:
        """Write the run to a file of its own, and return the run that is in it. Errors: RunFileError."""
        return lazy.keeping.save(self, path)

    def to_parquet(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """A table with a row for each step: step, loss, grad_norm, lr, seconds, and the held-out metrics as known.

        force: write it anew where there is a file already. Errors: RunFileError ``export-exists``, ``export-write``.
        """
        lazy.export.to_parquet(self, path, force=force)

    def to_pandas(self) -> Any:
        """The same table as a pandas DataFrame. Errors: SettingError ``export-missing`` without pandas."""
        return lazy.export.to_pandas(self)

    def to_tensorboard(self, directory: str | os.PathLike[str], *, force: bool = False) -> None:
        """A TensorBoard event file of the recorded scalars and metrics, with histograms of the parameters.

        Errors: SettingError ``export-missing`` without tensorboard; RunFileError ``export-exists``, ``export-write``.
        """
        lazy.export.to_tensorboard(self, directory, force=force)

    def to_mlflow(self, experiment: str | None = None) -> str:
        """A run of MLflow with settings, scalars and metrics, in the store that MLflow is set to use. Its id.

        Errors: SettingError ``export-missing`` without mlflow; RunFileError ``export-write``.
        """
        return str(lazy.export.to_mlflow(self, experiment))

    def summary(self) -> str:
        """A few lines: what was trained, on what, for how long, how well."""
        return summary(self)

    __str__ = __repr__ = summary

    def _ipython_display_(self) -> None:
        """As the last line of a cell: the interactive view, with its picture."""
        lazy.show.displayed(self)

    def _display_(self) -> Any:
        """The same in marimo."""
        return lazy.show.show(self)
