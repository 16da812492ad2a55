"""A cut through the loss around the parameters of a step, along one direction or over the plane of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.instruments.arrays import require
from downslope.instruments.vectors import Vector, normal_direction, tensors, vector
from downslope.runs.instrument import instrument
from downslope.runs.reading import Axis, Measured
from downslope.runs.step import Step


def naive(
    step: Step, dims: int = 1, directions: str = "random", points: int = 21, span: float = 1.0, seed: int = 0
) -> Measured:
    """Array by array and filter by filter, one loss after the other."""
    drawn, n = [], sum(np.size(p) for p in step.params.values())
    for k in range(2):
        d, numbers = {}, iter(normal_direction(n, seed, k))
        for name, p in step.params.items():
            d[name] = np.array([next(numbers) for _ in range(np.size(p))]).reshape(np.shape(p))
            filters = [(..., j) for j in range(np.shape(p)[-1])] if np.ndim(p) > 1 else [...]
            for at in filters:
                d[name][at] *= np.sqrt(np.sum(p[at] ** 2.0)) / (np.sqrt(np.sum(d[name][at] ** 2)) or 1.0)
        drawn.append(d)
    if directions == "gradient":
        inner = sum(float(np.sum(drawn[1][name] * g)) for name, g in step.grads.items())
        square = sum(float(np.sum(np.square(g, dtype=float))) for g in step.grads.values())
        size = np.sqrt(sum(float(np.sum(np.square(p, dtype=float))) for p in step.params.values()) / (square or 1.0))
        drawn[0] = {name: -size * np.asarray(g, float) for name, g in step.grads.items()}
        drawn[1] = {name: d - inner / (square or 1.0) * step.grads[name] for name, d in drawn[1].items()}
    marks = np.linspace(-span, span, points)
    values = np.empty((points,) * dims)
    for place in np.ndindex(*values.shape):
        moved = {
            name: (p + sum(marks[i] * d[name] for i, d in zip(place, drawn, strict=False))).astype(p.dtype)
            for name, p in step.params.items()
        }
        values[place] = step.loss_at(moved)
    lengths = [np.sqrt(sum(float(np.sum(part**2)) for part in d.values())) for d in drawn[:dims]]
    return _measured(values, marks, np.array(lengths))


@instrument(
    needs=("params", "grads", "loss"),
    kind="curve",
    naive=naive,
    blind="all other directions: a random one crosses the few steep directions of a network at a flat angle",
    cost="a loss for each point: 21, or 441 in two dimensions",
    formula=r"f(a, b) = L(\theta + a\,d_1 + b\,d_2), \quad"
    r" d_{\cdot j} \leftarrow \frac{d_{\cdot j}}{\lVert d_{\cdot j} \rVert} \lVert \theta_{\cdot j} \rVert",
    source='H. Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018',
)
def loss_slice(
    step: Step, dims: int = 1, directions: str = "random", points: int = 21, span: float = 1.0, seed: int = 0
) -> Measured:
    """The mini-batch's loss along a direction through the parameters (``dims=1``), or over a plane (``dims=2``).

    At 1 along an axis the parameters have moved about as far as they are long.

    dims: 1 or 2. directions: "random" or "gradient". points: along each axis; an odd number has the loss of the step
    itself in the middle. span: the axes reach from −span to span. seed: of the random directions.

    - "random": normal numbers, filter-normalised: what leads into each unit (the last axis of an array of two or more)
      gets the length of that unit's own weights, so that units count by their size; a vector (bias) counts as one
      filter. Parameters that are 0 are not moved.
    - "gradient": straight down the gradient; the second axis is a random direction at right angles to it.

    Fact: lengths, the Euclidean length of each direction, (dims,). NaN and infinity: the loss is that there. Differs
    from the authors' program as they mostly ran it, which leaves biases and batch norm where they are. Errors:
    SettingError ``instrument-value``.
    """
    require(dims in (1, 2), "dims", dims, "1 for a curve or 2 for a surface")
    require(directions in ("random", "gradient"), "directions", directions, "'random' or 'gradient'")
    require(points >= 2, "points", points, "at least 2, and an odd number to have the step itself in the middle")
    require(span > 0, "span", span, "how far to go, above 0: 1 is as far as the parameters are long")
    centre = vector(step.params)
    drawn = [_filter_normalised(step, seed, k) for k in range(2)]
    if directions == "gradient":
        g = vector(step.grads, step.params)
        square = float(g @ g) or 1.0
        drawn = [-g * (np.linalg.norm(centre) / square**0.5), drawn[1] - (drawn[1] @ g / square) * g]
    marks = np.linspace(-span, span, points)
    plane = np.stack(drawn[:dims])
    values = np.empty((points,) * dims)
    for place in np.ndindex(*values.shape):
        values[place] = step.loss_at(tensors(centre + marks[list(place)] @ plane, step.params))
    return _measured(values, marks, np.linalg.norm(plane, axis=1))


def _filter_normalised(step: Step, seed: int, place: int) -> Vector:
    params = {name: vector({name: p}).reshape(tuple(p.shape)) for name, p in step.params.items()}
    drawn = tensors(normal_direction(sum(p.size for p in params.values()), seed, place), params)
    for name, p in params.items():
        within = tuple(range(p.ndim - 1)) if p.ndim > 1 else None
        length = np.sqrt(np.sum(drawn[name] ** 2, axis=within, keepdims=True))
        own = np.sqrt(np.sum(p**2, axis=within, keepdims=True))
        drawn[name] = drawn[name] * np.divide(own, length, out=np.zeros_like(own), where=length > 0)
    return vector(drawn)


def _measured(values: Any, marks: Any, lengths: Any) -> Measured:
    axes = tuple(Axis(f"along direction {k + 1}", tuple(marks.tolist())) for k in range(values.ndim))
    return Measured(values, axes, {"lengths": lengths})
