"""Is this gradient right? Checked against finite differences that know their own error, with an honest verdict.

Differences are compared relatively only: with an absolute tolerance a rule five times too large would pass for
``1e-8 * x``. The tolerance of an element is the largest of: ``rtol`` of its own value, the known error of the finite
difference, and what rounding to the arguments' type can do to the gradient.

A wrong rule also shows in the *slope test*: the error of a central difference against the right gradient falls as h**2
until rounding takes over; against a wrong one it levels off at the size of the wrong part.

Sources: the h**2 test is the Taylor remainder test of Farrell et al. 2013; why relative errors: Karpathy, CS231n notes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.backpropagate import require_number
from downslope.autodiff.derivatives import grad
from downslope.autodiff.finite_differences import Array, Slope, slope
from downslope.autodiff.trace import argument_names, leaf_names
from downslope.autodiff.verdict import Finding, GradientCheck, Verdict, verdict_on
from downslope.errors import DownslopeError, SettingError, ShapeError

ELEMENTS = 40  # up to so many elements, each is checked; of more, so many at random, and bisecting finds a wrong one
SURE = 10  # a gradient is called wrong when it is off by so many times the error of the finite difference


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | Sequence[int] = 0,
    mine: Any = None,
    directions: int = 5,
    seed: int = 0,
    rtol: float | None = None,
) -> GradientCheck:
    """Compare a gradient of ``f`` at ``args`` with finite differences.

    f: a plain NumPy function that returns one number. argnums: which arguments are differentiated. mine: the gradient
    to check, as arrays in the structure of the argument (a tuple of them for several argnums) or as a function of
    ``args`` that returns them; None checks Downslope's own. rtol: relative error that passes, 1e-7 for float64 and 1e-3
    for float32 if None. Finite differences are made in float64, whatever the type of the arguments.
    Raises ShapeError where the structures differ, SettingError for arguments that are not floating-point.

    >>> print(check_gradients(lambda x: np.sum(x**2), np.array([1.0, 2.0]), mine=lambda x: x))
    wrong: x[1] is given as 2, 0.5 times the slope of f, 4 ± 1e-13
      checked: all elements and 5 random directions; the gradient is float64
      slope test: a central difference's error levels off at 0.5 of it
    """
    point = _Point(f, args, argnums)
    given, rounding = _given(point, mine)
    eps = float(np.finfo(point.precision).eps)
    start = point.value(point.leaves)
    if not math.isfinite(start) or start != point.value(point.leaves):
        note = "f gives another value each time" if math.isfinite(start) else f"f is {start} at this point"
        return verdict_on([], [], point.size, point.precision, [note])
    judge = _Judge(point, given, rounding, eps**0.45 if rtol is None else rtol, eps)
    rng = np.random.default_rng(seed)
    ways = [rng.normal(size=point.size) * point.scale for _ in range(directions)]
    lines = [judge.line(f"direction {n + 1}", way) for n, way in enumerate(ways)]
    chosen = range(point.size) if point.size <= ELEMENTS else np.sort(rng.permutation(point.size)[:ELEMENTS])
    elements = [judge.element(int(i)) for i in chosen]
    if any(x.verdict == "wrong" for x in lines) and not any(x.verdict in ("wrong", "kink") for x in elements):
        elements += judge.bisected(rng, set(map(int, chosen)))
    found = verdict_on(lines, elements, point.size, point.precision)
    if found.verdict == "wrong" and len(elements) == point.size and not _add_up(lines, ways, elements):
        note = "f has no derivative here: its slopes along elements do not add up to its slopes along directions"
        return dataclasses.replace(found, verdict="cannot tell", notes=(note, *found.notes))
    return found


def _add_up(lines: Sequence[Finding], ways: Sequence[Array], elements: Sequence[Finding]) -> bool:
    """Whether the slope along each direction is the sum of the slopes along its parts, as that of a derivative is."""
    values, errors = (np.array([getattr(x.slope, name) for x in elements]) for name in ("value", "error"))
    if any(x.slope.is_kink for x in elements) or not np.all(np.isfinite(errors)):
        return True
    for line, way in zip(lines, ways, strict=True):
        allowed = SURE * (line.slope.error + np.dot(errors, np.abs(way))) + 1e-7 * np.dot(np.abs(values), np.abs(way))
        if not line.slope.is_kink and abs(line.slope.value - np.dot(values, way)) > allowed:
            return False
    return True


class _Point:
    """Where the gradient is checked: the leaves of all arguments in float64, and which of them are differentiated."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int]) -> None:
        self.f, self.args, self.argnums = f, args, argnums
        self.numbers = [n % len(args) for n in ((argnums,) if isinstance(argnums, int) else argnums)]
        leaves, _, self.spec = tree.flatten(args)
        names = leaf_names(args, argument_names(f, len(args)))
        owner = [n for n, arg in enumerate(args) for _ in tree.flatten(arg)[0]]
        self.leaves = [_upcast(leaf) for leaf in leaves]
        self.places = [k for n in self.numbers for k, own in enumerate(owner) if own == n]
        self.names = [names[k] for k in self.places]
        for k in self.places:
            _require_float(leaves[k], names[k])
        types = [np.asarray(leaves[k]).dtype for k in self.places]
        self.precision = max(types, key=lambda t: float(np.finfo(t).eps)).name if types else "float64"
        self.shapes = [np.shape(leaves[k]) for k in self.places]
        self.sizes = [int(np.size(leaves[k])) for k in self.places]
        self.size = sum(self.sizes)
        flat = [np.abs(np.ravel(self.leaves[k])) for k in self.places]
        typical = [np.full(len(x), math.sqrt(float(np.mean(x**2))) if len(x) else 1.0) for x in flat]
        self.at = np.concatenate([*flat, np.zeros(0)])
        # How far an element may be moved, roughly: its own size, not much below that of its neighbours.
        scale = np.maximum(self.at, 0.1 * np.concatenate([*typical, np.zeros(0)]))
        self.scale = np.where((scale > 0) & np.isfinite(scale), scale, 1.0)

    def value(self, leaves: list[Any]) -> float:
        """f as a Python float; it gets copies, so that it may do with them what it likes."""
        copies = [x.copy() if isinstance(x, np.ndarray) else x for x in leaves]
        with np.errstate(all="ignore"):
            result = self.f(*tree.unflatten(self.spec, copies))
        require_number(np.shape(result), getattr(self.f, "__name__", "f"))
        return float(result)

    def along(self, direction: Array) -> Callable[[float], float]:
        """``t -> f(arguments + t * direction)``; NaN where f cannot be computed."""
        parts = self.split(direction)
        moved = [(k, part) for k, part in zip(self.places, parts, strict=True) if np.any(part)]

        def line(t: float) -> float:
            leaves = list(self.leaves)
            for k, part in moved:
                leaves[k] = leaves[k] + t * (part if np.ndim(leaves[k]) else float(part))
            try:
                return self.value(leaves)
            except (ArithmeticError, ValueError):  # outside of f's domain; LinAlgError is a ValueError
                return math.nan

        return line

    def split(self, flat: Array) -> list[Array]:
        """One long vector as arrays in the shapes of the leaves."""
        ends = np.cumsum([0, *self.sizes])
        return [flat[a:b].reshape(s) for a, b, s in zip(ends, ends[1:], self.shapes, strict=False)]

    def name(self, i: int) -> str:
        """``w1[2, 3]`` for the i-th of all elements."""
        for name, shape, size in zip(self.names, self.shapes, self.sizes, strict=True):
            if i < size:
                place = ", ".join(str(int(n)) for n in np.unravel_index(i, shape))
                return f"{name}[{place}]" if place else name
            i -= size
        raise IndexError(i)


