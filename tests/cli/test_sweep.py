"""``downslope sweep``: the table of ``ds.train_many``, in its words, with the settings as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.cli.sweep import parts
from downslope.runs import load
from downslope.runs.many import train_many

Call = Callable[..., Any]
Refused = Callable[..., str]
WORDS = ("sweep", "iris", "--hidden", "4", "--steps", 20)


def test_every_run_is_that_of_python(downslope: Call) -> None:
    done = downslope(*WORDS, "--lr", "0.01,cosine(0.1, 20)", "--batch-size", "8,all", "--seeds", 2, "--json")
    assert (done.code, done.err) == (0, "")
    told = {row["number"]: row for row in json.loads(done.out)["runs"]}
    true = train_many(
        nn.mlp([4, 4, 3]), data.load("iris", seed=0), optimizer=optim.adam(), lr=[0.01, "cosine(0.1, 20)"],
        batch_size=[8, None], seed=range(2), steps=20,
    )  # fmt: skip
    assert [told[row.number]["loss"] for row in true.rows] == [row.loss for row in true.rows]
    assert [told[row.number]["accuracy"] for row in true.rows] == true.column("accuracy").tolist()


def test_it_prints_the_table_a_picture_and_the_best(downslope: Call) -> None:
    done = downslope(*WORDS, "--optimizer", "adam", "--optimizer", "momentum", "--lr", "0.1", "--by", "held_out_loss")
    assert done.code == 0
    assert "iris: 10 runs, 20 steps each" in done.out
    assert "their mean ●" in done.out
    assert "The best by held_out_loss is run" in done.out
    quiet = downslope(*WORDS, "--seeds", 2, "--quiet")
    assert "●" not in quiet.out


def test_a_folder_gets_a_file_for_each_run(downslope: Call, here: Path) -> None:
    done = downslope(*WORDS, "--seeds", 2, "--initialiser", "he,zeros", "--record", "sweeps/iris")
    assert done.code == 0
    assert "downslope show sweeps/iris/00" in done.out
    assert sorted(path.name for path in (here / "sweeps/iris").iterdir()) == [f"00{k}.run" for k in range(4)]
    assert not np.any(load(here / "sweeps/iris/002.run").at(1).params["dense1.w"])


def test_it_ends_with_one_if_no_run_came_to_its_end(downslope: Call) -> None:
    done = downslope(
        "sweep", "diabetes", "--optimizer", "gradient_descent", "--lr", "1e30", "--seeds", 2, "--steps", 60
    )
    assert done.code == 1
    assert "2 of 2 not finite" in done.out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("optimizer-rate", ["--lr", "0.1,-1"]),
        ("unknown-name", ["--initialiser", "hee"]),
        ("cli-batch-size", ["--batch-size", "8,few"]),
        ("batch-size", ["--batch-size", "8,1000"]),
        ("sweep-column", ["--by", "acuracy"]),
        ("cli-two-lengths", ["--epochs", "3"]),
        ("cli-dtype", ["--dtype", "int8"]),
        ("train-dialect", ["--dialect", "auto"]),
    ],
)
def test_what_cannot_be_read_is_refused(refused: Refused, code: str, words: list[str]) -> None:
    refused(code, *WORDS, *words)


def test_commas_in_brackets_belong_to_a_schedule() -> None:
    assert parts("0.1,warm_up(0.1, 5),  cosine(0.1, steps=30),2") == [
        "0.1", "warm_up(0.1, 5)", "cosine(0.1, steps=30)", "2"
    ]  # fmt: skip
