"""Answers that are one number, or several with names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from downslope.exercises.answer import Answer, Mistake
from downslope.exercises.arrays import values
from downslope.exercises.reading import Typed, Unread, number, tidy
from downslope.exercises.tolerance import Tolerance, is_handy, said


@dataclass(frozen=True)
class Number(Answer):
    """One number. digits: how many significant ones count; or relative: the tolerance; or neither: exactly."""

    truth: Any
    digits: int | None = 3
    relative: float | None = None

    @property
    def tolerance(self) -> Tolerance:
        """How exactly it is compared."""
        return Tolerance(None if self.relative is not None else self.digits, self.relative)

    def asks(self) -> str:
        """One number, and how exactly."""
        return f"one number, {self.tolerance.asks()}"

    def example(self) -> str:
        """A number that is not the truth."""
        return "0.123"

    def accepted(self) -> str:
        """The tolerance in words."""
        return self.tolerance.accepted()

    def read(self, given: Any) -> Typed:
        """Any spelling of a number."""
        return number(given)

    def agrees(self, value: Typed, other: Typed, slack: float = 1.0) -> bool:
        """Within the tolerance around ``other``."""
        return self.tolerance.close(value.value, other.value, slack)

    def is_clear(self, mistakes: Sequence[Mistake]) -> bool:
        """Also that the truth is a handy number."""
        return is_handy(float(self.truth)) and super().is_clear(mistakes)

    def difference(self, value: Typed, true: Typed) -> str:
        """Too few digits, a sign, NaN."""
        return said(value, true.value)

    def right_styles(self) -> list[Any]:
        """As text with point and comma, as fraction, as percentage, and as the numbers of Python and NumPy."""
        true = float(self.truth)
        text = np.format_float_positional(true, precision=7, fractional=False, trim="-")
        styles = [true, np.float64(true), np.float32(true), np.array([true]), Fraction(true), Decimal(repr(true))]
        styles += [repr(true), f"{true:.8e}", text, f"x = {text}", f" {text.replace('-', '−')} ", f"${text}$"]
        styles += [f"{Fraction(true).limit_denominator(10**9)}", f"{true * 100:.12g} %", f"{Fraction(true)}"]
        if abs(true) < 1000 and not re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text):
            styles.append(text.replace(".", ","))
        if 0 < abs(true) < 1:
            styles.append(text.replace("0.", ".", 1))
        return styles

    def wrong_styles(self) -> list[Any]:
        """Other numbers, and things that are no number."""
        true, width = float(self.truth), self.tolerance.width(float(self.truth))
        others = [true * 1.2, true + 2.5 * width, true - 2.5 * width, true * 1000, math.nan, math.inf, "nan"]
        return [*others, "", "maybe", None, True, 1j, "1/0", [true, true], "__import__('os')", "0" * 300]


@dataclass(frozen=True)
class Numbers(Answer):
    """Several numbers, each with its name. truth: name -> number. digits, relative: as of :class:`Number`."""

    truth: Mapping[str, Any]
    digits: int | None = 3
    relative: float | None = None

    @property
    def tolerance(self) -> Tolerance:
        """How exactly they are compared."""
        return Tolerance(None if self.relative is not None else self.digits, self.relative)

    def asks(self) -> str:
        """Their names, and how exactly."""
        return f"{', '.join(f'`{name}`' for name in self.truth)}, each {self.tolerance.asks()}"

    def example(self) -> str:
        """A dict that is not the truth."""
        return "{" + ", ".join(f'"{name}": {0.1 * (i + 1):.1f}' for i, name in enumerate(self.truth)) + "}"

    def accepted(self) -> str:
        """The tolerance in words."""
        return self.tolerance.accepted()

    def read(self, given: Any) -> dict[str, Typed]:
        """A dict, a text such as ``w1 = 0.1, w2 = 0.2``, or the numbers in their order."""
        if isinstance(given, str) and re.search("[=:]", given):
            given = named(given)
        if not isinstance(given, Mapping):
            found = values(given)
            if len(found) != len(self.truth):
                raise Unread(f"{len(self.truth)} numbers are asked for ({', '.join(self.truth)}), not {len(found)}")
            given = dict(zip(self.truth, found, strict=True))
        spelled = {_spelling(name): value for name, value in given.items()}
        missing = [name for name in self.truth if _spelling(name) not in spelled]
        unknown = [name for name in given if _spelling(name) not in map(_spelling, self.truth)]
        if missing or unknown:
            what = [f"{', '.join(missing)} missing"] * bool(missing) + [
                f"{', '.join(map(str, unknown))} unknown"
            ] * bool(unknown)
            raise Unread(f"{' and '.join(what)}: the names are {', '.join(self.truth)}")
        return {name: number(spelled[_spelling(name)]) for name in self.truth}

    def agrees(self, value: dict[str, Typed], other: dict[str, Typed], slack: float = 1.0) -> bool:
        """All of them within their tolerances."""
        return all(self._close(value, other, name, slack) for name in self.truth)

    def is_clear(self, mistakes: Sequence[Mistake]) -> bool:
        """Also that each truth is a handy number."""
        return all(is_handy(float(true)) for true in self.truth.values()) and super().is_clear(mistakes)

    def difference(self, value: dict[str, Typed], true: dict[str, Typed]) -> str:
        """Which are right, and what can be said of the others."""
        wrong = [name for name in self.truth if not self._close(value, true, name)]
        right = [name for name in self.truth if name not in wrong]
        told = [f"`{name}`: {words}" for name in wrong if (words := said(value[name], true[name].value))]
        summary = f"Right: {', '.join(right)}. " if right else ""
        return f"{summary}Not right: {', '.join(wrong)}. {' '.join(told)}".strip()

    def _close(self, value: dict[str, Typed], other: dict[str, Typed], name: str, slack: float = 1.0) -> bool:
        return self.tolerance.close(value[name].value, other[name].value, slack)

    def right_styles(self) -> list[Any]:
        """As a dict, as text, as a list."""
        true = {name: float(value) for name, value in self.truth.items()}
        texts = {name: f"{value:.7g}" for name, value in true.items()}
        joined = [f"{name} = {text}" for name, text in texts.items()]
        return [
            true,
            texts,
            {name.upper(): Fraction(value) for name, value in true.items()},
            list(true.values()),
            np.array(list(true.values())),
            ", ".join(joined),
            "; ".join(joined).replace("-", "−"),
            "\n".join(joined),
            "{" + ", ".join(f"'{name}': {text}" for name, text in texts.items()) + "}",
        ]

    def wrong_styles(self) -> list[Any]:
        """One of them wrong, a name missing, a name too many, too few."""
        true = {name: float(value) for name, value in self.truth.items()}
        changed = [true | {name: value + 0.3 * (abs(value) or 1)} for name, value in true.items()]
        nans = [true | {name: math.nan} for name in true]
        first, *others = true
        return [*changed, *nans, {name: true[name] for name in others}, true | {"zzz": 1.0}, [], "", None, first, 3j]


def _spelling(name: Any) -> str:
    return re.sub(r"[\s_\\{}$'\"]+", "", str(name)).casefold()


def named(text: str) -> dict[str, str]:
    """Name -> text of a number.

    >>> named("w1 = 0,5, w2 = 1/3; b: −2")
    {'w1': '0,5', 'w2': '1/3', 'b': '-2'}
    """
    lines = "; ".join(text.splitlines())
    pieces = re.split(r"[;,\s]+(?=[\"'\\]*[^\W\d][\w{}\\^'\"]*\s*[=:])|;", tidy(lines).strip("{}() "))
    found: dict[str, str] = {}
    for piece in filter(None, (p.strip(" ,;") for p in pieces)):
        name, _, value = re.sub(r"==|:", "=", piece).partition("=")
        if not value.strip():
            raise Unread(f"{piece!r} is no name with a number: write for example w1 = 0.5, w2 = 0.25")
        name = name.strip(" '\"")
        if name in found:
            raise Unread(f"{name} is given twice")
        found[name] = value.strip()
    return found
