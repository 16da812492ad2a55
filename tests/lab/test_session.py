"""Trainings in processes of their own: led by hand, changed while they go on, killed, and ended in order."""

from __future__ import annotations

import io
import os
import queue
import signal
import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from downslope import nn, optim
from downslope.data import moons
from downslope.errors import DownslopeError
from downslope.lab.commands import Back, Close, Command, Create, Fork, Goto, Note, Pause, Play, Set, Step
from downslope.lab.orders import Begin, Order, Report
from downslope.lab.protocol import Changed, Failure, Query
from downslope.lab.session import Session
from downslope.lab.settings import Changes, Choice, DataChoice, Settings
from downslope.lab.worker import Worker
from downslope.runs import load, train

from .conftest import Heard, settings


def refused(session: Session, command: Command, code: str) -> DownslopeError:
    with pytest.raises(DownslopeError) as caught:
        session.do(command)
    assert caught.value.code == code
    return caught.value


def test_a_training_led_by_hand_takes_the_steps_that_train_takes(session: Session, tmp_path: Path) -> None:
    name = session.do(Create(settings())).run
    assert name == "moons-1"
    assert [session.do(Step(name, n)).steps for n in (1, 3, 60)] == [1, 4, 64]
    straight = train(
        nn.mlp([2, 6, 2], "tanh"), moons(n=120), optimizer=optim.adam(0.02), batch_size=20, steps=64, seed=0
    )
    session.do(Close(name))
    led = load(tmp_path / "moons-1.run")
    np.testing.assert_array_equal(led.loss, straight.loss)
    np.testing.assert_array_equal(led.at(50).grads["dense1.w"], straight.at(50).grads["dense1.w"])


def test_every_step_can_be_asked_for_as_soon_as_a_command_is_done(session: Session, trained: str) -> None:
    with session.run(trained) as run:
        assert run.steps == 40
        assert run.at(40).loss == run.loss[-1]
    session.do(Step(trained, 7))
    with session.run(trained) as run:
        assert run.steps == len(run.loss) == 47


def test_play_goes_to_its_end_and_tells_so(session: Session, trained: str, heard: Heard) -> None:
    session.do(Play(trained))
    heard.wait(lambda all: any(each.state == "done" for each in all.live(trained)))
    last = heard.live(trained)[-1]
    assert (last.steps, last.taken, last.until, last.metric_name) == (400, 400, 400, "accuracy")
    assert {each.state for each in heard.live(trained)} <= {"paused", "training", "done"}


def test_play_pauses_at_the_step_that_was_asked_for(session: Session, trained: str, heard: Heard) -> None:
    session.do(Play(trained, until=55))
    heard.wait(lambda all: all.live(trained)[-1].state == "paused" and all.live(trained)[-1].steps == 55)


def test_a_finished_training_goes_on_when_it_is_played(session: Session, trained: str) -> None:
    session.do(Step(trained, 360))
    assert session.do(Step(trained, 5)).steps == 405


def test_a_slow_pace_is_kept(session: Session, trained: str) -> None:
    began = time.monotonic()
    session.do(Play(trained, speed=50))
    time.sleep(0.6)
    steps = session.do(Pause(trained)).steps
    assert steps is not None
    assert 40 < steps <= 40 + 50 * (time.monotonic() - began) + 1


def test_settings_change_while_it_trains_and_the_weights_stay(session: Session, trained: str) -> None:
    session.do(Play(trained, speed=200))
    first = session.do(Set(trained, Changes(lr=0.5)))
    second = session.do(Set(trained, Changes(batch_size=10, activation="relu")))
    session.do(Pause(trained))
    session.do(Step(trained, 20))
    assert "lr 0.02 -> 0.5" in first.said[0]
    assert "batch size 20 -> 10" in second.said[0]
    assert "tanh" in second.said[0]
    with session.run(trained) as run:
        assert run.segments[0].rule.lr == 0.02
        assert run.segments[-1].batch_size == 10
        assert run.model.layers[0].activation == "relu"
        change = run.segments[-1].first
        before, after = run.at(change - 1), run.at(change)
        moved = before.params["dense1.w"] + before.updates["dense1.w"]
        np.testing.assert_allclose(after.params["dense1.w"], moved, rtol=1e-6)


