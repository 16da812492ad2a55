"""Update ratio: how far one step moves each parameter, measured by the parameter's own size."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import norm
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy
from downslope.runs.step import Step


def naive(step: Step) -> dict[str, float]:
    """Two sums of squares, and their roots divided."""
    found = {}
    for name, w in step.params.items():
        moved = math.sqrt(sum(float(number) ** 2 for number in np.ravel(step.updates[name])))
        size = math.sqrt(sum(float(number) ** 2 for number in np.ravel(w)))
        found[name] = moved / size if size else math.inf if moved else math.nan
    return found


@instrument(
    needs=("params", "updates"),
    kind="per parameter",
    naive=naive,
    blind="whether the step goes downhill; parameters that begin at 0, as biases do, whose ratio is large or infinite "
    "at first and means nothing then; single numbers inside of an array",
    cost="one step",
    formula=r"\frac{\lVert \Delta w \rVert_2}{\lVert w \rVert_2}, \quad \Delta w = w_{t+1} - w_t",
    source='A. Karpathy, "Neural Networks Part 3: Learning and Evaluation", notes of Stanford\'s CS231n, 2015',
    healthy=Healthy(
        1e-4,
        1e-2,
        "about 1e-3: A. Karpathy, notes of Stanford's CS231n, 2015; a decade on both sides is folklore",
    ),
)
def update_ratio(step: Step) -> dict[str, float]:
    """How far one step moves each parameter, measured by the parameter's own size.

    The norm of the update over the norm of the parameter before it, in float64. The update is what the optimizer really
    added, not the gradient. Near 1e-3 it is usually well: far below, the learning rate may be too low, and far above,
    too high.

    Infinite for a parameter that is 0 and moves, NaN for one that is 0 and stays. NaN too if any number of it is NaN.
    """
    found = {}
    for name, w in step.params.items():
        moved, size = norm(step.updates[name]), norm(w)
        found[name] = moved / size if size else math.inf if moved > 0 else math.nan
    return found
