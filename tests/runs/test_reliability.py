"""What a run survives: being killed at any instant, damage of any kind, readers while it is written, and its length."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runs.damage import mutations
from tests.runs.fork_server import STEPS, ended, trained

import downslope as ds
from downslope.errors import RunFileError
from downslope.runs import Run, recorder, scalars, snapshots, training
from downslope.runs.file import RunFile
from downslope.runs.layout import SCALARS
from downslope.runs.load import Damaged, load
from downslope.runs.walk import fingerprint

ROOT = Path(__file__).parents[2]
PATHS = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
REFUSALS = {"run-file-" + word for word in ("foreign", "empty", "newer", "older", "damaged")} | {"run-data-missing"}
LOST = {"run-no-snapshot", "run-rates-lost"}


@pytest.fixture(scope="module")
def undisturbed() -> Run:
    return trained(None, STEPS + 100)


class Server:
    """See fork_server.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.runs.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | PATHS | {"OPENBLAS_NUM_THREADS": "1"},  # each victim would start them anew
        )

    def say(self, line: str) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def kill(self, path: Path, after: int, delay: float) -> int:
        """Let a new process train at this path, and kill it so many seconds after it has committed so many steps.

        How many it had committed, -1 if none: so ``after`` -1 is its first instant. It may have ended by itself.
        """
        ended(path).unlink(missing_ok=True)
        victim = self.say(str(path))
        while self.committed(path) < after and not ended(path).exists():
            time.sleep(0.001)
        time.sleep(delay)
        os.kill(victim, signal.SIGKILL)
        self.say("")
        return self.committed(path)

    def committed(self, path: Path) -> int:
        told = Path(f"{path}.committed")
        return int(told.read_text() or -1) if told.exists() else -1


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    try:
        yield made
    finally:
        made.process.communicate("")


def require_prefix(run: Run, whole: Run) -> None:
    """What was recorded is what the undisturbed run recorded, to the last bit; every snapshot has its hash."""
    for name in set(SCALARS) - {"seconds"}:
        np.testing.assert_array_equal(run.series(name), whole.series(name, 1, run.steps))
    assert np.isfinite(run.series("seconds")).all()
    judged = run.metrics["step"]
    assert {*range(45, run.steps, 45)} <= set(judged) <= {*range(45, run.steps + 1, 45), run.steps}
    for name in ("held_out_loss", "accuracy"):
        known = dict(zip(whole.metrics["step"], whole.metrics[name], strict=True))
        pairs = zip(judged, run.metrics.get(name, ()), strict=True)
        assert all(value == known[step] for step, value in pairs if step % 45 == 0)
    for mark in snapshots.marks(run.file):
        carried = run.history.replay.templates(mark.segment)
        assert snapshots.read(run.file, mark, carried) == fingerprint(carried)


def require_replays(run: Run, whole: Run, t: int) -> None:
    here, there = run.at(t), whole.at(t)
    np.testing.assert_array_equal(here.carried.flat, there.carried.flat)
    np.testing.assert_array_equal(here.grads["dense1.w"], there.grads["dense1.w"])


def killed_at_random_instants(server: Server, place: Path, whole: Run, count: int, seed: int) -> None:
    rng, opened, steps = random.Random(seed), 0, set()
    for k in range(count):
        path, committed = place / f"{k}.run", -1
        for _ in range(rng.choice((1, 1, 2, 3))):  # the second goes on with what the first one left
            after = rng.randrange(min(committed, STEPS - 1), STEPS) if rng.random() < 0.8 else -1  # or while it begins
            committed = server.kill(path, after, rng.uniform(0.0, 0.01))
        if committed < 0:  # killed before the first commit, or just after it
            with contextlib.suppress(RunFileError):
                load(path)
            continue
        run = load(path)
        opened += 1
        steps.add(run.steps)
        assert run.steps >= committed
        assert not run.damage
        assert (run.stopped is None) == (run.steps == run.file.meta("until"))
        require_prefix(run, whole)
        require_replays(run, whole, rng.randint(1, run.steps + 1))
        if k % 5 == 0:
            later = run.train(rng.randint(1, 100))
            require_prefix(later, whole)
            require_replays(later, whole, later.steps + 1)
            assert {p.name for p in place.glob(f"{k}.run*")} <= {path.name, f"{path.name}.committed", ended(path).name}
        assert not run.damage
        for each in place.glob(f"{k}.run*"):
            each.unlink()
    assert opened > count / 4
    assert len(steps) >= min(opened / 4, 10)  # they were killed at different steps


def test_killed_at_ten_random_instants_nothing_that_was_committed_is_lost(
    server: Server, tmp_path: Path, undisturbed: Run
) -> None:
    killed_at_random_instants(server, tmp_path, undisturbed, 10, seed=1)


@pytest.mark.slow
def test_killed_at_two_hundred_random_instants_nothing_that_was_committed_is_lost(
    server: Server, tmp_path: Path, undisturbed: Run
) -> None:
    killed_at_random_instants(server, tmp_path, undisturbed, 200, seed=2)


