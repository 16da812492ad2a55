"""The recorder: a training is never harmed by its record, and what was not written stays in memory until it can be."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.clock import Clock
from threadpoolctl import threadpool_info

import downslope as ds
from downslope.errors import RunFileError
from downslope.runs import Run, connect, recorder, scalars, snapshots, training
from downslope.runs.file import RunFile
from downslope.runs.layout import CHUNK, SCALARS
from downslope.runs.load import load
from downslope.runs.recorder import Recorder, RecordingLost
from downslope.runs.walk import Walk, quiet

STEPS = 900


def trained(path: Path | None, steps: int = STEPS, **options: Any) -> Run:
    net, rule = ds.nn.mlp([64, 8, 10]), ds.optim.adam(1e-2)
    return ds.train(net, ds.data.digits(), optimizer=rule, steps=steps, record=path or True, **options)


@pytest.fixture(scope="module")
def undisturbed() -> Run:
    return trained(None)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit after every portion, and portions of 15 steps at most; a commit takes as long on every machine."""
    advance = training.Training.advance
    monkeypatch.setattr(recorder, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(recorder, "time", Clock(tick=1e-3))
    monkeypatch.setattr(training.Training, "advance", lambda self, most: advance(self, min(most, 15)))


@contextlib.contextmanager
def between_commits(act: Callable[[Recorder, int], None]) -> Iterator[list[Recorder]]:
    """Inside, ``act`` is called before every commit, with the number of commits before it. Yields the recorders."""
    seen: list[Recorder] = []
    commit = Recorder.commit
    numbers = dict[int, int]()

    def acted(self: Recorder, carried: Any = None) -> None:
        if self not in seen:
            seen.append(self)
        numbers[id(self)] = numbers.get(id(self), -1) + 1
        act(self, numbers[id(self)])
        commit(self, carried)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "commit", acted)
        yield seen


def limit(file: RunFile, more: int) -> None:
    """The disk has room for so many pages more than the file has now."""
    pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
    file.connection.execute(f"PRAGMA max_page_count = {pages + more}")


def require_same(run: Run, other: Run) -> None:
    for name in set(SCALARS) - {"seconds"}:
        np.testing.assert_array_equal(run.series(name), other.series(name))
    assert {name: values.tolist() for name, values in run.metrics.items()} == {
        name: values.tolist() for name, values in other.metrics.items()
    }
    np.testing.assert_array_equal(run.carried.flat, other.carried.flat)
    np.testing.assert_array_equal(run.at(777).carried.flat, other.at(777).carried.flat)
    assert not run.damage


# --- a full disk ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
def test_with_a_full_disk_training_goes_on_and_the_run_is_whole_in_memory(tmp_path: Path, undisturbed: Run) -> None:
    path = tmp_path / "a.run"
    with (
        between_commits(lambda r, number: limit(r.file, 0) if number == 4 and not r.file.in_memory else None),
        pytest.warns(RecordingLost) as told,
    ):
        run = trained(path)
    assert len(told) == 1
    text = str(told[0].message)
    assert "disk is full" in text
    assert "run.save(path)" in text
    assert run.steps == STEPS
    assert run.stopped is None
    require_same(run, undisturbed)
    assert run.path is None
    assert "not saved" in run.summary()
    assert "disk is full" in run.summary()
    there = load(path)
    assert 0 < there.steps < STEPS
    assert not there.damage
    assert f"{there.steps} of {STEPS} steps" in str(there.stopped)
    assert f"{there.steps} of {STEPS} steps" in run.summary()
    np.testing.assert_array_equal(there.loss, undisturbed.loss[: there.steps])
    saved = run.save(tmp_path / "b.run")
    require_same(saved, undisturbed)
    require_same(load(tmp_path / "b.run"), undisturbed)
    assert "not saved" not in load(tmp_path / "b.run").summary()
    require_same(load(tmp_path / "b.run").train(1), trained(None, STEPS + 1))


