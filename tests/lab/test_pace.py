"""A pace: so many steps a second and never more, portions that fit between two orders, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from downslope.lab import pace
from downslope.lab.pace import PORTION_SECONDS, Pace


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


def test_a_slow_pace_takes_each_step_when_it_is_due_and_never_one_more(clock: Clock) -> None:
    slow, done = Pace(), 7
    slow.begin(done, 4.0)
    for _ in range(40):
        assert slow.due(done) == 0
        clock.now += slow.wait(done, 10.0)
        assert slow.due(done) == 1
        done += 1
    assert clock.now - 100 == pytest.approx(40 / 4)


def test_what_was_waited_for_is_not_caught_up_with(clock: Clock) -> None:
    slow = Pace()
    slow.begin(0, 10.0)
    clock.now += 60
    slow.begin(0)
    assert (slow.speed, slow.due(0)) == (10.0, 0)


@given(seconds_a_step=st.floats(1e-7, 3.0))
def test_portions_come_to_last_as_long_as_orders_may_wait(seconds_a_step: float) -> None:
    full = Pace()
    full.begin(0, 0.0)
    for _ in range(12):
        steps = full.due(0)
        full.took(steps, steps * seconds_a_step)
    assert full.due(0) * seconds_a_step <= max(PORTION_SECONDS * 1.001, seconds_a_step)
    assert (full.due(0) + 1) * seconds_a_step >= PORTION_SECONDS * 0.999
    assert full.wait(0, 1.0) == 0


def test_the_rate_is_that_of_the_last_moments(clock: Clock) -> None:
    told, done = Pace(), 0
    told.begin(0, 0.0)
    assert told.rate(0) == 0
    for a_second in (100, 900):
        for _ in range(20):
            clock.now, done = clock.now + 0.1, done + a_second // 10
            rate = told.rate(done)
        assert rate == pytest.approx(a_second, abs=0.1)
