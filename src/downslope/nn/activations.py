"""Activations: what a layer does to each number z; with the gain and the start values that suit each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np

from downslope.autodiff import stop_gradient
from downslope.autodiff.primitives.special import erf
from downslope.nn.table import Table

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "elu",
    "erf",
    "gain",
    "gelu",
    "gelu_tanh",
    "identity",
    "leaky_relu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

Array: TypeAlias = Any
"""A NumPy array, or a traced one."""
Function = TypeVar("Function", bound=Callable[..., Array])


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


def activation(*aliases: str, gain: float = 1.0, start: str = "xavier") -> Callable[[Function], Function]:
    """Decorator: enter ``z -> h`` in the table under its name and ``aliases``."""

    def enter(function: Function) -> Function:
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


@activation(gain=math.sqrt(2 / (1 + 0.01**2)), start="he")
def leaky_relu(z: Array, slope: float = 0.01) -> Array:
    """h = z above 0 and slope · z below. At z = 0 the derivative is taken as ``slope``, as in PyTorch.

    A unit never dies, for below 0 its gradient is small and not 0. The gain is that of the default slope, √(2 / (1 +
    slope²)). Source: A. Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """
    return np.where(z > 0, z, slope * z)


@activation(start="he")
def elu(z: Array, alpha: float = 1.0) -> Array:
    """h = z above 0 and alpha · (e^z − 1) below. At z = 0 the derivative is taken as alpha, as in PyTorch.

    Its mean is nearer to 0 than relu's. Source: D.-A. Clevert et al., "Fast and Accurate Deep Network Learning by
    Exponential Linear Units (ELUs)", 2015.
    """
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(0, z)))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@activation(gain=3 / 4, start="lecun")
def selu(z: Array) -> Array:
    """h = 1.0507 · elu(z) with alpha = 1.6733: with LeCun's start values, signals tend to mean 0 and variance 1.

    At z = 0 the derivative is taken as 1.0507 · 1.6733, as in PyTorch. Source: G. Klambauer et al., "Self-Normalizing
    Neural Networks", 2017. The gain 3/4 is PyTorch's choice.
    """
    return SELU_SCALE * elu(z, SELU_ALPHA)


@activation(start="he")
def gelu(z: Array) -> Array:
    """h = z · Φ(z) = z · (1 + erf(z/√2)) / 2, exactly: z times the probability that a normal variable is below z.

    Source: D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    """
    return 0.5 * z * (1 + erf(z / math.sqrt(2)))


@activation(start="he")
def gelu_tanh(z: Array) -> Array:
    """h = z · (1 + tanh(√(2/π) · (z + 0.044715 z³))) / 2: :func:`gelu` to within 0.0005, without erf; in GPT-2, BERT.

    Source: as :func:`gelu`. PyTorch calls it ``gelu(approximate="tanh")``.
    """
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


@activation("swish", start="he")
def silu(z: Array) -> Array:
    """h = z · sigmoid(z). Also found as ``swish``. It has a minimum of −0.278 at z = −1.278.

    Source: S. Elfwing et al., "Sigmoid-Weighted Linear Units for Neural Network Function Approximation", 2017.
    """
    return z * sigmoid(z)


@activation(start="he")
def softplus(z: Array) -> Array:
    """h = log(1 + e^z), a smooth relu; its derivative is sigmoid(z). No overflow: h = z for large z.

    Differs from PyTorch, which takes h = z from z = 20 on: that is 2e-9 off there.
    """
    return np.logaddexp(0, z)


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
