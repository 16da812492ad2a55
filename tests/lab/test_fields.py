"""A run's settings for the page's fields: the same training again, or none at all."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from downslope import nn, optim
from downslope.data import Data, digits, moons
from downslope.lab import build, fields
from downslope.lab.commands import Create, Fork, Set, Step
from downslope.lab.fields import settings_of
from downslope.lab.protocol import Query
from downslope.lab.session import Session
from downslope.lab.settings import Changes, Choice, DataChoice, Settings
from downslope.runs import Run, load, train

from .conftest import settings


def trained(given: Settings, made: Data) -> Run:
    """As the lab's worker begins it."""
    run = train(**build.training(given, made))
    with run.file.writing():
        fields.keep(run.file, made, given.data)
    return run


MOONS = moons(n=60)
USUAL: dict[str, Any] = {
    "data": DataChoice("moons", {"n": 60}),
    "hidden": (4,),
    "steps": 3,
    "dialect": "in place",
    "batch_size": 20,
}
CHOICES: dict[str, list[Any]] = {
    "hidden": [(), (3,), (5, 2)],
    "activation": ["relu", "identity"],
    "initialiser": [Choice("he_normal"), Choice("normal", {"std": 0.5})],
    "normalise": ["batch_norm", "layer_norm"],
    "dropout": [0.25],
    "loss": ["focal"],
    "optimizer": [
        Choice("adamw", {"lr": 0.01, "weight_decay": 0.0}),
        Choice("gradient_descent", {"lr": 0.1}),
        Choice("adam", {"lr": 0.02, "beta1": 0.5}),
        Choice("lbfgs"),
    ],
    "schedule": [Choice("cosine"), Choice("step", {"factor": 0.25})],
    "clip": [0.5],
    "weight_decay": [0.01, 0.05],
    "batch_size": [None, 7],
    "seed": [3],
    "dtype": ["float64"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CHOICES.items() for value in values])
def test_every_setting_comes_back_from_a_run_and_makes_the_same_run(name: str, value: Any) -> None:
    more = {"optimizer": Choice("adamw", {"lr": 0.01})} if name == "weight_decay" else {}
    given = Settings(**{**USUAL, **more, name: value})
    run = trained(given, MOONS)
    found = settings_of(run, ())
    assert found is not None
    again = trained(found, MOONS)
    np.testing.assert_array_equal(again.loss, run.loss)
    assert settings_of(again, ()) == found
    if name not in ("schedule", "optimizer", "hidden"):  # in which what was left out is told, or cannot be known
        assert getattr(found, name) == value


def test_settings_that_meet_come_back_together() -> None:
    pairs = itertools.product(CHOICES["normalise"], CHOICES["schedule"], CHOICES["initialiser"])
    for normalise, schedule, start in pairs:
        given = Settings(
            **USUAL,
            normalise=normalise,
            schedule=schedule,
            initialiser=start,
            clip=0.5,
            dropout=0.5,
        )
        run = trained(given, MOONS)
        found = settings_of(run, ())
        assert found is not None
        np.testing.assert_array_equal(trained(found, MOONS).loss, run.loss)


def test_what_no_field_can_show_gives_no_settings_instead_of_nearly_the_same() -> None:
    usual: dict[str, Any] = {"steps": 2, "batch_size": 20}
    rule = optim.adam(0.01)
    mixed = nn.Model((2,), (nn.dense(4, "relu"), nn.dense(4, "tanh"), nn.dense(2)))
    wide = nn.Model((64,), (nn.reshape((1, 8, 8)), nn.conv2d(2, 3), nn.flatten(), nn.dense(10)))
    for run in (
        train(nn.mlp([2, 4, 2]), moons(), optimizer=optim.sam(rule), **usual),
        train(mixed, moons(), optimizer=rule, **usual),
        train(wide, digits(), optimizer=rule, **usual),
        train(nn.mlp([2, 4, 2]), moons(), optimizer=optim.ema(rule), **usual),
        train(nn.mlp([2, 4, 2]), moons(), optimizer=rule, plateau=optim.Plateau(0.01), **usual),
        train(nn.mlp([2, 4, 2]), moons(noise=0.3), optimizer=rule, **usual),  # its noise stands nowhere
        train(nn.mlp([2, 4, 2]), moons(), optimizer=rule, loss=lambda p, y: nn.softmax_cross_entropy(p, y), **usual),
    ):
        assert settings_of(run, ()) is None


def test_a_run_of_the_command_line_shows_its_settings_too(tmp_path: Path) -> None:
    train(nn.mlp([2, 6, 2]), moons(), optimizer=optim.adam(0.02), steps=4, record=tmp_path / "a.run")
    found = settings_of(load(tmp_path / "a.run"), ())
    assert found == Settings(hidden=(6,), activation="relu", optimizer=Choice("adam", {"lr": 0.02}), steps=4)


def test_an_own_set_is_named_as_long_as_it_is_there() -> None:
    run = trained(Settings(**{**USUAL, "data": DataChoice("mine")}), MOONS)
    assert settings_of(run, ()) is None
    found = settings_of(run, {"mine"})
    assert found is not None
    assert found.data == DataChoice("mine")


def test_the_lab_answers_with_what_a_run_trains_with_now_and_a_fork_with_what_it_did_then(session: Session) -> None:
    given = settings()
    name = session.do(Create(given)).run
    assert name is not None

    def shown(run: str) -> Settings:
        found: Any = session.ask(Query("summary", run))
        return msgspec.convert(found.settings, Settings)

    assert shown(name) == given
    before = shown(name)
    session.do(Step(name, 10))
    session.do(Set(name, Changes(lr=0.5, batch_size="all")))
    assert shown(name).optimizer == Choice("adam", {"lr": 0.5})
    assert shown(name).batch_size is None
    early, late = (session.do(Fork(name, at=at)).run for at in (5, 11))
    assert early is not None
    assert late is not None
    assert (shown(early), shown(late)) == (before, shown(name))


def test_a_file_in_which_somebody_wrote_nonsense_is_shown_without_settings() -> None:
    run = trained(Settings(**USUAL), MOONS)
    for nonsense in ({"choice": {"name": "moons"}}, {"hash": MOONS.hash, "choice": 7}, {"hash": MOONS.hash}, 7, "x"):
        with run.file.writing():
            run.file.set_meta(fields.CHOICE, nonsense)
        assert settings_of(run, ()) is None
