"""The part of this room that loads slowly, imported at its first use: scikit-learn, for comparison."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope.runs import baselines as baselines

# Hidden from type checkers, which would take any misspelt name for it.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "baselines":
            return import_module("downslope.runs.baselines")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
