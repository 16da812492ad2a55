"""The line of long questions: where somebody is looking, and never in a notebook that is run to be published."""

from __future__ import annotations

import io
import time

import pytest

from downslope.runs.progress import shown


@pytest.mark.parametrize(("setting", "is_drawn"), [("", True), ("1", True), ("0", False)])
def test_the_line_can_be_kept_away(setting: str, is_drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("DOWNSLOPE_PROGRESS", setting)
    clock = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with shown("dead_units") as line:
        line(1, 4)
        line(2, 4)
    drawn = screen.getvalue()
    assert ("dead_units" in drawn and "2 of 4" in drawn) == is_drawn
    assert drawn.endswith("\r") == is_drawn  # gone when all is done
