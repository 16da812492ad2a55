"""The parts of this room that load slowly, imported at their first use: scikit-learn's sets and polars' reader."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope.data import embedded as embedded, read as read

_SLOW = ("embedded", "read")

# Hidden from type checkers, which would take any misspelt name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _SLOW:
            return import_module(f"downslope.data.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
