"""Replays are exact to the last bit: whatever was trained, in any order, in another process, after a kill."""

from __future__ import annotations

import csv
import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from tests.runs.watched import (
    DROPPING,
    NET,
    backwards,
    by_lot,
    classes,
    example,
    require_exact,
    steps_walked,
    watched,
)

import downslope as ds
from downslope import data, nn, optim
from downslope.data import Data
from downslope.errors import RunFileError
from downslope.optim.method import METHODS
from downslope.optim.optimizer import OPTIMIZERS
from downslope.optim.schedule import SCHEDULES
from downslope.optim.wrapper import WRAPPERS
from downslope.runs import facts, snapshots
from downslope.runs.file import RunFile
from downslope.runs.replay import NotExact
from downslope.runs.walk import fingerprint

RULES = {name: table[name] for table in (OPTIMIZERS, METHODS, WRAPPERS) for name in table}


def proved(path: Path, model: Any, on: Any, rule: Any, steps: int = 40, seed: int = 0, **settings: Any) -> ds.runs.Run:
    """Train, recorded in a file; the run is replayed exactly backwards, and when it is read from the file, by lot."""
    with watched(seed) as truth:
        run = ds.train(model, on, optimizer=rule, steps=steps, record=path / "a.run", **settings)
    assert run.steps == steps, run.stopped
    assert len(set(truth.values())) > len(truth) / 4  # numbers that do not change would prove little
    require_exact(run, truth, backwards(truth))
    require_exact(ds.load(path / "a.run"), truth, by_lot(truth, seed))
    return run


def batch_size_for(rule: Any) -> int | None:
    """Searches along a line are for the whole batch."""
    return None if isinstance(rule, optim.Method) and not rule.traces else 7


# --- whatever is trained ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
def test_every_rule(name: str, tmp_path: Path) -> None:
    rule = example(RULES[name])
    proved(tmp_path, NET, classes(), rule, batch_size=batch_size_for(rule))


@pytest.mark.parametrize(
    "rule",
    [
        "clip_by_norm(accumulate(ema(adamw(cosine(0.05, 30))), 3), 0.2)",
        "ema(clip_by_value(muon(), 0.01))",
        "sam(clip_by_norm(nesterov(0.1), 0.5), adaptive=True)",
        "accumulate(schedule_free_adamw(), 4)",
        "rmsprop(0.01, momentum=0.9, centred=True)",
        "lbfgs(memory=3, search='armijo')",
        "conjugate_gradient(formula='fletcher_reeves', search='armijo')",
        "newton(damping=0.1)",
        "momentum(chain(warm_up(0.1, 10), exponential(0.1, 0.9) + cosine(0.05, 20), at=10))",
    ],
)
def test_rules_within_rules_and_their_variants(rule: str, tmp_path: Path) -> None:
    made: Any = optim.from_text(rule)
    proved(tmp_path, NET, classes(), made, batch_size=batch_size_for(made))


@pytest.mark.parametrize("name", sorted(nn.LAYERS))
def test_every_layer(name: str, tmp_path: Path) -> None:
    entry = nn.LAYERS[name]
    layer = entry.function(*entry.settings)
    model = nn.Model(entry.shape_in, (layer, nn.flatten(), nn.dense(3)))
    on = classes(d=int(np.prod(entry.shape_in)), whole=layer.takes == "indices")
    proved(tmp_path, model, on, optim.adam(0.01), batch_size=7)


SEEING = nn.Model(
    (1, 6, 6),
    (
        nn.conv2d(3, 3, "relu", padding="same"),
        nn.batch_norm(),
        nn.max_pool(2),
        nn.residual(nn.conv2d(3, 1), nn.dropout(0.2)),
        nn.flatten(),
        nn.dense(3),
    ),
)
READING = nn.Model(
    (5,),
    (
        nn.embedding(3, 4),
        nn.lstm(4),
        nn.layer_norm(),
        nn.multi_head_attention(2),
        nn.dropout(0.2),
        nn.gru(3, last=True),
        nn.dense(3),
    ),
)


