"""What a plug-in author may use: the records that entries are made of, and the decorators that enter them in tables.

A file that calls one of these decorators and is imported has added an entry: the tables, ``downslope where``, the
reference pages and the contract tests know it from then on. docs/recipes.md shows one for each kind.
"""

from __future__ import annotations

from downslope.autodiff.primitive import TABLE, Primitive, handles, register
from downslope.autodiff.primitives.rules import elementwise
from downslope.autodiff.trace import bind
from downslope.nn.activations import activation
from downslope.nn.initialise import initialiser
from downslope.nn.layers import Layer, layer
from downslope.nn.losses import loss
from downslope.optim.method import Method, method
from downslope.optim.optimizer import Optimizer, optimizer
from downslope.optim.schedule import Schedule, schedule
from downslope.optim.wrapper import around, wrapper
from downslope.runs.instrument import Instrument, instrument
from downslope.runs.reading import Axis, Healthy, Measured, Reading
from downslope.runs.step import Step
from downslope.surfaces.surface import Surface
from downslope.surfaces.table import surface

__all__ = [
    "TABLE",
    "Axis",
    "Healthy",
    "Instrument",
    "Layer",
    "Measured",
    "Method",
    "Optimizer",
    "Primitive",
    "Reading",
    "Schedule",
    "Step",
    "Surface",
    "activation",
    "around",
    "bind",
    "elementwise",
    "handles",
    "initialiser",
    "instrument",
    "layer",
    "loss",
    "method",
    "optimizer",
    "register",
    "schedule",
    "surface",
    "wrapper",
]
