"""Machine code takes over from the program in place: at a step that the settings fix, and without anybody waiting."""

from __future__ import annotations

import json
import os
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings as examples, strategies as st

import downslope as ds
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine import NotGenerated
from downslope.data import Data, moons
from downslope.runs import Run, step_program, tiers
from downslope.runs.file import RunFile
from downslope.runs.paced import Paced
from downslope.runs.step_program import steps_of
from downslope.runs.walk import fingerprint

estimate = tiers.steps_ahead
pytestmark = pytest.mark.skipif(machine.available() is not None, reason="no machine code on this CPU")
TAKEOVER = 22  # within an epoch of 12 mini-batches, the last of which is smaller


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine code takes over after few steps."""
    monkeypatch.setattr(tiers, "steps_ahead", lambda graph: TAKEOVER)


def trained(steps: int, data: Data | None = None, **changes: Any) -> Run:
    settings: dict[str, Any] = {"optimizer": ds.optim.adam(0.01), "batch_size": 16, "dtype": np.float64}
    return ds.train(ds.nn.mlp([2, 8, 2]), data or moons(230), steps=steps, **settings | changes)


def machine_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each call of machine code takes, from here on."""
    taken: list[int] = []
    run = step_program.StepProgram.run

    def counted(self: Any, xs: Any, *rest: Any) -> None:
        if self.gathered is not None:
            taken.append(len(xs))
        run(self, xs, *rest)

    monkeypatch.setattr(step_program.StepProgram, "run", counted)
    return taken


def test_the_first_steps_are_those_in_place_and_the_next_ones_agree_to_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = machine_steps(monkeypatch)
    run = trained(60)
    assert sum(taken) == 60 - TAKEOVER - 4  # steps 24, 36, 48 and 60 are the smaller last ones of their epochs
    one, two = trained(60, dialect="in place"), trained(60, dialect="machine")
    np.testing.assert_array_equal(run.loss[:TAKEOVER], one.loss[:TAKEOVER])
    np.testing.assert_allclose(run.loss, two.loss, rtol=1e-9)
    assert (run.segment.dialect, one.segment.dialect, two.segment.dialect) == ("auto", "in place", "machine")
    assert "machine code from step 23 on" in str(run)


def test_with_the_same_settings_all_bits_are_the_same_whenever_it_was_compiled() -> None:
    first = trained(60)  # compiled here, or in an earlier test
    second = trained(60)
    assert fingerprint(first.carried) == fingerprint(second.carried)
    np.testing.assert_array_equal(first.loss, second.loss)
    np.testing.assert_array_equal(first.series("grad_norm"), second.series("grad_norm"))


def test_steps_are_taken_while_it_compiles_and_none_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    far, begun = threading.Event(), threading.Event()
    loop, done = machine.loop, list[int]()

    def late(*args: Any, **options: Any) -> Any:
        begun.set()
        assert far.wait(60)
        return loop(*args, **options)

    def tell(step: ds.runs.Step) -> bool:
        done.append(step.t)
        if step.t == TAKEOVER:
            assert begun.wait(60)
            far.set()
        return False

    monkeypatch.setattr(machine, "loop", late)
    run = trained(60, stop_when=tell)
    assert done == list(range(1, 61))  # it would have waited for ever, had it waited before the step
    np.testing.assert_array_equal(run.loss, trained(60).loss)


