"""How exactly a number must be given: to half a unit of a digit, to a part of its value, or exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from downslope.exercises.reading import Typed
from downslope.exercises.text import few

_EXACT = 1e-6  # what a float32 or a printed number may lose
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")
_PLACES = ("", "first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class Tolerance:
    """digits: how many significant ones count; or relative: a part of the value; or neither: exactly."""

    digits: int | None = None
    relative: float | None = None

    def width(self, true: float) -> float:
        """How far from the truth an answer may be.

        >>> f"{Tolerance(digits=3).width(1 / 3):g}", Tolerance(relative=0.01).width(200.0)
        ('0.0005', 2.0)
        """
        if not math.isfinite(true):
            return 0.0
        if self.digits is None:
            return (self.relative or _EXACT) * abs(true)
        exponent = int(f"{true:.{self.digits - 1}e}".partition("e")[2])  # of the rounded truth: 0.9996 rounds to 1.00
        return max(float(f"0.5e{exponent - self.digits + 1}") * (1 + 1e-9), _EXACT * abs(true))

    def asks(self) -> str:
        """In the words of a question."""
        if self.digits is not None:
            return f"to {_COUNTS[self.digits]} significant digits, rounded"
        return f"to within {self.relative:.2g} of itself" if self.relative else "exactly"

    def accepted(self) -> str:
        """In the words of a verdict."""
        if self.digits is not None:
            return f"Compared to half a unit of the {_PLACES[self.digits]} digit."
        return f"Compared relatively, to {self.relative:.2g} of the value." if self.relative else ""

    def close(self, given: float, true: float, slack: float = 1.0) -> bool:
        """Whether an answer is near enough. NaN is near NaN alone."""
        if math.isnan(true) or math.isnan(given):
            return math.isnan(true) and math.isnan(given)
        return given == true or abs(given - true) <= slack * self.width(true)


def is_handy(true: float) -> bool:
    """Whether a number can be asked for: not 0, which has no digits, and neither tiny nor huge."""
    return 1e-4 < abs(true) < 1e6


def said(typed: Typed, true: float) -> str:
    """What a wrong number has to do with the right one, if that is simple: its digits, its sign; "" otherwise."""
    value, unit = typed.value, typed.unit
    if not math.isfinite(value):
        return f"Your answer is {few(value)}: look for a division by 0 or an overflow on the way."
    if 0 < unit <= abs(value) and math.isfinite(true):
        if abs(value - true) <= 0.5 * unit * (1 + 1e-9):
            return "That is the answer rounded to fewer digits: give more of them."
        if abs(value - true) < unit and 10 * unit <= abs(value) < abs(true):
            return "The last digit is cut off instead of rounded: give one more digit."
    return "The size is right, and the sign is not." if math.isclose(value, -true, rel_tol=1e-3) else ""
