"""A unit that has many numbers: a channel of an image has one at each place, a unit of a sequence at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any


def axes_of(shape: Sequence[int]) -> tuple[int, tuple[int, ...]] | None:
    """The axis of the units, and those of each unit's places: images (B, C, H, W), sequences (B, T, n); else None."""
    return {4: (1, (2, 3)), 3: (2, (1,))}.get(len(shape))


def numbers_of(values: Array, row: int, unit: int) -> Array:
    """All numbers of a unit for one row of the mini-batch: (H, W) or (T,)."""
    return values[row, unit] if len(np.shape(values)) == 4 else values[row, :, unit]


def usual_place(numbers: Array) -> tuple[tuple[int, ...], str]:
    """The place that is meant where none is named, and why: of an image the largest in size, of a sequence the last."""
    if len(np.shape(numbers)) == 1:
        return (len(numbers) - 1,), f"the last of {len(numbers)} steps"
    sizes = np.abs(np.asarray(numbers, float))
    at = int(np.argmax(np.where(np.isnan(sizes), np.inf, sizes)))
    place = tuple(int(k) for k in np.unravel_index(at, sizes.shape))
    return place, f"the largest in size of {sizes.size} places"


def entry_of(shape: Sequence[int], row: int, unit: int, place: Sequence[Any]) -> tuple[Any, ...]:
    """The index of one number of a unit in the whole array."""
    return (row, unit, *place) if len(shape) == 4 else (row, *place, unit)
