"""Downslope: see, question and master how neural networks are trained.

A plain NumPy function becomes a graph; the graph becomes its derivatives, readable programs and training runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope import data as data, exercises as exercises, nn as nn, optim as optim, surfaces as surfaces
    from downslope.autodiff import (
        grad as grad,
        hessian as hessian,
        hvp as hvp,
        jacobian as jacobian,
        jvp as jvp,
        per_example as per_example,
        scope as scope,
        trace as trace,
        value_and_grad as value_and_grad,
        vjp as vjp,
    )
    from downslope.exercises import exercise as exercise
    from downslope.explain.check import check_gradients as check_gradients
    from downslope.explain.derivation import explain as explain
    from downslope.lab.report import report as report
    from downslope.lab.show import show as show
    from downslope.runs.load import load as load
    from downslope.runs.many import train_many as train_many
    from downslope.runs.train import train as train
    from downslope.surfaces.descend import descend as descend
    from downslope.surfaces.race import race as race
    from downslope.views import plot as plot

__version__ = "0.1.0"

_FUNCTIONS = {
    "downslope.autodiff": [
        "grad",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "per_example",
        "scope",
        "trace",
        "value_and_grad",
        "vjp",
    ],
    "downslope.exercises": ["exercise"],
    "downslope.explain": ["check_gradients"],
    "downslope.explain.derivation": ["explain"],
    "downslope.lab.report": ["report"],
    "downslope.lab.show": ["show"],
    "downslope.runs": ["load", "train"],
    "downslope.runs.many": ["train_many"],
    "downslope.surfaces": ["descend", "race"],
}
_HOME = {name: module for module, names in _FUNCTIONS.items() for name in names}
_ROOMS = {
    "data": "downslope.data",
    "exercises": "downslope.exercises",
    "nn": "downslope.nn",
    "optim": "downslope.optim",
    "plot": "downslope.views.plot",
    "surfaces": "downslope.surfaces",
}

__all__ = ["__version__", *_ROOMS, *_HOME]


# Rooms are loaded at first use: `import downslope` costs next to nothing.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _ROOMS:
            return import_module(_ROOMS[name])
        if name in _HOME:
            return getattr(import_module(_HOME[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted(__all__)
