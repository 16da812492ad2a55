"""The rows that a run is judged by, and whether its predictions can be believed at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from downslope.views.payload import Event

if TYPE_CHECKING:
    from downslope.runs import Run


def judged(run: Run) -> tuple[Literal["held-out", "training"], Any]:
    """The held-out part, or the training part if nothing was held out; with the word that says which."""
    if len(run.data.held_out):
        return "held-out", run.data.held_out
    return "training", run.data.train


def untrusted(run: Run) -> tuple[Event, ...]:
    """An event if the parameters hold NaN or infinity: a class predicted from NaN looks like any other class."""
    bad, size = 0, 0
    for array in arrays_in(run.params):
        size += array.size
        bad += int((~np.isfinite(array)).sum())
    if not bad:
        return ()
    text = f"{bad:,} of {size:,} parameters are NaN or infinite: these predictions mean nothing"
    return (Event("nan", text, count=bad),)


def arrays_in(params: Any) -> Iterable[np.ndarray[Any, Any]]:
    """Every array of nested dicts, lists and tuples."""
    waiting = [params]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        else:
            yield np.asarray(value)
