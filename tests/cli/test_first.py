"""``downslope first``: the steps of ``run.first`` and ``run.where``, and exit codes like those of grep."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, strategies as st

from downslope.cli import first
from downslope.runs import Run

Call = Callable[..., Any]


def test_the_first_step_stands_at_the_beginning_of_the_line(downslope: Call, run: Run) -> None:
    done = downslope("first", "digits-1", "loss < 1.5")
    t = int(np.flatnonzero(run.loss < 1.5)[0]) + 1
    assert done.code == 0
    assert done.out.startswith(f"{t}  epoch {-(-t // 45)}, loss {run.loss[t - 1]:.4g} ")
    assert downslope("first", "digits-1", "loss < 1.5", "--quiet").out == f"{t}\n"


def test_all_steps_are_found_between_two_ends(downslope: Call, run: Run) -> None:
    steps = [t for t in range(20, 61) if run.loss[t - 1] < 2.1]
    words = ("first", "last", "loss < 2.1", "--from", 20, "--to", 60, "--all")
    assert downslope(*words, "--quiet").out.split() == list(map(str, steps))
    assert json.loads(downslope(*words, "--json").out)["steps"] == steps
    assert downslope(*words).out.startswith(f"{len(steps)} of 130 steps: ")


def test_nowhere_is_exit_code_1_and_nothing_on_stdout(downslope: Call, recorded: Path) -> None:
    done = downslope("first", "last", "loss > 100")
    assert (done.code, done.out) == (1, "")
    assert "none of the steps 1 to 130" in done.err
    done = downslope("first", "last", "loss > 100", "--quiet")
    assert (done.code, done.out, done.err) == (1, "", "")


def test_a_condition_over_an_instrument_is_replayed(downslope: Call, run: Run) -> None:
    norm = run.ask("weight_norm").values
    limit = float(norm.mean())
    t = 1 + int(np.flatnonzero(run.ask("weight_norm", every=1).values > limit)[0])
    assert downslope("first", "last", f"weight_norm > {limit}", "--quiet").out == f"{t}\n"


def test_a_condition_that_is_not_understood_points_at_the_character(downslope: Call, recorded: Path) -> None:
    done = downslope("first", "last", "loss >> 2")
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    assert lines[0].endswith("[condition-text]")
    assert lines[3].index("^") == lines[2].index(">> 2") + 1


@given(st.sets(st.integers(1, 60), min_size=1))
def test_stretches_are_the_steps(steps: set[int]) -> None:
    found: set[int] = set()
    for part in first.ranges(sorted(steps)).split(" and ")[0].split(", "):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    assert found == steps or len(found) >= 24
