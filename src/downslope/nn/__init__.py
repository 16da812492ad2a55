"""Networks: layers, activations, losses and start values, and the models made of them.

Every file of the room is read, and what it enters in a table becomes a name here: ``nn.relu``, ``nn.mse``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from downslope.nn.activations import ACTIVATIONS, Activation, gain
from downslope.nn.initialise import INITIALISERS, fans, generator
from downslope.nn.layers import Dense, Layer, dense
from downslope.nn.losses import LOSSES, TASKS, loss_for
from downslope.nn.model import Model, mlp

if TYPE_CHECKING:  # for editors and type checkers, which do not run the loop below; a test keeps the two alike
    from downslope.nn.activations import (
        identity as identity,
        relu as relu,
        sigmoid as sigmoid,
        softmax as softmax,
        tanh as tanh,
    )
    from downslope.nn.initialise import (
        he as he,
        he_normal as he_normal,
        he_uniform as he_uniform,
        xavier as xavier,
        xavier_normal as xavier_normal,
        xavier_uniform as xavier_uniform,
        zeros as zeros,
    )
    from downslope.nn.losses import mse as mse, softmax_cross_entropy as softmax_cross_entropy

for _file in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
_ENTRIES = {**INITIALISERS, **LOSSES, **{name: entry.function for name, entry in ACTIVATIONS.items()}}
globals().update(_ENTRIES)

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LOSSES",
    "TASKS",
    "Activation",
    "Dense",
    "Layer",
    "Model",
    "dense",
    "fans",
    "gain",
    "generator",
    "loss_for",
    "mlp",
]
__all__ += list(_ENTRIES)
