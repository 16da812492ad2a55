"""What a gradient check found: each number that was compared, and the verdict on all of them, as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from downslope.autodiff.finite_differences import Slope

Verdict = Literal["right", "wrong", "kink", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """One number that was checked: an element of the gradient (``w1[2, 3]``), or the slope along a direction."""

    name: str
    given: float
    true: float
    tolerance: float
    verdict: Verdict
    slope: Slope

    @property
    def ratio(self) -> float:
        """Given by true: 1 where it is right, the forgotten or surplus factor where it is wrong."""
        return self.given / self.true if self.true else (1.0 if self.given == self.true else math.inf)

    @property
    def relative_error(self) -> float:
        """Difference by the larger of both; 0 between a kink's two slopes, infinite where one is not finite."""
        if self.verdict == "kink":
            return 0.0
        if not (math.isfinite(self.given) and math.isfinite(self.true)):
            return math.inf
        most = max(abs(self.given), abs(self.true))
        return abs(self.given - self.true) / most if most else 0.0


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """The verdict on a gradient. It is true (``assert check_gradients(...)``) where nothing wrong was found.

    verdict: "right"; "wrong"; "kink": f has a kink there, and the gradient lies between the slopes of both sides (if it
    does not, it is "wrong"); "cannot tell": rounding of f is larger than the differences, or f is not finite.
    worst: the element that is furthest off. elements, of: how many elements were checked, of how many. directions: how
    many random directions. precision: the type that the gradient was computed in. order: the power of h with which the
    error of the central difference falls (2 for a right gradient, None if f is too straight to see); level: where it
    levels off, relative to the slope. kinks: elements where f has a kink. notes: what a reader should know besides.
    """

    verdict: Verdict
    worst: Finding | None
    elements: int
    of: int
    directions: int
    precision: str
    order: float | None
    level: float
    kinks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict in ("right", "kink")

    def __repr__(self) -> str:
        return str(self)  # at a prompt and as the last line of a cell it is what people read

    def __str__(self) -> str:
        worst, head = self.worst, f"{self.verdict}: "
        if self.verdict == "wrong" and worst is not None:
            times = f"{worst.ratio:.7g} times" if math.isfinite(worst.ratio) else "instead of"
            head += f"{worst.name} is given as {worst.given:.9g}, {times} the slope of f, {_known(worst)}"
        elif self.verdict == "cannot tell":
            head += self.notes[0] if self.notes else "rounding of f is larger than the differences that it should show"
        elif self.verdict == "kink":
            head += "f has a kink here, and the gradient lies between the slopes of both sides"
        else:
            head += "the gradient agrees with finite differences"
        which = "all elements" if self.elements == self.of else f"{self.elements} elements of {self.of}"
        lines = [head, f"  checked: {which} and {self.directions} random directions; the gradient is {self.precision}"]
        if worst is not None and self.verdict != "wrong":
            lines.append(f"  furthest off: {worst.name}, given {worst.given:.9g}, {_known(worst)}")
        if math.isfinite(self.level):
            falls = f"falls as h**{self.order:.1f} and " if self.order is not None else ""
            lines.append(f"  slope test: a central difference's error {falls}levels off at {self.level:.1g} of it")
        lines += [f"  kink at {', '.join(self.kinks[:6])}{' ...' if len(self.kinks) > 6 else ''}"] if self.kinks else []
        return "\n".join([*lines, *(f"  {note}" for note in self.notes[self.verdict == "cannot tell" :])])


def _known(finding: Finding) -> str:
    found = finding.slope
    if found.is_kink:
        return f"which is {found.left:.6g} on the left and {found.right:.6g} on the right"
    return f"{found.value:.9g} ± {found.error:.1g}"


def verdict_on(
    lines: Sequence[Finding], elements: Sequence[Finding], size: int, precision: str, notes: Sequence[str] = ()
) -> GradientCheck:
    """All findings in one verdict: along directions (``lines``) and at ``elements``, of ``size`` in all."""
    kinks = tuple(x.name for x in elements if x.verdict == "kink")
    # Beside a kink the slope along a direction is not the sum of the slopes along its elements.
    judged = elements if kinks else [*elements, *lines]
    by_weight: tuple[Verdict, ...] = ("wrong", "kink", "cannot tell", "right")
    found: Verdict = next((v for v in by_weight if any(x.verdict == v for x in judged)), "cannot tell")
    told = [x for x in elements if x.verdict == found] or [x for x in judged if x.verdict == found] or elements
    worst = max(told, key=lambda x: (x.relative_error, abs(x.given - x.true)), default=None)
    shown = next((x for x in [*lines, *elements] if x.verdict == found and not x.slope.is_kink), None)
    order, level = _slope_test(shown) if shown else (None, math.nan)
    small = sum(x.tolerance > 0.1 * max(abs(x.given), abs(x.true)) > 0 for x in elements)
    if small and found != "cannot tell":
        notes = [*notes, f"{small} elements are too small to be checked: what they do is below the rounding of f"]
    count = len({x.name for x in elements})
    return GradientCheck(found, worst, count, size, len(lines), precision, order, level, kinks, tuple(notes))


def _slope_test(line: Finding) -> tuple[float | None, float]:
    """The power of h with which the error of the central difference falls, and the relative level it reaches."""
    with np.errstate(all="ignore"):
        off = np.abs(line.slope.central - line.given)
        seen = off > np.maximum(30 * line.slope.rounding, 3 * abs(line.slope.value - line.given))
        powers = np.log(off[:-1] / off[1:]) / np.log(line.slope.steps[:-1] / line.slope.steps[1:])
        powers = powers[seen[:-1] & seen[1:] & np.isfinite(powers)]
        level = max(abs(line.slope.value - line.given), line.slope.error)
        largest = max(abs(line.slope.value), abs(line.given))
    return (float(np.median(powers)) if len(powers) else None), level / largest if largest else math.nan
