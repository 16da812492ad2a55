"""A glance at a run file: what it tells is what the run tells, and what is damaged is never told as sound."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from downslope import data, nn, optim
from downslope.runs import Run, glance, load, train
from downslope.runs.file import RunFile
from downslope.runs.snapshots import Mark


def trained(path: Path, steps: int = 60, lr: float = 0.01, hidden: int = 8) -> Run:
    return train(nn.mlp([4, hidden, 3]), data.iris(), optimizer=optim.adam(lr), steps=steps, record=path)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glance") / "iris.run"
    trained(path)
    return path


def test_it_tells_what_the_run_tells(file: Path, tmp_path: Path) -> None:
    run = load(file)
    fork = run.fork(at=20, lr=0.1, record=tmp_path / "fork.run").train(9)
    for true in (run, fork):
        assert true.path is not None
        found = glance.glance(true.path)
        assert (found.state, found.why) == ("finished", "")
        assert (found.data, found.model, found.optimizer) == ("iris", "4-8-3", str(true.optimizer))
        assert (found.steps, found.until) == (true.steps, true.steps)
        assert found.loss == (true.loss[0], true.loss[-1])
        assert found.metric == true.metric
        assert found.parent == true.parent
        assert found.size == Path(true.path).stat().st_size


def test_how_it_ended(file: Path, tmp_path: Path) -> None:
    stopped = train(
        nn.mlp([4, 3]), data.iris(), optimizer=optim.adam(0.1), stop_when="t > 6", steps=20, record=tmp_path / "s.run"
    )
    assert glance.glance(tmp_path / "s.run").state == "stopped"
    assert glance.glance(tmp_path / "s.run").why == stopped.stopped
    train(nn.mlp([4, 9, 3]), data.iris(), optimizer=optim.gradient_descent(1e30), steps=20, record=tmp_path / "f.run")
    assert glance.glance(tmp_path / "f.run").state == "failed"
    with (killed := RunFile.open(tmp_path / "s.run")).writing():
        killed.set_meta("stopped", None)
    killed.close()
    found = glance.glance(tmp_path / "s.run")
    assert (found.state, found.steps, found.until) == ("not finished", 7, 20)


def test_a_run_of_a_plain_function_needs_no_function(tmp_path: Path) -> None:
    def net(params: Any, x: Any) -> Any:
        return x @ params["w"]

    params = {"w": np.zeros((4, 3))}
    train(net, data.iris(), optimizer=optim.adam(0.1), steps=4, params=params, record=tmp_path / "p.run")
    assert glance.glance(tmp_path / "p.run").model == "net"
    assert glance.glance(tmp_path / "p.run").state == "finished"


def test_the_oldest_comes_first_and_other_files_are_not_runs(file: Path, tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        trained(tmp_path / f"{name}.run", steps=1)
        time.sleep(0.02)  # longer than a file system's clock needs to move
    (tmp_path / "readme.txt").touch()
    (tmp_path / "dir.run").mkdir()
    assert [found.name for found in glance.glances(tmp_path)] == ["b", "a", "c"]


@pytest.mark.parametrize("content", [b"", b"not a run", b"SQLite format 3\x00" + bytes(200)])
def test_what_is_no_run_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.run").write_bytes(content)
    found = glance.glance(tmp_path / "x.run")
    assert (found.state, found.size) == ("damaged", len(content))
    assert found.why
    assert glance.glance(tmp_path / "missing.run").state == "damaged"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 7)), min_size=1, max_size=4))
def test_flipped_bits_are_never_told_as_sound(file: Path, tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    content, true = bytearray(file.read_bytes()), glance.glance(file)
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    (tmp_path / "x.run").write_bytes(content)
    found = glance.glance(tmp_path / "x.run")
    if found.state != "damaged":
        assert found.state == true.state
        assert (found.steps, found.loss, found.metric, found.optimizer) == (
            true.steps,
            true.loss,
            true.metric,
            true.optimizer,
        )


@given(
    steps=st.integers(1, 60),
    branch=st.integers(1, 60),
    kept=st.sets(st.integers(0, 60), max_size=6),
)
def test_the_longest_walk_is_that_of_the_worst_step(steps: int, branch: int, kept: set[int]) -> None:
    first = min(branch, steps)  # of the second segment
    file = RunFile.create(None)
    with file.writing():
        for number, begin in enumerate((1, first) if first > 1 else (1,)):
            file.put("segments", number, begin, "{}")
    ends = (first - 1, steps) if first > 1 else (steps,)
    marks = [Mark(0, t) for t in sorted({0, *(t for t in kept if t <= ends[0])})]
    if first > 1:
        marks += [Mark(1, t) for t in sorted({first - 1, *(t for t in kept if first <= t <= steps)})]
    # By definition: what is carried after t steps is walked to from the last snapshot before it, in its own segment.
    worst = max(
        t - max(mark.step for mark in marks if mark.segment == number and mark.step <= t)
        for number, (low, high) in enumerate(zip((0, first - 1), ends, strict=False))
        for t in range(low, high + 1)
    )
    assert glance.longest_walk(file, marks, steps) == worst
    assert glance.longest_walk(file, marks[1:], steps) is None
    file.close()


def test_a_check_finds_what_a_glance_does_not_read(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.run"
    path.write_bytes(file.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE snapshots SET hash = 'x' WHERE step = 60")
    assert glance.glance(path).state == "finished"
    opened = RunFile.open(path)
    marks = glance.check(opened)
    assert 60 not in [mark.step for mark in marks]
    assert [damage.table for damage in opened.damage] == ["snapshots"]
    opened.close()


def test_a_course_is_every_step_or_the_means_of_a_long_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, run = RunFile.open(file), load(file)
    np.testing.assert_array_equal(glance.course(opened, "loss", 60), run.loss)
    monkeypatch.setattr(glance, "EVERY_STEP", 10)
    np.testing.assert_allclose(glance.course(opened, "loss", 60), [run.loss.mean()], rtol=1e-12)
    opened.close()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ('Model((64,), (dense(32, "relu"), dense(10)))', "64-32-10"),
        ('Model((1, 8, 8), (conv2d(4, 3, activation="relu"), flatten(), dense(10)))', "conv flatten dense"),
        ("Model((3,), (unheard_of(4),))", "Model((3,), (unheard_of(4),))"),
    ],
)
def test_a_model_in_short(text: str, short: str) -> None:
    assert glance.model_in_short(text) == short
