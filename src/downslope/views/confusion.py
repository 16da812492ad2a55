"""Which classes are taken for which others, counted over the rows that were held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.views.judged import judged, untrusted
from downslope.views.payload import ConfusionMatrix

if TYPE_CHECKING:
    from downslope.runs import Run


def confusion(run: Run) -> ConfusionMatrix:
    """The payload of the confusion matrix of a classification. Nothing held out: the training rows are judged."""
    part, rows = judged(run)
    names = tuple(run.data.classes)
    true = np.asarray(rows.y, dtype=np.int64)
    predicted = np.asarray(run.predict(rows.x), dtype=np.int64)
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (true, predicted), 1)
    return ConfusionMatrix(
        title=f"{run.data.name}: which {run.data.target} is taken for which",
        target=run.data.target,
        part=part,
        classes=names,
        counts=tuple(tuple(row) for row in counts.tolist()),
        n=len(true),
        events=untrusted(run),
    )
