"""Many runs at once: each is the run that ``ds.train`` makes alone, to the last bit, and the table tells of it."""

from __future__ import annotations

import signal
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runs.small import moons, trained

import downslope as ds
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine.build import machine_code
from downslope.autodiff.compile.machine.likeness import _frozen
from downslope.errors import DataError, DownslopeError, RunFileError, SettingError
from downslope.runs import many_walk
from downslope.runs.many_table import Sweep
from downslope.runs.step_graph import rule_key, step_graph
from downslope.runs.task import Task
from downslope.runs.walk import fingerprint

NET = ds.nn.mlp([2, 6, 2], hidden="tanh")
DIALECTS = ["in place", *([] if machine.available() else ["machine"])]
SCHEDULE = ds.optim.schedules.cosine(0.05, 40)


def swept(**changes: Any) -> Sweep:
    """A sweep over the half moons: five steps an epoch, the last one smaller."""
    settings: dict[str, Any] = {"optimizer": ds.optim.adam(0.02), "batch_size": 20, "steps": 33, "seed": [0, 3]}
    model = changes.pop("model", NET)
    return ds.train_many(model, moons(), **{**settings, **changes})


def assert_reproduced(table: Sweep, place: int) -> None:
    """The run of a row is the one that is trained alone: losses, metrics, all that is carried."""
    alone, run = ds.train(**table.settings(place)), table[place]
    np.testing.assert_array_equal(table.losses(place), alone.loss)
    np.testing.assert_array_equal(run.loss, alone.loss)
    assert fingerprint(run.carried) == fingerprint(alone.carried)
    assert run.stopped == alone.stopped
    row = table.rows[place]
    assert (row.steps, row.ended) == (alone.steps, alone.stopped)
    np.testing.assert_equal(dict(row.metrics), {k: v[-1] for k, v in alone.metrics.items() if k != "step"})


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "changes",
    [
        {"lr": [0.001, 0.1, SCHEDULE, "warm_up(0.1, 10)"]},
        {"optimizer": [ds.optim.adam(0.01), ds.optim.momentum(0.1), ds.optim.clip_by_norm(ds.optim.adamw(0.01), 0.5)]},
        {"batch_size": [1, 20, None], "steps": 12},
        {"initialiser": ["xavier", "he_uniform", "zeros"], "dtype": np.float64},
        {"optimizer": ds.optim.schedule_free_sgd(0.1), "lr": [0.1, 0.3]},
        {"optimizer": ds.optim.muon(0.02), "steps": 6},
        {"params": [NET.init(7), NET.init(8)], "seed": [1, 2]},
        {"evaluate": "epoch", "workers": 1},
    ],
    ids=["rates", "optimizers", "batches", "initialisers", "averaged", "by array", "starts", "each epoch"],
)
def test_each_run_is_the_one_that_is_trained_alone(changes: dict[str, Any], dialect: str) -> None:
    table = swept(dialect=dialect, **changes)
    for place in range(len(table)):
        assert_reproduced(table, place)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dropout_and_running_statistics_are_those_of_their_seed(dialect: str) -> None:
    nn = ds.nn
    net = nn.Model((2,), (nn.dense(6), nn.batch_norm(), nn.activate("relu"), nn.dropout(0.3), nn.dense(2)))
    table = swept(model=net, dialect=dialect, seed=[0, 1, 2], lr=[0.01, 0.1], steps=11)
    for place in (1, 2, 3, 5):
        assert_reproduced(table, place)


def test_a_plain_function_is_trained_in_many_ways_too() -> None:
    def model(params: Any, x: Any) -> Any:
        return np.tanh(x @ params["w1"]) @ params["w2"]

    rng = np.random.default_rng(0)
    start = {"w1": rng.normal(size=(2, 5)), "w2": rng.normal(size=(5, 2))}
    table = swept(model=model, params=start, lr=[0.01, 0.1])
    assert_reproduced(table, 0)
    assert_reproduced(table, 3)


