"""Faults of the collection: rows that are there twice, and held-out rows that leaked into training."""

from __future__ import annotations

import numpy as np

from downslope.data.corruptions.change import changed, hit
from downslope.data.dataset import Data, IntArray, Split
from downslope.errors import DataError


def duplicates(data: Data, rate: float = 0.1, seed: int = 0) -> Data:
    """Training rows, a share ``rate`` of them, are there a second time, at the end and with the same row id.

    In a run: the copied rows weigh double, and a validation part cut from such rows afterwards would share them
    with training.

    Errors: SettingError ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import moons
    >>> len(duplicates(moons(), rate=0.25).train)
    500
    """
    train = data.train
    where = hit(data, "duplicates", len(train), rate, seed)
    if len(where) == 0:
        return data
    said = f"Duplicates (rate {rate:g}, seed {seed}): {len(where)} of {len(train)} training rows are there twice."
    return changed(data, "duplicates", said, train.rows[where], train=_extended(train, train, where))


def leakage(data: Data, rate: float = 0.2, seed: int = 0) -> Data:
    """Held-out rows, a share ``rate`` of them, are trained on too: copied to the end of the training part.

    They keep their row ids and stay held out.

    In a run: the score on the held-out part no longer says how the model does on new rows. One that learns its rows
    by heart and is right for a share a of new ones scores rate + (1 - rate) a.

    Errors: DataError ``data-nothing-held-out``; SettingError ``data-out-of-range``, ``data-seed``.

    >>> from downslope.data import moons
    >>> data = leakage(moons(), rate=0.2)
    >>> len(np.intersect1d(data.train.rows, data.held_out.rows))
    20
    """
    held_out = data.held_out
    if len(held_out) == 0:
        raise DataError(
            "data-nothing-held-out",
            f"{data.name} has no row held out",
            where="the corruption 'leakage'",
            why="a leak is a held-out row that is trained on",
            do="Make the data with rows held out, for example held_out=0.2.",
        )
    where = hit(data, "leakage", len(held_out), rate, seed)
    if len(where) == 0:
        return data
    said = f"Leakage (rate {rate:g}, seed {seed}): {len(where)} of {len(held_out)} held-out rows are trained on too."
    return changed(data, "leakage", said, held_out.rows[where], train=_extended(data.train, held_out, where))


def _extended(train: Split, source: Split, where: IntArray) -> Split:
    return Split(
        np.concatenate([train.x, source.x[where]]),
        np.concatenate([train.y, source.y[where]]),
        np.concatenate([train.rows, source.rows[where]]),
    )
