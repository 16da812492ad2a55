"""Files to read, written by hand in each test, so that the test shows the very cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Write: TypeAlias = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("people.csv", text)`` gives the path of a new file with this content."""

    def to_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


@pytest.fixture
def people() -> str:
    """24 rows of a healthy CSV: a category, a number, yes/no, a date and a target with many values."""
    rows = [
        f"{('Paris', 'Rome', 'Bonn')[i % 3]},{20 + 1.5 * i},{('yes', 'no')[i % 2]},2024-01-{i + 1:02d},{100 + i * i}"
        for i in range(24)
    ]
    return "\n".join(["city,age,member,since,price", *rows]) + "\n"
