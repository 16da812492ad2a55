"""Accuracy or R² of the mini-batch: the loss in terms that a user understands."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import Array, namespace
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy
from downslope.runs.step import Step


def naive(step: Step) -> float:
    """Row by row."""
    output, y = np.asarray(step.activations["output"], float), np.asarray(step.batch.y)
    if step.task == "regression":
        y = y.astype(float)
        wrong = sum((a - b) ** 2 for a, b in zip(y.ravel(), output.ravel(), strict=True))
        columns = y.reshape(len(y), -1).T
        spread = sum((value - sum(column) / len(column)) ** 2 for column in columns for value in column)
        return 1 - float(wrong) / float(spread) if spread else math.nan
    if output.ndim == 1 or output.shape[-1] == 1:
        ends_in_sigmoid = list(step.layers.values())[-1].activation == "sigmoid"
        half = 0.5 if ends_in_sigmoid else 0.0
        hits = [(p > half) == (t > 0.5) and not math.isnan(p) for p, t in zip(output.ravel(), y.ravel(), strict=True)]
        return float(np.mean(hits))
    if output.ndim > 2 and y.shape == (len(output), *output.shape[2:]):
        output = np.moveaxis(output, 1, -1)
    k = output.shape[-1]
    truth = y.reshape(-1, k).argmax(axis=1) if y.shape == output.shape else y.ravel()
    hits = []
    for p, t in zip(output.reshape(-1, k), truth, strict=True):
        best = max(range(k), key=lambda i: p[i])
        hits.append(best == t and not any(map(math.isnan, p)))
    return float(np.mean(hits))


@instrument(
    needs=("activations", "batch"),
    kind="scalar",
    naive=naive,
    blind="rows outside of the mini-batch; how sure the model is (accuracy); a few rows far off hide all others (R²)",
    cost="one forward pass",
    formula=r"\frac{1}{B} \sum_i [\operatorname{argmax} p_i = y_i] \quad\text{or}\quad "
    r"R^2 = 1 - \frac{\sum_i (y_i - p_i)^2}{\sum_i (y_i - \bar y)^2}",
    source='S. Wright, "Correlation and Causation", 1921, for R²; accuracy is folklore',
    healthy=Healthy(0.0, 1.0, "folklore: 1 is perfect, and an R² below 0 is worse than always giving the mean"),
)
def metric(step: Step) -> float:
    """The share of the mini-batch's rows whose class is right, or, for regression, R².

    Classification: the class is the greatest of the outputs; y holds classes or rows of zeros and a one. One output
    alone means class 1 above 0, or above 0.5 where the last layer is a sigmoid. A row whose output holds a NaN is
    wrong. Regression: 1 minus the squared error over the squared distance of y from its mean in this mini-batch, summed
    over all outputs: 1 is perfect, 0 is as good as the mean. NaN where all y are the same, and where an output is NaN.
    """
    output, y = step.activations["output"], step.batch.y
    if step.task == "regression":
        return _r_squared(output, y)
    return _accuracy(output, y, step)


def _r_squared(output: Array, y: Array) -> float:
    xp = namespace(output)
    target = xp.astype(y, xp.float64)
    error = target - xp.reshape(xp.astype(output, xp.float64), target.shape)
    spread = target - xp.mean(target, axis=0, keepdims=True)
    total = float(xp.sum(spread * spread))
    return 1 - float(xp.sum(error * error)) / total if total else math.nan


def _accuracy(output: Array, y: Array, step: Step) -> float:
    xp = namespace(output)
    if output.ndim == 1 or output.shape[-1] == 1:
        half = 0.5 if list(step.layers.values())[-1].activation == "sigmoid" else 0.0
        right = (output > half) == (xp.reshape(y, output.shape) > 0.5)
        return _share(right & ~xp.isnan(output))
    # PyTorch keeps the classes of a picture's points on axis 1.
    axis = 1 if output.ndim > 2 and tuple(y.shape) == (output.shape[0], *output.shape[2:]) else -1
    chosen = xp.argmax(output, axis=axis)
    truth = xp.argmax(y, axis=axis) if y.shape == output.shape else xp.reshape(y, chosen.shape)
    return _share((chosen == truth) & ~xp.any(xp.isnan(output), axis=axis))


def _share(right: Array) -> float:
    xp = namespace(right)
    return float(xp.mean(xp.astype(right, xp.float64)))