def test_a_fork_differs_from_the_step_that_was_named(session: Session, trained: str) -> None:
    done = session.do(Fork(trained, at=21, changes=Changes(edit={"dense1.b[0]": 3.0})))
    assert done.run == f"{trained}-f1"
    assert done.steps == 20
    session.do(Step(done.run, 5))
    with session.run(done.run) as fork, session.run(trained) as parent:
        np.testing.assert_array_equal(fork.loss[:20], parent.loss[:20])
        assert fork.at(21).params["dense1.b"][0] == 3.0
        assert fork.loss[20] != parent.loss[20]


def test_the_cursor_moves_back_and_forth_and_loses_nothing(session: Session, trained: str) -> None:
    assert session.do(Back(trained, 40, 15)).step == 25
    assert session.do(Back(trained, 3, 15)).step == 1
    assert session.do(Goto(trained, -1)).step == 40
    assert session.do(Goto(trained, 10_000)).step == 41
    assert session.do(Pause(trained)).steps == 40


def test_a_note_stands_in_the_file(session: Session, trained: str) -> None:
    session.do(Note(trained, "look here", 12))
    with session.run(trained) as run:
        assert run.notes == [(12, "look here")]


def test_a_killed_training_is_told_and_its_file_goes_on(session: Session, trained: str, heard: Heard) -> None:
    process = session._trainings[trained].process
    os.kill(process.pid, signal.SIGKILL)
    heard.wait(lambda all: all.live(trained)[-1].state == "lost")
    assert "SIGKILL" in heard.live(trained)[-1].why
    heard.wait(lambda all: trained not in session.live())
    assert session.do(Step(trained, 5)).steps == 45


def test_a_training_that_diverges_stops_at_the_step_and_says_where(session: Session, heard: Heard) -> None:
    name = session.do(
        Create(settings(data=DataChoice("diabetes"), hidden=(), optimizer=Choice("gradient_descent", {"lr": 5.0})))
    ).run
    assert name is not None
    session.do(Play(name))
    heard.wait(lambda all: all.live(name)[-1].state == "failed")
    assert "not finite at step" in heard.live(name)[-1].why
    refused(session, Step(name), "run-failed")
    with session.run(name) as run:
        assert run.failure is not None


