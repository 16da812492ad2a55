"""What the corruptions share: which rows are hit, and Data with the change, the note and the truth about it.

Rows are drawn without replacement, as many as the rate says, so a rate of 0.1 is exactly a tenth. With one seed the
rows of a small rate are among those of a larger one. A corruption applied a second time draws afresh: by the same seed
it would otherwise flip the labels of the same rows back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from downslope.data.counter import named_stream, random_words, shuffled
from downslope.data.dataset import Data, FloatArray, IntArray, Split, Touched
from downslope.data.settings import number
from downslope.errors import DataError

IDS_LISTED = 10
"""Row ids named in a note; all of them are in ``Data.touched``."""


def hit(data: Data, corruption: str, among: int, rate: float, seed: int) -> IntArray:
    """The positions in ``range(among)`` that are hit, sorted: round(rate among) of them, at least one if rate > 0.

    Errors: SettingError ``data-out-of-range``, ``data-seed``.
    """
    rate = number(rate, "rate", 0, 1, why="it is the share that is hit: 0 is none of it, 1 is all", example=0.1)
    return drawn(data, corruption, among, max(round(rate * among), 1) if rate > 0 else 0, seed)


def drawn(data: Data, corruption: str, among: int, count: int, seed: int) -> IntArray:
    """``count`` positions in ``range(among)``, sorted; those of a smaller count are among them."""
    order = shuffled(among, seed, stream=named_stream(corruption), at=2 * _times(data, corruption))
    return np.sort(order[:count])


def dice(data: Data, corruption: str, n: int, seed: int) -> NDArray[np.uint64]:
    """n random 64-bit words for what happens to the rows that were hit, independent of which they are."""
    return random_words(n, seed, stream=named_stream(corruption), at=2 * _times(data, corruption) + 1)


def changed(
    data: Data,
    corruption: str,
    said: str,
    rows: ArrayLike,
    *,
    train: Split,
    held_out: Split | None = None,
    features: Sequence[str] = (),
    feature_scales: tuple[tuple[float, float], ...] | None = None,
) -> Data:
    """``data`` with other parts, one more note (``said`` and the row ids) and one more entry in ``touched``."""
    touched = Touched(corruption, np.asarray(rows), tuple(features))
    everywhere = len(touched.rows) == len(np.union1d(data.train.rows, data.held_out.rows))
    ids = "all" if everywhere else _ids(touched.rows)
    return replace(
        data,
        train=train,
        held_out=data.held_out if held_out is None else held_out,
        feature_scales=data.feature_scales if feature_scales is None else feature_scales,
        notes=(*data.notes, f"{said} Rows: {ids}."),
        touched=(*data.touched, touched),
        origin={},  # the file alone no longer makes this data
    )


def need_classes(data: Data, corruption: str, instead: str) -> None:
    """DataError ``data-needs-classes`` for a regression."""
    if data.task == "classification":
        return
    raise DataError(
        "data-needs-classes",
        f"{data.name} is a regression: its target '{data.target}' is a number, not a class",
        where=f"the corruption {corruption!r}",
        why="it gives rows another class or thins a class out, and here there are none",
        do=instead,
    )


def moments(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each column of x (n, d) over its finite cells, shape (d,); 0 if it has none."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0).sum(axis=0) / count
    deviation = np.where(known, x - mean, 0)
    return mean, np.sqrt((deviation**2).sum(axis=0) / count)


def _times(data: Data, corruption: str) -> int:
    return sum(before.corruption == corruption for before in data.touched)


def _ids(rows: IntArray) -> str:
    listed = ", ".join(str(row) for row in rows[:IDS_LISTED])
    return listed if len(rows) <= IDS_LISTED else f"{listed}, ... {rows[-1]}"
