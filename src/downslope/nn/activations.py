"""Activations: what a layer does to each number z; with the gain and the start values that suit each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from downslope.autodiff import stop_gradient
from downslope.nn.table import Table

Array: TypeAlias = Any
"""A NumPy array, or a traced one."""


@dataclass(frozen=True)
class Activation:
    """One entry of the table.

    function: ``z -> h`` of the same shape. gain: the factor on a weight's standard deviation that keeps the size of the
    signals from layer to layer. start: name of the initialiser that a layer with this activation takes by itself.
    """

    function: Callable[[Array], Array]
    gain: float = 1.0
    start: str = "xavier"


ACTIVATIONS: Table[Activation] = Table("activation")
"""Name -> :class:`Activation`."""


def activation(*aliases: str, gain: float = 1.0, start: str = "xavier") -> Callable[[Any], Any]:
    """Decorator: enter ``z -> h`` in the table under its name and ``aliases``."""

    def enter(function: Any) -> Any:
        entry = Activation(function, gain, start)
        ACTIVATIONS.enter(entry, function.__module__, function.__name__, *aliases)
        return function

    return enter


def gain(name: str) -> float:
    """The gain of an activation, to multiply a weight's standard deviation by; as ``torch.nn.init.calculate_gain``.

    >>> round(gain("tanh"), 4), round(gain("relu"), 4)
    (1.6667, 1.4142)
    """
    return ACTIVATIONS.find(name).gain


@activation("linear")
def identity(z: Array) -> Array:
    """h = z. Also found as ``linear``."""
    return z


@activation(gain=math.sqrt(2), start="he")
def relu(z: Array) -> Array:
    """h = max(z, 0). At z = 0 the derivative is taken as 0, as in PyTorch.

    A unit whose z is below 0 for every example has gradient 0 and never changes again: it is dead.
    Source: V. Nair and G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", 2010.
    """
    return np.maximum(z, 0)


@activation(gain=5 / 3)
def tanh(z: Array) -> Array:
    """h = tanh z, in (−1, 1). Its derivative 1 − h² is at most 1, at z = 0."""
    return np.tanh(z)


@activation()
def sigmoid(z: Array) -> Array:
    """h = 1 / (1 + e^−z), in (0, 1). Its derivative h · (1 − h) is at most 1/4, at z = 0.

    Written as (tanh(z/2) + 1) / 2, which is the same number and overflows nowhere. Differs from PyTorch far to the
    left: the 1 hides what is smaller than rounding, so h and its derivative are 0 below z = −37 (float32: −17), where
    PyTorch still has e^z.
    """
    return 0.5 * (np.tanh(0.5 * z) + 1)


@activation()
def softmax(z: Array) -> Array:
    """h_i = e^z_i / Σ_j e^z_j over the last axis: probabilities, which are above 0 and sum to 1.

    The largest z of the row is subtracted first: that changes nothing but the overflow. Before
    :func:`downslope.nn.losses.softmax_cross_entropy` leave it out, for that loss takes z itself.

    >>> softmax(np.array([1000.0, 1001.0, 1002.0])).round(4)
    array([0.09  , 0.2447, 0.6652])
    """
    top = stop_gradient(np.max(z, axis=-1, keepdims=True))
    e = np.exp(z - top)
    return e / np.sum(e, axis=-1, keepdims=True)
