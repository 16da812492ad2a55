"""Optimizers: rules that turn gradients into steps, one file a family, each two pure functions.

Every file of the room is read, and what it enters in a table becomes a name here: ``optim.adam(1e-3)``. Schedules are
in ``optim.schedules``. Type checkers read ``__init__.pyi`` instead, which ``python -m downslope.optim._stub`` writes.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from downslope.optim import schedules
from downslope.optim.method import METHODS, Method
from downslope.optim.optimizer import OPTIMIZERS, Optimizer, by_name
from downslope.optim.plateau import Plateau
from downslope.optim.schedule import SCHEDULES, Schedule
from downslope.optim.text import from_text
from downslope.optim.wrapper import WRAPPERS

for _file in pkgutil.iter_modules(__path__):
    if not _file.name.startswith("_"):
        import_module(f"{__name__}.{_file.name}")
# also where a function and its file have one name, as adam
globals().update({**OPTIMIZERS, **WRAPPERS, **METHODS})

__all__ = [
    "METHODS",
    "OPTIMIZERS",
    "SCHEDULES",
    "WRAPPERS",
    "Method",
    "Optimizer",
    "Plateau",
    "Schedule",
    "by_name",
    "from_text",
    "schedules",
]
__all__ += [*OPTIMIZERS, *WRAPPERS, *METHODS]
