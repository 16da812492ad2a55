"""Where the parts of a network's picture stand, in inches: units in columns, numbers on edges where there is room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from downslope.views.network_payload import NetworkView, Wire

ROOMY = 4  # units in a layer, up to which every one has its sums and its bias below it
MOST_NUMBERED = 9  # edges between two layers
LEAST_APART = 0.32  # inches between the numbers of two edges


@dataclass(frozen=True)
class Layout:
    """x[k]: of layer k, the last one that of the loss; y[k][i]: of its shown unit i; wide, high: of a unit's box.

    roomy: whether sums and biases are written below the units. size: of the whole, without title and words.
    """

    x: tuple[float, ...]
    y: tuple[tuple[float, ...], ...]
    wide: float
    high: float
    roomy: bool
    size: tuple[float, float]

    @property
    def middle(self) -> float:
        """Of the columns."""
        return self.y_range[0] / 2 + self.y_range[1] / 2

    @property
    def y_range(self) -> tuple[float, float]:
        """Lowest and highest unit."""
        every = [y for column in self.y for y in column]
        return min(every), max(every)


FOOT, HEAD = 1.58, 0.92  # inches below the lowest and above the highest unit


def layout(payload: NetworkView) -> Layout:
    """Columns from left to right in the order of the layers, the units of each centred."""
    most = max(len(layer.units) for layer in payload.layers)
    roomy = most <= ROOMY and len(payload.layers) <= ROOMY
    gap = {1: 1.9, 2: 1.9, 3: 1.5, 4: 1.2}.get(most, 0.56) if roomy else {1: 1.0, 2: 0.9}.get(most, 0.54)
    wide, high = (1.0, 0.62) if roomy else (0.78, 0.42)
    across = 2.75 if roomy or len(payload.layers) <= 3 else 2.3 if len(payload.layers) <= 5 else 1.7
    centre = FOOT + (most - 1) * gap / 2 + high / 2
    y = tuple(
        tuple(centre + gap * ((len(layer.units) - 1) / 2 - i) for i in range(len(layer.units)))
        for layer in payload.layers
    )
    start = 0.75 if roomy else 1.15  # room for the names of the inputs, which then stand beside them
    x = tuple(start + across * k for k in range(len(payload.layers)))
    end = x[-1] + 1.95
    return Layout((*x, end), y, wide, high, roomy, (end + 0.75, centre + (most - 1) * gap / 2 + high / 2 + HEAD))


def along(wire: Wire, places: Layout) -> float | None:
    """How far along its edges (0 to 1) the numbers of a wire stand farthest apart; None where there is no room."""
    if not wire.weights or len(wire.weights) * len(wire.weights[0]) > MOST_NUMBERED or not places.roomy:
        return None
    source, target = np.array(places.y[wire.source]), np.array(places.y[wire.target])
    best, found = 0.0, None
    for t in np.linspace(0.25, 0.75, 21):
        heights = np.sort(((1 - t) * source[:, None] + t * target[None, :]).ravel())
        apart = float(np.diff(heights).min()) if len(heights) > 1 else 1.0
        if apart > best + 1e-9:
            best, found = apart, float(t)
    return found if best >= LEAST_APART else None
