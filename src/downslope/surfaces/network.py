"""The loss of a network so small that all of it can be seen: two weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.surfaces.table import surface

INPUTS = (-2.0, -1.0, 0.5, 1.0, 2.0)
TARGETS = (-1.4, -1.0, 0.6, 1.1, 1.4)


@surface(
    formula="mean over 5 rows of (y·tanh(x·input) − target)²",
    latex=r"\tfrac{1}{5} \sum_{i=1}^{5} \bigl(y \tanh(x\,a_i) - t_i\bigr)^2",
    domain=((-3, 3), (-3, 3)),
    minima=[
        ((0.86970552834007, 1.4905514440880219), 0.0010306549595792054),
        ((-0.86970552834007, -1.4905514440880219), 0.0010306549595792054),
    ],
    teaches="Changing the sign of both weights changes nothing: two equal minima, and a saddle at the zero start.",
    start=(0.1, -0.3),
    lr=0.2,
    source="Downslope's own; the network p = w2·tanh(w1·a) on the five rows in this file",
)
def two_weights(x: Any, y: Any) -> Any:
    """x is the weight into the tanh, y the weight out of it; mean squared error."""
    errors = [(y * np.tanh(x * a) - t) ** 2 for a, t in zip(INPUTS, TARGETS, strict=True)]
    total = errors[0]
    for error in errors[1:]:
        total = total + error
    return total / len(errors)
