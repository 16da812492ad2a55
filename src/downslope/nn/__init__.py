"""Networks: layers, activations, losses and start values, and the models made of them.

Every file of the room is read, and what it lists in its ``__all__`` becomes a name here: ``nn.relu``, ``nn.conv2d``. So
a layer, an activation, a loss or an initialiser of your own is one new file, or one more function in a file.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers, which do not run the loop below
    from downslope.nn.activations import *  # noqa: F403 -- what it lists in its __all__
    from downslope.nn.attention import *  # noqa: F403
    from downslope.nn.classification_losses import *  # noqa: F403
    from downslope.nn.conv import *  # noqa: F403
    from downslope.nn.dense import *  # noqa: F403
    from downslope.nn.elementwise import *  # noqa: F403
    from downslope.nn.initialise import *  # noqa: F403
    from downslope.nn.layers import *  # noqa: F403
    from downslope.nn.losses import *  # noqa: F403
    from downslope.nn.model import *  # noqa: F403
    from downslope.nn.normalise import *  # noqa: F403
    from downslope.nn.pool import *  # noqa: F403
    from downslope.nn.recurrent import *  # noqa: F403
    from downslope.nn.regression_losses import *  # noqa: F403
    from downslope.nn.reshaping import *  # noqa: F403
    from downslope.nn.sequential import *  # noqa: F403
    from downslope.nn.text import *  # noqa: F403

    def __getattr__(name: str) -> Any:
        """What a file offers that was added after these lines."""


__all__: list[str] = []
for _file in pkgutil.iter_modules(__path__):  # noqa: F405 -- every package has one
    _module = import_module(f"{__name__}.{_file.name}")
    _names = getattr(_module, "__all__", [])
    globals().update({name: getattr(_module, name) for name in _names})
    __all__ += _names
