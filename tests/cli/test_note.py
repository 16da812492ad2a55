"""``downslope note``: a remark in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from downslope.runs import load

Call = Callable[..., Any]
Refused = Callable[..., str]


def test_notes_stay_with_the_run(downslope: Call, recorded: Path) -> None:
    assert "Noted in" in downslope("note", "last", "with clean labels").out
    assert downslope("note", "digits-1", "[bold]it jumps", "--step", 41, "--quiet").out == ""
    assert load(recorded).notes == [(None, "with clean labels"), (41, "[bold]it jumps")]


def test_an_empty_note_and_a_step_that_was_not_taken_are_refused(refused: Refused, recorded: Path) -> None:
    refused("cli-usage", "note", "digits-1", " ")
    refused("run-step", "note", "digits-1", "here", "--step", 999)
    assert load(recorded).notes == []
