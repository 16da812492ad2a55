"""Weight norm: how large the parameters are, all of them, each, or each layer's."""

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
    for name, w in step.params.items():
        layer = next((layer for layer, facts in step.layers.items() if name in facts.parameters), name)
        part = {"whole": "whole", "parameter": name, "layer": layer}[per]
        sums[part] = sums.get(part, 0.0) + sum(float(number) ** 2 for number in np.asarray(w).ravel())
    roots = {part: math.sqrt(total) for part, total in sums.items()}
    return roots["whole"] if per == "whole" else roots


@instrument(
    needs=("params",),
    kind="scalar",
    naive=naive,
    unit="parameter",
    blind="what the parameters do: before a normalisation a layer may be ten times as large and compute the same",
    cost="none beyond the parameters",
    formula=r"\lVert w \rVert_2 = \sqrt{\textstyle\sum_i w_i^2}",
    source='A. Krogh and J. Hertz, "A Simple Weight Decay Can Improve Generalization", 1992',
)
def weight_norm(step: Step, per: str = "whole") -> float | Measured:
    """How large the parameters are: the length of all of them as one vector.

    w before the update, and its Euclidean norm, in float64. It grows while a classifier becomes surer than it need be;
    weight decay pulls it back. NaN if any number of it is NaN, else infinite if any is.

    per: "whole" for all parameters as one vector, "parameter" for each array, "layer" for each layer's together.
    Errors: SettingError ``instrument-value``.
    """
    norms = {part: norm_of_all(step.params[name] for name in names) for part, names in parts(step, per).items()}
    return of_parts(norms, per)
