"""From checked columns to Data: scales from the training part only, targets in shape, parts with their row ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from downslope.data.dataset import Data, FloatArray, IntArray, Split, Task, split_rows
from downslope.errors import DataError, SettingError, nearest


def split_for(task: Task, y: FloatArray | IntArray, held_out: float, seed: int) -> tuple[IntArray, IntArray]:
    """The split that suits the task: by class for classification, plain for regression."""
    return split_rows(len(y), y if task == "classification" else None, held_out=held_out, seed=seed)


def checked_task(task: str | None) -> Task | None:
    """``task`` if it is a known one or None; SettingError ``data-task`` otherwise."""
    if task is None or task == "classification" or task == "regression":
        return task  # type: ignore[return-value]  # mypy does not narrow str to the two literals
    raise SettingError(
        "data-task",
        f"task is {task!r}",
        where="the argument task=",
        why="the task decides how the target is read, and the loss",
        do=nearest(str(task), ["classification", "regression"]),
    )


def assemble(
    *,
    name: str,
    task: Task,
    x: FloatArray,
    y: FloatArray | IntArray,
    rows: IntArray,
    parts: tuple[IntArray, IntArray],
    features: tuple[str, ...],
    target: str,
    where: str,
    classes: tuple[str, ...] = (),
    standardise: Sequence[bool] = (),
    standardise_target: bool = False,
    image_shape: tuple[int, int] | None = None,
    notes: Sequence[str] = (),
) -> Data:
    """Data from raw ``x`` (n, d) and raw ``y`` (n,), both finite.

    parts: the positions to train on and those held out. standardise: for each column whether to scale it; ``()`` for
    none. Errors: DataError ``data-one-class``, ``data-target-constant``, ``data-too-large``.
    """
    train, held = parts
    if task == "classification":
        _check_classes(y, classes, target, where)
    else:
        _check_varies(y, train, target, where)
    scales: tuple[tuple[float, float], ...] = ()
    if any(standardise):
        flagged = zip(features, x[train].T, standardise, strict=True)
        scales = tuple(_scale(column, name, where) if wanted else (0.0, 1.0) for name, column, wanted in flagged)
        x = (x - [mean for mean, _ in scales]) / [scale for _, scale in scales]
    target_scale = (0.0, 1.0)
    if task == "regression":
        if standardise_target:
            target_scale = _scale(y[train], target, where)
        y = ((y.astype(np.float64) - target_scale[0]) / target_scale[1])[:, None]
    return Data(
        name=name,
        task=task,
        train=Split(x[train], y[train], rows[train]),
        held_out=Split(x[held], y[held], rows[held]),
        features=features,
        target=target,
        classes=classes,
        target_scale=target_scale,
        image_shape=image_shape,
        notes=(*notes, *_lonely_notes(task, y, classes, len(held))),
        feature_scales=scales,
    )


def _scale(column: NDArray[np.float64] | IntArray, name: str, where: str) -> tuple[float, float]:
    """Mean and standard deviation; a constant column gets scale 1, so that it becomes 0 and not 0/0."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(np.mean(column)), float(np.std(column))
    # The variance of 0.1, 0.1, 0.1 is not 0 in floating point; compare the values themselves.
    if np.ptp(column) == 0:
        return mean, 1.0
    if np.isfinite(mean) and np.isfinite(scale) and scale > 0:
        return mean, scale
    low, high = float(column.min()), float(column.max())
    raise DataError(
        "data-too-large",
        f"'{name}' runs from {low:.3g} to {high:.3g}: its variance cannot be held in 64-bit floating point",
        where=f"{where}, column '{name}'",
        why="the values are squared to standardise them, and again in most losses",
        do=f"Rescale '{name}' (another unit, or its logarithm), or pass standardise=False.",
    )


def _check_classes(y: FloatArray | IntArray, classes: tuple[str, ...], target: str, where: str) -> None:
    if len(np.unique(y)) >= 2:
        return
    raise DataError(
        "data-one-class",
        f"all {len(y)} rows have the same class, '{classes[int(y[0])]}', in '{target}'",
        where=f"{where}, column '{target}'",
        why="with one class there is nothing to tell apart: every prediction is right and every gradient goes to zero",
        do="Add rows of another class, choose another target, or check the filter that made this data.",
    )


def _check_varies(y: FloatArray | IntArray, train: IntArray, target: str, where: str) -> None:
    if np.ptp(y[train]) > 0:
        return
    which = f"all {len(y)} rows" if np.ptp(y) == 0 else f"all {len(train)} rows to train on"
    raise DataError(
        "data-target-constant",
        f"the target '{target}' is {float(y[train][0]):.6g} in {which}",
        where=f"{where}, column '{target}'",
        why="a constant is learned by the bias alone, and it has no standard deviation to scale by",
        do="Choose another target, add rows, or try another seed if only the split made it constant.",
    )


def _lonely_notes(task: Task, y: FloatArray | IntArray, classes: tuple[str, ...], held: int) -> list[str]:
    if task == "regression" or held == 0:
        return []
    counts = np.bincount(y.astype(np.int64), minlength=len(classes))
    lonely = [f"'{name}'" for name, count in zip(classes, counts, strict=True) if count == 1]
    if not lonely:
        return []
    return [f"Classes with one row only are trained on and never judged: {', '.join(lonely[:10])}."]
