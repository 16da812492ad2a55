"""From settings to a training: every entry of the catalogue can be chosen as it is offered."""

from __future__ import annotations

from typing import Any

import pytest

from downslope import nn, optim
from downslope.data import CORRUPTIONS, moons
from downslope.errors import DownslopeError
from downslope.lab import build, catalogue
from downslope.lab.settings import Changes, Choice, DataChoice, Settings
from downslope.nn import as_text, from_text
from downslope.optim import from_text as rule_from_text

TABLES = {table.name: table.entries for table in catalogue._tables()}


def no_own(id: str, settings: Any) -> None:
    return None


def given(entry: Any) -> dict[str, Any]:
    """What the page would send: the defaults that it was told."""
    return {each.name: each.default for each in entry.settings if each.default is not None}


@pytest.mark.parametrize("entry", TABLES["optimizers"], ids=lambda entry: entry.id)
def test_every_optimizer_can_be_chosen_with_the_settings_that_are_offered(entry: Any) -> None:
    rule = build.optimizer(Choice(entry.id, given(entry)), steps=100)
    assert rule.name == entry.id
    assert rule_from_text(str(rule)) == rule


@pytest.mark.parametrize("entry", TABLES["schedules"], ids=lambda entry: entry.id)
def test_every_schedule_can_be_chosen_without_any_setting(entry: Any) -> None:
    rule = build.optimizer(Choice("adam", {"lr": 0.01}), steps=100, schedule=Choice(entry.id))
    assert all(0 <= rule.rate(t) < 1 for t in (1, 50, 100))


@pytest.mark.parametrize("entry", TABLES["data sets"], ids=lambda entry: entry.id)
def test_every_set_is_of_the_kind_that_is_told(entry: Any) -> None:
    made = build.data(DataChoice(entry.id, given(entry)), no_own)
    assert made.task == entry.kind


@pytest.mark.parametrize("entry", TABLES["corruptions"], ids=lambda entry: entry.id)
def test_every_fault_can_be_put_in_as_it_is_offered(entry: Any) -> None:
    made = build.data(DataChoice("moons", {"n": 100}, (Choice(entry.id, given(entry)),)), no_own)
    assert [touched.corruption for touched in made.touched] == [entry.id]
    assert {entry.id for entry in TABLES["corruptions"]} == set(CORRUPTIONS)


@pytest.mark.parametrize("normalise", ["none", "batch_norm", "layer_norm"])
@pytest.mark.parametrize("entry", TABLES["initialisers"], ids=lambda entry: entry.id)
def test_every_initialiser_gives_a_model_that_a_run_file_can_hold(entry: Any, normalise: Any) -> None:
    settings = Settings(hidden=(4, 3), initialiser=Choice(entry.id, given(entry)), normalise=normalise, dropout=0.1)
    model = build.model(settings, moons(n=50))
    assert as_text(from_text(as_text(model))) == as_text(model)
    assert model.shapes[-1] == (2,)


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_every_activation_can_take_the_place_of_another(name: str) -> None:
    model = build.model(Settings(hidden=(4, 3), activation="tanh"), moons(n=50))
    changed = build.changed_model(model, name, None)
    assert changed is not None
    assert [vars(layer)["activation"] for layer in changed.layers] == [name, name, "identity"]
    assert changed.n_parameters == model.n_parameters


def test_a_schedule_without_a_length_has_that_of_the_training() -> None:
    rule = build.optimizer(Choice("sgd", {"lr": 0.5}), steps=200, schedule=Choice("cosine"), clip=1.0)
    assert str(rule.inner.lr) == "cosine(lr=0.5, steps=200, end=0.0)"
    assert rule.name == "clip_by_norm"


def test_an_optimizer_as_text_is_read_and_never_run() -> None:
    assert build.optimizer(Choice("clip_by_norm(adam(0.1), 1)"), steps=1) == optim.from_text(
        "clip_by_norm(adam(0.1), 1)"
    )
    for text, code in (
        ("open('/tmp/x')", "unknown-name"),
        ("cosine(0.1, 5)", "lab-setting"),
        ("adam(", "optimizer-text"),
    ):
        with pytest.raises(DownslopeError) as caught:
            build.optimizer(Choice(text), steps=1)
        assert caught.value.code == code


def test_changes_are_the_arguments_of_a_fork() -> None:
    class Now:
        class task:  # noqa: N801  # the attribute of a segment
            data = moons(n=50)
            model = build.model(Settings(hidden=(4,), dropout=0.5), moons(n=50))

    asked = Changes(optimizer=Choice("adam"), lr=0.3, batch_size="all", dropout=0.25, seed=4, edit={"dense1.b": 0.0})
    found = build.changes(asked, Now, 100, no_own)
    assert found["optimizer"].lr == 0.3
    assert (found["batch_size"], found["seed"], found["edit"]) == (40, 4, {"dense1.b": 0.0})
    assert [layer.p for layer in found["model"].layers if layer.kind == "dropout"] == [0.25]
    assert build.changes(Changes(lr=0.1), Now, 100, no_own) == {"lr": 0.1}


@pytest.mark.parametrize(
    "asked",
    [Changes(), Changes(clip=1.0), Changes(schedule=Choice("cosine")), Changes(weight_decay=0.1), Changes(dropout=0.5)],
)
def test_changes_that_would_change_nothing_are_refused(asked: Changes) -> None:
    class Now:
        class task:  # noqa: N801
            data = moons(n=50)
            model = build.model(Settings(hidden=(4,)), moons(n=50))

    with pytest.raises(DownslopeError, match="lab-setting"):
        build.changes(asked, Now, 100, no_own)
