"""Every row once an epoch, any step without the steps before it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from downslope.data import batch_at, batches, order, steps_per_epoch
from downslope.errors import SettingError

sizes = st.integers(1, 120).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))


@given(st.integers(1, 200), st.integers(0, 2**32), st.integers(0, 10**6))
def test_an_order_is_a_permutation(n: int, seed: int, epoch: int) -> None:
    assert np.array_equal(np.sort(order(n, seed, epoch)), np.arange(n))


def test_epochs_and_seeds_differ_and_repeat_themselves() -> None:
    assert order(50, 3, 7).tolist() == order(50, 3, 7).tolist()
    orders = {tuple(order(50, seed, epoch).tolist()) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


@given(sizes, st.integers(0, 99), st.integers(0, 99))
def test_every_row_appears_once_an_epoch(size: tuple[int, int], seed: int, epoch: int) -> None:
    n, batch_size = size
    drawn = batches(n, batch_size, seed, epoch)
    assert sorted(np.concatenate(drawn).tolist()) == list(range(n))
    assert [len(batch) for batch in drawn[:-1]] == [batch_size] * (math.ceil(n / batch_size) - 1)


@given(sizes, st.integers(0, 99))
def test_dropping_the_last_batch_leaves_full_ones_only(size: tuple[int, int], seed: int) -> None:
    n, batch_size = size
    drawn = batches(n, batch_size, seed, 0, drop_last=True)
    assert [len(batch) for batch in drawn] == [batch_size] * (n // batch_size)
    assert steps_per_epoch(n, batch_size, drop_last=True) == n // batch_size


@given(sizes, st.integers(0, 99), st.integers(0, 500))
def test_a_step_finds_its_batch_without_the_steps_before(size: tuple[int, int], seed: int, step: int) -> None:
    n, batch_size = size
    walked = [
        batch for epoch in range(step // math.ceil(n / batch_size) + 1) for batch in batches(n, batch_size, seed, epoch)
    ]
    assert batch_at(n, batch_size, seed, step).tolist() == walked[step].tolist()


@pytest.mark.parametrize("full", [None, "all"])
def test_a_full_batch_is_every_row_in_the_given_order(full: None) -> None:
    (only,) = batches(7, full, seed=5, epoch=3)
    assert only.tolist() == batch_at(7, full, seed=5, step=9).tolist() == list(range(7))


def test_nobody_can_change_an_order_that_others_will_be_given() -> None:
    with pytest.raises(ValueError, match="read-only"):
        order(5, 0, 0)[0] = 9


@pytest.mark.parametrize("batch_size", [0, -1, 11, 2.5, True, "some"])
def test_a_batch_size_that_no_epoch_can_serve_is_refused(batch_size: int) -> None:
    with pytest.raises(SettingError) as refused:
        batches(10, batch_size, seed=0, epoch=0)
    assert refused.value.code == "data-batch-size"
    assert repr(batch_size) in refused.value.what
    assert "from 1 to 10" in refused.value.do
