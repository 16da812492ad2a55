"""What this room loads at its first use: what few runs need, scikit-learn for comparison, the instruments, which fill
the table here, and how a notebook shows a run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from downslope.runs import (
        baselines as baselines,
        compare as compare,
        cursor as cursor,
        export as export,
        fork as fork,
        keeping as keeping,
    )

    explain: Any
    instruments: Any
    show: Any
    train: Any  # the file; from downslope.runs one would import the function of that name

_PARTS = ("baselines", "compare", "cursor", "export", "fork", "keeping", "train")

# Hidden from type checkers, which would take any misspelt name for it.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _PARTS:
            return import_module(f"downslope.runs.{name}")
        if name == "explain":
            return import_module("downslope.explain.of_step")
        if name == "instruments":
            return import_module("downslope.instruments")
        if name == "show":
            return import_module("downslope.lab.show")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
