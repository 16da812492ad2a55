"""Clipping, accumulation and averaging around any rule, and each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from downslope import optim
from downslope.errors import SettingError

WRONG: Any = optim
G = hnp.arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6))


def gradient_after(rule: optim.Optimizer, g: Any) -> Any:
    """What a wrapper around plain gradient descent of rate 1 hands on, in the form of a step."""
    zeros = {name: np.zeros_like(part) for name, part in g.items()}
    return {name: -p for name, p in rule.step(zeros, g, rule.init(zeros), 1)[0].items()}


@given(G, G, st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction_and_bounds_the_length_of_all_together(
    w: Any, b: Any, most: float
) -> None:
    found = gradient_after(optim.clip_by_norm(optim.sgd(1.0), max_norm=most), {"w": w, "b": b})
    length = np.sqrt(np.sum(w * w) + np.sum(b * b))
    factor = min(1.0, most / length) if length else 1.0
    np.testing.assert_allclose(found["w"], factor * w, rtol=1e-12)
    np.testing.assert_allclose(found["b"], factor * b, rtol=1e-12)


def test_clipping_by_value_changes_the_direction() -> None:
    found = gradient_after(optim.clip_by_value(optim.sgd(1.0), limit=2), {"w": np.array([3.0, 4.0, -12.0])})
    assert found["w"].tolist() == [2, 2, -2]


def test_clipping_looks_across_arrays_also_around_a_rule_that_takes_them_one_by_one() -> None:
    p, g = {"a": np.eye(2), "b": np.eye(2)}, {"a": 30 * np.eye(2), "b": 40 * np.eye(2)}
    rule, inner = optim.clip_by_norm(optim.lars(1.0, trust=1.0), max_norm=5), optim.lars(1.0, trust=1.0)
    norm = np.sqrt(2 * 30**2 + 2 * 40**2)
    expected, _ = inner.step(p, {name: 5 / norm * x for name, x in g.items()}, inner.init(p), 1)
    found, _ = rule.step(p, g, rule.init(p), 1)
    for name in p:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-14)


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_many_small_batches_take_the_step_of_one_large_batch(steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner, micro = optim.adam(0.1), rng.normal(size=(3, steps, 4))
    rule, p = optim.accumulate(inner, steps=steps), np.zeros(4)
    small, state, large, theirs = p, rule.init(p), p, inner.init(p)
    for k in range(3):
        for i in range(steps):
            before = small
            small, state = rule.step(small, micro[k, i], state, k * steps + i + 1)
            if i < steps - 1:
                np.testing.assert_array_equal(small, before)
        large, theirs = inner.step(large, micro[k].mean(axis=0), theirs, k + 1)
        np.testing.assert_allclose(small, large, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(state["m"], theirs["m"], rtol=1e-12, atol=1e-15)


def test_a_schedule_counts_the_steps_that_are_taken() -> None:
    halves = optim.schedules.exponential(1.0, factor=0.5)
    rule = optim.ema(optim.accumulate(optim.clip_by_norm(optim.sgd(halves), 1.0), steps=3), decay=0.5)
    assert [rule.rate(t) for t in range(1, 8)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_the_average_is_the_mean_with_weights_that_fade() -> None:
    rule, p = optim.ema(optim.momentum(0.1), decay=0.75), np.array([1.0, -2.0])
    state, visited = rule.init(p), [p]
    for t in range(1, 20):
        p, state = rule.step(p, p, state, t)
        visited.append(p)
    weights = 0.25 * 0.75 ** np.arange(19, -1, -1)
    weights[0] *= 4  # what the start counts
    np.testing.assert_allclose(state["average"], weights @ np.array(visited), rtol=1e-13)
    assert rule.for_evaluation(p, state) is state["average"]
    assert weights.sum() == pytest.approx(1)


def test_averaging_changes_nothing_in_the_training() -> None:
    rule, bare, p = optim.ema(optim.adam(0.1), decay=0.9), optim.adam(0.1), np.array([1.0, -2.0])
    ours, state, theirs, bare_state = p, rule.init(p), p, bare.init(p)
    for t in range(1, 10):
        ours, state = rule.step(ours, ours**3, state, t)
        theirs, bare_state = bare.step(theirs, theirs**3, bare_state, t)
    np.testing.assert_array_equal(ours, theirs)


def test_parameters_to_evaluate_with_are_found_in_nested_trees_and_through_other_wrappers() -> None:
    params = {"w": np.ones((2, 2)), "b": [np.ones(2)]}
    for rule in (
        optim.schedule_free_sgd(0.1),
        optim.clip_by_norm(optim.schedule_free_adamw(0.1), max_norm=1.0),
        optim.accumulate(optim.ema(optim.sgd(0.1)), steps=2),
    ):
        p, state = params, rule.init(params)
        for t in (1, 2, 3, 4):
            p, state = rule.step(p, p, state, t)
        found = rule.for_evaluation(p, state)
        assert found["b"][0].shape == (2,)
        assert np.all(found["w"] > p["w"])  # the average lags behind
    assert optim.adam().for_evaluation(params, optim.adam().init(params)) is params


def test_wrappers_do_in_order_what_their_text_says() -> None:
    """Inside an accumulation the mean is clipped, outside each of its parts."""
    g, zero = [np.array([30.0]), np.array([-29.0])], np.zeros(1)

    def end(rule: optim.Optimizer) -> float:
        p, state = zero, rule.init(zero)
        for t, part in enumerate(g, start=1):
            p, state = rule.step(p, part, state, t)
        return float(p[0])

    assert end(optim.accumulate(optim.clip_by_norm(optim.sgd(1.0), max_norm=1), steps=2)) == -0.5
    assert end(optim.clip_by_norm(optim.accumulate(optim.sgd(1.0), steps=2), max_norm=1)) == 0.0


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: optim.clip_by_norm(optim.adam(), max_norm=0), "optimizer-setting", "max_norm is 0"),
        (lambda: optim.clip_by_value(optim.adam(), limit=-1), "optimizer-setting", "limit is -1"),
        (lambda: optim.accumulate(optim.adam(), steps=0), "optimizer-setting", "steps is 0"),
        (lambda: optim.ema(optim.adam(), decay=1), "optimizer-setting", "decay is 1"),
        (lambda: WRONG.ema(0.9), "optimizer-inner", "ema is put around 0.9"),
        (lambda: WRONG.clip_by_norm(optim.adam, 1.0), "optimizer-inner", "clip_by_norm(adam(1e-3), ...)"),
        (lambda: WRONG.sam(0.1), "optimizer-inner", "sam is given 0.1"),
        (lambda: optim.ema(optim.clip_by_norm(optim.ema(optim.adam()), 1.0)), "optimizer-wrapped-twice", "'average'"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], code: str, words: str) -> None:
    with pytest.raises(SettingError) as error:
        call()
    assert error.value.code == code
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
