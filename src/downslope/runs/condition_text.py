"""The words and signs of conditions, how a text is cut into them, and the nodes that they are made into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from downslope.errors import SettingError

FUNCTIONS = {  # and the kind of node that each of them makes
    **dict.fromkeys(("max", "mean", "median", "min", "std"), "over parts"),  # with a window "over steps"
    **dict.fromkeys(("abs", "exp", "log", "log10", "sqrt"), "call"),
    **dict.fromkeys(("isfinite", "isnan"), "test"),
    "change": "change",
}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

Setting = int | float | str


@dataclass(frozen=True)
class Node:
    """A piece of a condition. at: its first character. text: as written, where it is a single piece.

    kind, of a number: "number", "step", "scalar", "reading", "arithmetic", "call", "over steps", "over parts" or
    "change"; of true or false: "compare", "and", "or", "not" or "test". signs: between the parts of a chain.
    window: the steps before this one that it looks at.
    """

    kind: str
    at: int
    text: str = ""
    parts: tuple[Node, ...] = ()
    signs: tuple[str, ...] = ()
    name: str = ""
    value: float = 0.0
    window: int = 0
    target: str | None = None
    settings: tuple[tuple[str, Setting], ...] = ()

    @property
    def is_truth(self) -> bool:
        """True or false rather than a number."""
        return self.kind in ("compare", "and", "or", "not", "test")

    @property
    def lookback(self) -> int:
        """How many steps before this one it needs: a window inside a window adds to it."""
        return self.window + max((part.lookback for part in self.parts), default=0)

    def readings(self) -> Iterator[Node]:
        """Every instrument that is read in it, from left to right."""
        if self.kind == "reading":
            yield self
        for part in self.parts:
            yield from part.readings()


@dataclass(frozen=True)
class Token:
    """A piece of the text. kind: "number", "name", "word" (in quotes), a sign, and, or, not, or "end"."""

    kind: str
    text: str
    at: int


_PIECE = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<word>'[^'\n]*'|\"[^\"\n]*\")|(?P<sign>\*\*|[<>=!]=|[<>=+\-*/(),])"
)
_REMEDIES = {
    "&": "Write and.",
    "|": "Write or; abs(...) for the absolute value.",
    "!": "Write not, or != for unequal.",
    "≤": "Write <=.",
    "≥": "Write >=.",
    "≠": "Write !=.",
    "^": "Write ** for a power.",
    "²": "Write **2 for the square.",
    "−": "Write the minus sign of the keyboard, -.",
    "·": "Write * for a product.",
    "×": "Write * for a product.",
    "%": "Write 0.3 for 30 %.",
    "'": "Close the quotes.",
    '"': "Close the quotes.",
    "[": "Use round brackets; one part of a reading is named in quotes: dead_units('dense2').",
    ".": "Write names alone: loss, not run.loss.",
}


def fail(code: str, what: str, text: str, at: int, why: str, do: str) -> NoReturn:
    """Raise the error, with the part of the condition around character ``at`` and a caret under it."""
    start = max(0, at - 50)
    part = "".join(c if c.isprintable() else "?" for c in text[start : at + 30])
    where = f"character {at + 1} of the condition\n           {part}\n           {' ' * (at - start)}^"
    raise SettingError(code, what, where=where, why=why, do=do)


def tokens(text: str) -> list[Token]:
    """The pieces of a condition, closed by one of kind "end"."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        piece = _PIECE.match(text, at)
        if not piece:
            why = (
                "a condition is made of numbers, names, words in quotes, and or not, < > = + - * / **, brackets, commas"
            )
            do = _REMEDIES.get(text[at], "Leave it out, or write it with these signs.")
            fail("condition-text", f"{text[at]!r} is not part of a condition", text, at, why, do)
        kind = str(piece.lastgroup)
        found.append(Token(piece[0] if kind == "sign" or piece[0] in ("and", "or", "not") else kind, piece[0], at))
        at = piece.end()
    return [*found, Token("end", "", len(text))]
