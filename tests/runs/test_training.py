"""Going on is having trained longer, a breakpoint stops at its very step, and what fails leaves all before it sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.watched import example, require_exact, watched

import downslope as ds
from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.optim.schedule import SCHEDULES
from downslope.runs import Run, Step
from downslope.runs.layout import CHUNK
from downslope.runs.training import Training
from downslope.runs.walk import fingerprint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
DATA = data.arrays(X, (X[:, 0] * X[:, 1] > 0).astype(int))
NET = nn.mlp([4, 6, 2], hidden="tanh")
DROPPING = nn.Model((4,), (nn.dense(8), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.3), nn.dense(2)))
PLATEAU = optim.Plateau(0.2, factor=0.5, patience=1, threshold=0.1)
KINDS: dict[str, dict[str, Any]] = {
    "adam and dropout": {"model": DROPPING, "optimizer": optim.adam(0.01)},
    "a plateau": {"optimizer": optim.momentum(0.1), "plateau": PLATEAU},
    "a plateau of the accuracy": {
        "optimizer": optim.momentum(0.1),
        "plateau": optim.Plateau(0.2, factor=0.5, patience=0, larger_is_better=True),
    },
    "an average": {"optimizer": optim.ema(optim.schedule_free_adamw(0.01))},
    "matrices": {"optimizer": optim.soap()},
    "sam": {"optimizer": optim.sam(optim.momentum(0.1))},
    "lbfgs": {"optimizer": optim.lbfgs(), "batch_size": None},
    "single rows": {"model": nn.mlp([4, 3, 2]), "optimizer": optim.adam(0.01), "batch_size": 1},
    "the losses alone": {"optimizer": optim.adam(0.01), "record": False},
    "none held out": {
        "data": data.arrays(X, X[:, 0], held_out=0),
        "model": nn.mlp([4, 3, 1]),
        "optimizer": optim.adam(),
    },
    **{f"the schedule {name}": {"optimizer": optim.momentum(example(SCHEDULES[name]))} for name in SCHEDULES},
}


def trained(steps: int, **settings: Any) -> Run:
    options: dict[str, Any] = {"model": NET, "data": DATA, "batch_size": 7, "steps": steps} | settings
    return ds.train(options.pop("model"), options.pop("data"), **options)


def require_equal(one: Run, other: Run) -> None:
    """Everything but the seconds, bit for bit."""
    assert one.steps == other.steps
    for name in ("loss", "grad_norm", "lr"):
        np.testing.assert_array_equal(one.series(name), other.series(name), err_msg=name)
    assert list(one.metrics) == list(other.metrics)
    for name, values in one.metrics.items():
        np.testing.assert_array_equal(values, other.metrics[name], err_msg=name)
    assert fingerprint(one.carried) == fingerprint(other.carried)


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_one_long_training(kind: str, tmp_path: Path) -> None:
    pieces = [1, 2, 13, 4, 7, 30]  # epochs have 7 steps: in their middle, at their end, over several
    whole = trained(sum(pieces), **KINDS[kind])
    run = trained(pieces[0], **{"record": tmp_path / "a.run"} | KINDS[kind])
    for k, steps in enumerate(pieces[1:]):
        if k % 2 and run.path:
            run = ds.load(run.path)
        run = run.train(steps)
    require_equal(run, whole)
    assert run.stopped is None
    if run.path:
        require_equal(ds.load(run.path), whole)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
@settings(max_examples=15)
def test_any_pieces_are(pieces: list[int]) -> None:
    settings = KINDS["a plateau"]
    run = trained(pieces[0], **settings)
    for steps in pieces[1:]:
        run = run.train(steps)
    require_equal(run, trained(sum(pieces), **settings))


def test_epochs_go_on_as_well() -> None:
    require_equal(trained(7, optimizer=optim.adam()).train(epochs=2), trained(21, optimizer=optim.adam()))


def test_the_size_of_the_portions_changes_nothing() -> None:
    whole = trained(80, **KINDS["adam and dropout"])
    for seed in range(3):
        with watched(seed, snapshots=0.5, most=2 + seed) as truth:
            run = trained(80, **KINDS["adam and dropout"])
        require_equal(run, whole)
        require_exact(run, truth)


@pytest.mark.parametrize("kind", ["adam and dropout", "a plateau", "a plateau of the accuracy", "lbfgs", "matrices"])
def test_a_fork_that_changes_nothing_is_the_run_itself(kind: str) -> None:
    run = trained(40, **KINDS[kind])
    for at in (1, 8, 17, 41):
        with watched() as truth:
            fork = run.fork(at=at).train(60 - at)
        require_equal(fork, trained(59, **KINDS[kind]))
        require_exact(fork, truth)


@pytest.mark.parametrize("when", ["before it is judged", "while it is walked"])
@pytest.mark.parametrize("ends", [7, 21])
def test_after_an_error_what_is_recorded_fits_together_and_goes_on(
    when: str, ends: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(60, **KINDS["a plateau"])
    with monkeypatch.context() as patch:
        spoil = spoiled_judging if when == "before it is judged" else spoiled_walk
        spoil(patch, ends)
        with pytest.raises(KeyboardInterrupt):
            trained(60, record=tmp_path / "a.run", **KINDS["a plateau"])
    run = ds.load(tmp_path / "a.run")
    assert 0 < run.steps <= ends
    assert run.stopped == "an error ended the training"
    require_exact(run, {run.steps: fingerprint(trained(run.steps, **KINDS["a plateau"]).carried)})
    require_equal(run.train(60 - run.steps), whole)


def spoiled_judging(patch: pytest.MonkeyPatch, ends: int) -> None:
    """The program is ended between an epoch's last step and its evaluation."""
    evaluate = Training.evaluate

    def spoiled(self: Training) -> None:
        if self.done == ends:
            raise KeyboardInterrupt
        evaluate(self)

    patch.setattr(Training, "evaluate", spoiled)


