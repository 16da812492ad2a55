"""The user's own NumPy arrays as Data: checked once, at the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from downslope.data.dataset import Data, FloatArray, IntArray, Task
from downslope.data.prepare import assemble, checked_task, split_for
from downslope.data.target import class_codes
from downslope.errors import DataError


def arrays(
    x: ArrayLike,
    y: ArrayLike,
    *,
    task: Task | None = None,
    held_out: float = 0.2,
    seed: int = 0,
    standardise: bool = False,
    features: Sequence[str] | None = None,
    target: str = "y",
    name: str = "arrays",
) -> Data:
    """Data from features ``x`` and targets ``y``, one row each.

    x: (n, d) numbers; (n,) is read as one column, (n, height, width) as images. y: (n,) or (n, 1). Whole numbers,
    booleans and strings are classes, floats a quantity (regression), unless ``task`` says otherwise. standardise:
    scale every column of x, and a regression target, to mean 0 and standard deviation 1 over the training part.
    ``held_out=0`` trains on every row.

    Errors: DataError ``data-empty``, ``data-shapes``, ``data-not-numbers``, ``data-not-finite``,
    ``data-too-few-rows``, ``data-one-class``, ``data-target-constant``, ``data-too-large``; SettingError
    ``data-task``, ``data-held-out``, ``data-seed``.

    >>> exclusive_or = arrays([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], held_out=0)
    >>> exclusive_or.task, len(exclusive_or.train)
    ('classification', 4)
    """
    values, image_shape = _feature_columns(_as_array(x, "x"))
    targets = _target_column(_as_array(y, "y"), len(values))
    if len(values) < 2:
        raise DataError(
            "data-too-few-rows",
            f"there is {len(values)} row",
            where=f"x of shape {np.shape(x)}",
            why="a gradient of one row only says how to fit that row",
            do="Give at least 2 rows; x is (rows, features), so a single row is often a transposed array.",
        )
    names = _feature_names(features, values.shape[1], image_shape)
    chosen = checked_task(task) or ("regression" if targets.dtype.kind == "f" else "classification")
    coded, classes = _coded(targets, chosen)
    return assemble(
        name=name,
        task=chosen,
        x=values,
        y=coded,
        rows=np.arange(len(values), dtype=np.int64),
        parts=split_for(chosen, coded, held_out, seed),
        features=names,
        target=target,
        where="the arrays x and y",
        classes=classes,
        standardise=(standardise,) * len(names),
        standardise_target=standardise,
        image_shape=image_shape,
        notes=("Features standardised by the training part.",) if standardise else (),
    )


def _as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise _shapes(
            f"the rows of {name} have different lengths", "Give every row the same number of values."
        ) from None
    if array.size == 0:
        raise DataError(
            "data-empty",
            f"{name} has shape {array.shape}: no values",
            where=f"the argument {name}",
            why="there is nothing to train on",
            do="Check the file or the filter that made the array.",
        )
    return array


def _feature_columns(x: NDArray[Any]) -> tuple[FloatArray, tuple[int, int] | None]:
    if x.dtype.kind not in "biuf":
        raise _not_numbers(
            "x", x, "Convert it (x.astype(float)); text columns are encoded by downslope.data.table(...)."
        )
    if x.ndim not in (1, 2, 3):
        raise _shapes(f"x has shape {x.shape}", "Give (rows, features), (rows,) or (rows, height, width).")
    image_shape = (x.shape[1], x.shape[2]) if x.ndim == 3 else None
    values = x.reshape(len(x), -1).astype(np.float64)
    _check_finite(values, "x")
    return values, image_shape


def _target_column(y: NDArray[Any], n: int) -> NDArray[Any]:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        raise _shapes(f"y has shape {y.shape}", "Give one target for each row; for one-hot rows y.argmax(axis=1).")
    if y.ndim != 1:
        raise _shapes(f"y has shape {y.shape}", "Give one target for each row, of shape (rows,).")
    if len(y) != n:
        raise _shapes(
            f"x has {n} rows and y has {len(y)}", "Give one target for each row of x; is one of them transposed?"
        )
    if y.dtype.kind == "O" and all(isinstance(value, str) for value in y):
        return y.astype(np.str_)
    if y.dtype.kind not in "biufU":
        raise _not_numbers("y", y, "Give numbers, booleans or strings.")
    if y.dtype.kind == "f":
        _check_finite(y, "y")
    return y


def _coded(y: NDArray[Any], task: Task) -> tuple[FloatArray | IntArray, tuple[str, ...]]:
    if task == "classification":
        return class_codes(y)
    if y.dtype.kind == "U":
        raise _not_numbers("y", y, "Give numbers for a regression, or task='classification'.")
    return y.astype(np.float64), ()


def _feature_names(features: Sequence[str] | None, d: int, image_shape: tuple[int, int] | None) -> tuple[str, ...]:
    if features is None and image_shape is not None:
        return tuple(f"pixel_{i}_{j}" for i in range(image_shape[0]) for j in range(image_shape[1]))
    names = tuple(f"x{j}" for j in range(d)) if features is None else tuple(features)
    if len(names) == d:
        return names
    raise _shapes(f"x has {d} columns and features has {len(names)} names", "Give one name for each column of x.")


def _check_finite(values: NDArray[Any], name: str) -> None:
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    nan = int(np.isnan(values).sum())
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    raise DataError(
        "data-not-finite",
        f"{name} holds {nan} NaN and {int(bad.sum()) - nan} infinite values in {values.size}",
        where=f"the first is {name}[{', '.join(map(str, first))}]",
        why="one NaN makes the loss NaN, and after one step every parameter",
        do="Leave those rows out or fill them, for example "
        + (f"with np.nanmedian({name}, axis=0)." if name == "x" else "keep = np.isfinite(y); x, y = x[keep], y[keep]."),
    )


def _not_numbers(name: str, values: NDArray[Any], do: str) -> DataError:
    return DataError(
        "data-not-numbers",
        f"{name} has the type {values.dtype} (first value {values.reshape(-1)[0]!r})",
        where=f"the argument {name}",
        why="gradients exist for real numbers only",
        do=do,
    )


def _shapes(what: str, do: str) -> DataError:
    return DataError(
        "data-shapes",
        what,
        where="the arguments x and y",
        why="row i of x and row i of y are one example: x (rows, features), y (rows,)",
        do=do,
    )
