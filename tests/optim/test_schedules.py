"""Schedules: pure functions of the step, with known values at known places and texts that make them again."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from downslope import optim
from downslope.errors import SettingError
from downslope.optim import schedules as s

WRONG: Any = s  # to call with what the type checker would refuse
EVERY = [
    s.constant(0.1),
    s.step(0.1, every=3),
    s.exponential(0.1, factor=0.9),
    s.inverse_time(0.1, decay=0.1),
    s.polynomial(0.1, steps=10, power=2.0, end=0.01),
    s.cosine(0.1, steps=10),
    s.warm_restarts(0.1, first=3, growth=2),
    s.warm_up(0.1, steps=4),
    s.one_cycle(0.1, steps=20),
    s.noam(512, warm_up=10),
    s.wsd(0.1, steps=20, warm_up=4, decay=5),
    s.total(s.constant(0.1), s.exponential(0.1, factor=0.5)),
    s.chain(s.warm_up(0.1, 4), s.cosine(0.1, 10), at=4),
]


def test_every_entry_is_looked_at_here() -> None:
    assert {one.name for one in EVERY} == set(optim.SCHEDULES)


@pytest.mark.parametrize("one", EVERY, ids=str)
def test_a_schedule_gives_a_rate_for_every_step_and_remembers_nothing(one: optim.Schedule) -> None:
    forwards = [one(t) for t in range(1, 40)]
    assert [one(t) for t in range(39, 0, -1)] == forwards[::-1]
    for rate in forwards:
        assert isinstance(rate, float)
        assert 0 <= rate < 1


@pytest.mark.parametrize("one", EVERY, ids=str)
def test_the_text_of_a_schedule_makes_it_again(one: optim.Schedule) -> None:
    assert optim.from_text(str(one)) == one
    assert hash(optim.from_text(str(one))) == hash(one)
    assert optim.from_text(f"adam({one})") == optim.adam(one)


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_a_docstring_begins_with_the_formula_and_names_every_setting(name: str) -> None:
    text = inspect.getdoc(optim.SCHEDULES[name]) or ""
    signature = inspect.signature(optim.SCHEDULES[name]).parameters
    assert ">>> " in text
    assert any(setting in text.splitlines()[0] for setting in signature)
    assert all(setting in text for setting in signature)


def test_a_warm_up_ends_at_the_rate_and_what_follows_begins_with_it() -> None:
    both = s.chain(s.warm_up(1.0, 10), s.cosine(1.0, 90), at=10)
    assert (both(1), both(10), both(11), both(101)) == (0.1, 1.0, 1.0, 0.0)


@given(st.integers(1, 400), st.integers(1, 20), st.integers(1, 4))
def test_warm_restarts_begin_again_where_the_cycles_add_up(t: int, first: int, growth: int) -> None:
    one = s.warm_restarts(1.0, first=first, growth=growth)
    starts = {1}
    while max(starts) < 400:
        starts.add(max(starts) + first * growth ** (len(starts) - 1))
    assert (one(t) == 1.0) == (t in starts)


@given(st.integers(2, 200), st.floats(0.05, 0.95))
def test_one_cycle_rises_once_and_falls_once(steps: int, rise: float) -> None:
    rates = [s.one_cycle(1.0, steps=steps, rise=rise)(t) for t in range(1, steps + 1)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(1 / 25 / 1e4)


def test_a_schedule_of_warm_up_stable_decay_has_its_three_parts() -> None:
    rates = [s.wsd(1.0, steps=20, warm_up=4, decay=5)(t) for t in range(1, 22)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4:16] == [1.0] * 12
    assert rates[16:] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])


def test_noam_is_highest_where_the_warm_up_ends() -> None:
    one = s.noam(64, warm_up=100)
    assert max(range(1, 1000), key=one) == 100
    assert one(100) == pytest.approx(1 / math.sqrt(64 * 100))


# --- the plateau ------------------------------------------------------------------------------------------------------


def test_a_plateau_is_pure_and_can_be_saved() -> None:
    plateau = optim.Plateau(1.0, factor=0.5, patience=1)
    state = plateau.start()
    after = plateau.update(state, 3.0)
    assert state == plateau.start()
    assert plateau.update(state, 3.0) == after
    for _ in range(2):
        after = plateau.update(after, 3.0)
    assert after["rate"] == 0.5


def test_a_metric_that_is_nan_is_no_improvement() -> None:
    plateau = optim.Plateau(1.0, factor=0.5, patience=1)
    state = plateau.start()
    for _ in range(4):
        state = plateau.update(state, math.nan)
    assert state["rate"] == 0.25


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: s.cosine(-0.1, steps=10), "optimizer-rate", "the learning rate is -0.1"),
        (lambda: WRONG.cosine(s.constant(0.1), steps=10), "optimizer-rate", "the learning rate is constant(lr=0.1)"),
        (lambda: s.cosine(0.1, steps=0), "optimizer-setting", "cosine(steps=0)"),
        (lambda: WRONG.cosine(0.1, steps=2.5), "optimizer-setting", "steps is 2.5"),
        (lambda: s.cosine(0.1, steps=10, end=-1), "optimizer-setting", "end is -1"),
        (lambda: s.exponential(0.1, factor=0), "optimizer-setting", "factor is 0"),
        (lambda: s.one_cycle(0.1, steps=10, rise=1.5), "optimizer-setting", "rise is 1.5"),
        (lambda: s.wsd(0.1, steps=10, warm_up=6, decay=5), "optimizer-setting", "are longer than steps=10"),
        (lambda: WRONG.chain(s.constant(0.1), 0.1, at=3), "optimizer-setting", "chain is given 0.1"),
        (lambda: WRONG.constant(0.1) + 0.1, "optimizer-setting", "total is given 0.1"),
        (lambda: optim.SCHEDULES.make("cosin", lr=0.1), "unknown-name", "Did you mean 'cosine'?"),
        (lambda: optim.Plateau(0.0), "optimizer-setting", "rate is 0.0"),
        (lambda: optim.Plateau(0.1, factor=1.0), "optimizer-setting", "factor is 1.0"),
        (lambda: optim.Plateau(0.1, patience=-1), "optimizer-setting", "patience is -1"),
        (lambda: optim.from_text("adam(lr=0.1"), "optimizer-text", "no call with matching brackets"),
        (lambda: optim.from_text("0.1"), "optimizer-text", "a plain value"),
        (lambda: optim.from_text("adam(lr=1/0)"), "optimizer-text", "neither a number nor a call"),
        (lambda: optim.from_text("adam(lr=x)"), "optimizer-text", "'x'"),
        (lambda: optim.from_text("adam(0.1, lr=0.1)"), "optimizer-text", "lr is given twice"),
        (lambda: optim.from_text("lion(1, 2, 3, 4, 5)"), "optimizer-text", "lion takes lr, beta1"),
        (lambda: optim.from_text("adm(0.1)"), "unknown-name", "Did you mean 'adam'?"),
        (lambda: optim.from_text("__import__('os').system('ls')"), "optimizer-text", "neither a number nor a call"),
        (lambda: optim.from_text("adam(lr=-0.1)"), "optimizer-rate", "the learning rate is -0.1"),
        (lambda: optim.from_text("(" * 10_000), "optimizer-text", "cannot be read"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(SettingError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