@pytest.mark.parametrize(("model", "width"), [(DROPPING, 4), (SEEING, 36), (READING, 5)])
def test_layers_together(model: nn.Model, width: int, tmp_path: Path) -> None:
    proved(tmp_path, model, classes(d=width, whole=model.takes == "indices"), optim.adamw(0.01), batch_size=7)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name: str, tmp_path: Path) -> None:
    schedule = example(SCHEDULES[name])
    run = proved(tmp_path, NET, classes(), optim.momentum(schedule), batch_size=7)
    expected = [schedule(t) for t in range(1, run.steps + 1)]
    assert run.series("lr").tolist() == [run.at(t).lr for t in range(1, run.steps + 1)] == expected


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_any_number_of_threads(threads: int | None, tmp_path: Path) -> None:
    on = classes(600, 64)
    proved(tmp_path, nn.mlp([64, 256, 3]), on, optim.adam(0.01), 9, batch_size=200, threads=threads)


@pytest.mark.parametrize("larger", [False, True])
def test_a_rate_that_falls_on_a_plateau(larger: bool, tmp_path: Path) -> None:
    plateau = optim.Plateau(0.2, factor=0.5, patience=1, threshold=0.1, larger_is_better=larger)
    run = proved(tmp_path, NET, classes(), optim.momentum(0.1), 80, batch_size=9, plateau=plateau)
    assert len(set(run.series("lr"))) > 2  # it fell more than once
    assert [ds.load(tmp_path / "a.run").at(t).lr for t in range(1, 81)] == run.series("lr").tolist()


