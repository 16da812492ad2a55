"""The user's own surface, from a formula: parsed by a small grammar, never evaluated as code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.errors import SettingError
from downslope.surfaces.checks import checked_domain, checked_point
from downslope.surfaces.grammar import Operation, parse
from downslope.surfaces.surface import Domain, Point, Surface
from downslope.surfaces.tokens import FUNCTIONS

_COMPUTE: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "negative": np.negative,
}
_CORNERS = ((0.8, 0.7), (0.2, 0.7), (0.2, 0.3), (0.8, 0.3), (0.5, 0.5))  # where a start is looked for first


def formula(
    text: str,
    domain: Domain = ((-5, 5), (-5, 5)),
    *,
    start: Point | None = None,
    lr: float | None = None,
    name: str = "formula",
) -> Surface:
    """A surface from a formula of x and y, such as ``sin(x)*y + x**2``.

    Numbers, ``x``, ``y``, ``pi``, ``e``, ``+ - * /``, ``**`` or ``^``, brackets, and sin cos tan arcsin arccos arctan
    sinh cosh tanh exp log (natural) log10 log2 sqrt abs sign min max. It binds as in Python: ``-x**2`` is
    ``-(x**2)``. Products are written with ``*``.

    domain: ((xmin, xmax), (ymin, ymax)). start: a point; otherwise one in the domain where the formula has a
    gradient. lr: a rate for gradient descent; otherwise 1 / the largest curvature found on a coarse grid.

    Errors: SettingError ``formula-...`` that points at the character, ``surface-domain``, ``descend-start``.

    >>> print(formula("(x - 1)**2 + 2*y^2").gradient((3, 1)))
    [4. 4.]
    """
    if not isinstance(text, str):
        raise SettingError(
            "formula-syntax",
            f"the formula is of type {type(text).__name__}",
            where="formula(...)",
            why="a formula is read as text, letter by letter",
            do="Give a text such as 'sin(x)*y + x**2'; a Python function becomes a surface with @surface(...).",
        )
    operations = parse(text)
    box, bound = checked_domain(domain), degree(operations)

    def function(x: Any, y: Any) -> Any:
        return evaluate(operations, x, y)

    def made(start: Point, lr: float) -> Surface:
        return Surface(
            name,
            function,
            text.strip(),
            latex(operations),
            box,
            (),
            "Your own formula: nothing about it is known beforehand, everything can be measured.",
            start,
            lr,
            "given by the user",
            is_quadratic=bound is not None and bound <= 2,
            without_minimum="not known: the formula is your own",
        )

    draft = made((0.0, 0.0), 0.1)
    return made(_start(draft, text) if start is None else checked_point(start), lr or _rate(draft))


def evaluate(operations: Sequence[Operation], x: Any, y: Any) -> Any:
    """The value at (x, y): numbers, arrays or traced values. Where there is none it is NaN or infinite, as in NumPy."""
    stack: list[Any] = []
    names = set()
    for operation in operations:
        taken = [stack.pop() for _ in range(operation.count)][::-1]
        if operation.kind == "number":
            stack.append(operation.value)
        elif operation.kind == "variable":
            names.add(operation.name)
            stack.append(x if operation.name == "x" else y)
        elif operation.kind == "call":
            compute = FUNCTIONS[operation.name].compute
            value = compute(*taken[:2])
            for further in taken[2:]:  # min and max of more than two
                value = compute(value, further)
            stack.append(value)
        else:
            stack.append(_COMPUTE[operation.kind](*taken))
    (value,) = stack
    if names != {"x", "y"}:  # "x**2" still has one value for each point
        value = np.zeros_like(x) + np.zeros_like(y) + value
    return value


def degree(operations: Sequence[Operation]) -> int | None:
    """An upper bound of the polynomial's degree; None if the formula is not written as a polynomial."""
    stack: list[tuple[int | None, float | None]] = []  # degree, and the value of a constant
    for operation in operations:
        taken = [stack.pop() for _ in range(operation.count)][::-1]
        degrees = [each for each, _ in taken]
        if operation.kind == "number":
            stack.append((0, operation.value))
        elif operation.kind == "variable":
            stack.append((1, None))
        elif all(each == 0 for each in degrees):
            constants = [_constant(value) for _, value in taken]
            with np.errstate(all="ignore"):
                stack.append((0, float(evaluate((*constants, operation), np.float64(0), np.float64(0)))))
        else:
            stack.append((_degree(operation.kind, taken), None))
    return stack[0][0]