class _Judge:
    """Compares numbers of the gradient with slopes of f."""

    def __init__(self, point: _Point, given: Array, rounding: Array, rtol: float, eps: float) -> None:
        self.point, self.given, self.rtol = point, given, rtol
        with np.errstate(invalid="ignore"):
            largest = [np.full(p.size, np.max(np.abs(p), initial=0.0)) for p in point.split(given)]
        # A sum of many terms is rounded like its terms, which may be as large as the largest of its neighbours.
        self.rounding = 10 * rounding + 50 * eps * np.nan_to_num(np.concatenate([*largest, np.zeros(0)]))
        self.effect = float(np.nanmax(np.abs(given) * point.scale, initial=0.0))

    def line(self, name: str, direction: Array) -> Finding:
        """The slope along a direction."""
        given, extent = float(np.dot(self.given, direction)), float(np.max(np.abs(direction) / self.point.scale))
        at = float(np.max(self.point.at / np.where(direction == 0, np.inf, np.abs(direction)), initial=0.0))
        found = slope(self.point.along(direction), 0.125 / extent, 1e-8 / extent, min(at, 10 / extent))
        allowed = self.rtol * float(np.dot(np.abs(self.given), np.abs(direction)))
        return self.finding(name, given, found, allowed + float(np.dot(self.rounding, np.abs(direction))), 1.0)

    def element(self, i: int) -> Finding:
        """The slope along one element."""
        direction = np.zeros(self.point.size)
        direction[i] = 1.0
        scale, at = float(self.point.scale[i]), float(self.point.at[i])
        low = 1e-8 * (min(scale, at) if at else min(scale, 1.0))
        found = slope(self.point.along(direction), 0.125 * max(scale, 1.0 if at < 1e-3 else 0.0), low, at)
        given = float(self.given[i])
        return self.finding(self.point.name(i), given, found, self.rtol * abs(given) + float(self.rounding[i]), scale)

    def finding(self, name: str, given: float, found: Slope, allowed: float, scale: float) -> Finding:
        """The verdict on one number. ``allowed``: by its relative tolerance and by rounding; ``scale``: of the step."""
        tolerance = allowed + SURE * found.error
        verdict: Verdict = "right"
        true = found.value
        if found.is_kink:
            low, high = sorted((found.left, found.right))
            verdict = "kink" if low - tolerance <= given <= high + tolerance else "wrong"
            true = min(max(given, low), high)
        elif not math.isfinite(found.value) or not math.isfinite(given):
            is_same = given == found.value and not math.isnan(given)
            verdict = "right" if is_same else ("wrong" if math.isfinite(found.value) else "cannot tell")
        elif not abs(given - true) <= tolerance:
            verdict = "wrong"
        elif SURE * found.error > 1e-2 * max(abs(true), abs(given)) and not (found.is_flat and given == 0):
            # What cannot be seen here is nothing beside what other elements do, or what f does near a stationary point.
            is_small = SURE * found.error * scale <= 1e-5 * max(self.effect, found.change)
            verdict = "right" if is_small else "cannot tell"
        return Finding(name, given, true, tolerance, verdict, found)

    def bisected(self, rng: np.random.Generator, checked: set[int]) -> Iterator[Finding]:
        """Halve the elements of a wrong direction, keep a wrong half, until one wrong element is left."""
        group = np.array([i for i in range(self.point.size) if i not in checked])
        while len(group):
            if len(group) == 1:
                found = self.element(int(group[0]))
                if found.verdict == "wrong":
                    yield found
                return
            halves = np.array_split(group, 2)
            wrong = [half for half in halves if self.line("", self._within(rng, half)).verdict == "wrong"]
            group = wrong[0] if wrong else group[:0]

    def _within(self, rng: np.random.Generator, group: Any) -> Array:
        direction = np.zeros(self.point.size)
        direction[group] = rng.choice([-1.0, 1.0], len(group)) * self.point.scale[group]
        return direction


