"""``downslope runs``: every file is a row, whatever its state."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from downslope.cli import runs
from downslope.runs import Run, load
from downslope.runs.file import RunFile

Call = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture
def several(run: Run, recorded: Path) -> Path:
    """The recorded run, a fork of it, one that was killed, one that is cut off, and one that is no run."""
    place = recorded.parent
    run.fork(at=100, lr=0.1, record=place / "fork.run").train(5)
    with (killed := RunFile.open(shutil.copy(recorded, place / "killed.run"))).writing():
        killed.set_meta("until", 520)
    killed.close()
    content = recorded.read_bytes()
    (place / "cut.run").write_bytes(content[: len(content) // 2])
    (place / "text.run").write_text("not a run", encoding="utf-8")
    (place / "readme.txt").touch()
    return place


def test_every_file_is_a_row_with_its_state(downslope: Call, several: Path) -> None:
    done = downslope("runs")
    assert (done.code, done.err) == (0, "")
    rows = {line.split()[0]: line for line in done.out.splitlines()}
    assert set(rows) == {"name", "digits-1", "fork", "killed", "cut", "text"}
    assert "64-8-10" in rows["digits-1"]
    assert "130" in rows["digits-1"]
    assert "finished" in rows["digits-1"]
    assert "digits-1 at 100" in rows["fork"]
    assert "not finished, 25%" in rows["killed"]
    assert "damaged: " in rows["cut"]
    assert "damaged: " in rows["text"]


def test_json_tells_what_the_run_itself_tells(downslope: Call, several: Path) -> None:
    listed = {row["name"]: row for row in json.loads(downslope("runs", "--json").out)}
    for name in ("digits-1", "fork"):
        run, row = load(several / f"{name}.run"), listed[name]
        assert (row["steps"], row["state"]) == (run.steps, "finished")
        assert (row["first_loss"], row["last_loss"]) == (run.loss[0], run.loss[-1])
        assert (row["metric"], row["held_out"]) == run.metric
        assert row["optimizer"] == str(run.optimizer)
    assert listed["fork"]["parent"]["step"] == 100


def test_runs_are_sorted_as_asked(downslope: Call, several: Path) -> None:
    def order(*words: str) -> list[str]:
        return [row["name"] for row in json.loads(downslope("runs", *words, "--json").out)]

    assert order("--sort", "name") == ["cut", "digits-1", "fork", "killed", "text"]
    assert order("--sort", "name", "--reverse") == ["text", "killed", "fork", "digits-1", "cut"]
    assert order("--sort", "steps")[2:3] == ["fork"]
    losses = [row["last_loss"] for row in json.loads(downslope("runs", "--sort", "loss", "--json").out)]
    assert losses[:2] == ["NaN", "NaN"]
    assert losses[2:] == sorted(losses[2:])


def test_an_empty_place_says_how_to_fill_it(downslope: Call) -> None:
    done = downslope("runs")
    assert done.code == 0
    assert "downslope train digits" in done.out
    assert json.loads(downslope("runs", "--json").out) == []


def test_a_place_that_is_not_there_and_a_wrong_order_are_refused(refused: Refused, recorded: Path) -> None:
    refused("cli-directory-missing", "runs", "nowhere")
    assert "'metric'" in refused("cli-sort", "runs", "--sort", "metrics")


@pytest.mark.parametrize(
    ("rule", "short"),
    [
        ("lbfgs()", "lbfgs()"),
        ("adam(lr=cosine(0.01, 900), beta1=0.9)", "adam(lr=cosine(0.01))"),
        ("sam(momentum(lr=0.05, beta=0.9), rho=0.05)", "sam(momentum(lr=0.05))"),
    ],
)
def test_a_rule_in_short_keeps_its_brackets_closed(rule: str, short: str) -> None:
    assert runs.in_short(rule) == short
