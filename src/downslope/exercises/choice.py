"""Answers that are one of a few: the letter, or the words that stand behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from downslope.exercises.answer import Answer
from downslope.exercises.reading import Unread, tidy
from downslope.exercises.text import plain

LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Choice(Answer):
    """One of several. options: key -> Markdown, in the order in which they are shown. truth: the key of the right one.

    A mistake's answer is a key too.
    """

    options: Mapping[str, str]
    truth: Any
    has_fixed_mistakes: ClassVar[bool] = True

    def asks(self) -> str:
        """The options with their letters."""
        listed = "\n".join(
            f"- **{letter})** {text}" for letter, text in zip(LETTERS, self.options.values(), strict=False)
        )
        return f"one letter\n\n{listed}"

    def example(self) -> str:
        """A letter, right or wrong."""
        return '"a"'

    def letter(self, key: str) -> str:
        """The letter of a key."""
        return LETTERS[list(self.options).index(key)]

    def read(self, given: Any) -> str:
        """The key: by its letter, in any dress, or by the words."""
        if isinstance(given, str):
            letters = dict(zip(LETTERS, self.options, strict=False))
            word = tidy(given).strip("()[]{}.:;,*'\" ").casefold()
            if word in letters:
                return letters[word]
            for key, text in self.options.items():
                if _words(given) in (_words(text), _words(plain(text)), _words(key)):
                    return key
        last = LETTERS[len(self.options) - 1]
        raise Unread(f"{given!r} is none of the options: answer with a letter from a to {last}")

    def agrees(self, value: str, other: str, slack: float = 1.0) -> bool:
        """The same option."""
        return value == other

    def difference(self, value: str, true: str) -> str:
        """Nothing: every wrong option is a mistake with its own hint."""
        return ""

    def right_styles(self) -> list[Any]:
        """The letter in several dresses, and the words."""
        letter, words = self.letter(self.truth), self.options[self.truth]
        return [
            letter,
            letter.upper(),
            f"({letter})",
            f" {letter}) ",
            f"{letter}.",
            f"**{letter}**",
            words,
            plain(words),
        ]

    def wrong_styles(self) -> list[Any]:
        """All other letters, and what is none."""
        others = [self.letter(key) for key in self.options if key != self.truth]
        return [*others, LETTERS[len(self.options)], "", "yes", None, 1, "ab", 0.5]


def _words(text: str) -> str:
    return re.sub(r"[\s$`*.]+", "", text).casefold()
