"""The grammar of conditions: text becomes a tree of our own nodes, and nothing is ever run as code.

    either     = both {"or" both}
    both       = negation {"and" negation}
    negation   = {"not"} comparison
    comparison = sum {("<" | "<=" | ">" | ">=" | "==" | "!=") sum}     a < b < c is a < b and b < c
    sum        = product {("+" | "-") product}
    product    = signed {("*" | "/") signed}
    signed     = {"+" | "-"} power
    power      = atom ["**" signed]                  so -x**2 is -(x**2), and 2**3**2 is 2**(3**2), as in Python
    atom       = number | name | function "(" sum ["," steps] ")" | reading | "(" either ")"
    reading    = instrument ["(" [target] {"," setting "=" (number | word)} ")"]

A chain such as a + b + c is one node with three parts, so the tree is hardly deeper than its brackets, and those are
limited. Whether a node is a number or true or false is settled here, so that an error points at the character.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from downslope.errors import nearest
from downslope.runs.condition_text import COMPARISONS, FUNCTIONS, Node, Setting, Token, fail, tokens

MAX_LENGTH = 1000  # characters
MAX_DEPTH = 20  # open brackets, powers of powers
MAX_WINDOW = 10_000  # steps: a window costs its length at every step


def tree(text: str, names: Sequence[str], instruments: Sequence[str]) -> Node:
    """The node of a whole condition; SettingError ``condition-...`` where it is not one."""
    if len(text) > MAX_LENGTH:
        _too_large(f"the condition has {len(text):,} characters", text, MAX_LENGTH, f"{MAX_LENGTH:,} characters")
    reader = _Reader(text, names, instruments)
    if reader.next.kind == "end":
        why = "there is nothing that could hold or not"
        fail("condition-text", "the condition is empty", text, 0, why, "Write for example loss > 2 * median(loss, 20).")
    node = reader.either()
    if reader.next.kind != "end":
        reader.unexpected("an operator or the end")
    reader.want(node, truth=True)
    return node


def _too_large(what: str, text: str, at: int, limit: str) -> NoReturn:
    """Raise ``condition-text`` for one that is too large."""
    why = f"so that no condition can freeze the page or the terminal it is typed into: at most {limit}"
    fail("condition-text", what, text, at, why, "Write it shorter.")


class _Reader:
    """Reads tokens from left to right, one method a line of the grammar, and makes nodes."""

    def __init__(self, text: str, names: Sequence[str], instruments: Sequence[str]) -> None:
        self.text, self.names, self.instruments = text, names, instruments
        self.tokens = tokens(text)
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    @property
    def after(self) -> str:
        """Kind of the token after the next one."""
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)].kind

    def take(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def either(self) -> Node:
        return self.chain("or", ("or",), self.both, truth=True)

    def both(self) -> Node:
        return self.chain("and", ("and",), self.negation, truth=True)

    def negation(self) -> Node:
        at, count = self.next.at, 0
        while self.next.kind == "not":
            self.take()
            count += 1
        node = self.comparison()
        if count:
            self.want(node, truth=True)
        return Node("not", at, parts=(node,)) if count % 2 else node

    def comparison(self) -> Node:
        return self.chain("compare", COMPARISONS, self.sum, truth=False)

    def sum(self) -> Node:
        return self.chain("arithmetic", ("+", "-"), self.product, truth=False)

    def product(self) -> Node:
        return self.chain("arithmetic", ("*", "/"), self.signed, truth=False)

    def signed(self) -> Node:
        at, signs = self.next.at, []
        while self.next.kind in ("+", "-"):
            signs.append(self.take().kind)
        node = self.power()
        if signs:
            self.want(node, truth=False)
        return Node("call", at, parts=(node,), name="negative") if signs.count("-") % 2 else node

    def power(self) -> Node:
        node = self.atom()
        if self.next.kind != "**":
            return node
        self.take()
        self.deeper()
        exponent = self.signed()
        self.depth -= 1
        for part in (node, exponent):
            self.want(part, truth=False)
        return Node("arithmetic", node.at, parts=(node, exponent), signs=("**",))

    def chain(self, kind: str, signs: tuple[str, ...], part: Callable[[], Node], *, truth: bool) -> Node:
        """One part, or several with signs between them: then all of them numbers, or all true or false."""
        parts, between = [part()], []
        while self.next.kind in signs:
            between.append(self.take().kind)
            parts.append(part())
        if not between:
            return parts[0]
        for each in parts:
            self.want(each, truth=truth)
        return Node(kind, parts[0].at, parts=tuple(parts), signs=tuple(between))

    def atom(self) -> Node:
        token = self.next
        if token.kind == "number":
            return Node("number", token.at, token.text, value=float(self.number()))
        if token.kind == "name":
            return self.name(self.take())
        if token.kind != "(":
            self.unexpected("a number, a name or an opening bracket")
        self.open()
        node = self.either()
        self.close(token)
        return node

    def number(self) -> int | float:
        token = self.take()
        value = float(token.text)
        if value == float("inf"):
            why = "double precision ends at 1.8e308"
            do = "Write a smaller number; isfinite(x) asks for infinity."
            fail("condition-text", f"{token.text[:30]} is too large", self.text, token.at, why, do)
        return int(token.text) if token.text.isdigit() else value

    def name(self, token: Token) -> Node:
        called = self.next.kind == "("
        if token.text in FUNCTIONS and called:
            return self.function(token)
        if token.text in self.instruments and (called or token.text not in self.names):
            return self.reading(token)
        if token.text not in ("t", *self.names):
            self.unknown(token, called=called)
        if called:
            why = "only functions and instruments take brackets"
            do = f"Write {token.text} alone, or {token.text} * (...) for a product."
            fail("condition-text", f"{token.text} is a number of each step", self.text, self.next.at, why, do)
        return Node("step" if token.text == "t" else "scalar", token.at, token.text, name=token.text)

    def unknown(self, token: Token, *, called: bool) -> NoReturn:
        if token.text in FUNCTIONS:
            self.unexpected(f"an opening bracket after {token.text}")
        why = "a condition knows t, what was recorded at each step, the instruments and its functions, and nothing else"
        known = {*FUNCTIONS, *self.instruments} if called else {"t", *self.names, *self.instruments}
        do = nearest(token.text, known)
        if token.text.lower() in ("nan", "inf"):
            do = "Write isnan(x), or not isfinite(x) for both."
        fail("condition-name", f"{token.text[:30]!r} is not a known name", self.text, token.at, why, do)

    def function(self, token: Token) -> Node:
        opening, kind, window = self.open(), FUNCTIONS[token.text], 0
        node = self.either()  # only a number is right, but a comparison is then an error of its own
        self.want(node, truth=False)
        if kind == "over parts" and self.next.kind == ",":
            kind, window = "over steps", self.window(token.text)
        elif self.next.kind == ",":
            why = f"only {', '.join(name for name in FUNCTIONS if FUNCTIONS[name] == 'over parts')} go over steps"
            do = f"Write {token.text}({node.text or '...'})."
            fail("condition-text", f"{token.text} takes one argument", self.text, self.next.at, why, do)
        self.close(opening)
        if kind == "over parts" and not any(node.readings()):
            why = f"with one argument {token.text} goes over the parts of a reading, and here there is none"
            do = f"Say over how many steps before this one: {token.text}({node.text or '...'}, 20)."
            fail("condition-window", f"{token.text} has no window", self.text, token.at, why, do)
        window = 1 if kind == "change" else window
        return Node(kind, token.at, parts=(node,), name=token.text, window=window)

    def window(self, function: str) -> int:
        """The second argument of a function over steps."""
        self.take()
        token = self.next
        is_whole = token.text.isdigit() and self.after not in ("+", "-", "*", "/", "**")
        if not (is_whole and 1 <= int(token.text) <= MAX_WINDOW):
            why = f"the second argument of {function} is how many steps before this one it goes over"
            do = f"Write a whole number from 1 to {MAX_WINDOW:,}, for example {function}(loss, 20)."
            found = repr(token.text[:30]) if self.after in (")", ",", "end") else "this"
            fail("condition-window", f"{found} is no number of steps for a window", self.text, token.at, why, do)
        return int(self.take().text)

    def reading(self, token: Token) -> Node:
        """An instrument, with a target and settings or without."""
        given = self.given(token.text) if self.next.kind == "(" else {}
        last = self.tokens[self.position - 1]
        written = self.text[token.at : last.at + len(last.text)]
        target = given.pop("target", None)
        settings = tuple(sorted(given.items()))
        return Node("reading", token.at, written, name=token.text, target=target, settings=settings)

    def given(self, instrument: str) -> dict[str, Any]:
        """What stands in the brackets of an instrument: a target, settings by name, or nothing."""
        opening, given = self.open(), dict[str, Any]()
        while self.next.kind != ")" or given:  # after a comma another one must follow
            token, word = self.next, "target"
            if token.kind == "name" and self.after == "=":
                word = self.take().text
                self.take()
            elif token.kind != "word" or given:
                self.no_setting(instrument)
            if word in given:
                why = "one of the two would be ignored"
                fail("condition-text", f"{word} is given twice", self.text, token.at, why, "Leave one out.")
            given[word] = self.setting(instrument, word)
            if self.next.kind != ",":
                break
            self.take()
        self.close(opening)
        return given

    def setting(self, instrument: str, word: str) -> Setting:
        """A number or a word in quotes; the target is a word."""
        if self.next.kind == "word":
            return self.take().text[1:-1]
        sign = self.take().kind if self.next.kind == "-" else ""
        if self.next.kind != "number" or word == "target":
            self.no_setting(instrument)
        return -self.number() if sign else self.number()

    def no_setting(self, instrument: str) -> NoReturn:
        token = self.next
        found = repr(token.text[:30]) if token.text else "the end of the condition"
        what = f"{found} is neither the target of {instrument} nor one of its settings"
        why = "the target is a word in quotes and comes first; settings are numbers or words, with their name and ="
        do = f"Write {instrument}('{token.text[:30] if token.kind == 'name' else 'dense2'}'), or {instrument}(k=3)."
        fail("condition-text", what, self.text, token.at, why, do)

    def open(self) -> Token:
        self.deeper()
        return self.take()

    def close(self, opening: Token) -> None:
        if self.next.kind != ")":
            self.unexpected(f"an operator or the bracket that closes the one at character {opening.at + 1}")
        self.take()
        self.depth -= 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _too_large("the condition is nested too deeply", self.text, self.next.at, f"{MAX_DEPTH} levels")

    def want(self, node: Node, *, truth: bool) -> None:
        """Refuse a number where true or false is needed, and the other way round."""
        if node.is_truth == truth:
            return
        if truth:
            what = f"{node.text or 'this'} is a number where something true or false is needed"
            why = "whether a number counts as true would be a guess"
            do = f"Compare it with something: {node.text or '...'} > 1."
        else:
            what = "this is true or false where a number is needed"
            why = "true and false cannot be counted with or compared; a < b < c compares numbers only"
            do = "Put and or or between two comparisons, and brackets where another order is meant."
        fail("condition-type", what, self.text, node.at, why, do)

    def unexpected(self, expected: str) -> NoReturn:
        token, before = self.next, self.tokens[max(self.position - 1, 0)]
        found = repr(token.text[:30]) if token.text else "the end of the condition"
        do = f"Put {expected} there."
        if token.kind == "=":
            do = "Write == for equal."
        elif token.text.lower() in ("and", "or", "not") and token.kind == "name":
            do = f"Write {token.text.lower()} in small letters."
        elif before.kind in ("number", "name", ")") and token.kind in ("number", "name", "("):
            do = f"If a product is meant, write the sign: {before.text[:30]} * {token.text[:30]}."
        why = f"at this place only {expected} can stand"
        fail("condition-text", f"{found} stands where {expected} is expected", self.text, token.at, why, do)
