"""What the tests of descents and their pictures share."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope import optim, surfaces
from downslope.views import descent_view


def rule(text: str) -> Any:
    """The optimizer that is written as ``text``."""
    return optim.from_text(text)


def view(name: str, optimizer: str, steps: int = 40) -> Any:
    """The payload of one descent."""
    return descent_view(surfaces.descend(name, rule(optimizer), steps=steps))


def named(ax: Any, gid: str) -> list[Any]:
    """What was drawn under this name."""
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


def numbers(column: Any) -> Any:
    """As an array, with NaN for None."""
    return np.array(column, dtype=np.float64)
