"""What a student typed as a number: .5, 0.5, 0,5, 1/2, 5e-1, 50 %, x = −0,5 ... A tiny parser; nothing is evaluated."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

LONGEST = 200
"""Characters of a number's text: more of them are no number that a person typed."""


class Unread(Exception):  # noqa: N818 -- no error of the program: it says what a person should type instead
    """What was given is no answer of this kind; the text says why, and what to write."""


@dataclass(frozen=True)
class Typed:
    """A number as it was given. unit: what one more in its last digit is worth, 0 if it is exact as 1/3 is."""

    value: float
    unit: float = 0.0


_MINUS = dict.fromkeys(map(ord, "−‐‑‒–—﹣－"), "-")
_HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "∞": math.inf}
_POINT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([ _'’.,])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]+)?")
_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_POWER = re.compile(r"(?:(.+?)\s*(?:\\cdot|\\times|[*·×⋅x])\s*)?10\s*(?:\^|\*\*)\s*\{?\s*([+-]?[0-9]{1,4})\s*\}?")


def number(given: Any) -> Typed:
    """The number that was given, as text or as a value of any library. Raises :class:`Unread`.

    >>> [number(text).value for text in (".5", "0,5", "1/2", "5e-1", "50 %", "x = 0.5", "5·10⁻¹")]
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    >>> number("−0,50")
    Typed(value=-0.5, unit=0.01)
    """
    if isinstance(given, str):
        return _of_text(given)
    if given is None:
        raise Unread("there is no answer (None): does the function that made it end with return?")
    if isinstance(given, bool | np.bool_):
        raise Unread(f"{given} is a truth value, and a number is asked for")
    if isinstance(given, int | np.integer | Fraction):
        return Typed(_float(given), 1.0 if given == int(given) else 0.0)
    if isinstance(given, float | np.floating | Decimal):
        return _of_decimal(str(given))
    if callable(given):
        raise Unread("this is a function: call it, and give what it returns")
    return _of_value(given)


def _float(given: Any) -> float:
    try:
        return float(given)
    except OverflowError:  # a whole number of 400 digits
        return math.inf if given > 0 else -math.inf


def _of_value(given: Any) -> Typed:
    """An array of one number, of any library, or something else that knows its number."""
    try:
        value = np.asarray(given.detach() if hasattr(given, "detach") else given)
        value = value if value.dtype.kind in "biuf" else np.asarray(float(given))
    except Exception:  # what a foreign object raises here is its own business
        raise Unread(f"a {type(given).__name__} is no number") from None
    if value.size != 1:
        raise Unread(f"one number is asked for, and this has the shape {value.shape}")
    return number(value.reshape(())[()])


def _of_decimal(text: str) -> Typed:
    exponent = Decimal(text).as_tuple().exponent
    return Typed(float(text), float(f"1e{exponent}") if isinstance(exponent, int) else 0.0)


def _of_text(given: str) -> Typed:
    text = tidy(given)
    if not text:
        raise Unread("there is no answer yet")
    if len(text) > LONGEST:
        raise Unread(f"this is a text of {len(text)} characters, and one number is asked for")
    text = _without_name(text)
    sign, word = (-1.0, text[1:]) if text[:1] == "-" else (1.0, text)
    if word.strip().casefold() in _WORDS:
        return Typed(sign * _WORDS[word.strip().casefold()])
    if text.endswith("%"):
        part = _of_text(text[:-1])
        return Typed(part.value / 100, part.unit / 100)
    if power := _POWER.fullmatch(text):
        factor = _of_text(power[1]) if power[1] else Typed(1.0, 0.0)
        scale = float(f"1e{power[2]}")
        return Typed(factor.value * scale, factor.unit * scale)
    over, slash, under = text.partition("/")
    if slash:
        bottom = _plain(under.strip(), given).value
        if not bottom:
            raise Unread(f"{given.strip()!r} divides by 0")
        return Typed(_plain(over.strip(), given).value / bottom)
    return _plain(text, given)


def tidy(text: str) -> str:
    """A text in the signs of the keyboard: full-width digits, Unicode minus signs, raised exponents, ½."""
    text = re.sub("[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda high: "^" + high[0].translate(_HIGH), text)
    signs = [f" {unicodedata.normalize('NFKC', c)}" if unicodedata.category(c) == "No" else c for c in text]
    text = unicodedata.normalize("NFKC", "".join(signs)).replace("\u2044", "/").replace("\u2215", "/")
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text.translate(_MINUS))
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    return re.sub(r"\s+", " ", text.replace("$", "").replace("`", "").replace("{,}", ",")).strip()


def _without_name(text: str) -> str:
    """``w1 = 0.5`` is 0.5; with several of them it is not clear which one is meant."""
    name, sign, value = re.sub(r"==|≈|≃|\\approx|:", "=", text).partition("=")
    if not sign:
        return text
    if "=" in value or (name.strip() and not re.search(r"[^\W\d]", name)):
        raise Unread(f"{text!r} has more than one number: give the answer alone")
    if not value.strip():
        raise Unread("there is nothing behind the equals sign")
    return value.strip()


def _plain(text: str, given: str) -> Typed:
    """Digits with a point or a comma, and perhaps signs between groups of three."""
    text = re.sub(r"^([+-]) +", r"\1", text)
    if re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+\.", text):  # the full stop of a sentence
        text = text[:-1]
    if _AMBIGUOUS.fullmatch(text):
        point, whole = text.replace(",", "."), text.replace(",", "")
        raise Unread(f"{text} may be {point} or {whole}: write {point} or {whole}")
    if _POINT.fullmatch(text):
        return _of_decimal(text)
    if _COMMA.fullmatch(text):
        return _of_decimal(text.replace(",", "."))
    if grouped := _GROUPED.fullmatch(text):
        return _of_decimal(text.replace(grouped[1], "").replace(",", "."))
    raise Unread(f"{given.strip()!r} is no number: write it as 0.25, 1/4 or 2.5e-1")