@given(cuts=st.lists(st.integers(1, 59), max_size=3, unique=True).map(sorted))
@examples(max_examples=12, deadline=None)
def test_in_pieces_it_is_the_same_as_in_one(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path, whole = tmp_path_factory.mktemp("runs") / "a.run", trained(60)
    stops = [*cuts, 60]
    run = trained(stops[0], record=path)
    for before, after in pairwise(stops):
        run = ds.load(path).train(after - before)
    assert run.segment.takeover == TAKEOVER
    np.testing.assert_array_equal(run.loss, whole.loss)
    assert fingerprint(run.carried) == fingerprint(whole.carried)


def test_any_step_is_replayed_to_the_last_bit(tmp_path: Path) -> None:
    whole = trained(60, record=tmp_path / "a.run")
    again = ds.load(tmp_path / "a.run")
    for t in (60, TAKEOVER + 1, 3, TAKEOVER, 41, TAKEOVER + 2):
        assert fingerprint(again.history.replay.before(t)) == fingerprint(whole.history.replay.before(t))
        assert again.at(t).loss == whole.loss[t - 1]
    assert fingerprint(again.history.replay.after(60)) == fingerprint(whole.carried)
    assert again.history.replay.difference is None


@pytest.mark.parametrize("at", [5, TAKEOVER, TAKEOVER + 1, 40])
def test_a_fork_without_a_change_goes_on_as_its_parent_did(at: int) -> None:
    run = trained(60)
    fork = run.fork(at=at).train(61 - at)
    np.testing.assert_array_equal(fork.loss, run.loss)
    assert fingerprint(fork.carried) == fingerprint(run.carried)


def test_led_by_hand_it_takes_the_same_steps() -> None:
    whole = trained(60)
    with Paced(trained(1), 60) as paced:
        while paced.done < 60:
            paced.advance(7)
    np.testing.assert_array_equal(paced.history.series("loss", 1, 60), whole.loss)


def test_a_breakpoint_and_a_failure_after_it_are_found_as_in_place() -> None:
    run = trained(60)
    bound = float(np.median(run.loss[30:]))
    stopped = trained(60, stop_when=f"t > 30 and loss < {bound!r}")
    assert stopped.steps == 31 + int(np.flatnonzero(run.loss[30:] < bound)[0])
    assert fingerprint(stopped.carried) == fingerprint(run.history.replay.after(stopped.steps))

    data, settings = ds.data.diabetes(), {"optimizer": ds.optim.gradient_descent(0.8), "steps": 300}
    net = ds.nn.mlp([data.train.x.shape[1], 1])
    one, two = (ds.train(net, data, dialect=d, **settings) for d in ("in place", "auto"))  # type: ignore[arg-type]
    assert one.failure is not None
    assert two.failure is not None
    assert two.failure.step > TAKEOVER
    assert abs(one.failure.step - two.failure.step) <= 1
    assert one.failure.operation == two.failure.operation


def test_what_cannot_be_compiled_stays_in_place_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    in_place = trained(60, dialect="in place")

    def refused(*args: Any, **options: Any) -> Any:
        raise NotGenerated("it has a thing in it")

    with monkeypatch.context() as patch:
        patch.setattr(machine, "loop", refused)
        run = trained(60)
        short = trained(TAKEOVER)
    np.testing.assert_array_equal(run.loss, in_place.loss)
    assert "from step 23 on, not made: it has a thing in it; in place instead" in str(run)
    assert "machine code" not in str(short)
    monkeypatch.setattr(machine, "available", lambda: "llvmlite is not installed")
    assert "llvmlite is not installed" in str(trained(60))
    searching = trained(3, optimizer=ds.optim.newton(), batch_size=None)
    assert searching.segment.takeover is None


@pytest.mark.skipif(os.name == "nt", reason="folders there have other rights")
def test_without_a_folder_to_keep_it_in_machine_code_is_made_all_the_same_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = trained(60, batch_size=13)
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("DOWNSLOPE_CACHE", str(tmp_path / "cache"))
    run = trained(60, batch_size=14)
    assert "machine code from step 23 on, compiled again in every process: it cannot be kept in" in str(run)
    assert str(tmp_path / "cache") in str(run)
    monkeypatch.setenv("DOWNSLOPE_CACHE", str(tmp_path / "other"))
    assert "every process" not in str(trained(60, batch_size=15))
    assert "every process" not in str(usual)


def test_a_fault_in_the_thread_reaches_the_one_who_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> Any:
        raise MemoryError("none left")

    monkeypatch.setattr(machine, "loop", broken)
    with pytest.raises(MemoryError, match="none left"):
        trained(60)


def test_a_training_that_ends_before_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(machine, "loop", lambda *args, **options: asked.append(args))
    trained(TAKEOVER)
    assert not asked


def test_files_that_name_a_dialect_are_read(tmp_path: Path) -> None:
    run = trained(40, dialect="machine", record=tmp_path / "a.run")
    file = RunFile.open(tmp_path / "a.run")
    ((text,),) = file.connection.execute("SELECT facts FROM segments").fetchall()
    facts = json.loads(text)
    del facts["takeover"]
    for word, takeover in (("machine", 0), ("in place", None)):
        with file.writing():
            file.remove("segments", "number = 0")
            file.put("segments", 0, 1, json.dumps(facts | {"dialect": word}))
        assert ds.load(tmp_path / "a.run").segment.takeover == takeover
    assert run.segment.takeover == 0


# --- after how many steps ------------------------------------------------------------------------------------------


def ahead(sizes: list[int], batch: int) -> int:
    rng = np.random.default_rng(0)
    data = ds.data.arrays(rng.normal(size=(4 * batch, sizes[0])), np.arange(4 * batch) % sizes[-1])
    run = ds.train(ds.nn.mlp(sizes), data, optimizer=ds.optim.adam(0.01), batch_size=batch, steps=1)
    batch_of = run.task.x[:batch], run.task.y[:batch]
    return estimate(steps_of(run.task.objective, run.optimizer, run.carried, batch_of).graph)


@given(width=st.integers(1, 64), depth=st.integers(1, 4), batch=st.integers(8, 64))
@examples(max_examples=15, deadline=None)
def test_the_more_a_step_computes_the_sooner_it_pays(width: int, depth: int, batch: int) -> None:
    found = ahead([4, *[width] * depth, 2], batch)
    assert found >= 1
    assert ahead([4, *[4 * width] * depth, 2], batch) <= found
    assert ahead([4, *[width] * depth, 2], 4 * batch) <= found


def test_the_estimate_is_that_of_the_tables_networks() -> None:
    """In place and compiling, as measured in FIELD.md's shapes: S 20 to 30 µs and 0.1 s, L 14 to 32 ms and 0.3 s."""
    assert 0.1 / 30e-6 / 2 < ahead([64, 32, 10], 32) < 0.1 / 20e-6 * 2
    assert 0.3 / 32e-3 / 3 < ahead([784, 1024, 1024, 10], 256) < 0.3 / 14e-3 * 2
