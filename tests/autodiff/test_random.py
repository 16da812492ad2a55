"""Random numbers in a graph: right in distribution, the same on every replay, different wherever anything differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from downslope.autodiff import batched, grad, trace
from downslope.autodiff.primitives.random import random_uniform
from downslope.errors import SettingError

RARE = 1e-6
words = st.integers(0, 2**64 - 1)


def drawn(t: Any = 1, shape: tuple[int, ...] = (20, 500), seed: int = 0, place: int = 1, stream: int = 4) -> Any:
    return random_uniform(t, shape, seed=seed, stream=stream, place=place)


def test_the_numbers_are_uniform_in_0_to_below_1() -> None:
    u = drawn().ravel()
    assert u.dtype == np.float64
    assert 0 <= u.min() < u.max() < 1
    assert stats.kstest(u, stats.uniform().cdf).pvalue > RARE


def test_the_generator_is_philox_as_published() -> None:
    """Known answer of the authors' library Random123 for philox4x64-10 at counter 0 and key 0."""
    before = np.full(4, 2**64 - 1, np.uint64)  # NumPy counts up before it draws
    words = np.random.Philox(key=[0, 0], counter=before).random_raw(4)
    assert [int(w) for w in words] == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]


def test_a_number_is_the_top_of_a_word_keyed_by_seed_and_stream_counted_by_place_and_step() -> None:
    words = np.random.Philox(key=[7, 4], counter=[0, 0, 3, 11]).random_raw(6)
    expected = [int(word) // 2**11 / 2**53 for word in words]
    assert drawn(11, (2, 3), 7, 3).ravel().tolist() == expected


@given(words, words, st.integers(0, 2**63 - 1))
def test_the_same_is_drawn_again_and_something_else_elsewhere(seed: int, t: int, place: int) -> None:
    here = drawn(t, (50,), seed, place)
    np.testing.assert_array_equal(here, drawn(t, (50,), seed, place))
    for other in (
        drawn(t ^ 1, (50,), seed, place),
        drawn(t, (50,), seed ^ 1, place),
        drawn(t, (50,), seed, place ^ 1),
        drawn(t, (50,), seed, place, stream=5),
    ):
        assert not set(here) & set(other)


def test_steps_do_not_follow_each_other_up() -> None:
    many = np.array([drawn(t, (1000,)) for t in range(30)])
    correlations = np.corrcoef(many)[np.triu_indices(30, 1)]
    assert abs(correlations).max() < stats.norm.ppf(1 - RARE / 2) / np.sqrt(1000)


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**64 - 1])
def test_the_step_may_be_traced_and_every_dialect_draws_the_same(seed: int) -> None:
    def f(x: Any, t: Any) -> Any:
        return x + random_uniform(t, (2, 3), seed=seed, stream=4, place=2**63 - 1)

    x = np.zeros((2, 3), np.float32)
    graph = trace(f, x, 1)
    for t in (0, 1, 2**24 + 1, 2**53):
        expected = drawn(t, (2, 3), seed, 2**63 - 1)
        for evaluate in (graph, graph.program(), graph.program("in place")):
            np.testing.assert_array_equal(evaluate(x, t), expected)
    assert str(graph.program()).count("np.random.Philox") == 1


def test_an_array_of_steps_gives_one_draw_for_each() -> None:
    t = np.array([[5, 1], [2, 5]])
    expected = np.array([[drawn(k, (3,)) for k in row] for row in t.tolist()])
    np.testing.assert_array_equal(drawn(t, (3,)), expected)
    for evaluate in (trace(lambda t: drawn(t, (3,)), t), trace(lambda t: drawn(t, (3,)), t).program()):
        np.testing.assert_array_equal(evaluate(t), expected)
    np.testing.assert_array_equal(batched(lambda t: drawn(t, (3,)), [True])(t[0]), expected[0])


def test_derivatives_take_them_for_constants() -> None:
    x = np.arange(3.0)
    np.testing.assert_array_equal(grad(lambda x, t: np.sum(x * drawn(t, (3,))))(x, 4), drawn(4, (3,)))
    assert drawn(1, ()).shape == ()


WRONG: Any = random_uniform


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: drawn(seed=-1), "seed of random numbers is -1"),
        (lambda: drawn(seed=2**64), "seed of random numbers is 18446744073709551616"),
        (lambda: drawn(place=2**63), "place of random numbers is 9223372036854775808"),
        (lambda: drawn(t=1.5), "the step t of random numbers is 1.5"),
        (lambda: drawn(t=np.array([1, -1])), "the step t of random numbers is array([ 1, -1])"),
        (lambda: trace(lambda t: drawn(t), 1.5), "the step t of random numbers is num[]"),
        (lambda: trace(lambda s: drawn(seed=s), 1), "seed of random numbers is <traced s num[]>"),
        (lambda: WRONG(1, (2,), seed="a", stream=4), "seed of random numbers is 'a'"),
    ],
)
def test_what_goes_wrong_is_said_in_four_lines(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(SettingError) as error:
        call()
    assert error.value.code == "random-word"
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 4
