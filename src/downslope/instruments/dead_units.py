"""Dead units: those that give 0 for every row, and so learn nothing."""

from __future__ import annotations

import math

import numpy as np

from downslope.instruments.arrays import Array, namespace, nothing_to_read
from downslope.runs.instrument import instrument
from downslope.runs.reading import Healthy
from downslope.runs.step import Step

ZERO_FLOOR = ("relu", "relu6")  # gelu, silu, elu, softplus and leaky relu are 0 at single points only


def naive(step: Step) -> dict[str, float]:
    """Unit by unit."""
    found = {}
    B = len(np.asarray(step.batch.x))
    for name, facts in step.layers.items():
        h = np.asarray(step.activations[name]) if name in step.activations else np.zeros(())
        if facts.activation not in ("relu", "relu6") or h.shape[:1] != (B,):
            continue
        if facts.kind == "conv" or h.ndim > 3:
            h = np.moveaxis(h, 1, -1)
        units = h.reshape(-1, h.shape[-1]).T if h.ndim > 1 else h[None]
        dead = [all(number == 0 for number in unit) for unit in units]
        found[name] = math.nan if np.isnan(h).any() else sum(dead) / len(dead)
    if not found:
        raise _no_such_layer()
    return found


@instrument(
    needs=("activations", "batch"),
    kind="per layer",
    naive=naive,
    unit="share of units",
    blind="rows outside of the mini-batch: a unit that is silent here may answer to others, the more so in a small "
    "mini-batch; units that hardly ever answer",
    cost="one forward pass",
    formula=r"\frac{1}{n} \#\{j : h_{ij} = 0 \text{ for every row } i\}",
    source='L. Lu, Y. Shin, Y. Su and G. Karniadakis, "Dying ReLU and Initialization: Theory and Numerical Examples", '
    "2020",
    healthy=Healthy(
        None, 0.1, "folklore; A. Karpathy's notes of Stanford's CS231n, 2015, tell of 0.4 at too high a rate"
    ),
)
def dead_units(step: Step) -> dict[str, float]:
    """The share of each layer's units whose output is 0 for every row of the mini-batch.

    Read of layers with a floor at zero (relu, relu6): there such a unit has gradient 0, so it cannot come back by
    itself. Layers with other activations are left out, for they are never 0 over a whole range; a dropout after a relu
    is not counted either, because its zeros are chosen anew at each step. A unit is a number on the last axis of a
    layer's output; of a convolution, and of whatever gives pictures (B, channels, H, W), it is a channel, dead if it is
    0 at all places. Named values of a plain function without an axis for the rows are left out.

    NaN for a layer whose output holds one. Errors: SettingError ``instrument-nothing`` where no layer has such a floor.
    """
    found = {}
    rows = step.batch.x.shape[0]
    for name, facts in step.layers.items():
        if facts.activation in ZERO_FLOOR and name in step.activations:
            h = step.activations[name]
            if h.ndim and h.shape[0] == rows:
                found[name] = _dead_share(h, facts.kind)
    if not found:
        raise _no_such_layer()
    return found


def _dead_share(h: Array, kind: str) -> float:
    xp = namespace(h)
    if bool(xp.any(xp.isnan(h))):
        return math.nan
    unit = 1 if kind == "conv" or h.ndim > 3 else h.ndim - 1
    others = tuple(axis for axis in range(h.ndim) if axis != unit or h.ndim == 1)
    dead = ~xp.any(h != 0, axis=others)
    return float(xp.mean(xp.astype(dead, xp.float64)))


def _no_such_layer() -> Exception:
    return nothing_to_read(
        "no layer has an activation with a floor at zero",
        "units die where a whole range of inputs gives 0, as in relu; with other activations no unit is dead",
        "ask activation_stats, or saturation for tanh and sigmoid",
    )
