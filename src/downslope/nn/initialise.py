"""Start values: random weights of the size that keeps signals and gradients alike from layer to layer.

A weight's variance is chosen from its fans: fan_in numbers are summed into each output, fan_out outputs feel each
input. Each layer draws from its own stream, so its start values depend on the seed and on its place alone, whatever
the other layers are.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import SupportsIndex, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from downslope.errors import SettingError, ShapeError
from downslope.nn.table import Table
from downslope.streams import Stream

__all__ = [
    "INITIALISERS",
    "constant",
    "fans",
    "generator",
    "he",
    "he_normal",
    "he_uniform",
    "lecun",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "orthogonal",
    "uniform",
    "xavier",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Shape: TypeAlias = tuple[int, ...]
Values: TypeAlias = NDArray[np.float64]
Initialiser: TypeAlias = Callable[[np.random.Generator, Shape], Values]
Draw = TypeVar("Draw", bound=Callable[..., Values])

INITIALISERS: Table[Initialiser] = Table("initialiser")
"""Name -> ``(rng, shape) -> float64 array``; an option is set with ``functools.partial(nn.normal, std=0.1)``."""


def generator(seed: SupportsIndex, place: int) -> np.random.Generator:
    """The random numbers of the layer at ``place`` (1, 2 ...): a counter-based generator, keyed by both.

    seed: a whole number from 0 to 2**64 − 1. Errors: SettingError ``init-seed``. Source: Salmon et al., "Parallel
    Random Numbers: As Easy as 1, 2, 3", 2011.
    """
    try:
        word = operator.index(seed)
    except TypeError:
        word = -1
    if not 0 <= word < 2**64:
        raise SettingError(
            "init-seed",
            f"the seed of the start values is {seed!r}",
            where="the argument seed=",
            why="start values are a function of the seed, a whole number from 0 to 2**64 - 1, and of the layer's place",
            do="Give a whole number, for example seed=0.",
        )
    key = np.array([word, Stream.START], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, 0, place], dtype=np.uint64)))


def inside(place: int, k: int) -> int:
    """The place of the k-th layer inside the layer at ``place``: a 63-bit word that in practice no other path has.

    Place 0 is the model itself: its layers stand at 1, 2 ... NumPy promises that its hash stays the same for ever.
    """
    return (
        k
        if place == 0
        else int(np.random.SeedSequence(place, spawn_key=(k,)).generate_state(1, np.uint64)[0] >> 2) | 1 << 62
    )


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight whose last two axes are inputs and outputs; axes before them are a kernel's window.

    Differs from PyTorch, whose weights have the outputs first. Errors: ShapeError ``init-shape``.

    >>> fans((64, 32)), fans((3, 3, 16, 8))
    ((64, 32), (144, 72))
    """
    if len(shape) < 2:
        raise ShapeError(
            "init-shape",
            f"a weight of shape {shape} has no fan",
            where="its initialiser",
            why="the variance follows from the numbers of inputs and outputs, the last two axes of a weight",
            do="Give a shape (n_in, n_out); for a bias use zeros.",
        )
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def initialiser(*aliases: str) -> Callable[[Draw], Draw]:
    """Decorator: enter ``(rng, shape) -> array`` in the table under its name and ``aliases``."""

    def enter(function: Draw) -> Draw:
        INITIALISERS.enter(function, function.__module__, function.__name__, *aliases)
        return function

    return enter


@initialiser()
def zeros(rng: np.random.Generator, shape: Shape) -> Values:
    """All 0: right for biases. Weights that are all equal get equal gradients and stay equal for ever."""
    return np.zeros(shape)


@initialiser()
def constant(rng: np.random.Generator, shape: Shape, value: float = 1.0) -> Values:
    """All equal to ``value``. Right for scales, which start with 1; for weights as wrong as :func:`zeros`."""
    return np.full(shape, float(value))


@initialiser()
def normal(rng: np.random.Generator, shape: Shape, std: float = 0.01) -> Values:
    """Normal with mean 0 and variance std², whatever the fans. GPT-2 takes std 0.02."""
    return std * rng.standard_normal(shape)


@initialiser()
def uniform(rng: np.random.Generator, shape: Shape, bound: float = 0.05) -> Values:
    """Uniform in ±bound, variance bound² / 3, whatever the fans."""
    return rng.uniform(-bound, bound, shape)


@initialiser("lecun")
def lecun_normal(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Values:
    """Normal with mean 0 and variance gain² / fan_in, which keeps the variance on the way forward. Also as ``lecun``.

    For :func:`downslope.nn.activations.selu`. Source: Y. LeCun et al., "Efficient BackProp", 1998, equation 16.
    """
    return gain / math.sqrt(fans(shape)[0]) * rng.standard_normal(shape)


@initialiser()
def lecun_uniform(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Values:
    """Uniform in ±gain · √(3 / fan_in), variance gain² / fan_in. Source: as :func:`lecun_normal`."""
    bound = gain * math.sqrt(3 / fans(shape)[0])
    return rng.uniform(-bound, bound, shape)


@initialiser("xavier")
def xavier_uniform(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Values:
    """Uniform in ±gain · √(6 / (fan_in + fan_out)), variance gain² · 2 / (fan_in + fan_out). Also found as ``xavier``.

    For layers that are linear around 0: identity, tanh, sigmoid. Source: X. Glorot and Y. Bengio, "Understanding the
    Difficulty of Training Deep Feedforward Neural Networks", 2010, equation 16. Differs from PyTorch in nothing.
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-bound, bound, shape)


@initialiser()
def xavier_normal(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Values:
    """Normal with mean 0 and variance gain² · 2 / (fan_in + fan_out). Source: as :func:`xavier_uniform`."""
    return gain * math.sqrt(2 / sum(fans(shape))) * rng.standard_normal(shape)


@initialiser("he")
def he_normal(rng: np.random.Generator, shape: Shape, gain: float = math.sqrt(2)) -> Values:
    """Normal with mean 0 and variance gain² / fan_in. Also found as ``he``.

    The default gain √2 makes up for relu, which sets half of the signal's power to 0. Source: K. He et al., "Delving
    Deep into Rectifiers", 2015, section 2.2. Differs from PyTorch in nothing; Keras cuts the tails off.
    """
    return gain / math.sqrt(fans(shape)[0]) * rng.standard_normal(shape)


@initialiser()
def he_uniform(rng: np.random.Generator, shape: Shape, gain: float = math.sqrt(2)) -> Values:
    """Uniform in ±gain · √(3 / fan_in), variance gain² / fan_in. Source: as :func:`he_normal`.

    Differs from PyTorch's ``nn.Linear``, which takes gain √(1/3), that is ±1 / √fan_in.
    """
    bound = gain * math.sqrt(3 / fans(shape)[0])
    return rng.uniform(-bound, bound, shape)


@initialiser()
def orthogonal(rng: np.random.Generator, shape: Shape, gain: float = 1.0) -> Values:
    """gain times a random matrix that keeps lengths: wᵀw = gain² · I, or w wᵀ where there are more columns than rows.

    All axes but the last are taken together as rows. It is the Q of a normal matrix's QR, with the signs of R's
    diagonal, so that every orthogonal matrix is equally likely. Source: A. Saxe et al., "Exact Solutions to the
    Nonlinear Dynamics of Learning in Deep Linear Neural Networks", 2013. Differs from PyTorch in taking the last axis
    for the outputs.
    """
    fans(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


xavier = xavier_uniform
lecun = lecun_normal
he = he_normal
