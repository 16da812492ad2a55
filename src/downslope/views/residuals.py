"""By how much each prediction misses, in the user's unit, over the rows that were held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.views.judged import judged, untrusted
from downslope.views.payload import QUANTILES, Event, Residuals
from downslope.views.thin import Places, Series, or_none

if TYPE_CHECKING:
    from downslope.runs import Run

MOST_POINTS = 2000
LARGEST = 100


def residuals(run: Run, *, most: int = MOST_POINTS) -> Residuals:
    """The payload of the residual plot of a regression. most: how many points a large set is thinned to."""
    part, rows = judged(run)
    target = np.asarray(run.data.raw_target(rows.y), dtype=np.float64).reshape(-1)
    predicted = np.asarray(run.predict(rows.x), dtype=np.float64).reshape(-1)
    finite = np.isfinite(predicted)
    residual = (target - predicted)[finite]
    kept = _kept(np.abs(target - predicted), most)
    rmse, r2 = _scores(target[finite], residual)
    return Residuals(
        title=f"{run.data.name}: by how much {run.data.target} is missed",
        unit=run.data.target,
        part=part,
        target=tuple(target[kept].tolist()),
        predicted=or_none(predicted[kept]),
        rows=tuple(np.asarray(rows.rows)[kept].tolist()),
        n=len(target),
        not_finite=int((~finite).sum()),
        rmse=rmse,
        mae=float(np.abs(residual).mean()) if len(residual) else None,
        r2=r2,
        quantiles=tuple(np.quantile(residual, QUANTILES).tolist()) if len(residual) else (),
        events=(*_not_finite(predicted), *untrusted(run)),
    )


def _scores(target: Series, residual: Series) -> tuple[float | None, float | None]:
    """RMSE, and R²: the part of the target's variance that is explained; None where nothing varies."""
    if not len(residual):
        return None, None
    spread = float(((target - target.mean()) ** 2).sum())
    r2 = 1 - float((residual**2).sum()) / spread if spread > 0 else None
    return float(np.sqrt((residual**2).mean())), r2


def _kept(size: Series, most: int) -> Places:
    """All places of a small set; of a large one an even sample, the largest residuals, and each that is not finite."""
    n = len(size)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    bad = np.flatnonzero(~np.isfinite(size))[:LARGEST]
    largest = np.argsort(np.where(np.isfinite(size), size, -1.0), kind="stable")[-LARGEST:]
    even = np.linspace(0, n - 1, max(most - len(bad) - len(largest), 2)).astype(np.int64)
    return np.unique(np.concatenate((bad, largest, even)).astype(np.int64))


def _not_finite(predicted: Series) -> tuple[Event, ...]:
    bad = int((~np.isfinite(predicted)).sum())
    if not bad:
        return ()
    text = f"{bad:,} of {len(predicted):,} predictions are NaN or infinite and cannot be drawn"
    return (Event("nan" if np.isnan(predicted).any() else "infinite", text, count=bad),)
