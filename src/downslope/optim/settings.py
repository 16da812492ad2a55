"""Hyperparameters in their range, as Python numbers: those take the type of the array that they meet."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from downslope.errors import SettingError, nearest
from downslope.optim.schedule import Rate, Schedule


def rate(rule: str, lr: Rate) -> Rate:
    """The learning rate as a Python float above 0, or a schedule; SettingError ``optimizer-rate`` otherwise."""
    return lr if isinstance(lr, Schedule) else number(rule, lr)


def number(rule: str, lr: float) -> float:
    """The learning rate as a Python float above 0; SettingError ``optimizer-rate`` otherwise."""
    value = _number(lr)
    if math.isfinite(value) and value > 0:
        return value
    raise SettingError(
        "optimizer-rate",
        f"the learning rate is {lr!r}",
        where=f"{rule}(lr={lr!r})",
        why="a step is lr times a direction that goes down: a negative lr would climb, 0 would stand still",
        do="Give a number above 0, for example lr=0.001, or a schedule; if training diverges, try a tenth of it.",
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


def not_negative(rule: str, name: str, given: float) -> float:
    """A setting as a finite Python float of at least 0; SettingError ``optimizer-setting`` otherwise."""
    value = _number(given)
    if math.isfinite(value) and value >= 0:
        return value
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it is a strength: 0 switches it off, and below 0 it would work backwards",
        do=f"Give 0 or a number above it, for example {name}=0.01.",
    )


def between(rule: str, name: str, given: float, low: float, high: float) -> float:
    """A setting as a Python float from ``low`` to ``high``; SettingError ``optimizer-setting`` otherwise."""
    value = _number(given)
    if low <= value <= high:
        return value
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why=f"the rule is made for {name} from {low:g} to {high:g}; outside of it its formula has no meaning",
        do=f"Give a number from {low:g} to {high:g}.",
    )


def whole(rule: str, name: str, given: float) -> int:
    """A setting as a whole number of at least 1; SettingError ``optimizer-setting`` otherwise."""
    value = _number(given)
    if math.isfinite(value) and value >= 1 and value == int(value):
        return int(value)
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it counts something, and there is at least one of it",
        do=f"Give a whole number from 1 on, for example {name}=10.",
    )


def switch(rule: str, name: str, given: Any) -> bool:
    """A setting that is on or off; SettingError ``optimizer-setting`` otherwise."""
    if isinstance(given, bool | np.bool_) or _number(given) in (0, 1):
        return bool(given)
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it switches a variant of the rule on or off",
        do=f"Give {name}=True or {name}=False.",
    )


def choice(rule: str, name: str, given: str, known: Iterable[str]) -> str:
    """A setting that is one of a few words; SettingError ``optimizer-setting`` otherwise, with the nearest."""
    words = list(known)
    if given in words:
        return given
    raise SettingError(
        "optimizer-setting",
        f"{name} is {given!r}",
        where=f"{rule}({name}={given!r})",
        why="it names one of the variants of the rule",
        do=nearest(str(given), words),
    )


def switched_on(**settings: Any) -> dict[str, Any]:
    """The settings that are not 0 or False: what is switched off is left out of an optimizer's text."""
    return {name: value for name, value in settings.items() if value}


def _number(given: Any) -> float:
    """A Python float; NaN for anything that is not a single real number."""
    value = np.asarray(given)
    return float(value) if value.ndim == 0 and value.dtype.kind in "fiu" else math.nan