# --- damaged files --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Original:
    """A sound run, and its file as bytes."""

    body: bytes
    run: Run
    states: dict[int, Any]
    norms: Any


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("original") / "a.run"
    advance, steps = training.Training.advance, recorder.Recorder.steps

    def regularly(self: recorder.Recorder, count: int, rates: Any, seconds: float, carried: Any) -> None:
        steps(self, count, rates, 1e-5 * count, carried)
        if self.done % 75 == 0:
            self.commit(carried)

    with (
        pytest.MonkeyPatch.context() as patch
    ):  # whatever the clock says, so that the same mutations hit the same parts
        patch.setattr(training.Training, "advance", lambda self, most: advance(self, 15))
        patch.setattr(recorder.Recorder, "steps", regularly)
        patch.setattr(recorder, "MOMENT", math.inf)
        patch.setattr(recorder, "COMMIT_SECONDS", math.inf)
        run = trained(path, 3500, ds.nn.mlp([64, 4, 10]))
    run.note("it learns", 100)
    run.note("it has learnt")
    run.fork(at=50, lr=1e-4, record=path.with_name("b.run"))
    norms = run.ask("weight_norm", every=500).values
    run.file.settle()
    return Original(path.read_bytes(), run, {t: run.at(t).carried.flat for t in range(1, 3502, 250)}, norms)


def require_truth(found: Run, truth: Original) -> bool:
    """Whatever it answers is true, and whatever it cannot answer is named: whether any of it was lost."""
    whole, lost = truth.run, 0

    def asked(answer: Callable[[], Any]) -> Any:
        nonlocal lost
        try:
            return answer()
        except RunFileError as error:
            refusal = error
        assert refusal.code in LOST
        lost += 1
        return None

    assert found.steps == whole.steps or found.damage
    for name in SCALARS:
        values = asked(partial(found.series, name))
        if values is not None:
            sound = ~np.isnan(values) if name == "seconds" else np.ones(len(values), bool)
            np.testing.assert_array_equal(values[sound], whole.series(name)[: len(values)][sound])
            assert sound.all() or found.damage
    for t, state in truth.states.items():
        if t <= found.steps + 1:
            step = asked(partial(found.at, t))
            assert step is None or np.array_equal(step.carried.flat, state)
    readings = asked(lambda: found.ask("weight_norm", every=500))
    assert readings is None or np.array_equal(readings.values, truth.norms[: len(readings.values)])
    metrics = dict(zip(whole.metrics["step"], whole.metrics["accuracy"], strict=True))
    assert set(found.metrics["step"]) <= set(metrics)
    assert all(
        value == metrics[step] or np.isnan(value)
        for step, value in zip(found.metrics["step"], found.metrics.get("accuracy", ()), strict=False)
    )
    assert set(found.notes) <= set(whole.notes)
    assert set(found.forks) <= set(whole.forks)
    asked(found.summary)
    if not found.damage:
        assert not lost
        assert len(found.metrics["step"]) == len(metrics)
        assert (found.notes, found.forks, found.stopped) == (whole.notes, whole.forks, whole.stopped)
    return bool(found.damage)


def reopened(path: Path, body: bytes) -> Run | None:
    """The run if it opens; what is damaged is warned of, and nothing else is."""
    path.write_bytes(body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Damaged)
        try:
            return load(path)
        except RunFileError as error:
            refusal = error
    assert refusal.code in REFUSALS, refusal
    return None


def fuzzed(original: Original, path: Path, seed: int, count: int) -> None:
    refused = damaged = 0
    for mutant in mutations(original.body, seed, count):
        run = reopened(path, mutant)
        if run is None:
            refused += 1
        else:
            damaged += require_truth(run, original)
            run.file.close()
    assert damaged > count / 10
    assert refused < count * 0.8


def test_a_damaged_run_answers_truly_or_says_what_it_lost(original: Original, tmp_path: Path) -> None:
    fuzzed(original, tmp_path / "a.run", 1, 60)


@pytest.mark.slow
def test_a_damaged_run_answers_truly_or_says_what_it_lost_many_times(original: Original, tmp_path: Path) -> None:
    fuzzed(original, tmp_path / "a.run", 2, 400)


