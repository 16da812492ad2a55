"""Instruments: one question about a step of training in each file, with its naive definition beside it.

A file in this folder that calls ``@instrument(...)`` is in the table; nothing else has to be told about it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
