"""Damage: a part of a run file that cannot be used, and the digest by which it is found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from downslope.runs import layout


@dataclass(frozen=True)
class Damage:
    """A part of the file that cannot be used: table, which row (or rows), and why."""

    table: str
    row: str
    why: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.why}"


def digest(table: str, values: Sequence[Any]) -> bytes:
    """Eight bytes that change if any value of a row does, or if the row is moved to another table."""
    found = hashlib.blake2b(table.encode(), digest_size=8)
    for value in values:
        plain = value if isinstance(value, bytes) else repr(value).encode()
        found.update(f"{type(value).__name__} {len(plain)}:".encode())
        found.update(plain)
    return found.digest()


def named(table: str, row: Sequence[Any]) -> str:
    """A row by its key, in words."""
    return "row " + " ".join(str(value)[:40] for value in row[: len(layout.KEYS[table])])
