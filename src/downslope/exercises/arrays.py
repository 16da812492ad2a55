"""Answers that are arrays: lists, NumPy's and other libraries' arrays, or a text such as [[1, 2], [3, 4]]."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.exercises.answer import Answer
from downslope.exercises.reading import Unread, number, tidy
from downslope.exercises.text import few

Array = NDArray[np.float64]
_DEEPEST = 4
_MOST = 10_000


def values(given: Any) -> list[Any]:
    """The numbers in a row that was given as a list, an array or a text."""
    array = as_array(given)
    return [float(x) for x in array.ravel()]


def as_array(given: Any) -> Array:
    """An array of what was given. Raises Unread."""
    if isinstance(given, str):
        if len(given) > _MOST:
            raise Unread(f"this is a text of {len(given)} characters, and an array of a few numbers is asked for")
        return _nested(_of_text(given))
    if given is None:
        raise Unread("there is no answer (None): does the function that made it end with return?")
    if isinstance(given, list | tuple):
        return _nested(list(given))
    try:
        array = np.asarray(given.detach() if hasattr(given, "detach") else given)
    except Exception:  # what a foreign object raises here is its own business
        raise Unread(f"a {type(given).__name__} is no array") from None
    if array.dtype.kind not in "iuf":
        raise Unread(f"a {type(given).__name__} is no array of numbers")
    return array.astype(np.float64)


def _nested(given: Any, depth: int = 0) -> Array:
    """Lists in lists; each number may have any spelling."""
    if depth > _DEEPEST:
        raise Unread(f"lists in lists in lists: more than {_DEEPEST} axes")
    if not isinstance(given, list | tuple):
        return np.asarray(number(given).value) if isinstance(given, str) or np.ndim(given) == 0 else as_array(given)
    parts = [_nested(part, depth + 1) for part in given]
    shapes = {part.shape for part in parts}
    if len(shapes) > 1:
        raise Unread(f"the rows have different lengths: {', '.join(map(str, sorted(shapes)))}")
    return np.array(parts, dtype=np.float64)


def _of_text(text: str) -> Any:
    """``[[1, 2], [3, 4]]``, ``1 2; 3 4`` or ``1, 2, 3`` as lists of texts."""
    text = tidy(
        re.sub(r"\barray\b|\bdtype\s*=\s*[\w.]+|\btensor\b", "", text.replace("\n", ";" if "[" not in text else " "))
    )
    if not re.search(r"[\[\]]", text):
        rows = [re.split(r"[,\s]+", row.strip(" ,()")) for row in text.split(";") if row.strip(" ,()")]
        if not rows:
            raise Unread("there is no answer yet")
        return rows[0] if len(rows) == 1 else rows
    text = text.strip("() ,")
    stack: list[list[Any]] = [[]]
    for piece in re.findall(r"[\[\]]|[^\[\],;\s]+", text):
        if piece == "[":
            stack.append([])
            if len(stack) > _DEEPEST + 1:
                raise Unread(f"lists in lists in lists: more than {_DEEPEST} axes")
        elif piece == "]":
            if len(stack) < 2:
                raise Unread("there are more closing brackets than opening ones")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(piece)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise Unread("the brackets do not match: write [[1, 2], [3, 4]]")
    return stack[0][0]


@dataclass(frozen=True)
class Values(Answer):
    """An array. truth: the right one. relative: tolerance of each number, as a part of the largest one."""

    truth: Any
    relative: float = 5e-3

    def asks(self) -> str:
        """Its shape, and how exactly."""
        shape = np.shape(self.truth)
        return f"an array of shape {shape}, to three significant digits"

    def example(self) -> str:
        """Zeros of the right shape."""
        return str(np.zeros(np.shape(self.truth)).tolist())

    def accepted(self) -> str:
        """The tolerance in words."""
        return f"Compared relatively, to {self.relative:.2g} of the largest number."

    def read(self, given: Any) -> Array:
        """Lists, arrays or text."""
        return as_array(given)

    def agrees(self, value: Array, other: Array, slack: float = 1.0) -> bool:
        """The same shape, up to axes of length 1, and each number within the tolerance."""
        if value.squeeze().shape != other.squeeze().shape:
            return False
        allowed = slack * self.relative * float(np.max(np.abs(other), initial=0.0))
        return bool(np.all(np.abs(value.squeeze() - other.squeeze()) <= allowed))

    def difference(self, value: Array, true: Array) -> str:
        """The shape, a transpose, a constant factor, or how many numbers are right."""
        if value.squeeze().shape != true.squeeze().shape:
            if value.ndim == 2 and self.agrees(value.T, true):
                return "The numbers are right, and the array is transposed."
            return f"The shape is {value.shape}, and it should be {true.shape}."
        return pattern(value.squeeze(), true.squeeze(), self.relative)

    def right_styles(self) -> list[Any]:
        """As arrays, lists and texts."""
        true = np.asarray(self.truth, float)
        return [
            true,
            true.tolist(),
            true.astype(np.float32),
            str(true.tolist()),
            repr(true),
            np.array2string(true),
            true[None],
        ]

    def wrong_styles(self) -> list[Any]:
        """Other numbers, another shape, NaN, no array."""
        true = np.asarray(self.truth, float)
        one = true.copy()
        one.flat[-1] += 0.1 * np.abs(true).max()
        nan = true.copy()
        nan.flat[0] = np.nan
        return [2 * true, -true, one, nan, true.ravel()[:-1], "", "[1, 2", "[[1], [2, 3]]", None, {"w": 1}, "a b"]


def pattern(value: Array, true: Array, relative: float) -> str:
    """What a wrong array has to do with the right one of its shape, in a sentence; "" if that is not simple."""
    if not np.all(np.isfinite(value)):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        return (
            f"There is {few(float(value[place]))} at {list(place)}: look for a division by 0 or an overflow on the way."
        )
    allowed = relative * float(np.max(np.abs(true), initial=0.0))
    square = value.ndim == 2 and value.shape[0] == value.shape[1]
    if square and np.all(np.abs(value.T - true) <= allowed):
        return "The numbers are right, and the array is transposed."
    bottom = float(np.sum(true * true))
    factor = float(np.sum(value * true)) / bottom if bottom else math.nan
    if true.size > 1 and factor and np.all(np.abs(value - factor * true) <= allowed * abs(factor)):
        name = "−1: the sign is turned around" if abs(factor + 1) < relative else few(factor)
        return f"All numbers are the right ones times one factor, {name}."
    wrong = np.abs(value - true) > allowed
    if true.size > 1 and not np.all(wrong):
        places = ", ".join(str([int(i) for i in place]) for place in np.argwhere(wrong)[:4])
        return f"{int(np.sum(~wrong))} of {true.size} numbers are right; look at {places}."
    return ""
