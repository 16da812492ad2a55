"""``downslope show``: what a file holds, damaged or not."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from downslope.runs import Run

Call = Callable[..., Any]
Refused = Callable[..., str]


def test_it_shows_courses_snapshots_notes_forks_and_answers(downslope: Call, run: Run, recorded: Path) -> None:
    run.note("look here", 7)
    run.fork(at=50, lr=0.1, record=recorded.with_name("fork.run"))
    run.ask("dead_units", steps=[1, 5, 9], target="dense1")
    out = downslope("show", "digits-1").out
    assert "adam(lr=0.01, " in out
    assert re.search(r"^  loss +[▁▂▃▄▅▆▇█]{20,}  2\.\d+ → ", out, flags=re.MULTILINE)
    for word in ("grad norm", "lr", "accuracy", "held-out loss"):
        assert re.search(rf"^  {word} +[▁▂▃▄▅▆▇█]", out, flags=re.MULTILINE)
    assert re.search(r"any step is at most \d+ steps from a snapshot", out)
    assert "step 7: look here" in out
    assert "at step 50: lr 0.01 -> 0.1" in " ".join(out.split())
    assert "dead_units of dense1 at 3 steps" in out
    assert "environment   machine" in out
    assert "none: every row has its digest" in out
    assert "fork          of" in downslope("show", "fork").out


def test_json_holds_the_same(downslope: Call, run: Run, recorded: Path) -> None:
    run.note("look here", 7)
    found = json.loads(downslope("show", "last", "--json").out)
    assert found["notes"] == [{"step": 7, "text": "look here"}]
    assert found["segments"][0]["optimizer"] == str(run.optimizer)
    assert found["snapshots"][0]["step"] == 0
    assert found["damage"] == []


@pytest.mark.parametrize("table", ["segments", "chunks", "summaries", "metrics", "snapshots", "data", "notes"])
def test_a_damaged_row_is_named_and_the_rest_is_shown(downslope: Call, run: Run, recorded: Path, table: str) -> None:
    run.note("look here", 7)
    column = {"segments": "facts", "chunks": "loss", "summaries": "summary", "metrics": "value"}.get(table, "digest")
    with sqlite3.connect(recorded) as file:
        file.execute(f"UPDATE {table} SET {column} = x'00'")
    done = downslope("show", "digits-1")
    assert done.code == 0
    assert f"{table} row " in done.out
    assert "steps         130" in done.out
    assert (table == "snapshots") == ("not every step can be replayed" in done.out) or table == "segments"


def test_a_file_that_cannot_be_opened_is_told_in_four_lines(refused: Refused, recorded: Path) -> None:
    recorded.write_bytes(recorded.read_bytes()[:5000])
    refused("run-file-foreign", "show", "digits-1")
