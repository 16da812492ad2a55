"""A finished run: what was trained, on what, how well, and the program that did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.autodiff.program import Program
from downslope.data import Data
from downslope.nn import Model
from downslope.optim import Optimizer
from downslope.runs import lazy
from downslope.runs.evaluate import METRIC
from downslope.runs.failure import Failure
from downslope.runs.step_program import Layout, step_graph

if TYPE_CHECKING:
    from downslope.runs.baselines import Baselines


@dataclass(frozen=True, eq=False)
class Run:
    """A training run. ``print(run)`` summarises it.

    loss: of every step, shape (steps,); the last one is not finite if the run failed. metrics: name -> values at the
    steps in ``metrics["step"]``: held_out_loss and accuracy, or rmse (in the target's unit) and r2. params: nested dict
    of arrays. stopped: why it ended early, None if it did not. failure: the node that made the first NaN or infinity.
    """

    data: Data
    model: Any
    optimizer: Optimizer
    loss_function: Callable[..., Any]
    loss: Any
    metrics: Mapping[str, Any]
    params: Any
    seed: int
    batch_size: int
    epochs: int
    steps: int
    steps_per_epoch: int
    seconds: float
    stopped: str | None
    failure: Failure | None
    objective: Callable[..., Any] = field(repr=False)
    batch: tuple[Any, Any] = field(repr=False)

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
        """The model's output for rows x (n, features): logits (n, classes) or standardised values (n, 1)."""
        return self.model(self.params, np.asarray(x, self.batch[0].dtype))

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
        layout = Layout(self.params)
        flat = layout.flat(self.params)
        state = {name: layout.flat(part) for name, part in self.optimizer.init(self.params).items()}
        return step_graph(self.objective, self.optimizer, layout, flat, state, self.batch).program()

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
        if not len(self.metrics["step"]):
            lines.append("  held out   nothing to judge it by" if not len(self.data.held_out) else "  held out   not yet")
        elif name == "accuracy":
            lines.append(f"  held out   accuracy {value:.2%}")
        else:
            rmse = self.metrics["rmse"][-1]
            lines.append(f"  held out   R² {value:.4f}, root mean squared error {rmse:.4g}")
        if self.stopped:
            lines.append(f"  stopped    {self.stopped}")
        return "\n".join(lines)

    __str__ = __repr__ = summary
