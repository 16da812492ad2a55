"""Loss of the mini-batch, before the update."""

from __future__ import annotations

import numpy as np

from downslope.runs.instrument import instrument
from downslope.runs.step import Step


def naive(step: Step) -> float:
    """The mean of the rows' losses."""
    total = 0.0
    for one in step.losses:
        total += float(one)
    return total / len(np.asarray(step.losses))


@instrument(
    needs=("loss",),
    kind="scalar",
    naive=naive,
    blind="rows outside of the mini-batch: on small mini-batches it jumps though nothing is wrong, and it says nothing "
    "about held-out data",
    cost="none: it is recorded at every step",
    formula=r"L = \frac{1}{B} \sum_{i=1}^{B} \ell(p_i, y_i)",
    source='I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", 2016, section 8.1',
)
def loss(step: Step) -> float:
    """How wrong the model is on this mini-batch, as the training measures it.

    L is the mean over the B rows of the loss ℓ between the model's output p and the target y, taken before the update.
    It is the number that was recorded while training. NaN and infinities are shown as they are.
    """
    return float(step.loss)
