"""Every quantity of a step agrees with what others compute of it: PyTorch in lockstep, differences, the source."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.runs.watched import watched

import downslope as ds
from downslope import data, nn, optim
from downslope.errors import SettingError
from downslope.runs import Run
from downslope.runs.replayed import ReplayedStep
from downslope.runs.walk import fingerprint

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 4)), RNG.integers(0, 3, 40)
NET = nn.mlp([4, 5, 3], hidden="tanh")
STEPS, BATCH = 23, 7  # an epoch is four mini-batches of 7 and a smaller one
ASKED = [1, 2, 5, 10, 17, STEPS]


@cache
def trained() -> Run:
    """Adam with a rate that falls, in float64."""
    rule = optim.adam(optim.schedules.cosine(0.05, steps=30))
    with watched(snapshots=0.2):
        return ds.train(NET, data.arrays(X, Y), optimizer=rule, steps=STEPS, batch_size=BATCH, dtype=np.float64)


def same(ours: Any, theirs: Any) -> None:
    """Equal to ten digits."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


# --- PyTorch in lockstep ----------------------------------------------------------------------------------------------


class Lockstep:
    """The same training in PyTorch, which is told the start parameters and the rows of each step, and nothing else."""

    def __init__(self, torch: Any, run: Run) -> None:
        self.torch = torch
        self.x, self.y = torch.tensor(X), torch.tensor(Y)
        self.params = {name: torch.tensor(p, requires_grad=True) for name, p in run.at(1).params.items()}
        self.adam = torch.optim.Adam(self.params.values(), lr=0.05)
        self.falls = torch.optim.lr_scheduler.CosineAnnealingLR(self.adam, 30)

    def forward(self, params: Any, x: Any) -> tuple[Any, Any, Any]:
        """dense1.z, dense1.h and the logits."""
        z = x @ params["dense1.w"] + params["dense1.b"]
        h = self.torch.tanh(z)
        return z, h, h @ params["dense2.w"] + params["dense2.b"]

    def losses(self, params: Any, rows: Any) -> Any:
        """Of each row."""
        logits = self.forward(params, self.x[rows])[2]
        return self.torch.nn.functional.cross_entropy(logits, self.y[rows], reduction="none")

    def step(self, rows: Any) -> None:
        """Backpropagate and update."""
        self.adam.zero_grad()
        self.losses(self.params, rows).mean().backward()
        self.adam.step()
        self.falls.step()


def test_pytorch_in_lockstep_has_the_same_numbers_at_every_step() -> None:
    torch = pytest.importorskip("torch")
    run = trained()
    twin = Lockstep(torch, run)
    for t in range(1, STEPS + 1):
        step = run.at(t)
        compare_before(twin, step)
        before = {name: p.detach().numpy().copy() for name, p in twin.params.items()}
        twin.step(torch.tensor(step.rows))
        for name, p in twin.params.items():
            same(step.grads[name], p.grad)
            same(step.updates[name], p.detach().numpy() - before[name])
            if t < STEPS:
                following = run.at(t + 1)
                same(following.params[name], p.detach())
                same(following.optimizer_state["m"][name], twin.adam.state[p]["exp_avg"])
                same(following.optimizer_state["v"][name], twin.adam.state[p]["exp_avg_sq"])
        norm = np.sqrt(sum(float((p.grad**2).sum()) for p in twin.params.values()))
        same(run.series("grad_norm", t, t), norm)


def compare_before(twin: Lockstep, step: ReplayedStep) -> None:
    """What is known before the update."""
    torch, rows = twin.torch, twin.torch.tensor(step.rows)
    same(step.lr, twin.adam.param_groups[0]["lr"])
    same(step.batch.x, twin.x[rows])
    z, h, logits = twin.forward(twin.params, twin.x[rows])
    for value in (z, h, logits):
        value.retain_grad()
    losses = torch.nn.functional.cross_entropy(logits, twin.y[rows], reduction="none")
    losses.mean().backward()
    same(step.loss, losses.mean().detach())
    same(step.losses, losses.detach())
    for name, value in {"dense1.z": z, "dense1.h": h, "dense1": h, "dense2": logits, "output": logits}.items():
        same(step.activations[name], value.detach())
        same(step.errors[name], value.grad)


@pytest.mark.parametrize("t", ASKED)
def test_pytorch_has_the_same_gradients_of_single_rows_and_curvature(t: int) -> None:
    torch = pytest.importorskip("torch")
    step = trained().at(t)
    twin = Lockstep(torch, trained())
    params = {name: torch.tensor(p, requires_grad=True) for name, p in step.params.items()}
    for i, row in enumerate(step.rows):
        single = torch.autograd.grad(twin.losses(params, [int(row)]).mean(), list(params.values()))
        for name, g in zip(params, single, strict=True):
            same(step.per_example_grads[name][i], g)
    v = {name: np.random.default_rng(t).normal(size=p.shape) for name, p in step.params.items()}
    loss = twin.losses(params, torch.tensor(step.rows)).mean()
    grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
    along = sum((g * torch.tensor(v[name])).sum() for name, g in zip(params, grads, strict=True))
    for name, product in zip(params, torch.autograd.grad(along, list(params.values())), strict=True):
        same(step.hvp(v)[name], product)


