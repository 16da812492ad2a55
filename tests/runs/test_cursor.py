"""A cursor goes forward and back in a run, and finds what a condition names, whichever way it came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.small import trained

import downslope as ds
from downslope.errors import SettingError


@pytest.fixture(scope="module")
def run() -> ds.runs.Run:
    return trained(60)


@settings(deadline=None, max_examples=25)
@given(moves=st.lists(st.integers(-30, 30), max_size=12))
def test_where_it_stands_is_the_sum_of_its_moves_and_it_never_leaves_the_run(moves: list[int]) -> None:
    run = trained(40)
    cursor, at = run.cursor(20), 20
    for move in moves:
        if 1 <= at + move <= 41:
            at += move
            assert (cursor.step(move) if move >= 0 else cursor.back(-move)).t == at
        else:
            with pytest.raises(SettingError, match="cursor-end"):
                cursor.step(move)
        assert cursor.t == at
    np.testing.assert_array_equal(cursor.now.params["dense1.w"], run.at(at).params["dense1.w"])


def test_until_goes_to_the_next_step_and_stays_where_there_is_none(run: ds.runs.Run) -> None:
    low = np.flatnonzero(run.loss < 0.4) + 1
    cursor = run.cursor()
    for expected in low[low > 1][:3]:
        found = cursor.until("loss < 0.4")
        assert found is not None
        assert found.t == expected
    assert cursor.until("loss < 0") is None
    assert cursor.t == low[low > 1][2]


def test_before_goes_back_to_where_it_had_not_come_to_hold(run: ds.runs.Run) -> None:
    cursor = run.cursor(60)
    found = cursor.before("t > 25 and t < 31 or t > 40 and t < 44")
    assert found is not None
    assert found.t == 40
    again = cursor.before("t > 25 and t < 31 or t > 40 and t < 44")
    assert again is not None
    assert again.t == 25
    assert cursor.before("loss > 1e9") is None
    assert cursor.before("loss > 0") is None  # it held from the first step on
    assert cursor.t == 25


def test_forking_at_the_cursor_is_forking_at_its_step(run: ds.runs.Run) -> None:
    fork = run.cursor(12).fork(lr=0.5)
    assert fork.steps == 11
    assert fork.at(12).lr == 0.5