def _upcast(leaf: Any) -> Any:
    array = np.asarray(leaf)
    if array.dtype.kind != "f":
        return leaf
    return leaf if type(leaf) is float else array.astype(np.float64)[()]


def _require_float(leaf: Any, name: str) -> None:
    dtype = np.asarray(leaf).dtype
    if dtype.kind != "f":
        raise SettingError(
            "check-type",
            f"{name} has type {dtype}",
            where=f"check_gradients: argument {name}",
            why="a finite difference moves a number a little to both sides, and between two integers there is nothing",
            do="pass floating-point numbers (3.0, x.astype(float)), or leave this argument out of argnums",
        )


def _given(point: _Point, mine: Any) -> tuple[Array, Array]:
    """The gradient to check as one vector, and how much of it rounding to a narrow type may be."""
    source = grad(point.f, point.argnums) if mine is None else mine
    with np.errstate(all="ignore"):
        given = _flat(point, source(*point.args) if callable(source) else source)
    if point.precision == "float64":
        return given, np.zeros(point.size)
    wide = tree.unflatten(point.spec, point.leaves)
    try:
        # The same formula in float64: the difference is what rounding does.
        formula = source if callable(source) else grad(point.f, point.argnums)
        with np.errstate(all="ignore"):
            exact, narrow = _flat(point, formula(*wide)), _flat(point, formula(*point.args))
    except DownslopeError:
        return given, np.zeros(point.size)
    return given, np.nan_to_num(np.abs(exact - narrow))


def _flat(point: _Point, gradient: Any) -> Array:
    """Leaves of a gradient in one vector; ShapeError where they do not fit those of the arguments."""
    args: Any = tuple(point.args[n] for n in point.numbers)
    args = args[0] if isinstance(point.argnums, int) else args
    try:
        leaves = tree.flatten_like(tree.flatten(args)[2], gradient)
        if any(np.asarray(leaf).dtype.kind not in "fiub" for leaf in leaves):  # a dict where an array should be
            raise ValueError
    except ValueError:
        raise ShapeError(
            "check-structure",
            f"the gradient has the structure {_structure(gradient)}, the argument {_structure(args)}",
            where="check_gradients(..., mine=...)",
            why="there is one derivative for each number of the argument, so both are nested in the same way",
            do="return the gradient in the argument's own structure; a tuple of gradients for several argnums",
        ) from None
    for name, shape, leaf in zip(point.names, point.shapes, leaves, strict=True):
        if np.shape(leaf) != shape:
            raise ShapeError(
                "check-shape",
                f"the gradient of {name} has shape {np.shape(leaf)}, {name} has shape {shape}",
                where=f"check_gradients(..., mine=...): {name}",
                why="there is one derivative for each number of the argument",
                do="sum over the axes that were broadcast, or transpose it",
            )
    return np.concatenate([*(np.ravel(np.asarray(x, np.float64)) for x in leaves), np.zeros(0)])


def _structure(value: Any) -> str:
    """Nesting with shapes in place of arrays: ``{'w': (3, 2), 'b': (2,)}``."""
    leaves, _, spec = tree.flatten(value)
    return str(tree.unflatten(spec, [np.shape(x) for x in leaves]))
