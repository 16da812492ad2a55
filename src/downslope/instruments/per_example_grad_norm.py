"""The length of each row's gradient: which rows push hardest, and which hold a number that is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.instruments.arrays import namespace, narrowed
from downslope.instruments.vectors import host
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


def naive(step: Step, target: str | None = None) -> Measured:
    """Row by row, one long vector each."""
    chosen = narrowed(step.per_example_grads, target).values()
    rows = [np.concatenate([np.ravel(np.asarray(grads[i], float)) for grads in chosen]) for i in range(len(step.rows))]
    ids = np.asarray(step.rows)
    return Measured(np.array([np.linalg.norm(row) for row in rows]), (Axis("row", tuple(ids.tolist())),), {"rows": ids})


@instrument(
    needs=("per_example_grads", "rows"),
    kind="per row",
    naive=naive,
    blind="directions: large gradients of two rows may cancel each other (row_blame tells)",
    cost="the gradient of each row",
    formula=r"\lVert g_i \rVert_2",
    source='I. Goodfellow, "Efficient Per-Example Gradient Computations", 2015',
)
def per_example_grad_norm(step: Step, target: str | None = None) -> Measured:
    """How long the gradient of each row's own loss is.

    ‖g_i‖ over all parameters, or over those of ``target`` (a parameter or a layer), for each row i, in the order of the
    mini-batch; labels, and the fact ``rows``, say which row of the source it is. Infinity or NaN: that row's gradient
    is not finite, and with it the mean of all.
    """
    squares: Any = 0.0
    for grads in narrowed(step.per_example_grads, target).values():
        xp = namespace(grads)
        wide = xp.reshape(xp.astype(grads, xp.float64), (grads.shape[0], -1))
        squares = squares + xp.sum(wide * wide, axis=1)
    rows = np.asarray(step.rows)
    return Measured(np.sqrt(host(squares)), (Axis("row", tuple(rows.tolist())),), {"rows": rows})
