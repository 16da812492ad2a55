"""A surface as a map, and the ways that optimizers took down it.

Surfaces and paths are taken by their attributes, as ``downslope.surfaces.Surface`` and ``Path`` have them: the law of
rooms keeps that room out of views, and any object with these attributes is as good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.views.payload import DescentView, Event, Limit, Lowest, PathView, Spot, SurfaceView
from downslope.views.thin import Places, Series, or_none

Pairs: TypeAlias = NDArray[np.float64]

GRID = 101
LEVELS = 15
MOST_KEPT = 2000
FIRST_KEPT = 200


def surface_view(surface: Any, *, n: int = GRID) -> SurfaceView:
    """The payload of a map. surface: with the attributes of ``downslope.surfaces.Surface``. n: grid points a side."""
    X, Y, Z = surface.grid(n)
    finite = np.isfinite(Z)
    bad = int((~finite).sum())
    (left, right), (bottom, top) = surface.domain
    text = f"{surface.name} has no finite value at {bad:,} of the {Z.size:,} points of its map"
    return SurfaceView(
        title=surface.name if surface.name == surface.formula else f"{surface.name}: {surface.formula}",
        name=surface.name,
        formula=surface.formula,
        latex=surface.latex,
        teaches=surface.teaches,
        domain=(float(left), float(right), float(bottom), float(top)),
        x=tuple(X[0].tolist()),
        y=tuple(Y[:, 0].tolist()),
        z=tuple(or_none(row) for row in Z),
        levels=_levels(Z[finite], surface.lowest),
        minima=tuple(Lowest(float(m.point[0]), float(m.point[1]), float(m.value)) for m in surface.minima),
        lowest=None if surface.lowest is None else float(surface.lowest),
        start=(float(surface.start[0]), float(surface.start[1])),
        not_finite=bad,
        events=(Event("nan" if np.isnan(Z).any() else "infinite", text, count=bad),) * bool(bad),
    )


def _levels(z: Series, lowest: float | None) -> tuple[float, ...]:
    """Heights of the contours, between the lowest and the highest value on the map."""
    if not len(z):
        return ()
    low, high = float(z.min()), float(z.max())
    if lowest is not None:
        above = z[z > lowest] - lowest
        if len(above):
            # From below which one point in fifty lies: the last decades before the minimum are a dot on the map.
            first = max(float(np.quantile(above, 0.02)), float(above.max()) * 1e-6)
            levels = lowest + np.geomspace(first, float(above.max()), LEVELS + 1)[:-1]
            return tuple(sorted({float(level) for level in levels if low < level < high}))
    levels = np.quantile(z, np.linspace(0, 1, LEVELS + 2)[1:-1])
    return tuple(sorted({float(level) for level in levels if low < level < high}))


def descent_view(*paths: Any, n: int = GRID) -> DescentView:
    """The payload of one or several paths, all on one surface: with the attributes of ``downslope.surfaces.Path``."""
    surface = paths[0].surface
    shown = tuple(path_view(path) for path in paths)
    map_ = surface_view(surface, n=n)
    first = shown[0]
    title = f"{first.label} on {surface.name}: {first.verdict}" if len(shown) == 1 else f"{len(shown)} ways down "
    title += surface.name if len(shown) > 1 else ""
    return DescentView(title, map_, shown, (*map_.events, *(event for path in shown for event in _broken(path))))


def path_view(path: Any) -> PathView:
    """The payload of one path. Long ones keep their first steps, an even sample of the rest, and their last step."""
    total = len(path.points)
    kept = np.arange(total) if total <= MOST_KEPT + 1 else _sample(total)
    ends = np.array(path.surface.domain, dtype=np.float64)
    inside = ((path.points >= ends[:, 0]) & (path.points <= ends[:, 1])).all(axis=1)
    exits = np.flatnonzero(inside[:-1] & ~inside[1:]) + 1
    numbers = np.column_stack((path.points, path.values, path.gradients))
    rate = float(path.optimizer.lr) if isinstance(path.optimizer.lr, int | float) else None
    return PathView(
        label=f"{path.optimizer.name}(lr={rate:g})" if rate is not None else path.optimizer.name,
        optimizer=str(path.optimizer),
        lr=rate,
        n_steps=total - 1,
        steps=tuple(kept.tolist()),
        points=_pairs(path.points, kept),
        values=or_none(path.values[kept]),
        gradients=_pairs(path.gradients, kept),
        updates=_pairs(path.updates, kept),
        effective_rates=_pairs(path.effective_rates, kept),
        state={
            name: _pairs(column, kept)
            for name, column in path.state.items()
            if isinstance(column, np.ndarray) and column.shape == path.points.shape
        },
        verdict=path.verdict.word,
        at=path.verdict.step,
        because=path.verdict.because,
        limit=_limit(path.stability),
        left=int(exits[0]) if len(exits) else None,
        outside=int((~inside).sum()),
        end=_pairs(path.points, kept[-1:])[0],
        evaluations=path.evaluations,
        not_finite=int((~np.isfinite(numbers).all(axis=1)).sum()),
        notes=tuple(path.notes),
    )


def _sample(total: int) -> Places:
    later = np.linspace(FIRST_KEPT, total - 1, MOST_KEPT - FIRST_KEPT).astype(np.int64)
    return np.unique(np.concatenate((np.arange(FIRST_KEPT), later)))


def _pairs(rows: Pairs, kept: Places) -> tuple[Spot, ...]:
    """The kept rows, and (None, None) for the one that is missing at the end of what belongs to steps, not points."""
    found = [or_none(rows[k]) if k < len(rows) else (None, None) for k in kept.tolist()]
    return tuple((x, y) for x, y in found)


def _limit(stability: Any) -> Limit | None:
    if stability is None:
        return None
    limit = None if stability.limit is None else float(stability.limit)
    return Limit(float(stability.constant), float(stability.curvatures[1]), limit, str(stability))


def _broken(path: PathView) -> Sequence[Event]:
    if not path.not_finite:
        return ()
    value = path.values[-1] is None
    text = f"{path.label}: the {'value' if value else 'gradient'} at step {path.n_steps} is NaN or infinite"
    return (Event("nan", text, step=path.n_steps, count=path.not_finite),)
