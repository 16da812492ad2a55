"""Snapshots are taken before a walk would take long, and thinned so that none gets much longer than it has to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.clock import Clock
from tests.runs.watched import thinned

from downslope.runs import recorder, snapshots
from downslope.runs.file import RunFile
from downslope.runs.snapshots import Mark

positions = st.lists(st.integers(1, 40), min_size=1, max_size=60).map(lambda gaps: [0, *np.cumsum(gaps).tolist()])


@given(positions, st.integers(0, 300), st.integers(1, 6))
def test_thinning_keeps_both_ends_the_budget_and_gaps_at_most_twice_the_best(
    steps: list[int], budget: int, fewest: int
) -> None:
    marks = [Mark(0, step, 10) for step in steps]
    gone = snapshots.superfluous(marks, budget, fewest)
    left = [mark.step for mark in marks if mark not in gone]
    assert len(gone) == len(marks) - len(left)
    assert left[:1] == steps[:1]
    assert left[-1] == steps[-1]
    assert 10 * len(left) <= budget or len(left) <= max(2, fewest)
    assert len(left) == len(steps) or 10 * (len(left) + 1) > budget or len(left) < fewest  # no more than needed went
    assert longest(left) <= 2 * max(longest(steps), steps[-1] / (len(left) - 1))


@given(positions, st.integers(3, 12))
def test_thinning_as_it_goes_on_is_no_worse(steps: list[int], most: int) -> None:
    kept: list[Mark] = []
    for step in steps:
        kept.append(Mark(0, step, 10))
        for mark in snapshots.superfluous(kept, 10 * most, fewest=2):
            kept.remove(mark)
    left = [mark.step for mark in kept]
    assert longest(left) <= 2 * max(longest(steps), steps[-1] / (len(left) - 1))


@given(st.lists(positions, min_size=2, max_size=4), st.integers(0, 300))
def test_thinning_leaves_the_start_of_every_segment_and_no_long_way_to_its_end(
    parts: list[list[int]], budget: int
) -> None:
    marks, begins = [], 0
    for number, steps in enumerate(parts):  # each ends some steps after its last snapshot, where the next begins
        marks += [Mark(number, begins + step, 10) for step in steps]
        begins += steps[-1] + 3
    left = sorted(set(marks) - set(snapshots.superfluous(marks, budget)))
    assert {mark.segment for mark in left} == set(range(len(parts)))
    assert [min(m for m in left if m.segment == k) for k in range(len(parts))] == [
        min(m for m in marks if m.segment == k) for k in range(len(parts))
    ]
    assert left[-1] == marks[-1]
    assert longest([m.step for m in left]) <= 2 * max(
        longest([m.step for m in marks]), marks[-1].step / max(1, len(left) - len(parts))
    )


def longest(steps: list[int]) -> int:
    """The longest gap."""
    return int(np.diff(steps).max(initial=0))


@given(
    pace=st.floats(1e-6, 0.05),
    price=st.floats(0, 0.01),
    portions=st.lists(st.integers(1, 400), min_size=1, max_size=60),
)
@settings(max_examples=25)
def test_a_snapshot_is_taken_before_walking_there_again_takes_longer_than_said(
    pace: float, price: float, portions: list[int]
) -> None:
    run, _ = thinned()
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(price)
        patch.setattr(recorder, "time", clock)
        file = RunFile.create(None)
        made = recorder.Recorder(file, 0, 0, sum(portions), 10**9, sparse=False)
        made.commit(run.carried)
        for count in portions:
            for column in made.room(count):
                column[:] = 1.0
            made.steps(count, 0.1, count * pace, run.carried)
        made.commit()
        steps = [mark.step for mark in snapshots.marks(file)] + [made.done]
    allowed = max(recorder.MOMENT, recorder.SNAPSHOT_SHARE * made.price, made.walked / 200)
    assert longest(steps) * pace <= allowed + max(portions) * pace + 1e-9