def spoiled_walk(patch: pytest.MonkeyPatch, ends: int) -> None:
    """The program is ended when steps are taken and not yet recorded."""
    finite = Training.finite

    def spoiled(self: Training, records: Any) -> bool:
        if self.walk.done >= ends:
            raise KeyboardInterrupt
        return finite(self, records)

    patch.setattr(Training, "finite", spoiled)


# --- breakpoints ------------------------------------------------------------------------------------------------------


def number_reached(run: Run, name: str) -> tuple[int, float]:
    """A step in the middle at which a scalar is first at least some value, and that value."""
    values = run.series(name)
    highest = np.maximum.accumulate(values)
    first = np.flatnonzero(values[1:] > highest[:-1]) + 2  # a new highest, counted from 1
    step = int(first[len(first) // 2]) if len(first) else 1
    return step, float(values[step - 1])


@pytest.mark.parametrize("kind", ["adam and dropout", "a plateau", "lbfgs", "single rows", "the schedule warm_up"])
@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_a_condition_stops_at_the_first_step_at_which_it_holds(kind: str, name: str, tmp_path: Path) -> None:
    whole = trained(100, **KINDS[kind])
    step, value = number_reached(whole, name)
    run = trained(100, stop_when=f"{name} >= {value!r}", **{"record": tmp_path / "a.run"} | KINDS[kind])
    assert run.steps == step == whole.first(f"{name} >= {value!r}")
    assert run.stopped == f"stop_when held at step {step}: {name} >= {value!r}"
    require_stopped(run, step, kind)


@pytest.mark.parametrize("kind", ["adam and dropout", "a plateau", "matrices", "lbfgs"])
@pytest.mark.parametrize("at", [1, 6, 7, 8, 23])
def test_a_function_stops_at_its_step_and_sees_the_step_as_it_is_replayed_later(
    kind: str, at: int, tmp_path: Path
) -> None:
    seen: dict[int, tuple[float, float, dict[str, Any]]] = {}

    def reached(step: Step) -> bool:
        seen[step.t] = step.loss, step.lr, {name: value.copy() for name, value in step.updates.items()}
        return step.t >= at

    run = trained(50, stop_when=reached, **{"record": tmp_path / "a.run"} | KINDS[kind])
    assert run.stopped == f"stop_when held at step {at}: reached"
    assert list(seen) == list(range(1, at + 1))
    for t, (loss, lr, updates) in seen.items():
        step = run.at(t)
        assert (loss, lr) == (step.loss, step.lr) == (run.loss[t - 1], run.series("lr")[t - 1])
        for name, update in updates.items():
            np.testing.assert_array_equal(update, step.updates[name])
    require_stopped(run, at, kind)


def require_stopped(run: Run, at: int, kind: str) -> None:
    """It is a run of so many steps, nothing is recorded beyond them, and it goes on like any other."""
    require_equal(run, trained(at, **KINDS[kind]))
    if run.path:
        loaded = ds.load(run.path)
        require_equal(loaded, run)
        assert loaded.file.connection.execute("SELECT max(first + count - 1) FROM chunks").fetchone() == (at,)
        assert loaded.file.connection.execute("SELECT max(step) FROM snapshots").fetchone() == (at,)
        assert loaded.file.connection.execute("SELECT max(step) FROM metrics").fetchone() == (at,)
    require_equal(run.train(17), trained(at + 17, **KINDS[kind]))


def test_the_rate_and_the_metrics_can_be_waited_for() -> None:
    whole = trained(100, **KINDS["a plateau"])
    fell = int(np.flatnonzero(np.diff(whole.series("lr")))[0]) + 2
    assert trained(100, stop_when="lr < 0.2", **KINDS["a plateau"]).steps == fell
    best = float(whole.metrics["accuracy"][:6].max())
    expected = whole.first(f"accuracy >= {best!r}")
    assert trained(100, stop_when=f"accuracy >= {best!r}", **KINDS["a plateau"]).steps == expected
    assert trained(100, stop_when="seconds > 0", **KINDS["a plateau"]).steps == 1


def falling() -> dict[str, Any]:
    """A training whose loss at step t is 10001 - t."""
    return {
        "model": lambda p, x: p + 0 * x,
        "data": data.arrays(np.zeros((4, 1)), np.arange(4.0), held_out=0),
        "loss": lambda output, y: np.mean(output),
        "params": np.full(1, 1e4),
        "optimizer": optim.gradient_descent(1.0),
        "batch_size": None,
        "dtype": np.float64,
    }


def test_a_window_looks_back_over_what_is_in_the_file_already() -> None:
    held = CHUNK + 13
    loss = 10001 - held
    run = trained(6 * CHUNK, stop_when=f"loss <= {loss} and median(loss, 20) == loss + 10.5", **falling())
    assert run.steps == held
    assert run.loss.tolist() == [10001 - t for t in range(1, held + 1)]
    longer = run.train(6 * CHUNK, stop_when=f"max(loss, {CHUNK}) <= {10001 - 4 * CHUNK}")
    assert longer.steps == 5 * CHUNK
    assert longer.series("loss", 3, 5).tolist() == [9998, 9997, 9996]


def test_a_function_looks_back_over_what_is_in_the_file_already() -> None:
    def uneven(step: Step) -> bool:
        for _ in range(6):
            assert step.previous is not None
            if step.previous.loss - step.loss != 1:
                return True
            step = step.previous
        return False

    run = trained(CHUNK - 1, **falling()).train(2).train(6, stop_when=uneven)
    assert run.steps == CHUNK + 7
    assert run.stopped is None


def test_an_error_in_the_function_ends_the_training_with_what_was_recorded(tmp_path: Path) -> None:
    def wrong(step: Step) -> bool:
        if step.t == 30:
            raise ZeroDivisionError
        return False

    with pytest.raises(ZeroDivisionError):
        trained(50, record=tmp_path / "a.run", stop_when=wrong, **KINDS["adam and dropout"])
    run = ds.load(tmp_path / "a.run")
    assert run.stopped == "an error ended the training"
    assert 0 < run.steps < 30
    require_equal(run.train(50 - run.steps), trained(50, **KINDS["adam and dropout"]))


# --- numbers that are not finite --------------------------------------------------------------------------------------


def explosive(at: float = 10.0, **settings: Any) -> dict[str, Any]:
    """A line through rows that are all at one place: its parameter grows by a factor until its square is too large."""
    return {
        "model": lambda p, x: x @ p,
        "data": data.arrays(np.full((40, 1), at), np.arange(40.0), task="regression", held_out=0),
        "optimizer": optim.gradient_descent(1.0),
        "params": np.zeros((1, 1)),
        "batch_size": 1,
        **settings,
    }


@pytest.mark.parametrize("record", [True, False])
def test_the_failed_step_is_not_taken_and_all_before_it_is_as_it_would_have_been(record: bool) -> None:
    run = trained(50, record=record, **explosive())
    assert run.failure is not None
    failed = run.failure.step
    assert run.steps == failed - 1 == 9
    assert run.stopped == f"not finite at step {failed}: square in loss, forward pass"
    assert [len(run.series(name)) for name in ("loss", "lr", "grad_norm")] == [failed - 1] * 3
    assert np.isfinite(run.series("loss")).all()
    assert not np.isfinite(run.loss[-1])  # of the step that was not taken
    assert len(run.loss) == failed
    before = trained(failed - 1, record=record, **explosive())
    assert fingerprint(run.carried) == fingerprint(before.carried)
    np.testing.assert_array_equal(run.series("loss"), before.series("loss"))
    for t in (failed, 3, failed - 1, 1):
        assert fingerprint(run.history.replay.before(t)) == fingerprint(before.history.replay.before(t))
    assert not np.isfinite(run.at(failed).loss)
    with pytest.raises(SettingError, match="run-failed"):
        run.train(5)


@pytest.mark.parametrize("at", range(1, 11))
def test_a_breakpoint_before_the_failure_comes_first(at: int) -> None:
    run = trained(50, stop_when=lambda step: step.t >= at, **explosive())
    assert run.steps == min(at, 9)
    assert (run.failure is None) is (at < 10)
    assert fingerprint(run.carried) == fingerprint(trained(min(at, 9), **explosive()).carried)


@pytest.mark.parametrize("rule", ["newton(1e39, pure=True)", "momentum(1e39)"])
def test_an_update_that_goes_too_far_is_told_as_such(rule: str) -> None:
    made: Any = optim.from_text(rule)
    run = trained(50, **explosive(1.0, optimizer=made, batch_size=None))
    assert run.failure is not None
    assert run.failure.step == 1
    assert run.failure.place == "the update"
    assert "[run-not-finite]" in str(run.failure)
    assert len(str(run.failure).splitlines()) == 4
    assert run.steps == 0
    assert np.isfinite(run.failure.loss)


def test_a_state_alone_that_overflows_is_data_and_replayed() -> None:
    with watched(snapshots=0.3) as truth:
        run = trained(30, **explosive(1.0, optimizer=optim.adam(1e19), batch_size=3))
    require_exact(run, truth)
    assert run.failure is None
    assert np.isinf(run.carried.state["v"]).any()


def test_a_missing_cell_of_the_data_is_to_be_filled_and_no_rate_to_be_lowered() -> None:
    data = ds.data.iris()
    x = data.train.x.copy()
    x[5, 1] = np.nan
    holed = replace(data, train=replace(data.train, x=x))
    run = ds.train(ds.nn.mlp([4, 3]), holed, optimizer=ds.optim.gradient_descent(0.1), epochs=1)
    assert run.failure is not None
    assert "fill its missing cells" in str(run.failure)
    assert "learning rate" not in str(run.failure)
