"""Sets made from a formula: as many rows as asked for, with a difficulty that is known and can be turned up.

The scale is standard by construction: each feature lies in about [-2.5, 2.5] with mean 0 and a standard deviation of
about 1 (from 0.75 to 1.35), so nothing has to be standardised and the numbers on an axis are those of the formula. The
shapes are TensorFlow Playground's (Smilkov et al., 2017), which draws them in [-6, 6], and scikit-learn's moons.

Row i belongs to class i mod k, so the classes differ by one row at most. A longer set begins with the rows of a shorter
one, and more noise moves the same points farther: noise is drawn from a stream of its own. Values are rounded to six
decimals, because sines and logarithms differ in their last bit between machines and ``Data.hash`` must not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from downslope.data.counter import normals, uniforms
from downslope.data.dataset import Data, FloatArray
from downslope.data.prepare import assemble, split_for
from downslope.data.settings import number, whole
from downslope.streams import Stream

HALF_WIDTH = 3**0.5
"""A uniform feature on [-sqrt(3), sqrt(3)] has mean 0 and standard deviation 1."""


def line(
    n: int = 100,
    noise: float = 0.3,
    seed: int = 0,
    held_out: float = 0.2,
    *,
    slope: float = 0.8,
    intercept: float = 0.5,
) -> Data:
    """Points along a line: y = slope x + intercept + noise e, x uniform on [-sqrt(3), sqrt(3)], e standard normal.

    It teaches what a loss is before there is a network: the best mean squared error is noise², and the bowl over
    (w, b) is round, because the Hessian [[E x², E x], [E x, 1]] is the identity but for sampling.

    Errors: SettingError ``data-out-of-range``, ``data-held-out``, ``data-seed``; DataError ``data-target-constant``
    for slope 0, noise 0.

    >>> line(noise=0, slope=2, intercept=1).task
    'regression'
    """
    slope = number(slope, "slope", -1e6, 1e6, why="it is the rise of the line for one unit of x", example=0.8)
    intercept = number(intercept, "intercept", -1e6, 1e6, why="it is the height of the line at x = 0", example=0.5)
    x = _interval(n, seed)
    return _regression("line", x, slope * x + intercept, noise, seed, held_out, f"y = {slope:g} x + {intercept:g}")


def sine(n: int = 200, noise: float = 0.1, seed: int = 0, held_out: float = 0.2, *, cycles: float = 2.0) -> Data:
    """Points along a wave: y = sin(pi cycles x / sqrt(3)) + noise e, x uniform on [-sqrt(3), sqrt(3)], e normal.

    It teaches what hidden units are for: no line fits it, each relu unit adds one bend, and a network learns the
    slow waves before the fast ones, so more ``cycles`` take far longer.

    Source: N. Rahaman et al., "On the Spectral Bias of Neural Networks", 2019, for the order of the waves. Errors
    as for :func:`line`.

    >>> sine(cycles=5).train.y.shape
    (160, 1)
    """
    cycles = number(cycles, "cycles", 0, 1000, why="it is the number of waves over the whole interval", example=2)
    x = _interval(n, seed)
    curve = np.sin(np.pi * cycles * x / HALF_WIDTH)
    return _regression("sine", x, curve, noise, seed, held_out, f"y = sin({np.pi * cycles / HALF_WIDTH:.6g} x)")


def xor(n: int = 500, noise: float = 0.0, seed: int = 0, held_out: float = 0.2) -> Data:
    """Four squares, the class is whether x1 and x2 have the same sign: the exclusive or of two signs.

    |x1| and |x2| are uniform on [0.1, 1.7], the signs go round the four quadrants, and noise e is added to both
    after the class is decided.

    It teaches why a hidden layer is needed: no straight line is right for more than three of the four squares,
    while the product x1 x2 separates them.

    Source: M. Minsky and S. Papert, "Perceptrons", 1969. Errors: SettingError ``data-out-of-range``,
    ``data-held-out``, ``data-seed``.

    >>> xor().classes
    ('same sign', 'different sign')
    """
    u, v = _uniform(n, 2, seed, least=4)
    i = np.arange(len(u))
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[i % 4]
    x = signs * (0.1 + 1.6 * np.column_stack([u, v]))
    return _classification("xor", x, i % 2, ("same sign", "different sign"), noise, seed, held_out)


def circles(n: int = 500, noise: float = 0.1, seed: int = 0, held_out: float = 0.2) -> Data:
    """A disc inside a ring: (r cos a, r sin a) + noise e; r on [0, 1.1] for the disc, on [1.54, 2.2] for the ring.

    r and the angle a are uniform.

    It teaches what a layer does to space: no line separates them, x1² + x2² does, and three relu units already
    close a triangle around the disc.

    Source: D. Smilkov et al., "Direct-Manipulation Visualization of Deep Networks", 2017 (TensorFlow Playground).
    Errors: SettingError ``data-out-of-range``, ``data-held-out``, ``data-seed``.

    >>> circles(n=200, noise=0.3).n_outputs
    2
    """
    u, v = _uniform(n, 2, seed, least=4)
    k = np.arange(len(u)) % 2
    r = np.where(k == 0, 1.1 * u, 1.54 + 0.66 * u)
    return _classification("circles", _polar(r, 2 * np.pi * v), k, ("disc", "ring"), noise, seed, held_out)


def moons(n: int = 500, noise: float = 0.15, seed: int = 0, held_out: float = 0.2) -> Data:
    """Two half circles that reach into each other: 1.5 (cos a - 1/2, sin a - 1/4), and the same turned by half a turn.

    a is uniform on [0, pi], and noise e is added to both features.

    It teaches the difference between nearly and entirely right: a line is right for about nine rows in ten, and
    only hidden units find the bend for the rest.

    Differs from scikit-learn's ``make_moons`` in scale and place: 1.5 times larger and centred. Errors:
    SettingError ``data-out-of-range``, ``data-held-out``, ``data-seed``.

    >>> moons(seed=3).train.x.shape
    (400, 2)
    """
    (u,) = _uniform(n, 1, seed, least=4)
    k = np.arange(len(u)) % 2
    upper = 1.5 * (_polar(np.ones_like(u), np.pi * u) - [0.5, 0.25])
    x = np.where(k[:, None] == 0, upper, -upper)
    return _classification("moons", x, k, ("upper", "lower"), noise, seed, held_out)


def spirals(
    n: int = 500, noise: float = 0.05, seed: int = 0, held_out: float = 0.2, *, arms: int = 2, turns: float = 1.75
) -> Data:
    """Arms wound around each other: r (sin a, cos a) + noise e, r = 2.5 u, a = 2 pi (turns u + k/arms), u uniform.

    It teaches depth and patience: the classic hard set, where a small network stays on a plateau for long. More
    ``turns`` and ``arms`` make it harder.

    Source: K. Lang and M. Witbrock, "Learning to Tell Two Spirals Apart", 1988. Errors: SettingError
    ``data-out-of-range``, ``data-held-out``, ``data-seed``.

    >>> spirals(arms=3).n_outputs
    3
    """
    arms = whole(arms, "arms", 2, 10, why="each arm is a class, and more than ten touch each other", example=2)
    turns = number(turns, "turns", 0, 1000, why="it is how often an arm winds around the centre", example=1.75)
    (u,) = _uniform(n, 1, seed, least=2 * arms)
    k = np.arange(len(u)) % arms
    x = _polar(2.5 * u, 2 * np.pi * (turns * u + k / arms))[:, ::-1]
    return _classification("spirals", x, k, tuple(str(arm) for arm in range(arms)), noise, seed, held_out)


def gaussians(n: int = 500, noise: float = 0.5, seed: int = 0, held_out: float = 0.2, *, classes: int = 2) -> Data:
    """One round cloud a class: centres evenly on the circle of radius sqrt(2), the first at (1, 1), plus noise e.

    It teaches what the best possible answer is: for two classes the boundary x1 + x2 = 0 and an accuracy of
    Phi(sqrt(2) / noise) (noise 0.5: 99.8 %; 1: 92.1 %; 2: 76 %), which no network can beat, and a logistic
    regression reaches.

    Errors: SettingError ``data-out-of-range``, ``data-held-out``, ``data-seed``.

    >>> gaussians(classes=4).classes
    ('0', '1', '2', '3')
    """
    classes = whole(classes, "classes", 2, 10, why="each cloud is a class, and more than ten overlap", example=2)
    k = np.arange(_checked_n(n, 2 * classes)) % classes
    x = _polar(np.full(len(k), 2**0.5), np.pi / 4 + 2 * np.pi * k / classes)
    return _classification("gaussians", x, k, tuple(str(c) for c in range(classes)), noise, seed, held_out)


SYNTHETIC: dict[str, Callable[..., Data]] = {
    "line": line,
    "sine": sine,
    "xor": xor,
    "circles": circles,
    "moons": moons,
    "spirals": spirals,
    "gaussians": gaussians,
}
"""Name on the command line → function. A new set is one function and one entry."""


def _checked_n(n: int, least: int) -> int:
    why = "each class needs a row to train on and one held out, and all rows are kept in memory"
    return whole(n, "n", least, 10_000_000, why=why, example=500)


def _uniform(n: int, columns: int, seed: int, *, least: int) -> tuple[FloatArray, ...]:
    """So many columns of n numbers in [0, 1); row i is the same for every n."""
    n = _checked_n(n, least)
    return tuple(uniforms(n * columns, seed, stream=Stream.POINTS).reshape(n, columns).T)


def _interval(n: int, seed: int) -> FloatArray:
    (u,) = _uniform(n, 1, seed, least=4)
    return _rounded(HALF_WIDTH * (2 * u - 1))


def _polar(r: FloatArray, angle: FloatArray) -> FloatArray:
    return np.column_stack([r * np.cos(angle), r * np.sin(angle)])


def _noise(n: int, columns: int, noise: float, seed: int) -> FloatArray:
    why = "it is the standard deviation of what is added to each point, in the units of the axes"
    size = number(noise, "noise", 0, 1e6, why=why, example=0.1)
    return size * normals(n * columns, seed, stream=Stream.NOISE).reshape(n, columns)


def _rounded(values: FloatArray) -> FloatArray:
    # Adding 0 makes -0.0 and 0.0 one value: which of them a cosine near zero rounds to is the machine's choice.
    return np.asarray(np.round(values, 6) + 0.0)


def _classification(
    name: str,
    x: FloatArray,
    k: NDArray[np.int64],
    classes: tuple[str, ...],
    noise: float,
    seed: int,
    held_out: float,
) -> Data:
    """x: (n, 2), the points before the noise. k: (n,) class indices."""
    return assemble(
        name=name,
        task="classification",
        x=_rounded(x + _noise(len(x), 2, noise, seed)),
        y=k.astype(np.int64),
        rows=np.arange(len(x), dtype=np.int64),
        parts=split_for("classification", k, held_out, seed),
        features=("x1", "x2"),
        target="class",
        where=f"the synthetic set '{name}'",
        classes=classes,
        notes=(f"Made by a formula, seed {seed}; normal noise of {noise:g} on both features.",),
    )


def _regression(
    name: str, x: FloatArray, y: FloatArray, noise: float, seed: int, held_out: float, formula: str
) -> Data:
    """x, y: (n,), the target before the noise."""
    y = _rounded(y + _noise(len(y), 1, noise, seed)[:, 0])
    return assemble(
        name=name,
        task="regression",
        x=x[:, None],
        y=y,
        rows=np.arange(len(x), dtype=np.int64),
        parts=split_for("regression", y, held_out, seed),
        features=("x",),
        target="y",
        where=f"the synthetic set '{name}'",
        notes=(f"Made by the formula {formula}, seed {seed}; normal noise of {noise:g} on y.",),
    )
