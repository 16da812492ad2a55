"""Gradient norm: how steep the loss is here, of all parameters, of each, or of each layer."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import norm_of_all, of_parts, parts
from downslope.runs.instrument import instrument
from downslope.runs.reading import Measured
from downslope.runs.step import Step


def naive(step: Step, per: str = "whole") -> float | dict[str, float]:
    """The root of the sum of all squares."""
    sums: dict[str, float] = {}
    for name, g in step.grads.items():
        layer = next((layer for layer, facts in step.layers.items() if name in facts.parameters), name)
        part = {"whole": "whole", "parameter": name, "layer": layer}[per]
        sums[part] = sums.get(part, 0.0) + sum(float(number) ** 2 for number in np.asarray(g).ravel())
    roots = {part: math.sqrt(total) for part, total in sums.items()}
    return roots["whole"] if per == "whole" else roots


@instrument(
    needs=("grads",),
    kind="scalar",
    naive=naive,
    unit="loss / parameter",
    blind="why: a large gradient may be noise of the mini-batch; a small one a minimum, a plateau or a saddle",
    cost="one gradient",
    formula=r"\lVert g \rVert_2 = \sqrt{\textstyle\sum_i g_i^2}, \quad g = \partial L / \partial w",
    source='R. Pascanu, T. Mikolov and Y. Bengio, "On the Difficulty of Training Recurrent Neural Networks", 2013',
)
def grad_norm(step: Step, per: str = "whole") -> float | Measured:
    """How steep the loss is: the length of the gradient over the mini-batch.

    g = dL/dw before any clipping, and its Euclidean norm, in float64. A norm that grows without end announces a
    divergence; layers whose norms differ by decades, a gradient that vanishes or explodes on its way back. NaN if any
    number of it is NaN, else infinite if any is.

    per: "whole" for all parameters as one vector, "parameter" for each array, "layer" for each layer's together.
    Errors: SettingError ``instrument-value``.
    """
    norms = {part: norm_of_all(step.grads[name] for name in names) for part, names in parts(step, per).items()}
    return of_parts(norms, per)
