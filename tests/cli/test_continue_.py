"""``downslope continue``: bit for bit as if the run had been longer from the start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.runs import Run, load, train
from downslope.runs.file import RunFile

Call = Callable[..., Any]
Refused = Callable[..., str]


def longer(steps: int) -> Run:
    return train(nn.mlp([64, 8, 10]), data.digits(), optimizer=optim.adam(0.01), steps=steps)


@pytest.mark.parametrize(("words", "steps"), [(["--steps", 20], 150), (["--epochs", 1], 175)])
def test_it_is_the_longer_run(downslope: Call, recorded: Path, words: list[object], steps: int) -> None:
    done = downslope("continue", "last", *words, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    run, true = load(recorded), longer(steps)
    np.testing.assert_array_equal(run.loss, true.loss)
    np.testing.assert_array_equal(run.carried.flat, true.carried.flat)


def test_a_killed_run_is_trained_to_where_it_was_meant_to_end(downslope: Call, recorded: Path) -> None:
    with (file := RunFile.open(recorded)).writing():
        file.set_meta("until", 140)
    file.close()
    done = downslope("continue", "digits-1")
    assert done.code == 0
    assert "steps      140" in done.out
    assert load(recorded).steps == 140


def test_it_stops_where_a_condition_holds(downslope: Call, recorded: Path) -> None:
    assert downslope("continue", "last", "--steps", 50, "--stop-when", "t > 133").code == 0
    assert load(recorded).steps == 134


def test_what_cannot_go_on_is_refused(refused: Refused, recorded: Path) -> None:
    refused("train-length", "continue", "digits-1")
    refused("train-length", "continue", "digits-1", "--steps", 0)
    refused("cli-two-lengths", "continue", "digits-1", "--steps", 1, "--epochs", 1)


def test_a_run_that_failed_is_to_be_forked(downslope: Call, refused: Refused) -> None:
    words = ("--optimizer", "gradient_descent", "--lr", 1e9, "--no-baselines", "--quiet")
    assert downslope("train", "digits", *words).code == 1
    assert "`downslope fork RUN --at 1 --lr ... --steps 5`" in refused("run-failed", "continue", "last", "--steps", 5)
