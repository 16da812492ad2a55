"""The words and signs of the user's own formulas, and how a text is cut into them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from downslope.errors import SettingError

CONSTANTS = {"pi": float(np.pi), "e": float(np.e)}
VARIABLES = ("x", "y")


@dataclass(frozen=True)
class Function:
    """A word of the grammar: what it computes, of how many arguments at least and at most, and its LaTeX."""

    compute: Callable[..., Any]
    fewest: int
    most: int
    latex: str


def _one(compute: Callable[..., Any], latex: str) -> Function:
    return Function(compute, 1, 1, latex)


FUNCTIONS: dict[str, Function] = {
    **{name: _one(getattr(np, name), rf"\{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    **{name: _one(getattr(np, name), rf"\{name}") for name in ("arcsin", "arccos", "arctan")},
    "log": _one(np.log, r"\ln"),
    "log10": _one(np.log10, r"\log_{10}"),
    "log2": _one(np.log2, r"\log_{2}"),
    "sqrt": _one(np.sqrt, r"\sqrt"),
    "abs": _one(np.abs, "|"),
    "sign": _one(np.sign, r"\operatorname{sign}"),
    "min": Function(np.minimum, 2, 20, r"\min"),
    "max": Function(np.maximum, 2, 20, r"\max"),
}
FUNCTIONS |= {"ln": FUNCTIONS["log"], "asin": FUNCTIONS["arcsin"], "acos": FUNCTIONS["arccos"]}
FUNCTIONS |= {"atan": FUNCTIONS["arctan"]}


@dataclass(frozen=True)
class Token:
    """A piece of the text. kind: "number", "name", an operator or bracket, or "end". at: its first character."""

    kind: str
    text: str
    at: int


_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_SIGNS = ("**", "+", "-", "*", "/", "^", "(", ")", ",")
_REMEDIES = {
    "=": "Write only the right-hand side: x**2 + y, without z = or f(x, y) =.",
    "²": "Write **2 for the square.",
    "³": "Write **3 for the cube.",
    "−": "Write the minus sign of the keyboard, -.",
    "·": "Write * for a product.",
    "×": "Write * for a product.",
    "|": "Write abs(...) for the absolute value.",
    "√": "Write sqrt(...) for the root.",
    "π": "Write pi.",
    "[": "Use round brackets.",
    ".": "Write functions alone: sin(x), not np.sin(x).",
}


def fail(code: str, what: str, text: str, at: int, why: str, do: str) -> NoReturn:
    """Raise the error, with the part of the formula around character ``at`` and a caret under it."""
    start = max(0, at - 50)
    part = "".join(c if c.isprintable() else "?" for c in text[start : at + 30])
    where = f"character {at + 1} of the formula\n           {part}\n           {' ' * (at - start)}^"
    raise SettingError(code, what, where=where, why=why, do=do)


def tokens(text: str) -> list[Token]:
    """The pieces of a formula, closed by one of kind "end"."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        number, name = _NUMBER.match(text, at), _NAME.match(text, at)
        sign = next((sign for sign in _SIGNS if text.startswith(sign, at)), None)
        if number:
            found.append(Token("number", number[0], at))
        elif name:
            found.append(Token("name", name[0], at))
        elif sign:
            found.append(Token("**" if sign == "^" else sign, sign, at))
        else:
            fail(
                "formula-character",
                f"{text[at]!r} is not part of a formula",
                text,
                at,
                "a formula is made of numbers, x, y, functions, + - * / **, brackets and commas",
                _REMEDIES.get(text[at], "Leave it out, or write it with these signs."),
            )
        at = found[-1].at + len(found[-1].text)
    return [*found, Token("end", "", len(text))]
