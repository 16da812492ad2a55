"""A data set as a payload: points of two of its features, in the user's units, with what was done to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import SettingError, nearest
from downslope.views.data_payload import DataView
from downslope.views.event import Event
from downslope.views.values import all_in_short

MOST_POINTS = 2_000
MOST_NAMES = 200
Array = Any


def data_view(data: Any, first: str | None = None, second: str | None = None, *, most: int = 1_000) -> DataView:
    """The payload of a data set. data: with the attributes of ``downslope.data.Data``.

    first, second: the features that are drawn; the first two if None (of images the two that vary most). most: points,
    thinned evenly. Errors: SettingError ``data-feature``.
    """
    columns = _columns(data, first, second)
    n = len(data.train) + len(data.held_out)
    places = np.unique(np.linspace(0, n - 1, min(n, most, MOST_POINTS)).round().astype(np.int64)) if n else np.arange(0)
    x = data.raw_features(np.concatenate((data.train.x, data.held_out.x)))[places]
    y = np.concatenate((data.train.y, data.held_out.y))[places]
    rows = np.concatenate((data.train.rows, data.held_out.rows))[places]
    target = y if data.task == "classification" else np.ravel(data.raw_target(y))
    second_values = x[:, columns[1]] if len(columns) > 1 else np.asarray(target, np.float64)
    faults = np.zeros(len(rows), np.int64)
    for k, touched in enumerate(data.touched, 1):
        faults[np.isin(rows, touched.rows)] = k
    counts = np.bincount(data.train.y.astype(np.int64), minlength=len(data.classes)) if data.classes else ()
    thinned = (Event("thinned", f"{len(places):,} of {n:,} rows are drawn, evenly"),) * (len(places) < n)
    return DataView(
        title=f"{data.name}: {n:,} rows, {len(data.features)} features",
        name=data.name,
        task=data.task,
        features=tuple(data.features[:MOST_NAMES]),
        target_name=data.target,
        classes=tuple(data.classes),
        counts=tuple(int(count) for count in counts),
        n_train=len(data.train),
        n_held_out=len(data.held_out),
        first=data.features[columns[0]],
        second=data.features[columns[1]] if len(columns) > 1 else "",
        x=all_in_short(x[:, columns[0]]),
        y=all_in_short(second_values),
        target=all_in_short(target),
        rows=tuple(rows.tolist()),
        held_out=tuple((places >= len(data.train)).tolist()),
        faults=tuple(faults.tolist()),
        corruptions=tuple(touched.corruption for touched in data.touched),
        image_shape=data.image_shape,
        notes=tuple(data.notes),
        events=thinned,
    )


def _columns(data: Any, first: str | None, second: str | None) -> list[int]:
    names = list(data.features)
    usual = list(range(min(2, len(names))))
    if data.image_shape is not None:
        usual = np.argsort(-np.var(data.train.x, axis=0), kind="stable")[:2].tolist()
    chosen = [_found(names, first, usual[0])]
    if len(names) > 1:
        other = next(k for k in usual if k != chosen[0])
        chosen.append(_found(names, second, other))
    return chosen


def _found(names: list[str], name: str | None, usual: int) -> int:
    if name is None:
        return usual
    if name in names:
        return names.index(name)
    raise SettingError(
        "data-feature",
        f"there is no feature {name!r}",
        where="data_view(data, first, second)",
        why="a point is drawn at the values of two features",
        do=nearest(name, names),
    )