@pytest.mark.usefixtures("hurried")
def test_when_room_comes_back_all_is_written(tmp_path: Path, undisturbed: Run) -> None:
    failed: list[int] = []

    def act(r: Recorder, number: int) -> None:
        if number == 3:
            limit(r.file, 0)
        if r.trouble:
            assert r.written < r.done
            failed.append(number)
        if len(failed) == 2:
            limit(r.file, 10**6)

    with between_commits(act), pytest.warns(RecordingLost) as told:
        run = trained(tmp_path / "a.run")
    assert len(failed) == 2
    assert len(told) == 1
    assert run.path == str(tmp_path / "a.run")
    for found in (run, load(tmp_path / "a.run")):
        require_same(found, undisturbed)
        assert found.stopped is None


def test_a_disk_that_is_full_before_training_begins_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = RunFile.put

    def full(self: RunFile, table: str, *values: Any) -> None:
        put(self, table, *values)
        if table == "snapshots":
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(RunFile, "put", full)
    with pytest.raises(RunFileError, match="disk is full"):
        trained(tmp_path / "a.run")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(place)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.usefixtures("hurried")
def test_on_a_disk_that_is_really_full_the_file_opens_with_what_was_committed(
    small_disk: Path, tmp_path: Path, undisturbed: Run
) -> None:
    with (
        between_commits(
            lambda r, number: (small_disk / "ballast").write_bytes(bytes(60_000)) if number == 2 else None  # type: ignore[arg-type]
        ),
        pytest.warns(RecordingLost) as told,
    ):
        run = trained(small_disk / "a.run")
    assert len(told) == 1
    require_same(run, undisturbed)
    there = load(small_disk / "a.run")
    assert 0 <= there.steps < STEPS
    assert not there.damage
    np.testing.assert_array_equal(there.loss, undisturbed.loss[: there.steps])
    require_same(run.save(tmp_path / "b.run"), undisturbed)
    (small_disk / "ballast").unlink()


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("tries", [1, 3, 1000])
def test_a_disk_that_is_full_at_the_first_commit_costs_nothing_if_there_is_room_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Run, tries: int
) -> None:
    path, named, tried = tmp_path / "a.run", connect.named, list[int]()

    def full(place: Path, image: bytes | None = None) -> sqlite3.Connection:
        tried.append(1)
        if len(tried) <= tries:
            raise OSError(28, "No space left on device")
        return named(place, image)

    monkeypatch.setattr(connect, "named", full)
    with pytest.warns(RecordingLost, match="No space left") as told:
        run = trained(path)
    assert len(told) == 1
    require_same(run, undisturbed)
    if tries < 1000:
        assert run.path == str(path)
        require_same(load(path), undisturbed)
        assert os.listdir(tmp_path) == ["a.run"]
    else:
        assert run.path is None
        assert f"0 of {STEPS} steps" in run.summary()
        assert os.listdir(tmp_path) == []
        monkeypatch.setattr(connect, "named", named)
        require_same(run.save(path), undisturbed)
        require_same(load(path), undisturbed)


def test_a_short_training_comes_to_its_file_at_the_end_and_can_be_asked_and_go_on(
    tmp_path: Path, undisturbed: Run
) -> None:
    path, codes = tmp_path / "a.run", list[str]()
    with pytest.MonkeyPatch.context() as patch, between_commits(lambda r, number: codes.append(code_of(path))):
        patch.setattr(recorder, "COMMIT_SECONDS", np.inf)
        run = trained(path, 600)
    assert codes == ["run-file-empty"]
    assert os.listdir(tmp_path) == ["a.run"]
    assert load(path).steps == 600
    run.note("short", 5)
    run.ask("weight_norm", every=100)
    assert load(path).notes == run.notes
    require_same(run.train(STEPS - 600), undisturbed)
    require_same(load(path), undisturbed)


def code_of(path: Path) -> str:
    """Of the error with which a path is not loaded."""
    with pytest.raises(RunFileError) as caught:
        load(path)
    return caught.value.code


