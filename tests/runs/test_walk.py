"""A walk to a step begins at the nearest snapshot behind it, and a hash tells any two states apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st
from tests.runs.watched import DROPPING, classes, steps_walked, thinned

import downslope as ds
from downslope import optim
from downslope.runs.walk import fingerprint


@given(st.lists(st.integers(1, 201), min_size=1, max_size=12))
@settings(max_examples=25)
def test_no_walk_is_longer_than_from_the_snapshot_before(asked: list[int]) -> None:
    run, marks = thinned()
    with steps_walked() as counts:
        for t in asked:
            counts.clear()
            run.history.replay.before(t)
            assert sum(counts) <= t - 1 - max(step for step in marks if step < t)
        stands = asked[-1]
        counts.clear()
        run.history.replay.before(stands)
        assert not counts  # it stands there
        if stands <= 200 and stands not in marks:
            run.history.replay.before(stands + 1)
            assert sum(counts) == 1  # one step on is one step


def test_a_hash_changes_with_every_bit_that_is_carried() -> None:
    run = ds.train(DROPPING, classes(), optimizer=optim.adam(0.01), steps=3, batch_size=7)
    now = run.carried
    hashes = {fingerprint(now)}
    leaves = [leaf for leaf in now.leaves if leaf.size]
    for leaf in leaves:
        bits = leaf.reshape(-1).view(np.uint8)
        bits[-1] ^= 1
        hashes.add(fingerprint(now))
        bits[-1] ^= 1
    assert len(leaves) == 5  # parameters, m, v, the running mean and variance
    assert len(hashes) == len(leaves) + 1