def test_more_trainings_than_allowed_end_one_that_waits(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("downslope.lab.limits.MOST_TRAININGS", 1)
    first, second = (session.do(Create(settings())).run for _ in range(2))
    assert session.live() == {second}
    assert first is not None
    assert session.do(Step(first, 2)).steps == 2


def test_names_are_those_of_files_that_are_there(session: Session, tmp_path: Path) -> None:
    (tmp_path.parent / "outside.run").write_bytes(b"")
    for name in ("../outside", "outside", "/etc/passwd", "..", "nothing"):
        error = refused(session, Step(name), "lab-run")
        assert "there is no run" in error.what
    made = session.do(Create(settings(name="a b/../c".replace("/", "_"))))
    assert made.run == "a-b_.._c"
    assert [path.name for path in tmp_path.glob("*.run")] == ["a-b_.._c.run"]


def test_wrong_settings_are_refused_in_four_lines_and_leave_no_file(session: Session, tmp_path: Path) -> None:
    def of_worker(choice: Settings) -> Failure:
        """What the process of a training would say, from this one."""
        orders, out = queue.SimpleQueue[Order](), io.BytesIO()
        orders.put(Order(1, Begin("wrong", str(tmp_path / "wrong.run"), str(tmp_path), choice)))
        Worker(orders, out).work()
        failure = msgspec.json.decode(out.getvalue(), type=Report).failure
        assert failure is not None
        return failure

    assert refused(session, Create(settings(optimizer=Choice("adm"))), "unknown-name").do
    assert refused(session, Create(settings(data=DataChoice("/etc/passwd"))), "lab-message").do  # an order, unread
    for changes, code in (
        ({"optimizer": Choice("adm")}, "unknown-name"),
        ({"optimizer": Choice("adam", {"lr": -1.0})}, "optimizer-rate"),
        ({"optimizer": Choice("__import__('os').system('true')")}, "optimizer-text"),
        ({"activation": "tan"}, "unknown-name"),
        ({"data": DataChoice("passwd")}, "data-name-unknown"),
        ({"data": DataChoice("/etc/passwd")}, "data-name-unknown"),  # nor would it be a name
        ({"data": DataChoice("moons", {"n": 10**9})}, "lab-limit"),
        ({"data": DataChoice("moons", {}, (Choice("label_noise", {"rate": 7.0}),))}, "data-out-of-range"),
        ({"weight_decay": 0.1, "optimizer": Choice("sign_sgd", {"lr": 0.1})}, "lab-setting"),
    ):
        failure = of_worker(settings(**changes))
        assert failure.code == code
        assert failure.do
    assert not list(tmp_path.glob("*.run"))


def test_a_run_trained_by_somebody_else_is_noticed(session: Session, tmp_path: Path, heard: Heard) -> None:
    train(nn.mlp([2, 3, 2]), moons(n=100), optimizer=optim.adam(0.01), steps=20, record=tmp_path / "other.run")
    heard.wait(lambda all: Changed("runs") in all)
    shown = msgspec.to_builtins(session.ask(Query("runs")))
    assert [(run["name"], run["live"]) for run in shown["runs"]] == [("other", False)]


def test_closing_completes_every_file_and_leaves_no_process(tmp_path: Path) -> None:
    session = Session(tmp_path)
    name = session.do(Create(settings(steps=1_000_000))).run
    assert name is not None
    session.do(Play(name))
    time.sleep(0.3)
    processes = [session._trainings[name].process, session._spare.process if session._spare else None]
    session.close()
    assert all(each is None or each.poll() is not None for each in processes)
    run = load(tmp_path / f"{name}.run")
    assert run.stopped == f"stopped after step {run.steps} of 1000000"
    assert not list(tmp_path.glob("*-wal"))


def test_a_training_too_many_is_refused_while_all_others_are_busy(
    session: Session, monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    monkeypatch.setattr("downslope.lab.limits.MOST_TRAININGS", 1)
    first = session.do(Create(settings(steps=1_000_000))).run
    assert first is not None
    session.do(Play(first, speed=20))
    heard.wait(lambda all: all.live(first)[-1].state == "training")
    error = refused(session, Create(settings()), "lab-busy")
    assert error.what == "1 runs are training"
    assert "up to 1 runs train at the same time" in error.why
    session.do(Pause(first))
    assert session.do(Create(settings())).run == "moons-2"  # the one that waits gave way
    assert session.do(Step(first, 1)).run == first  # and goes on in a process of its own


def test_an_order_to_a_process_that_dies_says_how_it_ended_and_that_the_file_stays(
    session: Session, trained: str
) -> None:
    training = session._trainings[trained]
    os.kill(training.process.pid, signal.SIGSTOP)  # it hears nothing any more
    threading.Timer(0.2, os.kill, (training.process.pid, signal.SIGKILL)).start()
    with pytest.raises(DownslopeError, match="was ended by SIGKILL") as caught:
        training.call(Pause(trained))
    assert (caught.value.code, trained in caught.value.what) == ("lab-training-lost", True)
    with pytest.raises(DownslopeError) as again:
        training.call(Pause(trained))  # to one that is gone, at once
    assert again.value.code == "lab-training-lost"
    assert len(session.shelf.names()) == 1
    assert load(session.shelf.path(trained)).steps == 40


def test_a_process_that_does_not_answer_in_time_is_told_so_and_is_not_lost(session: Session, trained: str) -> None:
    training = session._trainings[trained]
    os.kill(training.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(DownslopeError, match="has not answered for 0 s") as caught:
            training.call(Step(trained, 1), seconds=0.2)
    finally:
        os.kill(training.process.pid, signal.SIGCONT)
    assert caught.value.code == "lab-training-late"
    assert session.do(Step(trained, 1)).steps == 42  # the late order was carried out after all
