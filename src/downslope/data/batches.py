"""The order in which rows are visited, a pure function of (seed, epoch): any step's batch without the steps before."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.data.counter import checked_word, shuffled
from downslope.errors import SettingError
from downslope.streams import Stream

BatchSize: TypeAlias = int | Literal["all"] | None
"""Rows in a batch; None and "all" mean every row, in the given order."""


def order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The permutation of ``range(n)`` in which epoch ``epoch`` visits the rows: shape (n,), int64, read-only.

    It depends on (n, seed, epoch) alone, the same on every machine. Errors: SettingError ``data-seed``.

    >>> sorted(order(5, seed=0, epoch=7).tolist())
    [0, 1, 2, 3, 4]
    """
    return _remembered_order(n, seed, epoch)


# A run asks for the batches of one epoch one after another: remembering a few orders makes batch_at cheap at every
# step.
@lru_cache(maxsize=4)
def _remembered_order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    rows = shuffled(n, seed, stream=Stream.ORDER, at=epoch)
    rows.flags.writeable = False
    return rows


def steps_per_epoch(n: int, batch_size: BatchSize, *, drop_last: bool = False) -> int:
    """How many batches an epoch of ``n`` rows has: ceil(n / batch_size), or floor if the incomplete last is dropped."""
    size = _checked_size(n, batch_size)
    return n // size if drop_last else -(-n // size)


def batches(
    n: int, batch_size: BatchSize, seed: int, epoch: int, *, drop_last: bool = False
) -> list[NDArray[np.int64]]:
    """The row positions of every batch of one epoch, each of shape (batch_size,); the last one may be smaller.

    ``None`` or ``"all"`` as batch size: one batch of all rows in the given order. ``drop_last`` leaves an incomplete
    last batch out. Errors: SettingError ``data-batch-size`` if the batch size is no whole number from 1 to n;
    ``data-seed``.

    >>> [len(batch) for batch in batches(10, 4, seed=0, epoch=0)]
    [4, 4, 2]
    """
    size = _checked_size(n, batch_size)
    rows = _visiting(n, batch_size, seed, epoch)
    count = steps_per_epoch(n, batch_size, drop_last=drop_last)
    return [rows[k * size : (k + 1) * size] for k in range(count)]


def batch_at(n: int, batch_size: BatchSize, seed: int, step: int) -> NDArray[np.int64]:
    """The row positions of step ``step`` (from 0) of the whole run; an epoch has ceil(n / batch_size) steps.

    >>> bool((batch_at(10, 4, seed=0, step=4) == batches(10, 4, seed=0, epoch=1)[1]).all())
    True
    """
    size = _checked_size(n, batch_size)
    epoch, k = divmod(checked_word(step, "step"), steps_per_epoch(n, batch_size))
    return _visiting(n, batch_size, seed, epoch)[k * size : (k + 1) * size]


def _visiting(n: int, batch_size: BatchSize, seed: int, epoch: int) -> NDArray[np.int64]:
    if batch_size is None or batch_size == "all":
        return np.arange(n, dtype=np.int64)
    return order(n, seed, epoch)


def _checked_size(n: int, batch_size: BatchSize) -> int:
    if batch_size is None or batch_size == "all":
        size = n
    elif type(batch_size) is not bool and isinstance(batch_size, int | np.integer):
        size = int(batch_size)
    else:
        size = 0
    if 1 <= size <= n:
        return size
    raise SettingError(
        "data-batch-size",
        f"batch_size is {batch_size!r} and there are {n} rows to train on",
        where="the argument batch_size=",
        why="a batch is drawn without putting rows back, so it holds from 1 row to all of them",
        do=f"Give a whole number from 1 to {max(n, 1)}, or None for the full batch.",
    )
