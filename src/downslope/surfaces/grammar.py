"""The grammar of the user's own formulas: text becomes a list of operations, and nothing is ever run as code.

    sum      = product {("+" | "-") product}
    product  = signed {("*" | "/") signed}
    signed   = {"+" | "-"} power
    power    = atom [("**" | "^") signed]          so -x**2 is -(x**2), and 2**3**2 is 2**(3**2), as in Python
    atom     = number | "x" | "y" | "pi" | "e" | function "(" sum {"," sum} ")" | "(" sum ")"

The list is in postfix order ("x 2 ** y +"), so everything that reads it is a loop over a stack: a formula of a thousand
terms needs no deep recursion. Length, nesting and number of operations are limited before anything is computed.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from downslope.surfaces.tokens import CONSTANTS, FUNCTIONS, VARIABLES, Function, Token, fail, tokens

MAX_LENGTH = 1000  # characters
MAX_DEPTH = 40  # open parentheses, powers of powers
MAX_OPERATIONS = 300  # numbers, variables, operators and function calls


@dataclass(frozen=True)
class Operation:
    """kind: "number", "variable", "+", "-", "*", "/", "**", "negative" or "call". count: of its arguments."""

    kind: str
    name: str = ""
    value: float = 0.0
    count: int = 0


def parse(text: str) -> tuple[Operation, ...]:
    """The operations of a formula in postfix order; SettingError ``formula-...`` where it is not one."""
    if len(text) > MAX_LENGTH:
        fail_size(f"the formula has {len(text):,} characters", text, MAX_LENGTH, f"at most {MAX_LENGTH:,} characters")
    if not text.strip():
        fail("formula-syntax", "the formula is empty", text, 0, "there is nothing to go down on", "Write x**2 + y**2.")
    reader = _Reader(text)
    reader.sum()
    if reader.next.kind != "end":
        reader.unexpected("an operator (+ - * / **)" + (", a comma" if reader.depth else "") + " or the end")
    return tuple(reader.operations)


def fail_size(what: str, text: str, at: int, limit: str) -> NoReturn:
    """Raise ``formula-size``."""
    why = f"so that no formula can freeze the page or the terminal it is typed into, there are limits: {limit}"
    fail("formula-size", what, text, at, why, "Write it shorter, or as a Python function in a file of surfaces.")


class _Reader:
    """Reads tokens from left to right, one method a line of the grammar, and writes operations."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.position = 0
        self.depth = 0
        self.operations: list[Operation] = []

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def write(self, operation: Operation) -> None:
        if len(self.operations) >= MAX_OPERATIONS:
            fail_size("the formula has too many operations", self.text, self.next.at, f"at most {MAX_OPERATIONS}")
        self.operations.append(operation)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            fail_size("the formula is nested too deeply", self.text, self.next.at, f"at most {MAX_DEPTH} levels")

    def sum(self) -> None:
        self.product()
        while self.next.kind in ("+", "-"):
            sign = self.take().kind
            self.product()
            self.write(Operation(sign, count=2))

    def product(self) -> None:
        self.signed()
        while self.next.kind in ("*", "/"):
            sign = self.take().kind
            self.signed()
            self.write(Operation(sign, count=2))

    def signed(self) -> None:
        minuses = 0
        while self.next.kind in ("+", "-"):
            minuses += self.take().kind == "-"
        self.power()
        for _ in range(minuses):
            self.write(Operation("negative", count=1))

    def power(self) -> None:
        self.atom()
        if self.next.kind == "**":
            self.take()
            self.deeper()
            self.signed()
            self.depth -= 1
            self.write(Operation("**", count=2))

    def atom(self) -> None:
        token = self.next
        if token.kind == "number":
            self.number(self.take())
        elif token.kind == "name":
            self.name(self.take())
        elif token.kind == "(":
            self.bracket(self.take())
        else:
            self.unexpected("a number, x, y, a function or an opening bracket")

    def number(self, token: Token) -> None:
        value = float(token.text)
        if not np.isfinite(value):
            why = "double precision ends at 1.8e308; beyond it is only infinity"
            fail(
                "formula-number", f"{token.text[:30]} is too large", self.text, token.at, why, "Write a smaller number."
            )
        self.write(Operation("number", token.text, value))

    def bracket(self, opening: Token, *, is_call: bool = False) -> int:
        """What stands between brackets; how many sums, which commas part."""
        self.deeper()
        self.sum()
        count = 1
        while self.next.kind == ",":
            if not is_call:
                why = "commas part the arguments of a function, and before this bracket there is none"
                do = "Write 1.5 for one and a half."
                fail("formula-syntax", "a comma without a function", self.text, self.next.at, why, do)
            self.take()
            self.sum()
            count += 1
        if self.next.kind != ")":
            self.unexpected(f"an operator or the bracket that closes the one at character {opening.at + 1}")
        self.take()
        self.depth -= 1
        return count

    def name(self, token: Token) -> None:
        if token.text in FUNCTIONS:
            self.call(token, FUNCTIONS[token.text])
        elif token.text in CONSTANTS:
            self.write(Operation("number", token.text, CONSTANTS[token.text]))
        elif token.text in VARIABLES:
            self.write(Operation("variable", token.text))
        else:
            known = [*VARIABLES, *CONSTANTS, *FUNCTIONS]
            fail(
                "formula-name",
                f"{token.text[:30]!r} is not a known name",
                self.text,
                token.at,
                "a formula has the variables x and y, the constants pi and e, and these functions alone",
                _suggestion(token.text, known),
            )

    def call(self, token: Token, function: Function) -> None:
        if self.next.kind != "(":
            self.unexpected(f"an opening bracket after {token.text}, as in {token.text}(x)")
        count = self.bracket(self.take(), is_call=True)
        if not function.fewest <= count <= function.most:
            wanted = "1 argument" if function.most == 1 else f"{function.fewest} to {function.most} arguments"
            fail(
                "formula-arguments",
                f"{token.text} is given {count} argument{'s' * (count > 1)} and takes {wanted}",
                self.text,
                token.at,
                "every function of the grammar has its number of arguments",
                f"Write {token.text}({'x' if function.most == 1 else 'x, y'}).",
            )
        self.write(Operation("call", token.text, count=count))

    def unexpected(self, expected: str) -> NoReturn:
        token, before = self.next, self.tokens[self.position - 1] if self.position else None
        found = repr(token.text[:30]) if token.text else "the end of the formula"
        do = f"Put {expected} there."
        ended = before is not None and before.kind in ("number", "name", ")") and before.text not in FUNCTIONS
        if before is not None and ended and token.kind in ("number", "name", "("):
            do = f"If a product is meant, write the sign: {before.text[:30]}*{token.text[:30]}."
        why = f"at this place only {expected} can stand"
        fail("formula-syntax", f"{found} stands where {expected} is expected", self.text, token.at, why, do)


def _suggestion(word: str, known: list[str]) -> str:
    if word in ("np", "numpy", "math"):
        return "Write functions alone: sin(x), not np.sin(x)."
    if len(word) > 1 and set(word) <= set(VARIABLES):
        return f"If a product is meant, write the signs: {'*'.join(word[:10])}."
    lower = word.lower()
    close = [lower] if lower in known else difflib.get_close_matches(lower, known, n=1, cutoff=0.5)
    return (f"Did you mean {close[0]!r}? " if close else "") + f"Known: {', '.join(known)}."
