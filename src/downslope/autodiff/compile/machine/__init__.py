"""The machine dialect: many steps as one LLVM function, for the CPU that it runs on.

Stages, each with a text form: ``lower`` (a graph becomes values; views vanish into strides), ``schedule`` (values
become nests of loops), ``memory`` (one workspace, shared by lifetime), ``nests``, ``products`` and ``alone`` (the loops
as code), ``writer`` (the loop over the steps), ``build`` and ``cache`` (machine code). ``code``, ``vec`` and
``vectors`` are what they write with. llvmlite is loaded at the first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from downslope.autodiff.compile.machine.kinds import NotGenerated as NotGenerated

if TYPE_CHECKING:
    from downslope.autodiff.compile.machine.build import trouble as trouble
    from downslope.autodiff.compile.machine.cpu import this_cpu as this_cpu
    from downslope.autodiff.compile.machine.program import loop as loop

_LATER = {"loop": "program", "this_cpu": "cpu", "trouble": "build"}

# Hidden from type checkers, which would take any misspelt name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _LATER:
            return getattr(import_module(f"downslope.autodiff.compile.machine.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def available() -> str | None:
    """Why no machine code can be made here; None where it can."""
    if find_spec("llvmlite") is None:
        return "llvmlite is not installed"
    cpu = sys.modules[__name__].this_cpu()
    return cpu if isinstance(cpu, str) else None