def test_after_a_fork_of_the_process_the_parent_s_run_is_as_it_was(tmp_path: Path, undisturbed: Run) -> None:
    path, children = tmp_path / "a.run", list[int]()

    def fork(progress: Any) -> None:
        if not children:
            children.append(os.fork())
            if not children[0]:
                os._exit(0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads is forked
        run = trained(path, progress=fork)
    assert os.waitpid(children[0], 0)[1] == 0
    require_same(run, undisturbed)
    require_same(load(path), undisturbed)


# --- two writers ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
def test_a_second_training_of_the_same_run_is_refused_and_the_first_is_unharmed(
    tmp_path: Path, undisturbed: Run
) -> None:
    path = tmp_path / "a.run"
    trained(path, 300)
    refused: list[RunFileError] = []

    def act(r: Recorder, number: int) -> None:
        if number == 1:
            with pytest.raises(RunFileError) as caught:
                load(path).train(100)
            refused.append(caught.value)

    with between_commits(act):
        whole = load(path).train(600)
    assert [error.code for error in refused] == ["run-written-twice"]
    require_same(whole, undisturbed)
    assert whole.path == str(path)
    assert load(path).train(1).steps == STEPS + 1


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system, or a Windows, where nobody can tell that another one is writing."""
    monkeypatch.setattr(connect, "fcntl", None)


@pytest.mark.usefixtures("hurried", "no_locks")
def test_without_locks_the_one_that_is_overtaken_stops_recording_and_is_unharmed(
    tmp_path: Path, undisturbed: Run
) -> None:
    path = tmp_path / "a.run"
    trained(path, 300)
    begun: list[Run] = []

    def act(r: Recorder, number: int) -> None:
        if number == 3 and not begun:
            begun.append(load(path))
            begun.append(begun[0].train(100))

    with between_commits(act), pytest.warns(RecordingLost) as told:
        whole = load(path).train(600)
    assert len(told) == 1
    assert "run-written-twice" in str(told[0].message)
    require_same(whole, undisturbed)
    assert whole.path is None
    assert "another training" in whole.summary()
    there = load(path)
    assert not there.damage
    assert there.steps == begun[1].steps
    assert there.path == begun[1].path == str(path)
    np.testing.assert_array_equal(there.loss, undisturbed.loss[: there.steps])
    require_same(whole.save(tmp_path / "b.run"), undisturbed)
    with pytest.raises(RunFileError) as caught:
        begun[0].train(5)
    assert caught.value.code == "run-grown"


@pytest.mark.usefixtures("hurried", "no_locks")
def test_what_another_training_wrote_is_not_in_the_run_of_the_one_that_was_overtaken(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    trained(path, 100)
    done: list[int] = []

    def act(r: Recorder, number: int) -> None:
        if number == 1 and not done:
            done.append(100)
            load(path).train(800)

    with between_commits(act), pytest.warns(RecordingLost):
        short = load(path).train(1)
    longer = trained(None, 101)
    assert short.steps == 101
    assert short.stopped is None
    for name in ("loss", "grad_norm"):
        np.testing.assert_array_equal(short.series(name), longer.series(name))
    assert {k: v.tolist() for k, v in short.metrics.items()} == {k: v.tolist() for k, v in longer.metrics.items()}
    assert max(mark.step for mark in snapshots.marks(short.file)) == 101
    assert load(path).steps == 900


@pytest.mark.usefixtures("hurried")
def test_a_file_that_another_process_holds_does_not_hold_the_training_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Run
) -> None:
    monkeypatch.setattr(connect, "WAIT", 0.02)
    holder: list[RunFile] = []
    failed: list[int] = []

    def act(r: Recorder, number: int) -> None:
        if number == 3:
            other = RunFile.open(r.file.path)
            other.connection.execute("BEGIN IMMEDIATE")
            holder.append(other)
        if r.trouble:
            failed.append(number)
        if holder and (len(failed) == 2 or r.done == STEPS):  # on a slow machine the second try is the last one
            holder.pop().close()

    with between_commits(act), pytest.warns(RecordingLost, match="locked"):
        run = trained(tmp_path / "a.run")
    assert failed
    require_same(run, undisturbed)
    require_same(load(tmp_path / "a.run"), undisturbed)


# --- the window of steps that are in memory -------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 700), st.booleans(), st.booleans()), min_size=1, max_size=12),
    st.integers(0, 2 * CHUNK + 5),
)
@settings(max_examples=60)
def test_in_any_portions_with_any_commits_that_fail_every_number_is_written(
    portions: list[tuple[int, bool, bool]], before: int
) -> None:
    file, rng = RunFile.create(None), np.random.default_rng(0)
    truth = {name: list(rng.normal(size=before) ** 2) for name in SCALARS}
    with file.writing():
        file.set_meta("extent", {"steps": before})
        if before:
            scalars.write(file, 0, {name: np.array(column) for name, column in truth.items()})
    carried: Any = None
    made = Recorder(file, 0, before, 10**9, 10**6, sparse=True)
    made.commit_at = np.inf
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordingLost)
        patch.setattr(recorder, "WINDOW", 300)
        for count, commit, fails in portions:
            for name in SCALARS:
                truth[name] += list(np.full(count, 0.5) if name in ("lr", "seconds") else rng.normal(size=count) ** 2)
            loss, square = made.room(count)
            loss[:], square[:] = truth["loss"][-count:], np.array(truth["grad_norm"][-count:]) ** 2
            truth["grad_norm"][-count:] = np.sqrt(square).tolist()
            made.steps(count, 0.5, 0.5 * count, carried)
            offset, columns = made.window
            for name in SCALARS:
                np.testing.assert_array_equal(columns[name][: made.done - offset], truth[name][offset:])
            if commit:
                limit(file, 0 if fails else 10**6)
                made.commit()
                made.commit_at = np.inf
        limit(file, 10**6)
        made.commit()
    for name in SCALARS:
        values, missing = scalars.read(file, name, 1, made.done)
        np.testing.assert_array_equal(values, truth[name])
        assert not missing
    file.check()
    assert not file.damage


@pytest.mark.usefixtures("hurried")
def test_a_training_without_end_holds_a_bounded_number_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "WINDOW", 64)
    with between_commits(lambda r, number: None) as seen:
        run = trained(None, 10**9, stop_when="loss < 0.05")
    assert run.steps > 2 * CHUNK
    assert len(seen[0].columns["loss"]) < 8 * CHUNK
    assert np.isfinite(run.loss).all()


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Run
) -> None:
    clock = iter(range(10**9, -(10**9), -1000))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    run = trained(tmp_path / "a.run")
    run.note("the clock is wrong")
    require_same(run, undisturbed)
    require_same(load(tmp_path / "a.run"), undisturbed)
    assert (run.series("seconds") >= 0).all()


@pytest.mark.parametrize("pace", [1e-3, 0.01, 0.1])
def test_it_commits_at_least_every_second_and_has_a_snapshot_to_go_on_from(
    pace: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, commits, take = Clock(), list[float](), Walk.take

    def slowly(self: Walk, xs: Any, *rest: Any) -> None:
        take(self, xs, *rest)
        clock.now += pace * len(xs)

    monkeypatch.setattr(Walk, "take", slowly)
    for room in (recorder, training):
        monkeypatch.setattr(room, "time", clock)
    with between_commits(lambda r, number: commits.append(clock.now)):
        run = trained(tmp_path / "a.run", int(4 / pace))
    assert commits[-1] == pytest.approx(4)
    assert max(np.diff(commits)) < 1.0
    assert snapshots.marks(run.file)[-1].step == run.steps
    assert os.listdir(tmp_path) == ["a.run"]


# --- threads --------------------------------------------------------------------------------------------------------


def test_a_thread_asks_the_past_while_another_trains_in_the_same_file(tmp_path: Path, undisturbed: Run) -> None:
    past = trained(tmp_path / "a.run", 300)
    asked: list[Any] = []
    failed: list[BaseException] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set() or not asked:
                asked.append(past.ask("weight_norm", every=50).values)
                assert past.metrics["step"][-1] in (270, 300)
                past.at(1 + len(asked) % 300).grads  # noqa: B018
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        run = past.train(600)
    finally:
        over.set()
        thread.join(30)
    assert not failed
    assert all(np.array_equal(values, asked[0]) for values in asked)
    require_same(run, undisturbed)
    require_same(load(tmp_path / "a.run"), undisturbed)


def test_who_asks_while_another_thread_trains_leaves_its_number_of_blas_threads_alone() -> None:
    def now() -> set[int]:
        return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}

    free = now()
    asks, trains = quiet(1), quiet(1)
    asks.__enter__()
    trains.__enter__()
    asks.__exit__(None, None, None)
    assert now() == {1}
    with quiet(2):
        assert now() == {2}
    assert now() == {1}
    trains.__exit__(None, None, None)
    assert now() == free
