"""The table of mistakes: one entry for each kind, one file per family; a file put here is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(m.name for m in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
