"""``downslope at``: the numbers of ``run.at(step)``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope.runs import QUANTITIES, Run

Call = Callable[..., Any]
Refused = Callable[..., str]


def test_a_single_number_has_all_its_digits(downslope: Call, run: Run) -> None:
    out = downslope("at", "digits-1", 77, "grads.dense1.w[3, 2]").out
    name, value = out.strip().split(" = ")
    assert name == "grads.dense1.w[3, 2]"
    assert np.float32(value) == run.at(77).grads["dense1.w"][3, 2]
    assert float(downslope("at", "digits-1", 77, "loss").out.split(" = ")[1]) == run.at(77).loss


@pytest.mark.parametrize(
    "name",
    ["grads.dense1.b", "dense2.w", "activations.dense1", "optimizer_state.m.dense1.w", "rows"],
)
def test_an_array_is_summarised_written_and_given_as_json(downslope: Call, run: Run, here: Path, name: str) -> None:
    true = np.asarray(run.at(50).get(name))
    done = downslope("at", "last", 50, name, "--npy", "a.npy")
    assert str(true.shape) in done.out
    np.testing.assert_array_equal(np.load(here / "a.npy", allow_pickle=False), true)
    found = json.loads(downslope("at", "last", 50, name, "--json").out)
    np.testing.assert_array_equal(np.asarray(found["value"], true.dtype), true)


def test_numbers_that_are_not_finite_are_counted_and_kept(downslope: Call, run: Run, recorded: Path) -> None:
    run.fork(at=20, edit={"dense2.b": np.array([np.nan, np.inf, *[0.0] * 8])}, record=recorded.with_name("sick.run"))
    done = downslope("at", "sick", "next", "dense2.b")
    assert "1 NaN and 1 infinite" in done.out
    assert json.loads(downslope("at", "sick", "next", "dense2.b", "--json").out)["value"][:2] == ["NaN", "Infinity"]


@pytest.mark.parametrize(("word", "t"), [("first", 1), ("last", 130), ("next", 131), ("13", 13)])
def test_steps_have_words(downslope: Call, recorded: Path, word: str, t: int) -> None:
    assert json.loads(downslope("at", "last", word, "lr", "--json").out)["step"] == t


def test_without_a_name_everything_that_a_step_knows_is_listed(downslope: Call, run: Run) -> None:
    done = downslope("at", "last", 9)
    listed = {line.split()[0] for line in done.out.splitlines()[2:]}
    assert {name.split(".")[0] for name in listed} == set(QUANTITIES) - {"hvp"}
    step = run.at(9)
    assert {f"grads.{name}" for name in step.grads} <= listed
    assert f"per_example_grads.dense1.w      {(len(step.rows), 64, 8)}".split()[0] in listed
    assert json.loads(downslope("at", "last", 9, "--json").out)["params.dense1.w"] == "(64, 8) float32"


def test_what_holds_several_arrays_is_listed(downslope: Call, recorded: Path) -> None:
    out = downslope("at", "last", 9, "grads").out
    assert "grads.dense2.b  (10,) float32" in out


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        ("run-step", [132, "loss"], "130"),
        ("run-step", [0, "loss"], "130"),
        ("run-step", ["tomorrow", "loss"], "first, last, next"),
        ("step-name", [5, "grad"], "'grads'"),
        ("step-name", [5, "grads.dense9.w"], "dense1.w"),
        ("step-place", [5, "grads.dense1.w[64, 0]"], "[63, 7]"),
        ("cli-npy", [5, "grads", "--npy", "x.npy"], "grads.dense1.w"),
        ("cli-npy", [5, "loss", "--npy", "nowhere/x.npy"], "no such file"),
        ("cli-npy", [5, "--npy", "x.npy"], "Name one array"),
    ],
)
def test_what_is_not_there_is_refused(
    refused: Refused, recorded: Path, code: str, words: list[object], told: str
) -> None:
    assert told in refused(code, "at", "digits-1", *words)
