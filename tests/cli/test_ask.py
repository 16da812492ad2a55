"""``downslope ask``: the same answers as ``run.ask``, in words, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope.cli import ask, lazy
from downslope.runs import INSTRUMENTS, Run

Call = Callable[..., Any]
Refused = Callable[..., str]


def test_the_answer_is_that_of_the_run(downslope: Call, run: Run) -> None:
    found = json.loads(downslope("ask", "digits-1", "dead_units", "--every", 40, "--json").out)
    reading = run.ask("dead_units", every=40)
    assert found["steps"] == reading.steps.tolist() == [1, 41, 81, 121]
    assert found["parts"] == list(reading.parts)
    np.testing.assert_array_equal(found["values"], reading.values)


def test_steps_target_and_settings_reach_the_instrument(downslope: Call, run: Run) -> None:
    words = ("--steps", "1:9:4,130", "--target", "dense1.w", "--json")
    found = json.loads(downslope("ask", "last", "update_ratio", *words).out)
    assert found["steps"] == [1, 5, 9, 130]
    assert found["target"] == "dense1.w"
    np.testing.assert_array_equal(
        found["values"], run.ask("update_ratio", steps=[1, 5, 9, 130], target="dense1.w").values
    )
    name, default = next(
        (entry.id, setting)
        for entry in sorted(INSTRUMENTS.values(), key=lambda entry: entry.id)
        if entry.over == "step"
        for setting, how in entry.settings.items()
        if setting != "target" and type(how.default) is int
    )
    found = json.loads(downslope("ask", "last", name, "--steps", 3, "--set", f"{default}=2", "--json").out)
    assert found["settings"] == {default: 2}


def test_the_text_names_unit_and_usual_range(downslope: Call, recorded: Path) -> None:
    out = downslope("ask", "last", "dead_units", "--every", 40).out
    assert out.startswith("dead_units [share of units]: 4 steps from 1 to 121")
    assert "usually" in out


def test_the_list_has_every_instrument_with_its_sentence(downslope: Call, recorded: Path) -> None:
    out = downslope("ask", "last", "--list").out
    assert {line.split()[0] for line in out.splitlines() if not line.startswith(" ")} == set(INSTRUMENTS)


def test_it_is_drawn(downslope: Call, recorded: Path, here: Path) -> None:
    if not hasattr(lazy.views, "reading_view"):
        pytest.skip("the picture of a reading is not built yet")
    done = downslope("ask", "last", "dead_units", "--every", 40, "--plot", "dead.svg")
    assert (done.code, done.err) == (0, "")
    assert "<svg" in (here / "dead.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("cli-usage", []),
        ("unknown-name", ["dead_unit"]),
        ("cli-steps-of", ["dead_units", "--steps", "1:2:3:4"]),
        ("cli-steps-of", ["dead_units", "--steps", "some"]),
        ("cli-steps-of", ["dead_units", "--steps", "9:1"]),
        ("cli-steps-of", ["dead_units", "--steps", "1:9:0"]),
        ("ask-steps", ["dead_units", "--steps", "131"]),
        ("ask-steps", ["dead_units", "--steps", "1", "--every", "2"]),
        ("ask-steps", ["dead_units", "--every", "0"]),
        ("cli-set", ["dead_units", "--set", "x"]),
        ("instrument-setting", ["dead_units", "--set", "x=1"]),
        ("instrument-target", ["dead_units", "--target", "dense9"]),
        ("cli-plot", ["dead_units", "--plot", "x.gif"]),
        ("cli-plot", ["dead_units", "--plot", "nowhere/x.svg"]),
    ],
)
def test_what_cannot_be_asked_is_refused(refused: Refused, recorded: Path, code: str, words: list[str]) -> None:
    refused(code, "ask", "digits-1", *words)


@pytest.mark.parametrize(
    ("text", "steps"),
    [("5,7,9", [5, 7, 9]), ("-1", [100]), ("90:", range(90, 101)), (":3", [1, 2, 3]), ("::50", [1, 51])],
)
def test_steps_are_numbers_or_stretches_with_both_ends(text: str, steps: Any) -> None:
    assert ask.numbers(text, 100) == list(steps)
