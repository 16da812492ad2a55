"""Every test begins with an empty journal, and none writes into anybody's home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from downslope.exercises.journal import JOURNAL


@pytest.fixture(autouse=True)
def empty_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DOWNSLOPE_PROGRESS", str(tmp_path / "progress" / "exercises.jsonl"))
    JOURNAL.forget()
    yield
    JOURNAL.forget()
