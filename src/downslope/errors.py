"""Errors as features: what happened, where, why it matters, what to do; each with a code that names its docs page."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

MOST_NAMES = 60  # a table may have hundreds of columns, and a line that long hides its first words


class DownslopeError(Exception):
    """A clear message of four lines. ``code`` is the heading of its section in docs/errors.md.

    what: what happened, with the values. where: the node, or the user's file and line.
    why: why it matters. do: what to do about it.
    """

    def __init__(self, code: str, what: str, *, where: str, why: str, do: str) -> None:
        self.code, self.what, self.where, self.why, self.do = code, what, where, why, do
        super().__init__(f"{what}  [{code}]\n  where: {where}\n  why:   {why}\n  do:    {do}")

    @classmethod
    def again(cls, told: Any) -> DownslopeError:
        """The error that another process met. told: its five texts as attributes of these names."""
        return cls(told.code, told.what, where=told.where, why=told.why, do=told.do)


class TraceError(DownslopeError, TypeError):
    """Something that the graph cannot hold: a value asked for while only shapes are known, an unknown function."""


class ShapeError(DownslopeError, ValueError):
    """Shapes that do not fit; the message shows all of them and the node."""


class DerivativeError(DownslopeError, ValueError):
    """A derivative that does not exist, or was asked of something that has none."""


class DataError(DownslopeError, ValueError):
    """Data that cannot be trained on: a missing file, an empty table, one class only, NaN in a cell."""


class SettingError(DownslopeError, ValueError):
    """A setting out of range or an unknown name; the nearest known one is suggested."""


class RunFileError(DownslopeError, OSError):
    """A run file that cannot be read or written: it names what is lost and what is intact."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Remedy for an unknown name: the closest known name first, then all of them (the first sixty of very many).

    >>> nearest("dgits", ["digits", "iris"])
    "Did you mean 'digits'? Known: digits, iris."
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=5, cutoff=0.5)
    # Two letters exchanged are likelier than letters left out: `adma` is adam and not adamax.
    best = max(close, key=lambda name: _likeness(word, name), default="")
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    return (f"Did you mean '{best}'? " if best else "") + f"Known: {shown}."


def _likeness(word: str, name: str) -> float:
    ratio = difflib.SequenceMatcher(None, word, name).ratio()
    return ratio - 0.05 * abs(len(word) - len(name)) + 0.1 * (sorted(word) == sorted(name))
