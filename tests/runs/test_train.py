"""Training: a pure function of what it is given, right to the last digit, ending well when it has to end early."""

from __future__ import annotations

import dataclasses
import signal
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import downslope as ds
from downslope import nn, optim
from downslope.autodiff import value_and_grad
from downslope.data import Data, arrays, batch_at, digits
from downslope.errors import DataError, SettingError
from downslope.runs import Progress, Run, train


def line(n: int = 60) -> Data:
    """y = 3 x1 - 2 x2 + 1 with a little noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    return arrays(x, x @ [3.0, -2.0] + 1 + 0.1 * rng.normal(size=n), task="regression")


def linear(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


START = {"w": np.zeros((2, 1)), "b": np.zeros(1)}


def test_it_is_the_loop_that_one_would_write_by_hand() -> None:
    data, model, rule = line(), nn.mlp([2, 5, 1], hidden="tanh"), optim.adam(0.01)
    run = train(model, data, optimizer=rule, batch_size=7, epochs=4, seed=3, dtype=np.float64)
    params = model.init(3, np.float64)
    state, losses = rule.init(params), []
    step = value_and_grad(lambda p, x, y: np.mean((model(p, x) - y) ** 2))
    for t in range(run.steps):
        rows = batch_at(len(data.train), 7, 3, t)
        loss, g = step(params, data.train.x[rows], data.train.y[rows])
        losses.append(loss)
        params, state = rule.step(params, g, state, t + 1)
    np.testing.assert_allclose(run.loss, losses, rtol=1e-10)
    np.testing.assert_allclose(run.params["dense1"]["w"], params["dense1"]["w"], rtol=1e-9)


def test_the_same_arguments_give_the_same_run_bit_by_bit() -> None:
    runs = [train(nn.mlp([64, 8, 10]), digits(), optimizer=optim.adam(0.01), epochs=2, seed=5) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].loss, runs[1].loss)
    np.testing.assert_array_equal(runs[0].params["dense2"]["w"], runs[1].params["dense2"]["w"])
    other = train(nn.mlp([64, 8, 10]), digits(), optimizer=optim.adam(0.01), epochs=2, seed=6)
    assert not np.array_equal(runs[0].loss, other.loss)


@given(st.integers(1, 48), st.integers(1, 3))
@settings(max_examples=20)
def test_every_row_is_used_once_an_epoch_in_any_batch_size(batch_size: int, epochs: int) -> None:
    # With rate r and a loss that is linear in the parameter, the parameter ends at the sum of what it saw.
    data = line()
    n = len(data.train)
    run = train(
        lambda p, x: np.sum(x * p, axis=1, keepdims=True),
        data,
        optimizer=optim.gradient_descent(1.0),
        loss=lambda output, y: np.sum(output),
        params=np.zeros(2),
        batch_size=batch_size,
        epochs=epochs,
        dtype=np.float64,
    )
    assert run.steps == epochs * -(-n // batch_size) == len(run.loss)
    np.testing.assert_allclose(run.params, -epochs * data.train.x.sum(axis=0), rtol=1e-12)


def test_batch_gradient_descent_follows_the_closed_form() -> None:
    data = line()
    rule = optim.gradient_descent(0.1)
    run = train(linear, data, optimizer=rule, batch_size=None, steps=500, params=START, dtype=float)
    design = np.column_stack([data.train.x, np.ones(len(data.train))])
    best = np.linalg.lstsq(design, data.train.y, rcond=None)[0]
    np.testing.assert_allclose(np.concatenate([run.params["w"][:, 0], run.params["b"]]), best[:, 0], rtol=1e-9)
    assert np.all(np.diff(run.loss) <= 1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_digits_are_learned(seed: int) -> None:
    run = train(nn.mlp([64, 64, 10]), digits(), optimizer=optim.adam(3e-3), epochs=20, seed=seed)
    assert run.metric[0] == "accuracy"
    assert run.metric[1] >= 0.965
    wrong = np.mean(run.predict(run.data.held_out.x) != run.data.held_out.y)
    assert run.metric[1] == pytest.approx(1 - wrong, abs=1e-15)


def test_metrics_are_in_the_targets_own_unit() -> None:
    data = line()
    run = train(linear, data, optimizer=optim.gradient_descent(0.1), batch_size=None, steps=300, params=START)
    target = data.raw_target(data.held_out.y).reshape(-1)
    error = np.sqrt(np.mean((run.predict(data.held_out.x) - target) ** 2))
    assert run.metrics["rmse"][-1] == pytest.approx(error, rel=1e-5)
    assert run.metrics["r2"][-1] > 0.99


def test_a_rule_that_needs_whole_arrays_gets_them_one_by_one() -> None:
    seen = []

    def update(g: Any, state: Any, p: Any, t: Any, lr: Any) -> Any:
        seen.append(g.shape)
        return p - lr * g, state

    rule = dataclasses.replace(optim.gradient_descent(0.1), update=update, elementwise=False)
    run = train(linear, line(), optimizer=rule, batch_size=None, steps=50, params=START, dtype=float)
    plain = train(
        linear, line(), optimizer=optim.gradient_descent(0.1), batch_size=None, steps=50, params=START, dtype=float
    )
    assert set(seen) == {(2, 1), (1,)}
    np.testing.assert_allclose(run.loss, plain.loss, rtol=1e-12)


# --- ending early ----------------------------------------------------------------------------------------------------


def diverging() -> Run:
    return train(linear, line(), optimizer=optim.gradient_descent(5.0), batch_size=None, steps=2000, params=START)


def test_the_first_step_that_is_not_finite_ends_the_run_and_names_its_maker() -> None:
    run = diverging()
    assert run.failure is not None
    assert run.failure.step == run.steps + 1
    assert str(run.stopped).startswith(f"not finite at step {run.failure.step}: {run.failure.operation} in")
    assert all(np.isfinite(leaf).all() for leaf in run.params.values())
    assert np.isfinite(run.loss[: run.steps]).all()
    text = str(run.failure).splitlines()
    assert len(text) == 4
    assert run.failure.operation in text[1]
    assert "run-not-finite" in text[0]


def test_the_maker_is_the_operation_and_not_those_that_pass_it_on() -> None:
    def model(params: Any, x: Any) -> Any:
        z = x * params
        bad = np.log(z)
        later = bad * 2
        return np.sum(later, axis=1, keepdims=True)

    run = train(model, line(), optimizer=optim.gradient_descent(0.1), steps=5, params=np.ones(2))
    assert run.failure is not None
    assert (run.failure.step, run.failure.node, run.failure.operation) == (1, "bad", "log")
    assert "bad = np.log(z)" in str(run.failure)
    assert run.steps == 0


def test_a_gradient_that_is_not_finite_is_found_in_the_backward_pass() -> None:
    def model(params: Any, x: Any) -> Any:
        return np.sqrt(x * 0 + params)[:, :1]

    run = train(model, line(), optimizer=optim.gradient_descent(0.1), steps=5, params=np.zeros(2))
    assert run.failure is not None
    assert run.failure.operation == "divide"
    assert "backward" in str(run.failure)
    assert np.array_equal(run.params, np.zeros(2))


def test_ctrl_c_ends_between_two_steps_with_what_was_learned() -> None:
    pressed: list[int] = []

    def interrupt(now: Progress) -> None:
        if now.step > 50 and not pressed:
            pressed.append(now.step)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    run = train(linear, line(), optimizer=optim.gradient_descent(1e-3), steps=10**6, params=START, progress=interrupt)
    assert 50 < run.steps < 10**6
    assert len(run.loss) == run.steps
    assert "interrupted" in str(run.stopped)
    assert run.metrics["step"][-1] == run.steps
    assert signal.getsignal(signal.SIGINT) is before


def test_it_trains_in_a_thread_of_its_own_too() -> None:
    found: list[Run] = []
    worker = threading.Thread(
        target=lambda: found.append(train(linear, line(), optimizer=optim.adam(0.1), steps=10, params=START))
    )
    worker.start()
    worker.join()
    assert found[0].steps == 10


def test_progress_counts_up_to_the_end() -> None:
    told: list[Progress] = []
    train(nn.mlp([64, 10]), digits(), optimizer=optim.adam(0.01), epochs=3, progress=told.append)
    assert told[-1].step == told[-1].steps
    assert told[-1].seconds_left == 0
    assert [t.step for t in told] == sorted(t.step for t in told)


# --- what it tells ---------------------------------------------------------------------------------------------------


def test_the_readable_program_is_the_step_that_was_taken() -> None:
    model, rule, data = nn.mlp([2, 3, 1]), optim.adam(0.01), line()
    run = train(model, data, optimizer=rule, batch_size=4, steps=1, seed=2, dtype=np.float64)
    program = run.program()
    start = model.init(2, np.float64)
    p = np.concatenate([part.reshape(-1) for layer in start.values() for part in layer.values()])
    rows = batch_at(len(data.train), 4, 2, 0)
    zeros = np.zeros_like(p)
    loss, after, _ = program(p, {"m": zeros, "v": zeros}, data.train.x[rows], data.train.y[rows], 1, rule.lr)
    assert loss == pytest.approx(run.loss[0], rel=1e-12)
    np.testing.assert_allclose(after[:6].reshape(2, 3), run.params["dense1"]["w"], rtol=1e-12)
    for phase in ("# --- forward ---", "# --- backward ---", "# --- update ---"):
        assert phase in str(program)


def test_the_summary_says_what_how_long_and_how_well() -> None:
    run = train(nn.mlp([64, 10]), digits(), optimizer=optim.adam(0.01), epochs=2)
    text = str(run)
    for word in ("digits", "1438 rows", "mini-batch", "adam(lr=0.01", "90 (2 epochs)", "accuracy"):
        assert word in text
    assert "batch gradient descent" in str(diverging())
    assert "not finite at step" in str(diverging())


@pytest.mark.slow
def test_the_score_stands_beside_guessing_and_scikit_learn() -> None:
    run = train(nn.mlp([64, 32, 10]), digits(), optimizer=optim.adam(3e-3), epochs=10)
    (_, guess), (peer, score) = run.baselines().rows
    majority = np.bincount(run.data.train.y).argmax()
    assert guess == np.mean(run.data.held_out.y == majority)
    assert "MLPClassifier" in peer
    assert score > 0.9
    regression = train(linear, line(), optimizer=optim.momentum(0.01), epochs=20, params=START).baselines()
    assert regression.rows[0][1] <= 0


def test_the_public_entry_takes_plain_arrays() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 3))
    run = ds.train(ds.nn.mlp([3, 8, 2]), (x, (x[:, 0] > 0).astype(int)), optimizer=ds.optim.adam(0.05), epochs=20)
    assert run.metric[1] > 0.8


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"batch_size": 0}, "batch-size"),
        ({"batch_size": 10**6}, "batch-size"),
        ({"batch_size": 2.5}, "batch-size"),
        ({"epochs": 0}, "train-length"),
        ({"steps": -3}, "train-length"),
        ({"dtype": np.float16}, "train-dtype"),
        ({"dtype": int}, "train-dtype"),
    ],
)
def test_a_setting_out_of_range_is_refused_before_anything_happens(change: dict[str, Any], code: str) -> None:
    settings: dict[str, Any] = {"optimizer": optim.adam(), "batch_size": 8, "epochs": 1} | change
    with pytest.raises(SettingError, match=code) as wrong:
        train(nn.mlp([2, 1]), line(), **settings)
    assert len(str(wrong.value).splitlines()) == 4


def test_a_model_that_does_not_fit_the_data_is_refused_with_the_right_sizes() -> None:
    with pytest.raises(DataError, match="model-data-shape") as wrong:
        train(nn.mlp([2, 9]), digits(), optimizer=optim.adam())
    assert "mlp([64, ..., 10])" in str(wrong.value)


@pytest.mark.parametrize("dialect", ["in place", "machine", "auto"])
@pytest.mark.parametrize("wrong", [9, -1, 2.5])
@pytest.mark.parametrize("row", [0, 5, 10, 15])  # some of them are held out
def test_an_index_that_an_embedding_does_not_have_is_refused_before_anything_is_trained(
    dialect: str, wrong: float, row: int
) -> None:
    x = np.tile(np.arange(9.0), (20, 1))
    x[row, 3] = wrong
    data = arrays(x, np.arange(20) % 2, held_out=0.5)
    net = nn.Model((9,), (nn.embedding(9, 2, name="words"), nn.flatten(), nn.dense(2)))
    with pytest.raises(SettingError, match="layer words") as error:
        ds.train(net, data, optimizer=optim.adam(), steps=300, dialect=dialect)
    assert error.value.code == "layer-indices"


def test_a_plain_function_needs_start_parameters() -> None:
    with pytest.raises(SettingError, match="params-missing"):
        train(linear, line(), optimizer=optim.adam())


@pytest.mark.parametrize("dialect", ["in place", "machine"])
@pytest.mark.parametrize(
    "name",
    ["k", "streams", "records", "enumerate", "zip", "np", "step", "lr", "t", "c1", "f2", "h1", "v3", "s1", "maximum"],
)
def test_a_parameter_may_have_any_name(name: str, dialect: str) -> None:
    def model(word: str) -> Any:
        return lambda params, x: np.maximum(x @ params[word], -9.0) * 1.5 + params["b"]

    def trained(word: str) -> Run:
        start = {word: np.zeros((3, 1), np.float32), "b": np.zeros(1, np.float32)}
        x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
        return train(
            model(word),
            (x, x.sum(axis=1, keepdims=True)),
            optimizer=optim.adam(0.05),
            steps=9,
            params=start,
            dialect=dialect,
        )

    np.testing.assert_array_equal(trained(name).loss, trained("weights").loss)
