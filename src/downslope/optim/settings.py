"""Hyperparameters in their range, as Python floats: those take the type of the array that they meet."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.errors import SettingError


def rate(rule: str, lr: float) -> float:
    """The learning rate as a Python float above 0; SettingError ``optimizer-rate`` otherwise."""
    value = _number(lr)
    if math.isfinite(value) and value > 0:
        return value
    raise SettingError(
        "optimizer-rate",
        f"the learning rate is {lr!r}",
        where=f"{rule}(lr={lr!r})",
        why="a step is lr times a direction that goes down: a negative lr would climb, 0 would stand still",
        do="Give a number above 0, for example lr=0.001; if training diverges, try a tenth of it.",
    )


def fraction(rule: str, name: str, given: float) -> float:
    """A decay or momentum as a Python float in [0, 1); SettingError ``optimizer-setting`` otherwise."""
    value = _number(given)
    if 0 <= value < 1:
        return value
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it is the part of the past that is kept at each step: at 1 nothing is ever forgotten, above 1 it grows",
        do=f"Give a number from 0 up to, but not including, 1, for example {name}=0.9.",
    )


def positive(rule: str, name: str, given: float) -> float:
    """A setting as a finite Python float above 0; SettingError ``optimizer-setting`` otherwise."""
    value = _number(given)
    if math.isfinite(value) and value > 0:
        return value
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it keeps a division by zero away, and only a number above 0 does",
        do=f"Give a small number above 0, for example {name}=1e-8.",
    )


def _number(given: Any) -> float:
    """A Python float; NaN for anything that is not a single real number."""
    value = np.asarray(given)
    return float(value) if value.ndim == 0 and value.dtype.kind in "fiu" else math.nan