def test_lists_make_every_combination_or_go_side_by_side() -> None:
    every = swept(lr=[0.1, 0.01], batch_size=[20, 48], seed=range(3), steps=2)
    assert len(every) == 12
    assert len({tuple(row.settings.items()) for row in every.rows}) == 12
    assert [row.settings["seed"] for row in every.rows[:4]] == [0, 1, 2, 0]
    pairs = swept(lr=[0.1, 0.01], seed=[4, 5], zip=True, steps=2)
    assert [dict(row.settings) for row in pairs.rows] == [{"lr": 0.1, "seed": 4}, {"lr": 0.01, "seed": 5}]
    own = swept(settings=[{"lr": 0.1, "batch_size": None}, {"lr": 0.3}], seed=np.arange(2), steps=2)
    assert [(row.settings["lr"], row.settings["seed"]) for row in own.rows] == [(0.1, 0), (0.1, 1), (0.3, 0), (0.3, 1)]
    assert [run.batch_size for run in own] == [96, 96, 20, 20]


def test_by_itself_a_sweep_takes_eight_seeds() -> None:
    table = ds.train_many(NET, moons(), optimizer=ds.optim.adam(), steps=1)
    assert table.column("seed").tolist() == list(range(8))


def test_a_run_that_fails_is_a_row_like_others_and_names_its_node() -> None:
    data = ds.data.diabetes()
    net = ds.nn.mlp([data.train.x.shape[1], 4, 1])
    table = ds.train_many(
        net, data, optimizer=ds.optim.gradient_descent(1), lr=[0.001, 20.0], seed=[0, 1], steps=300, batch_size=32
    )
    assert [row.ended is None for row in table.rows] == [True, True, False, False]
    assert not np.isfinite(table.rows[2].loss)
    failed = table[2]
    assert failed.failure is not None
    assert table.rows[2].steps == failed.failure.step - 1 == len(table.losses(2)) - 1
    assert_reproduced(table, 2)
    assert [row.number for row in table.sorted("loss").rows[2:]] == [2, 3]
    assert table.best().failure is None
    curve = table.curves("loss")[1]
    assert not np.isfinite(curve.mean[-1])
    assert "ended early" in str(table)


def test_a_run_of_the_table_is_replayed_and_goes_on_like_any_other() -> None:
    table = swept(evaluate="epoch")
    alone = trained(33, seed=3, dialect="machine", threads=1)
    run = table[1]
    np.testing.assert_array_equal(run.at(17).grads["dense1.w"], alone.at(17).grads["dense1.w"])
    np.testing.assert_array_equal(run.metrics["accuracy"], alone.metrics["accuracy"])
    np.testing.assert_array_equal(run.train(20).loss, trained(53, seed=3, dialect="machine", threads=1).loss)


def test_what_is_too_large_to_be_kept_is_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("downslope.runs.many_threads.KEPT", 0)
    assert_reproduced(swept(), 1)


def test_recorded_runs_are_files_that_hold_the_same_runs(tmp_path: Path) -> None:
    table = swept(record=tmp_path / "a", lr=[0.02, 0.1])
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [f"{k:03d}.run" for k in range(4)]
    assert_reproduced(table, 2)
    assert table[2].path == str(tmp_path / "a/002.run")
    assert ds.load(tmp_path / "a/001.run").seed == 3
    with pytest.raises(RunFileError, match="sweep-folder"):
        swept(record=tmp_path / "a")
    (tmp_path / "b").write_text("")
    with pytest.raises(RunFileError, match="sweep-folder"):
        swept(record=tmp_path / "b")


def test_a_plateau_and_a_breakpoint_hold_for_each_run() -> None:
    plateau = ds.optim.Plateau(0.5, factor=0.5, patience=1)
    table = swept(plateau=plateau, steps=60, batch_size=[20, 48])
    for place in range(4):
        assert_reproduced(table, place)
    stopped = swept(stop_when="t == 7")
    assert [row.steps for row in stopped.rows] == [7, 7]
    assert "stop_when" in str(stopped.rows[0].ended)


