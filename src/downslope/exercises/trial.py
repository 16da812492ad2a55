"""One trial of somebody's function: what it did with an input, and how that differs from what is right."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.autodiff import tree
from downslope.exercises.arrays import pattern

_RELATIVE = {"float16": 1e-2, "float32": 1e-4}
_ENOUGH = 1e-7
_HERE = Path(__file__).parent

Function = Callable[..., Any]
Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Tried:
    """What a function did with one input: its numbers by name, or what kept it from giving any."""

    numbers: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    problem: str = ""
    returned: Any = None


def tried(function: Function, arguments: Arguments, run: Callable[[Function, Arguments], Any]) -> Tried:
    """What it does with copies of the arguments. Nothing that it raises gets out, and no input is changed by it."""
    given = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"):
            returned = run(function, given)
    except (Exception, SystemExit) as error:  # it is somebody's program: whatever it raises is part of the answer
        return Tried(problem=f"it raises {type(error).__name__}: {error}{_line(error)}.")
    if returned is None:
        return Tried(problem="it returns nothing: end it with a return.")
    if not _untouched(given, arguments):
        return Tried(
            problem="it changes its arguments: `w -= ...` writes into the caller's array, `w = w - ...` does not."
        )
    return Tried(numbers(returned) or {}, returned=returned)


def numbers(returned: Any) -> dict[str, NDArray[Any]] | None:
    """The arrays in what a function returned, by name; a list of numbers is one. None if anything else is in it."""
    try:
        if isinstance(returned, list) and all(type(leaf) in (int, float) for leaf in tree.flatten(returned)[0]):
            returned = np.asarray(returned) if returned else None
        leaves, paths, _ = tree.flatten(returned)
        numbers = {path: np.asarray(leaf) for path, leaf in zip(paths, leaves, strict=True)}
    except Exception:  # what a foreign object raises here is its own business
        return None
    return numbers if numbers and all(x.dtype.kind in "biuf" for x in numbers.values()) else None


def _line(error: BaseException) -> str:
    """The line of the student's own program in which it happened."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not Path(f.filename).is_relative_to(_HERE)]
    return f" (line {frames[0].lineno}: `{frames[0].line}`)" if frames and frames[0].line else ""


def _untouched(given: Any, before: Any) -> bool:
    """Whether a function left its arguments as they were."""
    after, expected = numbers(given), numbers(before)
    if after is None or expected is None:
        return after is expected
    return list(after) == list(expected) and all(
        after[path].shape == x.shape and np.array_equal(after[path], x, equal_nan=x.dtype.kind == "f")
        for path, x in expected.items()
    )


def same(mine: Tried, right: Tried, slack: float = 1.0) -> bool:
    """The same numbers under the same names."""
    if mine.problem or right.problem or list(mine.numbers) != list(right.numbers):
        return False
    return all(_close(mine.numbers[path], right.numbers[path], slack) for path in right.numbers)


def _close(value: NDArray[Any], true: NDArray[Any], slack: float) -> bool:
    """The same shape, NaN and infinity at the same places, and all others within rounding."""
    if value.shape != true.shape:
        return False
    relative = max(_RELATIVE.get(x.dtype.name, _ENOUGH) for x in (value, true))
    a, b = value.astype(float), true.astype(float)
    known = np.isfinite(a) & np.isfinite(b)
    allowed = slack * relative * float(np.max(np.abs(b[known]), initial=0.0))
    is_close = bool(np.all(np.abs(a[known] - b[known]) <= allowed))
    return is_close and bool(np.array_equal(a[~known], b[~known], equal_nan=True))


def difference(mine: Tried, right: Tried) -> str:
    """In words: another structure, another shape, or other numbers."""
    if list(mine.numbers) != list(right.numbers):
        return f"it returns {_structure(mine)}, and {_structure(right)} is asked for."
    for path, true in right.numbers.items():
        value, name = mine.numbers[path], _called(path)
        if value.shape != true.shape:
            return f"{name} has the shape {value.shape}, and it should be {true.shape}."
        if not _close(value, true, 1.0):
            said = pattern(value.astype(float), true.astype(float), _RELATIVE.get(value.dtype.name, _ENOUGH))
            return f"{name} has other numbers than it should. {said}".strip()
    return ""


def _structure(outcome: Tried) -> str:
    paths = [path for path in outcome.numbers if path]
    return f"{len(paths)} arrays ({', '.join(paths)})" if paths else f"one array of shape {outcome.numbers[''].shape}"


def _called(path: str) -> str:
    """A part of what a function returns, in words."""
    return f"part {int(path) + 1} of what it returns" if path.isdigit() else f"`{path}`" if path else "the result"


def shape(argument: Any) -> str:
    """An argument in a few words: ``of shape (4, 3)``, ``= 0.1``."""
    leaves, paths, _ = tree.flatten(argument)
    if any(paths):
        parts = (f"{path} of shape {np.shape(leaf)}" for path, leaf in zip(paths, leaves, strict=True))
        return f"({', '.join(parts)})"
    return f"of shape {np.shape(argument)}" if np.ndim(argument) else f"= {short(argument)}"


def short(thing: Any) -> str:
    """Anything in at most 40 characters."""
    text = repr(thing)
    return text if len(text) <= 40 else f"{text[:37]}..."
