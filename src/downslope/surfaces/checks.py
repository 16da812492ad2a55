"""What is given from outside, in its range: a domain, a start, a number of steps."""

from __future__ import annotations

from typing import Any, SupportsIndex

import numpy as np

from downslope.errors import SettingError
from downslope.surfaces.surface import Domain, Point


def checked_domain(domain: Any) -> Domain:
    """The domain as floats; SettingError ``surface-domain`` if it is not two finite intervals."""
    try:
        (left, right), (bottom, top) = ((float(low), float(high)) for low, high in domain)
    except (TypeError, ValueError):
        left = right = bottom = top = np.nan
    if left < right and bottom < top and np.isfinite([left, right, bottom, top]).all():
        return (left, right), (bottom, top)
    raise SettingError(
        "surface-domain",
        f"the domain is {domain!r}",
        where="domain=",
        why="it says which rectangle is shown: from where to where x goes, and from where to where y goes",
        do="Give ((xmin, xmax), (ymin, ymax)) with each minimum below its maximum, for example ((-3, 3), (-2, 2)).",
    )


def checked_point(point: Any) -> Point:
    """The start of a descent as floats; SettingError ``descend-start`` if it is not two finite numbers."""
    try:
        p = np.asarray(point, float)
    except (TypeError, ValueError):
        p = np.empty(0)
    if p.shape == (2,) and np.isfinite(p).all():
        return float(p[0]), float(p[1])
    raise SettingError(
        "descend-start",
        f"the start is {point!r}",
        where="start=",
        why="a descent begins at one point of the plane, given by two finite numbers",
        do="Give (x, y), for example start=(-1.2, 1.0), or leave it out for the surface's own start.",
    )


def checked_count(given: SupportsIndex, code: str, name: str, most: int) -> int:
    """A whole number from 1 to ``most``; SettingError with this code otherwise."""
    count = given if isinstance(given, int | np.integer) and not isinstance(given, bool) else 0
    if 1 <= count <= most:
        return int(count)
    raise SettingError(
        code,
        f"{name} is {given!r}",
        where=f"{name}=",
        why="every step is computed and kept, and at least one is needed for a path",
        do=f"Give a whole number from 1 to {most:,}, for example {name}=100.",
    )
