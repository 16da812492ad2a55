"""A finished run: what was trained, on what, how well, and the program that did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.autodiff.program import Program
from downslope.data import Data
from downslope.nn import Model
from downslope.optim import Method, Optimizer
from downslope.runs import lazy
from downslope.runs.evaluate import METRIC
from downslope.runs.failure import Failure
from downslope.runs.step_program import Carried, steps_of
from downslope.runs.task import Task

if TYPE_CHECKING:
    from downslope.runs.baselines import Baselines


@dataclass(frozen=True, eq=False)
class Run:
    """A training run. ``print(run)`` summarises it.

    task: model, data and loss. carried: parameters, optimizer's state and model's memory after the last step. loss: of
    every step, shape (steps,); the last one is not finite if the run failed. metrics: name -> values at the steps in
    ``metrics["step"]``: held_out_loss and accuracy, or rmse (in the target's unit) and r2. stopped: why it ended early,
    None if it did not. failure: the node that made the first NaN or infinity.
    """

    task: Task
    optimizer: Optimizer | Method
    carried: Carried
    loss: Any
    metrics: Mapping[str, Any]
    batch_size: int
    steps: int
    steps_per_epoch: int
    epochs: int
    seconds: float
    stopped: str | None
    failure: Failure | None

    @property
    def data(self) -> Data:
        """What was trained on."""
        return self.task.data

    @property
    def model(self) -> Any:
        """What was trained."""
        return self.task.model

    @property
    def seed(self) -> int:
        """Of start parameters, batch order and dropout."""
        return self.task.seed

    @property
    def loss_function(self) -> Callable[..., Any]:
        """What was made smaller: ``(output, y) -> number``."""
        return self.task.loss

    @property
    def params(self) -> Any:
        """The parameters after the last step, nested as the model has them."""
        return self.carried.params()

    @property
    def name(self) -> str:
        """What was trained on, in a word."""
        return self.data.name

    @property
    def metric(self) -> tuple[str, float]:
        """The main metric on the held-out part at the end: accuracy for classes, R² for numbers."""
        name = METRIC[self.data.task]
        values = self.metrics.get(name, ())
        return name, float(values[-1]) if len(values) else float("nan")

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

    def program(self) -> Program:
        """The readable program of one step: loss and gradients, forward and backward, then the update.

        ``p`` is all parameters end to end, as the run keeps them; the first lines name its parts.
        """
        batch = self.task.x[: self.batch_size], self.task.y[: self.batch_size]
        return steps_of(self.task.objective, self.optimizer, self.carried, batch).graph.program()

    def baselines(self, progress: Callable[[str], None] | None = None) -> Baselines:
        """The same task by guessing the most frequent class (or the mean) and by scikit-learn's own network."""
        hidden = self.model.sizes[1:-1] if isinstance(self.model, Model) else (32,)
        return lazy.baselines.baselines(
            self.data, hidden, self.optimizer, self.batch_size, self.epochs, self.seed, progress
        )

    def summary(self) -> str:
        """A few lines: what was trained, on what, for how long, how well."""
        name, value = self.metric
        pace = self.steps / self.seconds if self.seconds else 0.0
        kind = {1: "stochastic", len(self.data.train): "batch"}.get(self.batch_size, "mini-batch")
        model = repr(self.model) if isinstance(self.model, Model) else getattr(self.model, "__name__", "a function")
        lines = [
            f"{self.data.name}: {model}",
            f"  data       {len(self.data.train)} rows to train on, {len(self.data.held_out)} held out, "
            f"{len(self.data.features)} features",
            f"  method     {kind} gradient descent, batch size {self.batch_size}, {self.optimizer}, seed {self.seed}",
            f"  steps      {self.steps} ({self.steps / self.steps_per_epoch:.4g} epochs) in {self.seconds:.2f} s, "
            f"{pace:,.0f} a second",
        ]
        if len(self.loss):
            lines.append(f"  loss       {self.loss[0]:.4g} at the first step, {self.loss[-1]:.4g} at the last")
        if not self.metrics["step"].size:
            lines.append("  held out   " + ("not judged yet" if len(self.data.held_out) else "no rows to judge it by"))
        elif name == "accuracy":
            lines.append(f"  held out   accuracy {value:.2%}")
        else:
            rmse = self.metrics["rmse"][-1]
            lines.append(f"  held out   R² {value:.4f}, root mean squared error {rmse:.4g}")
        if self.stopped:
            lines.append(f"  stopped    {self.stopped}")
        return "\n".join(lines)

    __str__ = __repr__ = summary
