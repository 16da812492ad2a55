"""A surface near one point as a payload: value, slope, curvatures, and what they say about a learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.views.event import Event
from downslope.views.payload import QuadraticView
from downslope.views.values import in_short


def quadratic_view(surface: Any, point: Any = None) -> QuadraticView:
    """The payload of f(p + d) ≈ f + g·d + d·H·d / 2 around a point. surface: with the attributes of
    ``downslope.surfaces.Surface``. point: (x, y), its start if None.

    Gradient descent with a fixed rate shrinks the error along a direction of curvature λ > 0 where lr < 2/λ, so 2/λmax
    is the largest rate that is stable here; 1/λ goes to the bottom of the direction at once. With momentum beta
    (Polyak) the limit is (2 + 2·beta)/λmax.
    """
    at = np.array(surface.start if point is None else point, np.float64)
    value, gradient = surface.value_and_gradient(at)
    hessian = np.asarray(surface.hessian(at), np.float64)
    known = bool(np.isfinite(hessian).all())
    curvatures, directions = np.linalg.eigh(hessian) if known else (np.full(2, np.nan), np.full((2, 2), np.nan))
    steepest = float(curvatures[1])
    newton = np.full(2, np.nan)
    if known and curvatures[0] > 0:
        newton = at - np.linalg.solve(hessian, gradient)
    numbers = np.concatenate((np.ravel(value), gradient, hessian.ravel()))
    bad = int((~np.isfinite(numbers)).sum())
    text = f"{bad} of the value, the gradient and the second derivatives at this point are not finite"
    if not known:
        sentence = "There are no second derivatives here, so no model and no limit."
    elif steepest <= 0:
        sentence = "The surface curves down in every direction here: no step size is too large to go down at first."
    else:
        sentence = f"2/λmax = 2/{steepest:.6g} = {2 / steepest:.6g}: gradient descent is stable here below that rate."
        if curvatures[0] < 0:
            sentence += f" Along one direction the surface curves down ({curvatures[0]:.6g}): there it moves away."
    return QuadraticView(
        title=f"{surface.name} around ({at[0]:.6g}, {at[1]:.6g})",
        point=(float(at[0]), float(at[1])),
        value=in_short(float(value)),
        gradient=(in_short(gradient[0]), in_short(gradient[1])),
        hessian=tuple((in_short(a), in_short(b)) for a, b in hessian.tolist()),
        curvatures=(in_short(curvatures[0]), in_short(curvatures[1])),
        directions=tuple((in_short(a), in_short(b)) for a, b in directions.T.tolist()),
        limit=in_short(2 / steepest) if known and steepest > 0 else None,
        newton=(in_short(newton[0]), in_short(newton[1])),
        sentence=sentence,
        not_finite=bad,
        events=(Event("nan", text, count=bad),) * bool(bad),
    )