def written(path: Path, *, numbers: bool) -> Path:
    """A table of 40 rows: two columns of numbers, one of words, and what is to be predicted."""
    rng = np.random.default_rng(0)
    with (path / "days.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["sun", "wind", "cold", "rain"])
        for sun, cold in rng.normal(size=(40, 2)):
            rain = sun * cold + cold
            write.writerow([sun, rng.choice(["N", "S", "W"]), cold, rain if numbers else ("yes" if rain > 0 else "no")])
    return path / "days.csv"


def noisy_line(n: int = 40) -> tuple[Any, Any]:
    """Numbers to be predicted from three others."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(n, 3)) * [1, 1e3, 1e-3]
    return x, x @ [1.0, 2e-3, 3e3] + rng.normal(size=n)


def named(name: str, **options: Any) -> Callable[[Path], Data]:
    """An embedded or a synthetic set."""
    return lambda path: data.load(name, **options)


SOURCES: dict[str, Callable[[Path], Data | tuple[Any, Any]]] = {
    **{name: named(name) for name in ("digits", "iris", "diabetes")},
    **{name: named(name, n=50) for name in data.SYNTHETIC},
    "a pair of arrays": lambda path: noisy_line(),
    "arrays in thirds": lambda path: data.arrays(np.arange(90).reshape(30, 3) / 3, np.arange(30) % 2, standardise=True),
    "arrays without a held-out part": lambda path: data.arrays(*noisy_line(), held_out=0),
    "words from a table": lambda path: data.table(written(path, numbers=False), target="rain"),
    "numbers from a table": lambda path: data.table(written(path, numbers=True), target="rain", standardise=False),
    "faults on purpose": lambda path: data.corrupt(data.moons(n=60), "label_noise"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_data(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SOURCES[source](tmp_path)
    on = given if isinstance(given, Data) else data.arrays(*given)
    if on.origin:
        monkeypatch.setattr(facts, "INSIDE", -1)  # it stays where it is, and is read again
    model = nn.mlp([on.train.x.shape[1], 5, on.n_outputs])
    n = len(on.train)
    # single rows, a single row left over, all rows, a few left over
    kinds = [(1, np.float32), (n - 1, np.float64), (None, np.float32), (7, np.float64)]
    for k, (batch_size, dtype) in enumerate(kinds):
        (tmp_path / str(k)).mkdir()
        proved(tmp_path / str(k), model, given, optim.adam(0.01), 24, batch_size=batch_size, dtype=dtype, seed=k)


KINDS = [
    (DROPPING, 4, 7),
    (DROPPING, 4, None),
    (SEEING, 36, 7),
    (READING, 5, 1),
    (READING, 5, None),
]
"""Models, their features, and rows of a mini-batch out of 48."""


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_rule_with_every_kind_of_model_batch_and_number(name: str, tmp_path: Path) -> None:
    rule = example(RULES[name])
    for k, (model, width, batch_size) in enumerate(KINDS):
        # each kind of model meets both types, by one rule or the next
        dtype = (np.float32, np.float64)[(k + list(RULES).index(name)) % 2]
        if (rule.name == "newton" and model is not DROPPING) or (batch_size and batch_size_for(rule) is None):
            continue  # what newton needs of a long recurrence takes minutes
        (tmp_path / str(k)).mkdir()
        on = classes(d=width, whole=model.takes == "indices")
        # 24 steps: the examples of rules that count have come to the end of what they count.
        proved(tmp_path / str(k), model, on, rule, 24, batch_size=batch_size, dtype=dtype, seed=k)


# --- however it is recorded -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "rule"), [(DROPPING, "adam(0.01)"), (DROPPING, "muon()"), (NET, "lbfgs()")])
def test_in_a_file_in_memory_and_with_the_start_alone_the_same_states_are_reached(
    model: nn.Model, rule: str, tmp_path: Path
) -> None:
    made: Any = optim.from_text(rule)
    truths = []
    for record in (True, tmp_path / "a.run", False):
        with watched(snapshots=0.3) as truth:
            run = ds.train(model, classes(), optimizer=made, steps=40, batch_size=batch_size_for(made), record=record)
        require_exact(run, truth)
        assert (len(snapshots.marks(run.file)) == 2) is (record is False)  # before the first step, after the last
        truths.append(truth)
    assert truths[0] == truths[1] == truths[2]  # the lots are the same, so the portions are


def test_after_thinning_to_the_fewest_snapshots(tmp_path: Path) -> None:
    with watched(snapshots=0.7) as truth:
        run = ds.train(
            DROPPING,
            classes(),
            optimizer=optim.adam(0.01),
            steps=200,
            batch_size=7,
            record=tmp_path / "a.run",
            budget=1,
        )
    kept = [mark.step for mark in snapshots.marks(run.file)]
    assert len(kept) == snapshots.FEWEST
    assert kept[0] == 0
    assert kept[-1] == 200
    require_exact(run, truth)
    require_exact(ds.load(tmp_path / "a.run"), truth)


# --- in another process, after a kill ---------------------------------------------------------------------------------

TRAIN = """
import sys
import downslope as ds
model = ds.nn.from_text(sys.argv[2])
ds.train(model, ds.data.digits(), optimizer=ds.optim.from_text(sys.argv[3]), batch_size=int(sys.argv[4]) or None,
         steps=10**7, record=sys.argv[1])
"""


PIXELS = nn.Model((64,), (nn.dense(8), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.2), nn.dense(10)))
PICTURE = nn.Model((1, 8, 8), (nn.conv2d(2, 3, "relu"), nn.max_pool(2), nn.dropout(0.1), nn.flatten(), nn.dense(10)))
LINES = nn.Model((8, 8), (nn.lstm(4), nn.multi_head_attention(2), nn.layer_norm(), nn.flatten(), nn.dense(10)))
SLOW = [
    (model, rule, 37)
    for model in (PIXELS, PICTURE, LINES)
    for rule in ("sam(momentum(step(0.1, 50)))", "ema(clip_by_norm(muon(), 1.0))", "schedule_free_adamw()", "soap()")
]


@pytest.mark.parametrize(
    ("model", "rule", "batch_size"),
    [
        (PIXELS, "adam(cosine(0.01, 900))", 37),
        (nn.mlp([64, 4, 10]), "lbfgs()", 0),
        *(pytest.param(*kind, marks=pytest.mark.slow) for kind in SLOW),
    ],
)
def test_a_training_that_is_killed_is_replayed_by_another_process(
    model: nn.Model, rule: str, batch_size: int, tmp_path: Path
) -> None:
    path, environment = tmp_path / "a.run", {"PYTHONPATH": str(Path(ds.__file__).parents[1])}
    command = [sys.executable, "-c", TRAIN, str(path), nn.as_text(model), rule, str(batch_size)]
    training = subprocess.Popen(command, env=environment)
    try:
        with watched(most=20) as truth:
            made: Any = optim.from_text(rule)
            undisturbed = ds.train(model, ds.data.digits(), optimizer=made, batch_size=batch_size or None, steps=200)
        while recorded(path) < 100:
            assert training.poll() is None
            time.sleep(0.01)
    finally:
        training.send_signal(signal.SIGKILL)
        training.wait()
    killed = ds.load(path)  # in this process, which is another than the one that trained
    assert killed.stopped is not None
    assert killed.steps >= 100
    asked = [done for done in by_lot(truth, 1) if done <= killed.steps][:12]
    assert len(asked) >= 3
    assert {done: fingerprint(killed.history.replay.before(done + 1)) for done in asked} == {
        done: truth[done] for done in asked
    }
    n = min(killed.steps, 200)
    np.testing.assert_array_equal(killed.loss[:n], undisturbed.loss[:n])


def recorded(path: Path) -> int:
    """How many steps of a run another process has committed so far."""
    try:
        file = RunFile.open(path)
    except RunFileError:  # not there yet, or without its tables
        return 0
    steps = int((file.meta("extent") or {"steps": 0})["steps"])
    file.close()
    return steps


# --- where it is not exact --------------------------------------------------------------------------------------------


def test_elsewhere_it_compares_and_says_by_how_much_it_differs(tmp_path: Path) -> None:
    run, step = foreign(tmp_path / "a.run", lambda raw: planted(raw, 0.25))
    with pytest.warns(
        NotExact, match=rf"differs from the training after {step} steps, by at most 0\.25  \[run-not-exact\]"
    ):
        reached = run.history.replay.before(step + 1).flat.copy()
    assert run.history.replay.difference is not None
    assert run.history.replay.difference.step == step
    assert run.history.replay.difference.largest == pytest.approx(0.25)
    honest, _ = foreign(tmp_path / "b.run", lambda raw: raw)
    assert np.abs(reached - honest.history.replay.before(step + 1).flat).max() == pytest.approx(
        0.25
    )  # from the snapshot
    run.history.replay.before(2)
    run.history.replay.before(step + 3)  # it is said once: a second warning would be an error here


def test_elsewhere_it_is_silent_where_it_is_exact(tmp_path: Path) -> None:
    run, step = foreign(tmp_path / "a.run", lambda raw: raw)
    with steps_walked() as counts:
        run.history.replay.before(step + 1)
        assert sum(counts) > 0  # it walked from the snapshot before
        run.history.replay.before(1)
        counts.clear()
        run.history.replay.before(step + 1)
        assert not counts  # once is enough
    assert run.history.replay.difference is None


def planted(raw: bytes, by: float) -> bytes:
    """The bytes of a snapshot with its first parameter moved."""
    numbers = np.frombuffer(raw, np.float32).copy()
    numbers[0] += by
    return numbers.tobytes()


def foreign(path: Path, changed: Callable[[bytes], bytes]) -> tuple[ds.runs.Run, int]:
    """A run that says it was trained on another CPU, with another snapshot in its middle; and where that one is."""
    with watched(snapshots=0.2):
        run = ds.train(NET, classes(), optimizer=optim.gradient_descent(0.1), steps=60, batch_size=7, record=path)
    mark = snapshots.marks(run.file)[2]
    rows = list(run.file.rows("snapshots", "segment = 0 AND step = ?", mark.step))
    raw = changed(zstandard.ZstdDecompressor().decompress(rows[0][4]))
    hash = hashlib.blake2b(raw, digest_size=16).hexdigest()
    body = zstandard.ZstdCompressor().compress(raw)
    with run.file.writing():
        run.file.set_meta("environment", {**run.file.meta("environment"), "cpu": "ENIAC"})
        run.file.put("snapshots", 0, mark.step, hash, len(body), body)
    return ds.load(path), mark.step