# --- without PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", ASKED)
def test_gradient_and_curvature_are_what_differences_of_the_loss_say(t: int) -> None:
    step, h = trained().at(t), 1e-4
    v = {name: np.random.default_rng(t).normal(size=p.shape) for name, p in step.params.items()}
    ahead, back = (step.loss_at({name: p + s * v[name] for name, p in step.params.items()}) for s in (h, -h))
    slope = sum(float((g * v[name]).sum()) for name, g in step.grads.items())
    bend = sum(float((g * v[name]).sum()) for name, g in step.hvp(v).items())
    np.testing.assert_allclose((ahead - back) / (2 * h), slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose((ahead - 2 * step.loss + back) / h**2, bend, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("t", ASKED)
def test_rows_are_those_of_the_source_and_single_rows_average_to_the_whole(t: int) -> None:
    step = trained().at(t)
    np.testing.assert_array_equal(step.batch.x, X[step.rows])
    np.testing.assert_array_equal(np.argmax(step.batch.y, axis=1), Y[step.rows])
    same(step.losses.mean(), step.loss)
    for name, g in step.grads.items():
        same(step.per_example_grads[name].mean(axis=0), g)
    same(step.loss, trained().loss[t - 1])


def test_an_epoch_sees_every_row_once_and_none_that_is_held_out() -> None:
    run = trained()
    assert run.steps_per_epoch == 5
    for epoch in range(4):
        rows = np.concatenate([run.at(5 * epoch + k).rows for k in range(1, 6)])
        np.testing.assert_array_equal(np.sort(rows), np.sort(run.data.train.rows))
        assert not set(rows) & set(run.data.held_out.rows)
    for t in range(1, STEPS + 1):  # in the order of the epoch
        places = data.batch_at(len(run.data.train), BATCH, run.seed, t - 1)
        np.testing.assert_array_equal(run.at(t).rows, run.data.train.rows[places])


@pytest.mark.parametrize("rule", ["adam(0.01)", "muon()", "ema(momentum(0.1))", "sam(momentum(0.1))", "lbfgs()"])
def test_updates_are_exactly_the_difference_of_the_parameters(rule: str) -> None:
    made: Any = optim.from_text(rule)
    batch_size = None if rule == "lbfgs()" else BATCH
    run = ds.train(NET, data.arrays(X, Y), optimizer=made, steps=12, batch_size=batch_size)
    for t in (1, 7, 12):
        after = run.at(t + 1).params
        for name, update in run.at(t).updates.items():
            np.testing.assert_array_equal(update, after[name] - run.at(t).params[name])
            assert update.dtype == np.float32


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("adam(cosine(0.05, 30))", {}),
        ("muon()", {}),
        ("sam(momentum(0.1))", {}),
        ("momentum(0.1)", {"plateau": optim.Plateau(0.2, factor=0.5, patience=0, threshold=0.2)}),
        ("lbfgs()", {"batch_size": None}),
    ],
)
@pytest.mark.parametrize("steps", [10, 13])
def test_the_step_that_would_come_next_is_the_one_that_comes(
    rule: str, options: dict[str, Any], record: bool, steps: int
) -> None:
    made: Any = optim.from_text(rule)
    settings = {"batch_size": BATCH, "record": record} | options
    run = ds.train(NET, data.arrays(X, Y), optimizer=made, steps=steps, dtype=np.float64, **settings)
    coming = run.at(steps + 1)
    lr, rows, loss, updates = coming.lr, coming.rows, coming.loss, coming.updates  # asked before it is taken
    longer = run.train(1)
    taken = longer.at(steps + 1)
    assert lr == taken.lr == longer.series("lr")[-1]
    np.testing.assert_array_equal(rows, taken.rows)
    same(loss, longer.loss[-1])
    for name, update in updates.items():
        np.testing.assert_array_equal(coming.params[name] + update, longer.at(steps + 2).params[name], err_msg=name)
        np.testing.assert_array_equal(update, taken.updates[name], err_msg=name)
    with pytest.raises(SettingError, match=r"there is no step 12|there is no step 15"):
        run.at(steps + 2)


def test_looking_at_a_step_changes_nothing_of_the_run() -> None:
    run = trained()
    before = fingerprint(run.carried), run.loss.copy()
    for t in (5, STEPS + 1, 2):
        step = run.at(t)
        for quantity in (step.params, step.grads, step.updates, {"x": step.batch.x, "rows": step.rows}):
            for value in quantity.values():
                with pytest.raises(ValueError, match="read-only"):
                    value += 1
    assert run.at(-1).t == STEPS
    assert fingerprint(run.history.replay.after(STEPS)) == before[0] == fingerprint(run.carried)
    np.testing.assert_array_equal(run.loss, before[1])
