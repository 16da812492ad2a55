"""What a surface is: a loss of two numbers with everything that is known about it; and the table of all of them.

A surface's file enters its function with ``@surface(...)``; nothing else has to be told about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.autodiff import hessian, trace, value_and_grad
from downslope.errors import SettingError, ShapeError
from downslope.surfaces.draws import normal_pair

Array: TypeAlias = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
Domain: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

_KEPT_PROGRAMS = 32


@dataclass(frozen=True)
class Minimum:
    """A lowest point of its neighbourhood. source: where it is published, if not where the surface is."""

    point: Point
    value: float
    source: str = ""


@dataclass(frozen=True)
class Surface:
    """A function of two numbers, to go down on. ``surface(x, y)`` evaluates it on numbers or arrays.

    name: its word everywhere. function: plain NumPy of (x, y), number by number, so that it can be traced. formula,
    latex: the same for people. domain: ((xmin, xmax), (ymin, ymax)), what a picture shows. minima: the known ones,
    lowest first; of endlessly many only the lowest. teaches: one sentence. start: a good point to begin at. lr: a
    good learning rate for plain gradient descent from there. source: who published it.

    is_quadratic: its Hessian is the same everywhere. noise: standard deviation of what is added to each number of the
    gradient at each step, 0 for none. kinks: where it has no derivative, and what is taken there. without_minimum: why
    no minima are listed.
    """

    name: str
    function: Callable[[Any, Any], Any] = field(repr=False)
    formula: str
    latex: str
    domain: Domain
    minima: tuple[Minimum, ...]
    teaches: str
    start: Point
    lr: float
    source: str
    is_quadratic: bool = False
    noise: float = 0.0
    kinks: str = ""
    without_minimum: str = ""

    def __call__(self, x: Any, y: Any) -> Any:
        """The value at (x, y): numbers, arrays that broadcast, or traced values; NaN where it has none."""
        with np.errstate(all="ignore"):
            return self.function(_number(x), _number(y))

    def value(self, point: Any) -> Any:
        """The value at a point, shape (2,), or at many, shape (..., 2)."""
        p = _points(point)
        return self(p[..., 0], p[..., 1])

    def gradient(self, point: Any) -> Array:
        """(df/dx, df/dy) at a point, shape (2,), or at many, shape (..., 2); without the noise."""
        return self.value_and_gradient(point)[1]

    def value_and_gradient(self, point: Any) -> tuple[Any, Array]:
        """Value, shape (...), and gradient, shape (..., 2), by backpropagation: one evaluation for each point."""
        p = _points(point)
        rows = p.reshape(-1, 2)
        with np.errstate(all="ignore"):
            if len(rows) not in self._programs:
                if len(self._programs) >= _KEPT_PROGRAMS:
                    self._programs.clear()
                self._programs[len(rows)] = trace(value_and_grad(self._summed, has_aux=True), rows)
            (_, values), gradients = self._programs[len(rows)](rows)
        return np.reshape(values, p.shape[:-1])[()], np.reshape(gradients, p.shape)

    def noise_at(self, seed: int, step: int) -> Array:
        """What is added to the gradient at this step, shape (2,): a function of (seed, step) alone."""
        return self.noise * normal_pair(seed, step) if self.noise else np.zeros(2)

    def hessian(self, point: Any) -> Array:
        """The matrix of second derivatives at one point, shape (2, 2)."""
        p = _points(point)
        if p.shape != (2,):
            raise _wrong_point(p.shape, "hessian takes one point, (x, y)")
        with np.errstate(all="ignore"):
            return np.asarray(self._hessian(p))

    def eigenvalues(self, point: Any) -> Array:
        """The curvatures along the two principal directions, ascending, shape (2,); NaN where there is no Hessian."""
        matrix = self.hessian(point)
        return np.asarray(np.linalg.eigvalsh(matrix)) if np.isfinite(matrix).all() else np.full(2, np.nan)

    def grid(self, n: int = 101) -> tuple[Array, Array, Array]:
        """X, Y and Z, each of shape (n, n), over the domain: row i has one y, column j one x, as contours want them.

        Errors: SettingError ``surface-grid``.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 2 <= n <= 4000:
            raise SettingError(
                "surface-grid",
                f"a grid of {n!r} points a side is asked for",
                where=f"{self.name}.grid({n!r})",
                why="a grid needs both ends of the domain, and above 4000 points a side it no longer fits in memory",
                do="Give a whole number from 2 to 4000, for example 101.",
            )
        (left, right), (bottom, top) = self.domain
        X, Y = np.meshgrid(np.linspace(left, right, n), np.linspace(bottom, top, n))
        return X, Y, np.asarray(self(X, Y), float)

    @property
    def lambda_max(self) -> float | None:
        """The largest curvature, where it is the same everywhere: gradient descent needs lr < 2 / lambda_max."""
        return float(self.eigenvalues(self.start)[1]) if self.is_quadratic else None

    @property
    def lowest(self) -> float | None:
        """The lowest known value; None where no minimum is known."""
        return min((minimum.value for minimum in self.minima), default=None)

    def contains(self, point: Any) -> bool:
        """Whether a point lies in the domain, its edge included."""
        return all(low <= at <= high for at, (low, high) in zip(_points(point), self.domain, strict=True))

    def text(self) -> str:
        """All of it in words."""
        (left, right), (bottom, top) = self.domain
        lines = [f"{self.name}: {self.formula}", f"  teaches   {self.teaches}"]
        lines += [f"  domain    x from {left:g} to {right:g}, y from {bottom:g} to {top:g}"]
        for minimum in self.minima:
            low, high = self.eigenvalues(minimum.point)
            lines.append(f"  minimum   {minimum.value:g} at {pair(minimum.point)}, curvatures {low:.4g} and {high:.4g}")
        lines += [f"  minimum   {self.without_minimum}"] * bool(self.without_minimum)
        lines += [f"  kinks     {self.kinks}"] * bool(self.kinks)
        lines += [f"  noise     standard deviation {self.noise:g} on each number of the gradient"] * bool(self.noise)
        lines += [f"  start     {pair(self.start)}, gradient descent with lr={self.lr:g}", f"  source    {self.source}"]
        return "\n".join(lines)

    __str__ = text

    def _summed(self, rows: Any) -> tuple[Any, Any]:
        """Rows do not mix, so the gradient of the sum holds the gradient of every row."""
        values = self.function(rows[:, 0], rows[:, 1])
        return np.sum(values), values

    @cached_property
    def _programs(self) -> dict[int, Any]:
        return {}

    @cached_property
    def _hessian(self) -> Any:
        return trace(hessian(lambda p: self.function(p[0], p[1])), np.zeros(2))


def pair(point: Any) -> str:
    """A point as text: ``(-1.2, 1)``."""
    return f"({point[0]:.6g}, {point[1]:.6g})"


def _number(x: Any) -> Any:
    """Python's numbers as NumPy's, which overflow to infinity and divide by zero instead of raising."""
    return np.asarray(x, float)[()] if isinstance(x, int | float | list | tuple | np.integer) else x


def _points(point: Any) -> Array:
    try:
        p = np.asarray(point, float)
    except (TypeError, ValueError):
        raise _wrong_point(f"of {type(point).__name__}s", "a point is made of two numbers") from None
    if p.ndim == 0 or p.shape[-1] != 2:
        raise _wrong_point(p.shape, "a point has two numbers, x and y")
    return p


def _wrong_point(shape: Any, why: str) -> ShapeError:
    return ShapeError(
        "surface-point",
        f"the point has shape {shape}",
        where="the point of a surface",
        why=why,
        do="Give (x, y), or an array of shape (..., 2) where many points are allowed.",
    )