def test_columns_order_and_spread_follow_from_the_rows() -> None:
    table = swept(lr=[0.0001, 0.05], seed=range(3))
    accuracy = table.column("accuracy")
    assert table.sorted("accuracy").column("accuracy").tolist() == sorted(accuracy, reverse=True)
    losses = table.column("held_out_loss")
    np.testing.assert_array_equal(table.sorted("held_out_loss").column("held_out_loss"), np.sort(losses))
    assert table.best("held_out_loss").metrics["held_out_loss"][-1] == losses.min()
    curves = table.curves("loss")
    values = np.array([table.losses(k) for k in range(3)])
    np.testing.assert_array_equal(curves[0].mean, values.mean(axis=0))
    np.testing.assert_allclose(curves[0].spread, values.std(axis=0, ddof=1))
    frame = table.to_pandas()
    assert list(frame.columns) == table.columns
    assert frame["accuracy"].tolist() == accuracy.tolist()
    assert [row.number for row in table[2:5].rows] == [2, 3, 4]
    assert "lr" in str(table)
    assert "±" in str(curves)
    with pytest.raises(SettingError, match="sweep-column"):
        table.column("acuracy")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lr": []}, "sweep-empty"),
        ({"lr": [0.1, 0.2, 0.3], "zip": True}, "sweep-lengths"),
        ({"settings": [{"epochs": 3}]}, "sweep-setting"),
        ({"workers": 0}, "sweep-workers"),
        ({"evaluate": "step"}, "sweep-evaluate"),
        ({"dialect": "auto"}, "train-dialect"),
        ({"lr": [0.1, -1.0]}, "optimizer-rate"),
        ({"batch_size": [20, 1000]}, "batch-size"),
        ({"seed": [0, -1]}, "data-seed"),
        ({"initialiser": ["xavierr"]}, "unknown-name"),
        ({"model": lambda params, x: x, "initialiser": ["he"]}, "sweep-initialiser"),
        ({"steps": 0}, "train-length"),
        ({"stop_when": "loss >"}, "condition-text"),
        ({"model": [NET, ds.nn.mlp([3, 2])]}, "model-data-shape"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is(
    changes: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_walk.Rewalk, "run", lambda *_, **__: pytest.fail("a run has begun"))
    with pytest.raises((SettingError, DataError)) as told:
        swept(**changes)
    assert told.value.code == code


def test_a_run_that_cannot_be_trained_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**given: Any) -> Any:
        if given["seed"] == 3:
            raise SettingError("some-code", "it does not work", where="here", why="so", do="else")
        return ds.train(**given)

    monkeypatch.setattr("downslope.runs.many_threads.train", refuse)
    table = swept(stop_when="t == 9")
    assert table.rows[1].ended == "not trained: it does not work  [some-code]"
    assert table.rows[0].steps == 9
    with pytest.raises(SettingError, match="sweep-not-trained"):
        table[1]


def test_an_interrupt_keeps_the_runs_that_are_done() -> None:
    done = threading.Event()

    def told(count: int, of: int) -> None:
        if count >= 2 and not done.is_set():
            done.set()
            signal.raise_signal(signal.SIGINT)

    table = swept(seed=range(200), steps=2_000, workers=1, dialect="in place", progress=told)
    assert 2 <= len(table) < 200
    assert "interrupted" in str(table)
    assert_reproduced(table, len(table) - 1)


def test_an_interrupt_before_the_first_run_is_done_leaves_an_empty_table() -> None:
    asked: list[int] = []

    def told(count: int, of: int) -> None:
        if not asked:
            asked.append(count)
            signal.raise_signal(signal.SIGINT)

    table = swept(steps=10**7, dialect="in place", progress=told)
    assert len(table) == 0
    assert "0 of 2 runs are done" in str(table)
    with pytest.raises(SettingError, match="sweep-none"):
        table.best()


def test_an_error_in_a_thread_is_raised_where_it_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(many_walk.Rewalk, "run", broken)
    with pytest.raises(ZeroDivisionError):
        swept()


def test_numbers_that_overflow_make_no_noise() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swept(lr=[3e38], optimizer=ds.optim.gradient_descent(1))


