"""Optimizers: rules that turn gradients into steps, one file a family, each two pure functions.

Every file of the room is read, and what it registers with ``@optimizer()`` becomes a name here: ``optim.adam(1e-3)``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from downslope.optim.optimizer import OPTIMIZERS, Optimizer, by_name

if TYPE_CHECKING:  # for editors and type checkers, which do not run the loop below; a test keeps the two alike
    from downslope.optim.adam import adam as adam
    from downslope.optim.gradient_descent import gradient_descent as gradient_descent, sgd as sgd
    from downslope.optim.momentum import momentum as momentum

for _file in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
globals().update(OPTIMIZERS)  # also where a function and its file have one name, as adam

__all__ = ["OPTIMIZERS", "Optimizer", "by_name"]
__all__ += list(OPTIMIZERS)
