"""Every way of stepping in the same training: schedules, averages, methods that evaluate, models with a memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope import nn, optim
from downslope.autodiff import value_and_grad
from downslope.autodiff.program import statements
from downslope.data import Data, arrays, digits
from downslope.errors import DownslopeError, SettingError
from downslope.optim import Plateau
from downslope.runs import train


def line(n: int = 60) -> Data:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    return arrays(x, x @ [3.0, -2.0] + 1 + 0.1 * rng.normal(size=n), task="regression")


def linear(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


START = {"w": np.zeros((2, 1)), "b": np.zeros(1)}
NAMES = [name for name in optim.OPTIMIZERS if name not in ("sgd",)]


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_takes_the_steps_that_its_own_step_takes(name: str) -> None:
    data, rule = line(), optim.by_name(name, lr=0.01)
    model = nn.mlp([2, 3, 1], hidden="tanh")
    run = train(model, data, optimizer=rule, batch_size=None, steps=6, seed=1, dtype=np.float64)
    params = model.init(1, np.float64)
    state, losses = rule.init(params), []
    f = value_and_grad(lambda p: np.mean((model(p, data.train.x) - data.train.y) ** 2))
    for t in range(1, 7):
        loss, g = f(params)
        losses.append(loss)
        params, state = rule.step(params, g, state, t)
    np.testing.assert_allclose(run.loss, losses, rtol=1e-8)
    np.testing.assert_allclose(run.params["dense1"]["w"], params["dense1"]["w"], rtol=1e-6, atol=1e-10)


def test_a_schedule_gives_every_step_its_own_rate() -> None:
    schedule = optim.schedules.exponential(0.1, 0.9)
    run = train(linear, line(), optimizer=optim.gradient_descent(schedule), batch_size=None, steps=5, params=START)
    params: Any = START
    f = value_and_grad(lambda p: np.mean((linear(p, line().train.x) - line().train.y) ** 2))
    for t in range(1, 6):
        _, g = f(params)
        params = {k: params[k] - schedule(t) * g[k] for k in params}
    np.testing.assert_allclose(run.params["w"], params["w"], rtol=1e-5)


def test_a_plateau_lowers_the_rate_when_the_held_out_loss_is_stuck() -> None:
    stuck = Plateau(0.5, factor=0.1, patience=1)
    run = train(
        linear, line(), optimizer=optim.gradient_descent(0.5), batch_size=None, epochs=40, params=START, plateau=stuck
    )
    free = train(linear, line(), optimizer=optim.gradient_descent(0.5), batch_size=None, epochs=40, params=START)
    assert run.loss[0] == free.loss[0]
    assert not np.array_equal(run.params["w"], free.params["w"])


@pytest.mark.parametrize("name", ["lbfgs", "newton", "conjugate_gradient"])
def test_methods_with_a_line_search_find_the_least_squares_solution(name: str) -> None:
    data = line()
    rule = getattr(optim, name)()
    run = train(linear, data, optimizer=rule, batch_size=None, steps=30, params=START, dtype=np.float64)
    design = np.column_stack([data.train.x, np.ones(len(data.train))])
    best = np.linalg.lstsq(design, data.train.y, rcond=None)[0][:, 0]
    np.testing.assert_allclose(np.concatenate([run.params["w"][:, 0], run.params["b"]]), best, rtol=1e-6)
    assert np.all(np.diff(run.loss) <= 1e-12)


def test_sam_costs_two_gradients_and_is_one_program() -> None:
    run = train(nn.mlp([64, 16, 10]), digits(), optimizer=optim.sam(optim.momentum(0.05)), epochs=5)
    assert run.metric[1] > 0.9
    assert sum("np.exp(" in line.expression for line in statements(run.program())) == 2


def test_sam_around_a_rule_that_needs_shapes_is_refused() -> None:
    with pytest.raises(SettingError, match="train-method"):
        train(nn.mlp([64, 10]), digits(), optimizer=optim.sam(optim.muon(0.02)), epochs=1)


def test_a_hessian_that_does_not_fit_into_memory_is_refused() -> None:
    with pytest.raises(SettingError, match="train-hessian"):
        train(nn.mlp([64, 64, 10]), digits(), optimizer=optim.newton(), batch_size=None, epochs=1)


def test_an_average_is_what_is_judged_and_predicts() -> None:
    rule = optim.ema(optim.gradient_descent(0.3), 0.9)
    run = train(nn.mlp([64, 16, 10]), digits(), optimizer=rule, epochs=5)
    wrong = np.mean(run.predict(run.data.held_out.x) != run.data.held_out.y)
    assert run.metric[1] == pytest.approx(1 - wrong, abs=1e-12)
    assert not np.array_equal(run.carried.evaluated(rule)["dense1"]["w"], run.params["dense1"]["w"])


def conv() -> nn.Model:
    layers = (
        nn.conv2d(6, 3, activation="relu"), nn.batch_norm(), nn.max_pool(2), nn.flatten(), nn.dropout(0.3), nn.dense(10)
    )  # fmt: skip
    return nn.Model((1, 8, 8), layers)


def test_a_network_with_dropout_and_running_statistics_learns_and_repeats_exactly() -> None:
    runs = [train(conv(), digits(), optimizer=optim.adam(3e-3), epochs=4, seed=2) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].loss, runs[1].loss)
    assert runs[0].metric[1] > 0.9
    mean = runs[0].carried.memory["batch_norm1"]["mean"]
    assert np.any(mean != 0)
    np.testing.assert_array_equal(mean, runs[1].carried.memory["batch_norm1"]["mean"])
    x = runs[0].data.held_out.x
    np.testing.assert_array_equal(runs[0].output(x), runs[0].output(x))  # nothing is dropped in inference
    single = np.concatenate([runs[0].output(x[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(single, runs[0].output(x[:5]), rtol=1e-4, atol=1e-4)


def test_a_last_batch_that_a_layer_cannot_take_is_refused_before_the_first_step() -> None:
    data, told = line(61), list[Any]()
    assert len(data.train) % 12 == 1
    model = nn.Model((2,), (nn.dense(4), nn.batch_norm(), nn.dense(1)))
    with pytest.raises(DownslopeError) as wrong:
        train(model, data, optimizer=optim.adam(), batch_size=12, epochs=2, progress=told.append)
    assert "batch_norm1" in str(wrong.value)
    assert not told
