"""``downslope fork`` and ``compare``: the same runs as ``run.fork(...).train(...)``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import optim
from downslope.runs import Run, load

Call = Callable[..., Any]
Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["--lr", "0.1"], {"lr": 0.1}),
        (["--lr", "cosine(0.1, 200)"], {"lr": "cosine(0.1, 200)"}),
        (["--optimizer", "momentum", "--lr", "0.05"], {"optimizer": optim.momentum(0.05)}),
        (["--optimizer", "adam(lr=0.1, beta1=0.5)"], {"optimizer": optim.adam(0.1, beta1=0.5)}),
        (["--batch-size", "64", "--seed", "3"], {"batch_size": 64, "seed": 3}),
        (["--batch-size", "all"], {"batch_size": 1438}),
        (
            ["--edit", "dense1.w[3, 2]=0.5", "--edit", "dense2.b=-1"],
            {"edit": {"dense1.w[3, 2]": 0.5, "dense2.b": -1.0}},
        ),
    ],
)
def test_every_change_is_that_of_python(
    downslope: Call, run: Run, here: Path, words: list[str], changes: dict[str, Any]
) -> None:
    done = downslope("fork", "digits-1", "--at", 100, "--steps", 12, "--quiet", *words)
    assert (done.code, done.out, done.err) == (0, "", "")
    made, true = load(here / "runs" / "digits-2.run"), run.fork(at=100, **changes).train(12)
    np.testing.assert_array_equal(made.loss, true.loss)
    np.testing.assert_array_equal(made.carried.flat, true.carried.flat)
    assert made.parent is not None
    assert made.parent["step"] == 100


def test_a_fork_is_trained_to_its_parents_end_and_compared(downslope: Call, run: Run, here: Path) -> None:
    done = downslope("fork", "last", "--at", 100, "--lr", "0.1")
    assert "they part at step 100" in done.out
    assert "Recorded in runs/digits-2.run" in done.out
    assert load(here / "runs" / "digits-2.run").steps == 130
    assert [step for _, step, _ in run.forks] == [100]


def test_compare_tells_the_same_as_python(downslope: Call, run: Run, here: Path) -> None:
    other = run.fork(at=100, lr=0.1, record=here / "runs" / "other.run").train(20)
    true = run.compare(other)
    done = downslope("compare", "digits-1", "other")
    assert "they part at step 100" in done.out
    found = json.loads(downslope("compare", "digits-1", "other", "--json").out)
    assert found["first"] == true.first == 100
    np.testing.assert_array_equal(found["distance"], true.distance)
    assert "the same in all 130 shared steps" in downslope("compare", "digits-1", "runs/digits-1.run").out


def test_it_may_be_kept_elsewhere_or_nowhere(downslope: Call, recorded: Path, here: Path) -> None:
    words = ("fork", "digits-1", "--at", 120, "--lr", "0.1")
    assert "Kept in memory only" in downslope(*words, "--no-record").out
    assert "Recorded in mine.run" in downslope(*words, "--record", "mine.run").out
    assert sorted(path.name for path in here.rglob("*.run")) == ["digits-1.run", "mine.run"]


def test_other_data_for_the_same_network(downslope: Call, recorded: Path, here: Path) -> None:
    done = downslope("fork", "digits-1", "--at", 100, "--data", "digits", "--seed", 1, "--steps", 3, "--quiet")
    assert done.code == 0, done.err
    assert load(here / "runs" / "digits-2.run").steps == 102


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("run-step", ["--at", "900", "--steps", "5"]),
        ("train-length", ["--lr", "0.1"]),
        ("train-length", ["--at", "9", "--steps", "0"]),
        ("cli-lr", ["--at", "9", "--lr", "fast"]),
        ("cli-lr", ["--at", "9", "--lr", "adam(0.1)"]),
        ("cli-lr", ["--at", "9", "--lr", "-1"]),
        ("cli-lr", ["--at", "9", "--lr", "nan"]),
        ("cli-written-out", ["--at", "9", "--optimizer", "adam(0.1)", "--lr", "0.2"]),
        ("cli-written-out", ["--at", "9", "--optimizer", "adam", "--lr", "cosine(0.1, 9)"]),
        ("unknown-name", ["--at", "9", "--optimizer", "adma"]),
        ("cli-edit", ["--at", "9", "--edit", "dense1.w"]),
        ("fork-edit", ["--at", "9", "--edit", "dense9.w=0"]),
        ("fork-edit", ["--at", "9", "--edit", "dense1.w[99, 0]=0"]),
        ("batch-size", ["--at", "9", "--batch-size", "5000"]),
        ("model-data-shape", ["--at", "9", "--data", "iris"]),
        ("cli-two-records", ["--at", "9", "--record", "x.run", "--no-record"]),
    ],
)
def test_what_cannot_be_changed_is_refused(refused: Refused, recorded: Path, code: str, words: list[str]) -> None:
    refused(code, "fork", "digits-1", *words)
