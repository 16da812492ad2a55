"""An array in a few numbers, for the side of a line or a node."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.views.graph_payload import Values
from downslope.views.thin import or_none

FIRST = 6


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
    return None if value is None or not np.isfinite(value) else float(f"{value:.5g}")
