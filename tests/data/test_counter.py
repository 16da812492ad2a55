"""The shuffle against an independent Philox, written from the paper and checked with the authors' known answers."""

from __future__ import annotations

import math
from itertools import permutations
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from downslope.data.counter import (
    named_stream,
    normals,
    random_words,
    shuffled,
    uniforms,
)
from downslope.errors import SettingError
from downslope.streams import Stream

WORD = 2**64 - 1


def philox4x64(counter: list[int], key: list[int]) -> list[int]:
    """Ten rounds of Philox-4x64; Salmon et al. 2011, section 3.3."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = (right >> 64) ^ b ^ k0, right & WORD, (left >> 64) ^ d ^ k1, left & WORD
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & WORD, (k1 + 0xBB67AE8584CAA73B) & WORD
    return [a, b, c, d]


def test_the_independent_philox_gives_the_known_answers_of_its_authors() -> None:
    # kat_vectors of the Random123 distribution.
    assert philox4x64([0] * 4, [0] * 2)[:2] == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC]
    assert philox4x64([WORD] * 4, [WORD] * 2)[:2] == [0x87B092C3013FE90B, 0x438C3C67BE8D0224]


@pytest.mark.parametrize(("n", "seed", "epoch"), [(1, 0, 0), (10, 0, 7), (37, 12345, 2), (50, 2**64 - 1, 10**12)])
def test_rows_are_sorted_by_their_philox_words(n: int, seed: int, epoch: int) -> None:
    # NumPy raises the counter before it draws, so the first four words belong to counter 1.
    words = [word for i in range(n) for word in philox4x64([i + 1, 0, 0, epoch], [seed, Stream.ORDER])]
    by_word = sorted(range(n), key=lambda i: (words[i] >> n.bit_length(), i))
    assert shuffled(n, seed, stream=Stream.ORDER, at=epoch).tolist() == by_word


@given(st.integers(0, 300), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_shuffle_is_a_permutation_for_any_seed_and_epoch(n: int, seed: int, at: int) -> None:
    assert sorted(shuffled(n, seed, stream=Stream.SPLIT, at=at).tolist()) == list(range(n))


def test_all_orders_of_four_rows_are_equally_likely() -> None:
    draws = 4800
    seen = [tuple(shuffled(4, 0, stream=Stream.ORDER, at=at).tolist()) for at in range(draws)]
    counts = np.array([seen.count(order) for order in permutations(range(4))])
    expected = draws / math.factorial(4)
    # Chi-square with 23 degrees of freedom exceeds 49.7 once in a thousand times.
    assert ((counts - expected) ** 2 / expected).sum() < 49.7


def test_the_split_and_the_order_of_epoch_0_use_different_randomness() -> None:
    assert shuffled(100, 0, stream=Stream.SPLIT).tolist() != shuffled(100, 0, stream=Stream.ORDER).tolist()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "0"])
def test_a_seed_that_is_no_64_bit_word_is_refused(seed: int) -> None:
    with pytest.raises(SettingError, match=r"seed is .*\[data-seed\]"):
        shuffled(3, seed, stream=Stream.SPLIT)


def test_words_are_those_of_philox_and_more_of_them_begin_with_the_same() -> None:
    expected = [word for i in range(3) for word in philox4x64([i + 1, 0, 0, 9], [5, Stream.NOISE])]
    assert random_words(12, 5, stream=Stream.NOISE, at=9).tolist() == expected
    assert random_words(7, 5, stream=Stream.NOISE, at=9).tolist() == expected[:7]


def farthest_from(cdf: NDArray[np.float64]) -> float:
    """Kolmogorov's distance between a sample and its law, times sqrt(n); cdf: the law at the sorted sample."""
    n = len(cdf)
    steps = np.arange(n + 1) / n
    return float(max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max()) * math.sqrt(n))


@pytest.mark.parametrize("seed", range(5))
def test_uniforms_and_normals_follow_their_laws(seed: int) -> None:
    flat = np.sort(uniforms(20_000, seed, stream=Stream.POINTS))
    bell = np.sort(normals(20_000, seed, stream=Stream.NOISE))
    assert flat[0] >= 0
    assert flat[-1] < 1
    # Above 2.2 once in 8000 times (Kolmogorov's law: 2 exp(-2 d**2)).
    assert farthest_from(flat) < 2.2
    assert farthest_from(np.array([NormalDist().cdf(value) for value in bell.tolist()])) < 2.2


def test_neighbouring_normals_have_nothing_to_do_with_each_other() -> None:
    z = normals(40_000, 0, stream=Stream.NOISE)
    # A correlation of n pairs is off by 5 / sqrt(n) once in two million times.
    assert abs(np.corrcoef(z[::2], z[1::2])[0, 1]) < 5 / math.sqrt(20_000)
    assert abs(np.corrcoef(z[:-1] ** 2, z[1:] ** 2)[0, 1]) < 5 / math.sqrt(40_000)


def test_every_name_has_a_stream_of_its_own() -> None:
    streams = {named_stream(name) for name in ("label_noise", "outliers", "leakage", "duplicates")}
    assert len(streams) == 4
    assert min(streams) > 2**32
