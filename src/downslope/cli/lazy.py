"""What the commands need of the other rooms, imported at first use: ``downslope --help`` must not wait for them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from downslope import data as data, nn as nn, optim as optim, runs as runs, views as views
    from downslope.explain import check as check, updates as updates
    from downslope.lab import report as report, serve as serve
    from downslope.runs import (
        condition as condition,
        file as file,
        glance as glance,
        history as history,
        instrument as instrument,
        layout as layout,
        many as many,
        reading as reading,
        step as step,
    )
    from downslope.views import plot as plot, text as text

    animate: Any  # the module; downslope.views.plot has a function of this name

# Hidden from type checkers, which would take any misspelt name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Each name is written out, so that the import law can be read from the source.
        if name == "data":
            return import_module("downslope.data")
        if name in ("check", "updates"):
            return import_module(f"downslope.explain.{name}")
        if name in ("report", "serve"):
            return import_module(f"downslope.lab.{name}")
        if name == "nn":
            return import_module("downslope.nn")
        if name == "optim":
            return import_module("downslope.optim")
        if name == "runs":
            return import_module("downslope.runs")
        if name in ("condition", "file", "glance", "history", "instrument", "layout", "many", "reading", "step"):
            return import_module(f"downslope.runs.{name}")
        if name == "views":
            return import_module("downslope.views")
        if name in ("plot", "text"):
            return import_module(f"downslope.views.{name}")
        if name == "animate":  # beside plot: only films need Pillow's encoders
            return import_module("downslope.views.plot.animate")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
