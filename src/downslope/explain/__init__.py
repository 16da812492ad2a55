"""Explaining: where a number of a gradient comes from, and which mistake gives a wrong one."""

import sys
from types import ModuleType

from downslope.explain.check import check_gradients
from downslope.explain.derivation import explain
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.of_step import explain_step
from downslope.explain.records import Contribution, Derivation, Equation, Factor, Level
from downslope.explain.updates import UpdateCheck, check_update

__all__ = [
    "Contribution",
    "Derivation",
    "Diagnosis",
    "Equation",
    "Factor",
    "Level",
    "UpdateCheck",
    "check_gradients",
    "check_update",
    "explain",
    "explain_step",
]


class _Room(ModuleType):
    """``ds.explain(...)``: the room and its function have one name, and Python sets the room's in ``downslope``."""

    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Room
