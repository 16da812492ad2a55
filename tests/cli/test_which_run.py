"""Which run is meant, and how a run of functions of one's own is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.cli import which_run
from downslope.runs import train

Call = Callable[..., Any]
Refused = Callable[..., str]


@pytest.mark.parametrize("word", ["digits-1", "digits-1.run", "runs/digits-1.run", "last"])
def test_a_run_is_a_path_a_name_or_the_newest(recorded: Path, word: str) -> None:
    assert which_run.find(word).resolve() == recorded.resolve()


def test_last_is_the_newest(recorded: Path) -> None:
    for name in ("z", "a"):
        time.sleep(0.02)  # longer than a file system's clock needs to move
        path = recorded.with_name(f"{name}.run")
        train(nn.mlp([4, 3]), data.iris(), optimizer=optim.adam(0.01), steps=1, record=path)
        assert which_run.find("last").resolve() == path


def test_a_wrong_name_gets_the_nearest(refused: Refused, recorded: Path) -> None:
    assert "Did you mean 'digits-1'?" in refused("cli-run-unknown", "show", "digit-1")
    assert "Did you mean 'digits-1'?" in refused("cli-run-unknown", "at", "runs/digits-2.run", 1, "loss")


def test_where_there_is_no_run_it_is_told_how_to_get_one(refused: Refused) -> None:
    assert "downslope train digits" in refused("cli-run-unknown", "show", "last")


def test_what_the_shell_completes_is_what_can_be_given(recorded: Path) -> None:
    assert which_run.names() == ["digits-1", "last"]


# --- functions of one's own -------------------------------------------------------------------------------------------

MINE = """
import numpy as np

def net(params, x):
    return np.tanh(x @ params["w1"]) @ params["w2"]

def far(output, y):
    return np.mean((output - y) ** 4)

number = 3
"""


@pytest.fixture
def of_functions(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a plain function with a loss of its own, both in mine.py."""
    (here / "mine.py").write_text(MINE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(here))
    net, far = (which_run.function(f"mine.py:{name}", "--model") for name in ("net", "far"))
    rng = np.random.default_rng(0)
    params = {"w1": rng.normal(size=(10, 4)), "w2": rng.normal(size=(4, 1))}
    (here / "runs").mkdir()
    path = here / "runs" / "plain.run"
    train(net, data.diabetes(), optimizer=optim.adam(0.01), loss=far, steps=9, params=params, record=path)
    return path


@pytest.mark.parametrize("place", ["mine", "mine.py"])
def test_functions_that_a_file_cannot_hold_are_given_again(downslope: Call, of_functions: Path, place: str) -> None:
    words = ("--model", f"{place}:net", "--loss", f"{place}:far")
    asked = downslope("at", "plain", 5, "loss", *words)
    assert asked.code == 0
    assert float(asked.out.split(" = ")[1]) > 0
    assert downslope("ask", "plain", "loss", "--every", 2, *words).code == 0
    assert downslope("first", "plain", "loss > 0", *words).out.startswith("1  ")
    assert downslope("show", "plain").code == 0  # without them: nothing is replayed


def test_what_is_missing_is_named_with_its_option(refused: Refused, of_functions: Path) -> None:
    assert "--model MODULE:net" in refused("run-model-missing", "at", "plain", 5, "loss")
    assert "--loss MODULE:far" in refused("run-loss-missing", "at", "plain", 5, "loss", "--model", "mine.py:net")


@pytest.mark.parametrize("text", ["mine.py", "mine.py:nett", "mine.py:number", "no_such_module:net", ":", "a b:c"])
def test_a_function_that_is_not_there_is_refused(refused: Refused, of_functions: Path, text: str) -> None:
    refused("cli-function", "at", "plain", 5, "loss", "--model", text)


def test_whatever_the_users_module_does_is_told_in_four_lines(refused: Refused, of_functions: Path, here: Path) -> None:
    (here / "broken.py").write_text("1 / 0", encoding="utf-8")
    assert "ZeroDivisionError" in refused("cli-function", "at", "plain", 5, "loss", "--model", "broken.py:net")
