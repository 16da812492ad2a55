"""A fork shares the past and has another future: what it keeps, what it changes, and what it needs its parent for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.small import moons, trained

import downslope as ds
from downslope.errors import SettingError


@pytest.fixture(scope="module")
def run() -> ds.runs.Run:
    return trained(60)


@settings(deadline=None, max_examples=15)
@given(at=st.integers(1, 61), more=st.integers(1, 30))
def test_a_fork_without_a_change_takes_the_very_steps_of_its_parent(at: int, more: int) -> None:
    long = trained(95)
    same = trained(60).fork(at=at).train(more)
    assert same.steps == at - 1 + more
    shared = min(95, same.steps)
    np.testing.assert_array_equal(same.loss[:shared], long.loss[:shared])
    np.testing.assert_array_equal(same.history.replay.after(shared).flat, long.history.replay.after(shared).flat)


def test_another_rate_keeps_what_the_optimizer_remembers_and_goes_on_counting(run: ds.runs.Run) -> None:
    fork = run.fork(at=31, lr=0.005)
    step, before = fork.at(31), run.at(31)
    assert step.lr == 0.005
    np.testing.assert_array_equal(step.optimizer_state["m"]["dense1.w"], before.optimizer_state["m"]["dense1.w"])
    # Adam's change is proportional to its rate, at the same state, gradient and step number.
    for name, change in step.updates.items():
        np.testing.assert_allclose(change, before.updates[name] / 4, rtol=2e-4, atol=1e-8)


def test_the_same_rule_at_another_rate_is_the_same_as_another_rate(run: ds.runs.Run) -> None:
    one = run.fork(at=20, lr=0.001).train(10)
    two = run.fork(at=20, optimizer=ds.optim.adam(0.001)).train(10)
    np.testing.assert_array_equal(one.loss, two.loss)


def test_another_rule_begins_afresh_and_counts_its_own_steps(run: ds.runs.Run) -> None:
    fork = run.fork(at=31, optimizer=ds.optim.adamax(0.01))
    step = fork.at(31)
    assert not np.any(step.optimizer_state["m"]["dense1.w"])
    for name, change in step.updates.items():  # the first step of Adamax: lr * sign(g), if its own t is 1
        g = step.grads[name]
        moved = np.abs(g) > 1e-6
        np.testing.assert_allclose(change[moved], -0.01 * np.sign(g[moved]), rtol=1e-3)


def test_a_schedule_as_text_and_as_object_are_the_same(run: ds.runs.Run) -> None:
    one = run.fork(at=10, lr="cosine(0.02, steps=60)").train(20)
    two = run.fork(at=10, lr=ds.optim.schedules.cosine(0.02, steps=60)).train(20)
    np.testing.assert_array_equal(one.loss, two.loss)
    assert one.at(10).lr == pytest.approx(ds.optim.schedules.cosine(0.02, steps=60)(10))


def test_other_mini_batches_begin_a_new_epoch_in_which_each_row_comes_once(run: ds.runs.Run) -> None:
    fork = run.fork(at=8, batch_size=12).train(8)
    seen = np.concatenate([fork.at(t).rows for t in range(8, 16)])
    assert sorted(seen.tolist()) == sorted(moons().train.rows.tolist())
    np.testing.assert_array_equal(fork.at(7).rows, run.at(7).rows)


def test_another_seed_is_another_order_from_there_on_only(run: ds.runs.Run) -> None:
    fork = run.fork(at=16, seed=99).train(10)
    np.testing.assert_array_equal(fork.loss[:15], run.loss[:15])
    assert not np.array_equal(fork.at(17).rows, run.at(17).rows)


def test_edits_change_the_numbers_that_are_named_and_no_others(run: ds.runs.Run) -> None:
    fork = run.fork(at=25, edit={"dense1.w[1, 2]": 0.5, "dense2.b": np.array([1.0, -1.0])})
    now, before = fork.at(25).params, run.at(25).params
    assert now["dense1.w"][1, 2] == 0.5
    np.testing.assert_array_equal(now["dense2.b"], [1.0, -1.0])
    changed = now["dense1.w"] != before["dense1.w"]
    assert changed.sum() == 1
    np.testing.assert_array_equal(now["dense2.w"], before["dense2.w"])
    np.testing.assert_array_equal(fork.at(24).params["dense1.w"], run.at(24).params["dense1.w"])
    np.testing.assert_array_equal(run.at(25).params["dense1.w"], before["dense1.w"])


@pytest.mark.parametrize(
    "edit",
    [
        {"dense9.w": 0.0},
        {"dense1.w[9, 9]": 0.0},
        {"dense1.w[a]": 0.0},
        {"dense1.w": np.zeros((3, 3))},
        {"dense1.w[": 0},
    ],
)
def test_an_edit_that_fits_nothing_is_refused(run: ds.runs.Run, edit: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="fork-edit"):
        run.fork(at=5, edit=edit)


def test_a_rate_twice_and_a_step_that_is_not_there_are_refused(run: ds.runs.Run) -> None:
    with pytest.raises(SettingError, match="fork-twice"):
        run.fork(at=5, lr=0.1, optimizer=ds.optim.adam(0.1))
    with pytest.raises(SettingError, match="run-step"):
        run.fork(at=62)


def test_a_fork_in_a_file_needs_nothing_of_its_parent(tmp_path: Path) -> None:
    parent = trained(60, record=tmp_path / "parent.run")
    fork = parent.fork(at=41, lr=0.004, record=tmp_path / "child.run").train(25)
    losses, before = fork.loss.copy(), parent.at(17).grads["dense1.w"]
    (tmp_path / "parent.run").unlink()
    again = ds.load(tmp_path / "child.run")
    np.testing.assert_array_equal(again.loss, losses)
    np.testing.assert_array_equal(again.at(17).grads["dense1.w"], before)
    assert again.parent == {"path": str(tmp_path / "parent.run"), "step": 41, "about": "lr 0.02 -> 0.004"}
    assert [segment.first for segment in again.segments] == [1, 41]


def test_a_parent_lists_its_forks_and_forks_have_forks(tmp_path: Path) -> None:
    run = trained(30, record=tmp_path / "a.run")
    child = run.fork(at=11, lr=0.01, record=tmp_path / "b.run").train(10)
    grandchild = child.fork(at=16, optimizer=ds.optim.momentum(0.01)).train(5)
    assert [(step, about) for _, step, about in ds.load(tmp_path / "a.run").forks] == [(11, "lr 0.02 -> 0.01")]
    np.testing.assert_array_equal(grandchild.loss[:10], run.loss[:10])
    np.testing.assert_array_equal(grandchild.loss[10:15], child.loss[10:15])
    assert [grandchild.at(t).lr for t in (5, 12, 17)] == [0.02, 0.01, 0.01]
    assert grandchild.at(12).optimizer.name == "adam"
    assert grandchild.at(17).optimizer.name == "momentum"


def test_a_failed_run_is_mended_by_a_fork() -> None:
    data = ds.data.diabetes()
    with np.errstate(all="ignore"):
        run = ds.train(
            ds.nn.mlp([data.train.x.shape[1], 4, 1]), data, optimizer=ds.optim.gradient_descent(20.0), steps=200
        )
    assert run.failure is not None
    with pytest.raises(SettingError, match="run-failed"):
        run.train(5)
    mended = run.fork(at=1, lr=0.01).train(50)
    assert mended.failure is None
    assert np.isfinite(mended.loss).all()


def test_rates_that_are_tried_lead_where_a_fork_with_that_schedule_leads(run: ds.runs.Run) -> None:
    np.testing.assert_array_equal(run.try_rates(21, [0.02] * 10), run.loss[20:30])
    faster = run.fork(at=21, lr=0.1).train(10)
    np.testing.assert_array_equal(run.try_rates(21, [0.1] * 10), faster.loss[20:30])
    assert run.steps == 60
