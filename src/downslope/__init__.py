"""Downslope: see, question and master how neural networks are trained.

A plain NumPy function becomes a graph; the graph becomes its derivatives, readable programs and training runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from downslope import data as data, nn as nn, optim as optim, surfaces as surfaces
    from downslope.autodiff import (
        check_gradients as check_gradients,
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
    from downslope.runs.train import train as train
    from downslope.surfaces.descend import descend as descend
    from downslope.surfaces.race import race as race

__version__ = "0.1.0"

_FUNCTIONS = {
    "downslope.autodiff": [
        "check_gradients",
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
    "downslope.runs": ["train"],
    "downslope.surfaces": ["descend", "race"],
}
_HOME = {name: module for module, names in _FUNCTIONS.items() for name in names}
_ROOMS = {"data": "downslope.data", "nn": "downslope.nn", "optim": "downslope.optim", "surfaces": "downslope.surfaces"}

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
