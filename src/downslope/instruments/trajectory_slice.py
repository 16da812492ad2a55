"""The loss over the plane in which a run's path of parameters lies best, with the path in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import Vector, tensors, vector
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Reading

Matrix = Any
USUAL_STEPS = 30  # of a path of which the end alone is asked


def naive(run: Any, steps: Sequence[int], points: int = 21, margin: float = 0.2) -> Reading:
    """The principal directions from the inner products of the path's points, one loss after the other."""
    steps = _along(steps)
    last = run.at(steps[-1])
    path = np.array([vector(run.at(t).params) - vector(last.params) for t in steps])
    centred = np.array([point - sum(path) / len(path) for point in path])
    inner = np.array([[a @ b for a in centred] for b in centred])
    strengths, rotation = np.linalg.eigh(inner)
    plane = []
    for k in (-1, -2):
        direction = sum(c * point for c, point in zip(rotation[:, k], centred, strict=True))
        direction = direction / np.sqrt(np.sum(direction**2))
        plane.append(direction if direction @ path[0] >= 0 else -direction)
    coordinates = np.array([[point @ direction for direction in plane] for point in path])
    grids = [_grid(along, points, margin) for along in coordinates.T]
    values = np.empty((points, points))
    for i, j in np.ndindex(points, points):
        at = vector(last.params) + grids[0][i] * plane[0] + grids[1][j] * plane[1]
        values[i, j] = last.loss_at(tensors(at, last.params))
    explained = np.array([strengths[-1], strengths[-2]]) / sum(strengths)
    return _reading(steps, values, grids, coordinates, explained, {"points": points, "margin": margin})


@instrument(
    needs=("run",),
    kind="surface",
    naive=naive,
    blind="what the plane does not hold: where it explains little, the path lies far above or below the surface that "
    "is drawn; random walks too look like smooth curves in such a plane (J. Antognini and J. Sohl-Dickstein 2018)",
    cost="replay to each step that is asked for, then a loss for each of 441 points",
    formula=r"f(a, b) = L(\theta_n + a\,d_1 + b\,d_2), \quad"
    r" d_1, d_2 \text{ the first principal directions of } \theta_1 \ldots \theta_n",
    source='H. Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018, section 7',
)
def trajectory_slice(run: Any, steps: Sequence[int], points: int = 21, margin: float = 0.2) -> Reading:
    """The loss over the plane that holds most of the path which the parameters took, and the path in it.

    The parameters at the asked steps are points; their first two principal directions span a plane through the last
    one. The loss of the last step's mini-batch is evaluated there. Where a single step is asked, the path is 30 steps
    from the first one to it. The path begins at coordinates of 0 or above.

    points: along each of the two axes. margin: how far they reach beyond the path, as a part of its extent.

    One reading, at the last step: values (1, points, points). Facts: path (1, steps, 2), the path's coordinates, (0, 0)
    at the end; explained (1, 2), the part of the path's variance along each direction, NaN for a path that stands
    still; path_steps (1, steps). NaN and infinity: the loss is that there; all is NaN where a parameter on the path is.
    Errors: SettingError ``instrument-value``.
    """
    steps = _along(steps)
    require(points >= 2, "points", points, "at least 2")
    require(margin >= 0, "margin", margin, "a part of the path's extent, at least 0")
    points_of_path = []
    for t in steps:
        last = run.at(t)
        points_of_path.append(vector(last.params))
    centre = points_of_path[-1]
    path = np.stack(points_of_path) - centre
    plane, explained = _principal(path)
    coordinates = path @ plane.T
    grids = [_grid(along, points, margin) for along in coordinates.T]
    values = np.empty((points, points))
    for i, j in np.ndindex(points, points):
        at = centre + grids[0][i] * plane[0] + grids[1][j] * plane[1]
        values[i, j] = last.loss_at(tensors(at, last.params))
    return _reading(steps, values, grids, coordinates, explained, {"points": points, "margin": margin})


def _along(steps: Sequence[int]) -> list[int]:
    """The steps of the path: those that are asked, or some on the way to the one that is."""
    if len(steps) == 1:
        steps = np.unique(np.linspace(1, steps[0], USUAL_STEPS).round()).tolist()
    require(len(steps) >= 3, "steps", list(steps), "at least 3 steps, for two directions, or one that lies behind them")
    return [int(t) for t in steps]


def _principal(path: Matrix) -> tuple[Matrix, Vector]:
    """The first two directions (2, n) and the part of the variance along each."""
    if not np.isfinite(path).all():
        return np.full((2, path.shape[1]), np.nan), np.full(2, np.nan)
    _, strengths, plane = np.linalg.svd(path - path.mean(axis=0), full_matrices=False)
    if len(plane) < 2:  # a model with one parameter has one direction
        plane, strengths = np.vstack([plane, np.zeros_like(plane)]), np.append(strengths, 0.0)
    plane = plane[:2] * np.where(plane[:2] @ path[0] < 0, -1.0, 1.0)[:, None]
    with np.errstate(invalid="ignore"):  # a path that stands still: 0/0
        return plane, strengths[:2] ** 2 / np.sum(strengths**2)


def _grid(along: Vector, points: int, margin: float) -> Vector:
    extent = float(np.ptp(along)) or 1.0
    return np.linspace(along.min() - margin * extent, along.max() + margin * extent, points)


def _reading(
    steps: list[int], values: Matrix, grids: list[Vector], path: Matrix, explained: Vector, settings: dict[str, Any]
) -> Reading:
    axes = tuple(Axis(f"along direction {k + 1}", tuple(grid.tolist())) for k, grid in enumerate(grids))
    facts = {"path": path[None], "explained": explained[None], "path_steps": np.asarray(steps)[None]}
    return Reading("trajectory_slice", np.array(steps[-1:]), values[None], axes=axes, facts=facts, settings=settings)
