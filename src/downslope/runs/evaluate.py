"""How well the parameters do on the held-out part, in terms that a user understands."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.data import Data

METRIC = {"classification": "accuracy", "regression": "r2"}


def evaluate(data: Data, output: Any, loss: float) -> dict[str, float]:
    """Metrics from the model's output on the held-out part.

    output: (n, classes) logits or (n, 1) standardised values. Classification: the share of rows whose class is right.
    Regression: root mean squared error in the target's own unit, and R² (1 is perfect, 0 is the mean's).
    """
    y = data.held_out.y
    if data.task == "classification":
        return {"held_out_loss": loss, "accuracy": float(np.mean(np.argmax(output, axis=1) == y))}
    target, predicted = data.raw_target(y), data.raw_target(np.asarray(output, float).reshape(y.shape))
    error = float(np.mean((predicted - target) ** 2))
    spread = float(np.mean((target - np.mean(target)) ** 2))
    return {"held_out_loss": loss, "rmse": error**0.5, "r2": 1 - error / spread if spread else float("nan")}
