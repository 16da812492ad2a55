"""Memory: how many bytes the numbers of a step take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from downslope.runs.instrument import instrument
from downslope.runs.step import Step

HELD = ("params", "grads", "optimizer_state", "activations")


def naive(step: Step) -> dict[str, float]:
    """Numbers times the bytes of each."""
    found = {}
    for quantity in HELD:
        seen: list[Any] = []
        for x in _leaves(getattr(step, quantity)):
            if not any(x is other for other in seen):
                seen.append(x)
        arrays = [np.asarray(x) for x in seen if hasattr(x, "shape")]
        found[quantity] = float(sum(math.prod(x.shape) * x.dtype.itemsize for x in arrays))
    return found


@instrument(
    needs=HELD,
    kind="per quantity",
    naive=naive,
    unit="bytes",
    blind="what a program really holds at a time: buffers are used again, temporary arrays come and go, and a library "
    "keeps blocks in reserve",
    cost="one gradient",
    formula=r"\sum_{\text{arrays}} n \cdot \text{bytes per number}",
    source='S. Rajbhandari, J. Rasley, O. Ruwase and Y. He, "ZeRO: Memory Optimizations Toward Training Trillion '
    'Parameter Models", 2020, section 3',
)
def memory(step: Step) -> dict[str, float]:
    """How many bytes the parameters, the gradients, the optimizer's state and the activations of this step take.

    From the arrays themselves: numbers times bytes of each. An array that stands under two names, as the output of the
    last layer does, counts once; a view of another array counts as if it had memory of its own. Single numbers that are
    no arrays count nothing. Activations grow with the mini-batch, the others do not.
    """
    return {quantity: float(_bytes(getattr(step, quantity))) for quantity in HELD}


def _bytes(value: Any) -> int:
    distinct = {id(x): x for x in _leaves(value)}
    return sum(getattr(x, "nbytes", 0) for x in distinct.values())


def _leaves(value: Any) -> Iterator[Any]:
    for inner in value.values():
        if isinstance(inner, Mapping):
            yield from _leaves(inner)
        else:
            yield inner
