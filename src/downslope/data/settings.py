"""Settings that are numbers or options: one check and one wording for all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from downslope.errors import SettingError, nearest


def number(value: float, name: str, low: float, high: float, *, why: str, example: float) -> float:
    """``value`` as a float if it is a number from ``low`` to ``high``; SettingError ``data-out-of-range``."""
    plain = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if plain and low <= value <= high:
        return float(value)
    raise _out_of_range(value, name, "number", low, high, why, example)


def whole(value: int | np.integer[Any], name: str, low: int, high: int, *, why: str, example: int) -> int:
    """``value`` as an int if it is a whole number from ``low`` to ``high``; SettingError ``data-out-of-range``."""
    plain = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if plain and low <= value <= high:
        return int(value)
    raise _out_of_range(value, name, "whole number", low, high, why, example)


def check_options(options: Collection[str], function: Callable[..., Any], where: str, *, hint: str = "") -> None:
    """SettingError ``data-option-unknown`` unless each of ``options`` is an argument of ``function`` beyond its first.

    where: what has these options, in words. hint: one more sentence for the reason.
    """
    known = [name for name in inspect.signature(function).parameters if name not in ("path_or_frame", "data")]
    unknown = [name for name in options if name not in known]
    if not unknown:
        return
    raise SettingError(
        "data-option-unknown",
        f"{where} has no option {unknown[0]!r}",
        where=f"the argument {unknown[0]}=",
        why=f"an option that is silently ignored would make a different data set than the one asked for.{hint}",
        do=nearest(unknown[0], known),
    )


def _out_of_range(
    value: object, name: str, kind: str, low: float, high: float, why: str, example: float
) -> SettingError:
    return SettingError(
        "data-out-of-range",
        f"{name} is {value!r}",
        where=f"the argument {name}=",
        why=why,
        do=f"Give a {kind} from {low:g} to {high:g}, for example {name}={example:g}.",
    )