@pytest.mark.skipif(machine.available() is not None, reason="no machine code on this CPU")
def test_runs_of_the_same_shapes_share_their_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled for a sweep: one step for all rates, schedules, seeds and starts of an optimizer."""
    written: list[Any] = []

    def counted(*given: Any) -> Any:
        written.append(given)
        return machine_code(*given)

    monkeypatch.setattr("downslope.autodiff.compile.machine.program.machine_code", counted)
    monkeypatch.setattr("downslope.autodiff.compile.machine.program._written", OrderedDict())
    swept(lr=[0.1, 0.2, SCHEDULE], seed=range(4), initialiser=["he", "xavier"])
    assert len(written) == 1
    swept(optimizer=[ds.optim.adam(0.1, beta1=0.8), ds.optim.adam(0.2, beta1=0.8)])
    assert len(written) == 2  # another constant in the code
    net = ds.nn.Model((2,), (ds.nn.dense(4), ds.nn.dropout(0.3), ds.nn.dense(2)))
    swept(model=net, seed=[0, 1], lr=[0.1, 0.2])
    assert len(written) == 4  # what dropout drops follows from the seed, which stands in the code


def test_a_step_is_traced_once_for_all_runs_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[Any] = []

    def counted(*given: Any, **more: Any) -> Any:
        traced.append(given)
        return step_graph(*given, **more)

    monkeypatch.setattr("downslope.runs.step_graph.step_graph", counted)
    monkeypatch.setattr("downslope.runs.step_graph._traced", OrderedDict())
    one = trained(9, dialect="in place")
    assert len(traced) == 2  # of the full mini-batch, and of the epoch's smaller last one
    two = trained(9, dialect="in place", seed=4, optimizer=ds.optim.adam(0.3))
    assert len(traced) == 2
    assert two.loss[0] != one.loss[0]
    trained(9, dialect="in place", optimizer=ds.optim.adam(0.02, beta1=0.5))
    assert len(traced) == 4


def test_what_is_the_users_own_is_traced_anew() -> None:
    """A notebook may define it again, or change what it reads."""
    factor = [1.0]

    def loss(output: Any, y: Any) -> Any:
        return factor[0] * np.mean((output - np.stack([1 - y, y], axis=1)) ** 2)

    one = trained(2, loss=loss, batch_size=None, dtype=np.float64)
    factor[0] = 2.0
    two = trained(2, loss=loss, batch_size=None, dtype=np.float64)
    assert two.loss[0] == pytest.approx(2 * one.loss[0])


def test_the_seed_is_part_of_a_kind_only_where_it_stands_in_the_step() -> None:
    nn = ds.nn
    plain = nn.Model((2,), (nn.dense(3), nn.batch_norm(), nn.residual(nn.dense(3)), nn.dense(2)))
    dropping = nn.Model((2,), (nn.dense(3), nn.residual(nn.sequential(nn.dropout(0.5))), nn.dense(2)))
    for net, draws in ((plain, False), (dropping, True)):
        task = Task(net, moons(), None, 0, np.float32)
        assert task.draws is draws
        assert (task.like == task.with_seed(1).like) is not draws
    assert Task(lambda params, x: x, moons(), None, 0, np.float32).like is None


@pytest.mark.parametrize("name", sorted({made.__name__: made for made in ds.optim.OPTIMIZERS.values()}))
def test_no_optimizer_has_its_rate_in_the_step(name: str) -> None:
    """A rate is an argument of the step: the graph of one rate serves all. (Wrappers hold that of the rule inside.)"""
    made = ds.optim.OPTIMIZERS[name]
    try:
        one, two = made(lr=0.1), made(lr=0.003)
    except (TypeError, DownslopeError):
        one, two = made(ds.optim.momentum(0.1)), made(ds.optim.momentum(0.003))
    assert rule_key(one) == rule_key(two)
    first, second = (
        [(node.primitive, node.inputs, node.shape, node.dtype, _frozen(node.attrs)) for node in graph.nodes]
        for graph in (trained(1, optimizer=rule, dialect="in place").program().graph for rule in (one, two))
    )
    assert first == second
