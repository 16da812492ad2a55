"""Which rows made a step's gradient what it is, and which pulled against it."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.instruments.arrays import namespace, narrowed
from downslope.instruments.vectors import host
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


def naive(step: Step, target: str | None = None) -> Measured:
    """Row by row against the mean gradient, one long vector each."""
    chosen = [np.asarray(grads, float) for grads in narrowed(step.per_example_grads, target).values()]
    rows = [np.concatenate([np.ravel(grads[i]) for grads in chosen]) for i in range(len(step.rows))]
    mean = sum(rows[1:], rows[0]) / len(rows)
    with np.errstate(all="ignore"):
        shares = [float(np.dot(row, mean) / (len(rows) * np.dot(mean, mean))) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: -shares[i]) if np.isfinite(shares).all() else range(len(rows))
    ids = tuple(int(step.rows[i]) for i in order)
    return Measured(np.array([shares[i] for i in order]), (Axis("row", ids),), {"rows": np.array(ids)})


@instrument(
    needs=("per_example_grads", "rows"),
    kind="per row",
    naive=naive,
    blind="what the optimizer made of the gradient (momentum, Adam); what would have been learned without the row",
    cost="the gradient of each row",
    formula=r"\frac{g_i \cdot \bar g}{B \, \lVert \bar g \rVert^2}",
    source='G. Pruthi et al., "Estimating Training Data Influence by Tracing Gradient Descent", 2020: the dot product '
    "of the gradients of two rows, here of a row and the whole mini-batch, as a share",
)
def row_blame(step: Step, target: str | None = None) -> Measured:
    """Each row's share in the gradient of the step, the largest first; the shares sum to 1.

    Row i with gradient g_i, in a mini-batch of B rows whose mean gradient is ḡ, has the share g_i · ḡ / (B ‖ḡ‖²). An
    even share is 1/B; below 0 stands a row that pulled against the step. With ``target`` (a parameter or a layer) only
    the gradient of that part counts. Labels, and the fact ``rows``, say which row of the source it is.

    All are NaN, in the order of the mini-batch, where ḡ is 0 or not finite: per_example_grad_norm then shows whose
    gradient is infinite or NaN.
    """
    products: Any = 0.0
    for grads in narrowed(step.per_example_grads, target).values():
        xp = namespace(grads)
        wide = xp.reshape(xp.astype(grads, xp.float64), (grads.shape[0], -1))
        with np.errstate(all="ignore"):  # infinities and NaN show in the answer
            products = products + wide @ xp.mean(wide, axis=0)
    against = host(products)  # g_i · ḡ; their mean is ‖ḡ‖²
    with np.errstate(all="ignore"):
        shares = against / against.sum()
    order = np.argsort(-shares, kind="stable")
    rows = np.asarray(step.rows)[order]
    return Measured(shares[order], (Axis("row", tuple(rows.tolist())),), {"rows": rows})
