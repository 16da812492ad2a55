"""What the score is worth: guessing, and scikit-learn's network of the same size, on the same split. Loads slowly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import neural_network

from downslope.data import Data
from downslope.optim import Method, Optimizer


@dataclass(frozen=True)
class Baselines:
    """Scores on the held-out part. metric: accuracy (classes) or R² (numbers); rows: (who, score), worst idea first."""

    metric: str
    rows: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        form = "{:.2%}" if self.metric == "accuracy" else "{:.4f}"
        return "\n".join(f"  {who:<44} {self.metric} {form.format(score)}" for who, score in self.rows)


def baselines(
    data: Data,
    hidden: Sequence[int],
    optimizer: Optimizer | Method,
    batch_size: int,
    epochs: int,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Baselines:
    """Majority class or mean, and scikit-learn's MLP with the same layers, rate, batch size and epochs."""
    is_classes = data.task == "classification"
    train_y, held_y = data.train.y.reshape(-1), data.held_out.y.reshape(-1)
    if is_classes:
        majority = int(np.bincount(train_y).argmax())
        rows = [(f"always the most frequent class ({data.classes[majority]})", float(np.mean(held_y == majority)))]
    else:
        rows = [("always the mean of the training rows", _r2(held_y, np.full(held_y.shape, train_y.mean())))]
    if progress:
        progress("training scikit-learn's network for comparison")
    rows.append(_scikit_learn(data, hidden, optimizer, batch_size, epochs, seed))
    return Baselines("accuracy" if is_classes else "R²", tuple(rows))


def _r2(y: Any, predicted: Any) -> float:
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - predicted) ** 2)) / spread if spread else float("nan")


def _scikit_learn(
    data: Data, hidden: Sequence[int], optimizer: Optimizer | Method, batch_size: int, epochs: int, seed: int
) -> tuple[str, float]:
    kind = neural_network.MLPClassifier if data.task == "classification" else neural_network.MLPRegressor
    solver = "adam" if optimizer.name == "adam" else "sgd"
    network = kind(
        hidden_layer_sizes=tuple(hidden),
        solver=solver,
        learning_rate_init=optimizer.rate(1),
        momentum=optimizer.settings.get("beta", 0.0) if solver == "sgd" else 0.9,
        nesterovs_momentum=False,
        batch_size=batch_size,
        max_iter=epochs,
        n_iter_no_change=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # It warns that a fixed number of epochs is not convergence, which is what is compared here.
        warnings.simplefilter("ignore")
        network.fit(data.train.x, data.train.y.reshape(-1))
    score = float(network.score(data.held_out.x, data.held_out.y.reshape(-1)))
    return f"scikit-learn's {kind.__name__}, same layers, {epochs} epochs", score
