"""An array in a few numbers, for the side of a line or a node."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.views.graph_payload import Values
from downslope.views.thin import or_none

FIRST = 6
MOST_PLACES = 22  # powers of ten up to here are exact


def values_of(value: Any) -> Values:
    """Lowest, mean and highest of the finite numbers of an array or a number, the first few, and how many are not."""
    flat = np.asarray(value).reshape(-1)
    wide = flat.astype(np.float64)
    finite = wide[np.isfinite(wide)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    mean = None
    if finite.size:
        scale = max(float(np.abs(finite).max()), 1.0)  # the sum of numbers near 1e308 would be infinite
        mean = float(np.mean(finite / scale)) * scale
    return Values(flat.size, low, mean, high, flat.size - finite.size, or_none(wide[:FIRST]))


def in_short(value: float | None) -> float | None:
    """Five digits: what is drawn needs no more, and text grows with each digit."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


def all_in_short(values: Any) -> tuple[float | None, ...]:
    """Five digits of each of many numbers at once; half way between two, to rounding, it may be either."""
    wide = np.asarray(values, np.float64)
    with np.errstate(all="ignore"):
        places = 4 - np.floor(np.log10(np.where(wide == 0, 1, np.abs(wide))))  # after the point, if it is positive
        usual = np.abs(places) <= MOST_PLACES
        # A whole number over, or times, an exact power of ten: the double that is nearest to the five digits.
        places = np.where(usual, places, 0)
        up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
        found: list[float | None] = (np.rint(wide / down * up) / up * down).tolist()
    for k in np.flatnonzero(~usual).tolist():
        found[k] = in_short(float(wide[k]))
    return tuple(found)
