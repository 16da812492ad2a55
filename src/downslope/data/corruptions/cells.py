"""Faults of single cells and rows: values far off, and values that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from downslope.data.corruptions.change import changed, dice, hit, moments
from downslope.data.dataset import Data, FloatArray
from downslope.data.settings import number
from downslope.errors import SettingError, nearest

Where: TypeAlias = Literal["features", "target"]
Fill: TypeAlias = Literal["mean", "median", "zero", "nan"]
_DONE: dict[Fill, str] = {
    "mean": "filled with the mean of their column",
    "median": "filled with the median of their column",
    "zero": "filled with zero",
    "nan": "left open",
}


def outliers(data: Data, rate: float = 0.05, size: float = 10.0, where: Where | None = None, seed: int = 0) -> Data:
    """Training rows, a share ``rate`` of them, are moved ``size`` standard deviations away, up or down.

    where: "target" moves the number to predict, "features" every feature of the row, each up or down by itself and
    by standard deviations of its own column; None is the target of a regression and the features of a
    classification.

    In a run: a squared loss follows the few far rows (its gradient grows with the distance), an absolute or Huber
    loss does not (for 1, 2, 3, 4, 100 the best constant is 22 under the squared loss and 3 under the absolute).

    Source: P. Huber, "Robust Estimation of a Location Parameter", 1964. Errors: SettingError
    ``data-outlier-where``, ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import line
    >>> outliers(line(), rate=0.05).touched[0].rows.shape
    (4,)
    """
    place = _checked_where(data, where)
    size = number(size, "size", 0, 1e12, why="it is the distance in standard deviations of the column", example=10)
    train = data.train
    found = hit(data, "outliers", len(train), rate, seed)
    if len(found) == 0 or size == 0:
        return data
    values = np.array(train.x if place == "features" else train.y, dtype=np.float64)
    columns = values.shape[1]
    up = dice(data, "outliers", len(found) * columns, seed).reshape(len(found), columns) >> np.uint64(63)
    _, deviation = moments(values)
    values[found] += np.where(up == 1, 1.0, -1.0) * size * deviation
    moved = replace(train, x=values) if place == "features" else replace(train, y=values)
    said = (
        f"Outliers (rate {rate:g}, size {size:g}, seed {seed}): {len(found)} of {len(train)} training rows had their "
        f"{place} moved {size:g} standard deviations up or down."
    )
    features = data.features if place == "features" else ()
    return changed(data, "outliers", said, train.rows[found], train=moved, features=features)


def missing_values(data: Data, rate: float = 0.1, fill: Fill = "mean", seed: int = 0) -> Data:
    """Cells of the training features, a share ``rate`` of all of them, are lost and filled.

    fill: "mean" and "median" of the cells of that column that are left, "zero" for 0 in the units of the source (an
    empty cell read as a number), "nan" to leave them open. A column without any cell left is filled with zeros.
    Cells are lost completely at random: which ones says nothing about their values.

    In a run: "mean" pulls every column together and weakens its bond to the target; "zero" makes outliers of the
    lost cells where 0 is far from the mean; one "nan" makes the loss NaN, and after one step every parameter.

    Source: D. Rubin, "Inference and Missing Data", 1976, for "completely at random". Errors: SettingError
    ``data-fill``, ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import iris
    >>> len(missing_values(iris(), rate=0.1, fill="zero").notes)
    2
    """
    if fill not in _DONE:
        raise SettingError(
            "data-fill",
            f"fill is {fill!r}",
            where="the argument fill=",
            why="it says what stands in the cells whose value is lost",
            do=nearest(str(fill), _DONE),
        )
    train = data.train
    cells = hit(data, "missing_values", train.x.size, rate, seed)
    if len(cells) == 0:
        return data
    rows, columns = np.unravel_index(cells, train.x.shape)
    x = train.x.copy()
    x[rows, columns] = np.nan
    x[rows, columns] = _fillings(data, x, fill)[columns]
    said = (
        f"Missing values (rate {rate:g}, fill {fill}, seed {seed}): {len(cells)} of {x.size} training cells lost their "
        f"value in {len(np.unique(rows))} rows, {_DONE[fill]}."
    )
    features = [data.features[j] for j in np.unique(columns)]
    return changed(data, "missing_values", said, train.rows[rows], train=replace(train, x=x), features=features)


def _fillings(data: Data, x: FloatArray, fill: Fill) -> FloatArray:
    """What each column's lost cells are filled with, shape (d,); x: (n, d) with NaN where they are lost."""
    if fill == "nan":
        return np.full(x.shape[1], np.nan)
    if fill == "zero":
        scales = data.feature_scales or ((0.0, 1.0),) * x.shape[1]
        return np.array([-mean / scale for mean, scale in scales])
    if fill == "mean":
        return moments(x)[0]
    left = [column[np.isfinite(column)] for column in x.T]
    return np.array([np.median(column) if len(column) else 0.0 for column in left])


def _checked_where(data: Data, where: Where | None) -> Where:
    usual: Where = "target" if data.task == "regression" else "features"
    if where is None:
        return usual
    if where == "features" or where == usual:
        return where
    hint = "A class cannot be far off: use label_noise. " if where == "target" else ""
    raise SettingError(
        "data-outlier-where",
        f"where is {where!r} for a {data.task}",
        where="the argument where=",
        why="it says what is moved away: the features, or the target where that is a number",
        do=hint + nearest(str(where), sorted({"features", usual})),
    )