def _constant(value: float | None) -> Operation:
    return Operation("number", value=math.nan if value is None else value)


def _degree(kind: str, taken: list[tuple[int | None, float | None]]) -> int | None:
    first, last = taken[0][0], taken[-1][0]
    if first is None or last is None or kind == "call":
        return None
    if kind in ("+", "-", "negative"):
        return max(first, last)
    if kind == "*":
        return first + last
    exponent = taken[-1][1]
    if kind == "/":
        return first if last == 0 else None
    is_whole = last == 0 and exponent is not None and exponent >= 0 and exponent == math.floor(exponent)
    return first * int(exponent) if is_whole and exponent is not None and exponent < 1e6 else None


def latex(operations: Sequence[Operation]) -> str:
    """The formula as LaTeX, with brackets only where they are needed."""
    stack: list[tuple[str, int]] = []  # text, and how strongly its outermost operation binds
    for operation in operations:
        taken = [stack.pop() for _ in range(operation.count)][::-1]
        if operation.kind == "number":
            stack.append((_latex_number(operation), 5))
        elif operation.kind == "variable":
            stack.append((operation.name, 5))
        elif operation.kind == "call":
            stack.append((_latex_call(operation.name, [text for text, _ in taken]), 5))
        elif operation.kind == "negative":
            stack.append((f"-{_enclosed(taken[0], 3)}", 2))
        elif operation.kind == "**":
            stack.append((f"{_enclosed(taken[0], 5)}^{{{taken[1][0]}}}", 4))
        elif operation.kind == "/":
            stack.append((rf"\frac{{{taken[0][0]}}}{{{taken[1][0]}}}", 4))
        elif operation.kind == "*":
            stack.append((rf"{_enclosed(taken[0], 3)} \cdot {_enclosed(taken[1], 4)}", 3))
        else:
            stack.append((f"{taken[0][0]} {operation.kind} {_enclosed(taken[1], 3)}", 1))
    return stack[0][0]


def _enclosed(part: tuple[str, int], needed: int) -> str:
    return part[0] if part[1] >= needed else rf"\left({part[0]}\right)"


def _latex_number(operation: Operation) -> str:
    if operation.name == "pi":
        return r"\pi"
    mantissa, _, exponent = operation.name.lower().partition("e")
    return rf"({mantissa} \cdot 10^{{{int(exponent)}}})" if mantissa and exponent else operation.name


def _latex_call(name: str, arguments: list[str]) -> str:
    if name == "sqrt":
        return rf"\sqrt{{{arguments[0]}}}"
    if name == "abs":
        return rf"\left|{arguments[0]}\right|"
    return rf"{FUNCTIONS[name].latex}\left({', '.join(arguments)}\right)"


def _start(draft: Surface, text: str) -> Point:
    """A point off the middle of the domain where value and gradient are numbers, as round as the domain allows."""
    (left, right), (bottom, top) = draft.domain
    lattice = [(i / 12, j / 12) for i in range(1, 12) for j in range(1, 12)]
    points = np.array([(left + u * (right - left), bottom + v * (top - bottom)) for u, v in (*_CORNERS, *lattice)])
    values, gradients = draft.value_and_gradient(points)
    good = np.isfinite(values) & np.isfinite(gradients).all(axis=1)
    if not good.any():
        raise SettingError(
            "formula-nowhere",
            f"{text.strip()[:60]!r} has no finite value and gradient at any of {len(points)} points of the domain",
            where=f"x from {left:g} to {right:g}, y from {bottom:g} to {top:g}",
            why="a descent needs a point to start from",
            do="Give another domain=, in which the formula has values: log(x) needs x above 0.",
        )
    x, y = points[int(np.argmax(good))]
    return float(f"{x:.6g}"), float(f"{y:.6g}")


def _rate(draft: Surface) -> float:
    """1 / the largest curvature at 25 points of the domain, rounded down to one digit; 0.1 without any curvature."""
    (left, right), (bottom, top) = draft.domain
    inner = (0.1, 0.3, 0.5, 0.7, 0.9)
    points = [(left + u * (right - left), bottom + v * (top - bottom)) for u in inner for v in inner]
    curvatures = np.abs([draft.eigenvalues(point) for point in points])
    largest = float(np.max(curvatures[np.isfinite(curvatures)], initial=0.0))
    if not 1e-12 < largest < 1e12:
        return 0.1
    size = 10.0 ** math.floor(math.log10(1 / largest))
    return float(f"{min(math.floor(1 / largest / size) * size, 10.0):.1g}")
