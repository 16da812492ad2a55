"""Sweeps of the lab: trained in a process of their own, kept in a file, stopped without losing what is done."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from downslope.errors import DownslopeError
from downslope.lab import sweeps
from downslope.lab.commands import Create, Step, StopSweep, Sweep
from downslope.lab.protocol import Changed, Failure, Query
from downslope.lab.session import Session
from downslope.lab.sweeper import with_rate
from downslope.views.sweep_payload import SweepView

from .conftest import Heard, settings


def ended(session: Session, name: str, seconds: float = 90.0) -> SweepView:
    end = time.monotonic() + seconds
    while (shown := asked(session, name=name)).state == "training":
        assert time.monotonic() < end, shown
        time.sleep(0.05)
    return shown


def asked(session: Session, **args: object) -> SweepView:
    found = session.ask(Query("sweep", args=dict(args)))
    assert isinstance(found, SweepView), found
    return found


def test_a_sweep_has_every_rate_with_every_seed_and_each_run_can_be_trained_alone(
    session: Session, heard: Heard
) -> None:
    assert asked(session).names == ()
    rates = (0.002, 0.02, 3e38)
    with pytest.raises(DownslopeError, match="lab-sweep"):
        session.do(StopSweep("moons-sweep-1"))
    order = Sweep(settings(steps=30), rates[:2], 2, ("adam", "gradient_descent"))
    name = session.do(order).sweep
    assert name == "moons-sweep-1"
    shown = ended(session, name)
    assert (shown.state, shown.done, shown.meant, shown.names) == ("done", 8, 8, (name,))
    assert {(run.settings["lr"], run.settings["seed"], run.settings["optimizer"]) for run in shown.runs} == {
        (rate, seed, rule) for rate in rates[:2] for seed in (0, 1) for rule in order.optimizers
    }
    assert (shown.x_label, shown.y_label) == ("lr", "accuracy")
    assert asked(session, name=name, result="loss").y_label == "loss"
    assert any(isinstance(event, Changed) for event in heard)
    run = shown.runs[-1]
    alone = with_rate(order.settings, str(run.settings["optimizer"]), float(run.settings["lr"]))
    made = session.do(Create(replace(alone, seed=int(run.settings["seed"])))).run
    assert made is not None
    session.do(Step(made, 30))
    with session.run(made) as trained:
        np.testing.assert_array_equal(trained.loss[np.array(run.course_steps) - 1], run.course)


def test_a_sweep_is_stopped_and_keeps_what_is_done(session: Session, tmp_path: Path) -> None:
    long = Sweep(settings(steps=200_000, batch_size=None, hidden=(64, 64)), (0.001, 0.01), 20)
    name = session.do(long).sweep
    assert name is not None
    with pytest.raises(DownslopeError, match="lab-busy"):
        session.do(long)
    session.do(StopSweep(name))
    shown = asked(session, name=name)
    assert shown.state == "stopped"
    assert shown.done < shown.meant
    assert list(tmp_path.glob("*.sweep")) == [tmp_path / f"{name}.sweep"]


def test_what_is_too_much_is_refused(session: Session) -> None:
    for order in (Sweep(settings(), (0.1,) * 40, 32), Sweep(settings(steps=10_000_000), (0.1, 0.2))):
        with pytest.raises(DownslopeError, match="lab-limit"):
            session.do(order)
    assert isinstance(session.ask(Query("sweep", args={"name": "none"})), Failure)


def test_a_file_that_is_none_is_refused_and_one_without_a_process_is_lost(session: Session, tmp_path: Path) -> None:
    (tmp_path / "bad.sweep").write_text('{"order": 3}')
    found = session.ask(Query("sweep", args={"name": "bad"}))
    assert isinstance(found, Failure)
    assert found.code == "lab-sweep-file"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended_before:
        gone = ended_before.pid
    sweeps.write(tmp_path / "old.sweep", sweeps.SweepFile(Sweep(settings(), (0.1,)), "moons", gone))
    assert asked(session, name="old").state == "lost"