def test_damaged_losses_are_named_and_replayed_to_the_last_bit(original: Original, tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    path.write_bytes(original.body)
    victim = RunFile.open(path)
    victim.connection.execute("UPDATE chunks SET loss = zeroblob(8192) WHERE first = 1025")
    victim.connection.execute("DELETE FROM chunks WHERE first = 2049")
    victim.close()
    with pytest.warns(Damaged, match="chunks") as told:
        run = load(path)
    assert "3 rows, where 4 were written" in str(told[0].message)
    assert "run-file-damaged" in str(told[0].message)
    np.testing.assert_array_equal(run.loss, original.run.loss)
    np.testing.assert_array_equal(run.series("grad_norm"), original.run.series("grad_norm"))
    lost = np.isnan(run.series("seconds"))
    assert lost.nonzero()[0].tolist() == list(range(1024, 3072))
    assert any("1025" in text for text in run.damage)
    repaired = run.save(tmp_path / "b.run")
    np.testing.assert_array_equal(repaired.loss, original.run.loss)
    with pytest.warns(Damaged, match="chunks"):
        again = load(tmp_path / "b.run")
    np.testing.assert_array_equal(again.loss, original.run.loss)
    np.testing.assert_array_equal(again.train(10).loss[:3500], original.run.loss)


def test_without_its_snapshots_it_says_which_steps_can_be_replayed(original: Original, tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    path.write_bytes(original.body)
    victim = RunFile.open(path)
    steps = [mark.step for mark in snapshots.marks(victim)]
    victim.connection.execute("UPDATE snapshots SET body = zeroblob(100) WHERE step < ?", (steps[-1],))
    victim.close()
    run = load(path)
    with pytest.raises(RunFileError) as caught:
        run.at(steps[1] + 1)
    assert caught.value.code == "run-no-snapshot"
    np.testing.assert_array_equal(run.at(run.steps + 1).carried.flat, original.states[3501])
    np.testing.assert_array_equal(run.loss, original.run.loss)


# --- others who look --------------------------------------------------------------------------------------------------


READER = """
import sys, time
import numpy as np
from downslope.errors import RunFileError
from downslope.runs.load import load

path, until, seen, looks = sys.argv[1], int(sys.argv[2]), [], 0
print("ready", flush=True)
before = np.empty(0)
while not seen or seen[-1] < until:
    try:
        run = load(path)
    except RunFileError as error:
        assert error.code in ("run-file-missing", "run-file-empty"), error
        continue
    looks += 1
    loss = run.loss
    assert len(loss) == run.steps and np.isfinite(run.series("seconds")).all()
    assert (loss[:len(before)] == before).all() and len(loss) >= len(before)
    judged = run.metrics["step"].tolist()
    assert set(range(45, run.steps, 45)) <= set(judged), (run.steps, judged)
    assert not run.damage, run.damage
    run.at(1 + looks * 37 % (run.steps + 1)).params
    assert not run.damage, run.damage
    before = loss
    run.file.close()
    if not seen or run.steps > seen[-1]:
        print(run.steps, flush=True)
    seen.append(run.steps)
print(looks, len(set(seen)), repr(float(before.sum())))
"""


def test_two_readers_see_a_sound_and_growing_run_each_time_they_look(tmp_path: Path, undisturbed: Run) -> None:
    path = tmp_path / "a.run"
    environment = os.environ | PATHS | {"PYTHONWARNINGS": "error"}
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(path), str(STEPS)], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(2)
    ]

    advance, commit, commits = training.Training.advance, recorder.Recorder.commit, itertools.count(1)

    def watched(self: recorder.Recorder, carried: Any = None) -> None:
        """Every fifth time it waits until each reader has seen another moment than before."""
        commit(self, carried)
        if next(commits) % 5 == 0:
            assert all(reader.stdout and reader.stdout.readline() for reader in readers)

    for reader in readers:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Training, "advance", lambda self, most: advance(self, min(most, 15)))
        patch.setattr(recorder.Recorder, "commit", watched)
        patch.setattr(recorder, "COMMIT_SECONDS", 0.0)
        patch.setattr(recorder, "MOMENT", 0.001)
        patch.setattr(recorder, "SNAPSHOT_SHARE", 1)
        run = trained(path)
    assert next(commits) > STEPS / 15
    for reader in readers:
        out, _ = reader.communicate()
        assert reader.returncode == 0
        looks, moments, total = out.splitlines()[-1].split()
        assert int(looks) >= int(moments) > STEPS / 15 / 5
        assert float(total) == float(undisturbed.loss[:STEPS].sum())
    np.testing.assert_array_equal(run.loss, undisturbed.loss[:STEPS])
    run.file.settle()
    assert os.listdir(tmp_path) == ["a.run"]


def test_a_million_steps_are_seen_without_reading_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, n = tmp_path / "a.run", 1_000_000
    trained(path, 1)
    file, rng = RunFile.open(path), np.random.default_rng(0)
    columns = {name: rng.normal(size=n) for name in SCALARS}
    columns["loss"][123_456] = np.nan
    with file.writing():
        scalars.write(file, 0, columns)
        file.set_meta("extent", {"steps": n})
        file.set_meta("until", n)
    file.settle()
    file.close()
    read: list[str] = []
    rows = RunFile.rows

    def seen(self: RunFile, table: str, *rest: Any) -> Iterator[tuple[Any, ...]]:
        read.append(table)
        return rows(self, table, *rest)

    monkeypatch.setattr(RunFile, "rows", seen)
    run = load(path)
    course = run.history.overview("loss")
    assert "chunks" not in read
    assert run.steps == course.count.sum() == n
    assert course.bad.sum() == 1
    np.testing.assert_array_equal(course.low, [np.nanmin(columns["loss"][a : a + 1024]) for a in range(0, n, 1024)])
    np.testing.assert_array_equal(course.high, [np.nanmax(columns["loss"][a : a + 1024]) for a in range(0, n, 1024)])
    np.testing.assert_array_equal(run.series("loss", 5000, 9000), columns["loss"][4999:9000])
    assert not run.damage
