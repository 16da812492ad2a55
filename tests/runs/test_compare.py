"""Two runs side by side: the first step of difference, and the drift from then on."""

from __future__ import annotations

import numpy as np
import pytest
from tests.runs.small import trained

import downslope as ds


@pytest.fixture(scope="module")
def run() -> ds.runs.Run:
    return trained(60)


@pytest.mark.parametrize("at", [1, 2, 17, 59])
def test_a_fork_parts_at_the_step_where_it_was_made(run: ds.runs.Run, at: int) -> None:
    for changes in ({"lr": 0.5}, {"edit": {"dense1.b[0]": 3.0}}, {"optimizer": ds.optim.momentum(0.3)}):
        found = run.compare(run.fork(at=at, **changes).train(20))
        assert found.first == at


def test_runs_of_the_same_settings_are_the_same_to_the_last_bit(run: ds.runs.Run) -> None:
    found = run.compare(trained(45))
    assert found.first is None
    assert not np.any(found.distance)
    assert "bit for bit" in str(found)
    assert found.settings == ()


def test_a_difference_that_no_loss_tells_yet_is_found_in_the_parameters() -> None:
    # A unit of relu that is off for every row: its outgoing weights do not reach the loss.
    run = ds.train(ds.nn.mlp([4, 3, 3]), ds.data.iris(), optimizer=ds.optim.gradient_descent(1e-30), steps=8)
    dead = run.fork(at=1, edit={"dense1.b[0]": -1e3})
    one = dead.train(6)
    two = one.fork(at=4, edit={"dense2.w[0, 1]": 7.0}).train(3)
    np.testing.assert_array_equal(one.loss, two.loss)
    assert one.compare(two).first == 4


def test_the_distance_is_that_of_the_parameters(run: ds.runs.Run) -> None:
    fork = run.fork(at=30, lr=0.1).train(20)
    found = run.compare(fork, every=5)
    assert found.steps.tolist() == [30, 35, 40, 45]
    for t, distance in zip(found.steps, found.distance, strict=True):
        here, there = run.at(int(t)).params, fork.at(int(t)).params
        squares = sum(float(np.sum((here[name].astype(float) - there[name]) ** 2)) for name in here)
        assert distance == pytest.approx(squares**0.5, rel=1e-6)
    assert found.distance[0] == 0


def test_networks_of_other_shapes_have_no_distance_but_losses() -> None:
    one = trained(12)
    two = ds.train(
        ds.nn.mlp([2, 4, 2], hidden="tanh"), one.data, optimizer=ds.optim.adam(0.02), batch_size=20, steps=12
    )
    found = one.compare(two)
    assert found.first == 1
    assert np.isnan(found.distance).all()
    assert {name: (a, b) for name, a, b in found.settings}["model"] == (repr(one.model), repr(two.model))
    assert np.isfinite(found.loss).all()
