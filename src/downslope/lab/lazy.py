"""What this room loads at its first use: the widget, whose packages only notebooks have."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope.lab import widget as widget

# Hidden from type checkers, which would take any misspelt name for it.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "widget":
            return import_module("downslope.lab.widget")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
