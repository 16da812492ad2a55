"""What the page on exercises shows is run: an exercise of one's own keeps the contract of all others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.exercises import EXERCISES
from downslope.exercises.journal import JOURNAL

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exercises.md"


@pytest.fixture(autouse=True)
def as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    known = dict(EXERCISES)
    JOURNAL.forget()
    yield
    JOURNAL.forget()
    EXERCISES.clear()
    EXERCISES.update(known)


def test_every_block_of_the_page_runs(tmp_path: Path) -> None:
    space: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(block, space)
    assert "square-1" in EXERCISES
    assert ds.exercise("square-1", me="anna").check(space["q"].answer.truth)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert {"source/week1/exercises.ipynb", "tests/slope_1.py", "results.csv"} <= written


def test_every_command_of_the_page_names_an_exercise_that_exists() -> None:
    named = re.findall(r"downslope exercise ([a-z]+-[\w-]+)", PAGE.read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(EXERCISES)
