"""A training led by hand is the training that was meant, whatever is done between its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import RunFileError, SettingError
from downslope.runs import Run, load
from downslope.runs.paced import Paced
from downslope.runs.train import Begun, begin
from downslope.views import timeline_view

from .small import moons, trained


def begun(path: Path | bool = True, steps: int = 60, **changes: Any) -> Begun:
    """The run of ``trained`` before its first step."""
    usual: dict[str, Any] = {"optimizer": ds.optim.adam(0.02), "batch_size": 20, "steps": steps, "seed": 3}
    return begin(ds.nn.mlp([2, 6, 2], hidden="tanh"), moons(), record=path, **{**usual, **changes})


def to(training: Paced, step: int) -> None:
    while training.done < step:
        assert training.advance(step - training.done)


def alike(one: Run, other: Run) -> None:
    np.testing.assert_array_equal(one.loss, other.loss)
    assert one.metrics.keys() == other.metrics.keys()
    for name, values in one.metrics.items():
        np.testing.assert_array_equal(values, other.metrics[name])
    for name, array in one.at(one.steps).params.items():
        np.testing.assert_array_equal(array, other.at(other.steps).params[name])


def test_steps_in_any_portions_are_the_steps_of_train(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        for portion in (1, 1, 3, 100, 7):
            training.advance(portion)
            training.commit()
        to(training, 60)
        assert training.advance(5) == 0
    alike(load(tmp_path / "a.run"), trained())
    assert load(tmp_path / "a.run").stopped is None


def test_what_is_written_can_be_read_while_it_trains(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        to(training, 23)
        assert training.commit()
        assert not training.commit()
        run = load(tmp_path / "a.run")
        assert run.steps == training.written == 23
        np.testing.assert_array_equal(run.loss, trained().loss[:23])
        run.file.close()


def test_it_ends_where_it_was_left_and_goes_on_from_there(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        to(training, 17)
    assert load(tmp_path / "a.run").stopped == "stopped after step 17 of 60"
    with Paced(load(tmp_path / "a.run")) as training:
        to(training, 60)
    np.testing.assert_array_equal(load(tmp_path / "a.run").loss, trained().loss)


def test_other_settings_are_those_of_a_fork_and_the_past_stays(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        to(training, 20)
        assert training.change(lr=0.5, batch_size=10) == "lr 0.02 -> 0.5, batch size 20 -> 10"
        to(training, 40)
        training.change(optimizer=ds.optim.momentum(0.1), edit={"dense1.b[0]": 2.0})
        to(training, 60)
    run = load(tmp_path / "a.run")
    forked = trained(20).fork(lr=0.5, batch_size=10).train(20)
    forked = forked.fork(optimizer=ds.optim.momentum(0.1), edit={"dense1.b[0]": 2.0}).train(20)
    np.testing.assert_array_equal(run.loss, forked.loss)
    assert [segment.first for segment in run.segments] == [1, 21, 41]
    assert run.at(41).params["dense1.b"][0] == 2.0
    assert [event.step for event in timeline_view(run).events if event.kind == "fork"] == [21, 41]


def test_settings_under_which_no_step_was_taken_leave_no_trace(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        for lr in (0.1, 0.2, 0.3):
            training.change(lr=lr)
        to(training, 10)
        training.change(lr=0.4)
        training.change(lr=0.5)
        to(training, 20)
    run = load(tmp_path / "a.run")
    assert [(segment.first, segment.rule.lr) for segment in run.segments] == [(1, 0.3), (11, 0.5)]
    np.testing.assert_array_equal(run.loss[:10], trained(10, optimizer=ds.optim.adam(0.3)).loss)


def test_another_activation_takes_the_same_weights(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        to(training, 20)
        training.change(model=ds.nn.mlp([2, 6, 2], hidden="relu"))
        to(training, 30)
    run = load(tmp_path / "a.run")
    np.testing.assert_array_equal(run.at(21).params["dense1.w"], trained(20).params["dense1"]["w"])
    assert (run.at(21).activations["dense1.h"] >= 0).all()
    assert (run.at(20).activations["dense1.h"] < 0).any()
    np.testing.assert_array_equal(run.loss, trained(20).fork(model=ds.nn.mlp([2, 6, 2], hidden="relu")).train(10).loss)


def test_a_model_with_other_parameters_cannot_go_on_with_these() -> None:
    with Paced(begun()) as training:
        to(training, 3)
        with pytest.raises(SettingError, match="fork-model"):
            training.change(model=ds.nn.mlp([2, 7, 2], hidden="relu"))
        to(training, 6)


def test_it_stops_at_the_first_number_that_is_not_finite(tmp_path: Path) -> None:
    steep = ds.optim.gradient_descent(1e38)
    with Paced(begun(tmp_path / "a.run", optimizer=steep)) as training:
        while training.advance(10):
            pass
        assert training.failed is not None
    run = load(tmp_path / "a.run")
    straight = trained(optimizer=steep)
    assert run.failure is not None
    assert straight.failure is not None
    assert (run.failure.step, run.failure.operation) == (straight.failure.step, straight.failure.operation)
    assert run.stopped == straight.stopped
    with Paced(run) as training:
        assert training.advance(5) == 0


def test_two_trainings_never_write_the_same_file(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run")) as training:
        to(training, 5)
        training.commit()
        with pytest.raises(RunFileError, match="run-written-twice"), Paced(load(tmp_path / "a.run")):
            pass
        to(training, 9)
    assert load(tmp_path / "a.run").steps == 9


def test_what_was_learned_is_kept_when_an_error_ends_it(tmp_path: Path) -> None:
    def led() -> None:
        with Paced(begun(tmp_path / "a.run")) as training:
            to(training, 12)
            raise KeyError("a bug of whoever leads it")

    with pytest.raises(KeyError, match="a bug"):
        led()
    run = load(tmp_path / "a.run")
    assert (run.steps, run.stopped) == (12, "an error ended the training")


def test_more_steps_may_be_meant_than_before(tmp_path: Path) -> None:
    with Paced(begun(tmp_path / "a.run", steps=10)) as training:
        to(training, 10)
        training.meant(15)
        to(training, 15)
    np.testing.assert_array_equal(load(tmp_path / "a.run").loss, trained(15).loss)
