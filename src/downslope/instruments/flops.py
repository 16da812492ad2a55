"""FLOPs: what each layer costs in a step, forward and backward."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import nothing_to_read
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step

HALVES = ("forward", "backward")


def naive(step: Step) -> Measured:
    """Row by row."""
    table = np.full((len(step.layers), 2), math.nan)
    for i, facts in enumerate(step.layers.values()):
        for j in (0, 1):
            if facts.flops is not None:
                table[i, j] = facts.flops[j]
    if np.isnan(table).all():
        raise _nobody_counts()
    total = sum(number for number in table.ravel() if not math.isnan(number))
    return Measured(table, (Axis("layer", tuple(step.layers)), Axis("half", HALVES)), {"total": total})


@instrument(
    needs=(),
    kind="per layer",
    naive=naive,
    unit="FLOPs",
    blind="time: memory that is waited for, and calls that cost more than their numbers; the loss and the update, "
    "which belong to no layer",
    cost="none: counted on the graph, without any number",
    formula=r"\text{dense: } 2 B\, n_\text{in}\, n_\text{out} \text{ forward}, \quad 4 B\, n_\text{in}\, n_\text{out} "
    r"\text{ backward}",
    source='A. Griewank and A. Walther, "Evaluating Derivatives", 2008: a gradient costs a few times the function',
)
def flops(step: Step) -> Measured:
    """How many additions and multiplications each layer takes in this step, forward and backward.

    Counted on the graph for the size of this mini-batch: a product of matrices takes 2 for each number that it
    multiplies. The first layer's backward half is smaller, for nobody asks for the error of its input. total: the sum
    over the layers that are counted.

    NaN for a layer that nobody counts. Errors: SettingError ``instrument-nothing`` where no layer is counted.
    """
    facts = step.layers.values()
    if all(one.flops is None for one in facts):
        raise _nobody_counts()
    table = np.array([one.flops or (math.nan, math.nan) for one in facts], float)
    axes = (Axis("layer", tuple(step.layers)), Axis("half", HALVES))
    return Measured(table, axes, {"total": float(sum(sum(one.flops) for one in facts if one.flops))})


def _nobody_counts() -> Exception:
    return nothing_to_read(
        "the FLOPs of no layer are known",
        "they are counted for the layers of a model; a plain function has none",
        "ask trace(function, ...).cost() of a plain function",
    )
