"""Saturation: outputs of tanh and sigmoid that lie at their bounds, where hardly any gradient passes."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import namespace, nothing_to_read, require
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy
from downslope.runs.step import Step

BOUNDS = {"tanh": (-1, 1), "sigmoid": (0, 1), "softsign": (-1, 1)}
BOUNDS |= {"hard_tanh": (-1, 1), "hardtanh": (-1, 1), "hard_sigmoid": (0, 1), "hardsigmoid": (0, 1)}


def naive(step: Step, threshold: float = 0.97) -> dict[str, float]:
    """Number by number."""
    found = {}
    for name, facts in step.layers.items():
        if facts.activation in BOUNDS and name in step.activations:
            low, high = BOUNDS[facts.activation]
            h = [float(number) for number in np.ravel(step.activations[name])]
            near = [abs(number - (low + high) / 2) > threshold * (high - low) / 2 for number in h]
            found[name] = math.nan if any(map(math.isnan, h)) else sum(near) / len(near)
    if not found:
        raise _no_such_layer()
    return found


@instrument(
    needs=("activations",),
    kind="per layer",
    naive=naive,
    unit="share of outputs",
    blind="whether the same unit is saturated for every row, and whether that is wrong: the last layer of a classifier "
    "that is right is saturated",
    cost="one forward pass",
    formula=r"\frac{1}{n} \#\left\{i : \left| \frac{2 h_i - (a + b)}{b - a} \right| > \theta \right\}, \quad "
    r"a < h_i < b",
    source='X. Glorot and Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks", '
    '2010; the threshold 0.97 is A. Karpathy\'s, "Building makemore Part 3: Activations & Gradients, BatchNorm", 2022',
    healthy=Healthy(None, 0.1, "folklore, after the same lecture, where about 0.05 is well"),
)
def saturation(step: Step, threshold: float = 0.97) -> dict[str, float]:
    """The share of each layer's outputs that lie near the bounds of its tanh or sigmoid, where the slope is nearly 0.

    Outputs are brought from their bounds (a, b) to (−1, 1), as tanh has them; near is what lies further out than the
    threshold θ. At 0.97 tanh passes less than 6 % of an error on. Read of tanh, sigmoid, softsign and the hard versions
    of tanh and sigmoid; other layers have no bounds on both sides and are left out, and so is softmax, whose numbers
    are bound together. NaN for a layer whose output holds one.

    threshold: θ, above 0 and below 1. Errors: SettingError
    ``instrument-value``; ``instrument-nothing`` where no layer has such bounds.
    """
    require(0 < threshold < 1, "threshold", threshold, "a number above 0 (the middle) and below 1 (the bounds)")
    found = {}
    for name, facts in step.layers.items():
        if facts.activation in BOUNDS and name in step.activations:
            h, (low, high) = step.activations[name], BOUNDS[facts.activation]
            xp = namespace(h)
            off = xp.abs(xp.astype(h, xp.float64) - (low + high) / 2)
            share = float(xp.mean(xp.astype(off > threshold * (high - low) / 2, xp.float64)))
            found[name] = math.nan if bool(xp.any(xp.isnan(h))) else share
    if not found:
        raise _no_such_layer()
    return found


def _no_such_layer() -> Exception:
    return nothing_to_read(
        "no layer has an activation with bounds on both sides",
        "saturated is what lies at a bound, as in tanh and sigmoid; the others have none",
        "ask activation_stats, or dead_units for relu",
    )
