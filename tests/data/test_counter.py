"""The shuffle against an independent Philox, written from the paper and checked with the authors' known answers."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from downslope.data.counter import ORDER_STREAM, SPLIT_STREAM, shuffled
from downslope.errors import SettingError

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
    words = [word for i in range(n) for word in philox4x64([i + 1, 0, 0, epoch], [seed, ORDER_STREAM])]
    by_word = sorted(range(n), key=lambda i: (words[i] >> n.bit_length(), i))
    assert shuffled(n, seed, stream=ORDER_STREAM, at=epoch).tolist() == by_word


@given(st.integers(0, 300), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_shuffle_is_a_permutation_for_any_seed_and_epoch(n: int, seed: int, at: int) -> None:
    assert sorted(shuffled(n, seed, stream=SPLIT_STREAM, at=at).tolist()) == list(range(n))


def test_all_orders_of_four_rows_are_equally_likely() -> None:
    draws = 4800
    seen = [tuple(shuffled(4, 0, stream=ORDER_STREAM, at=at).tolist()) for at in range(draws)]
    counts = np.array([seen.count(order) for order in permutations(range(4))])
    expected = draws / math.factorial(4)
    # Chi-square with 23 degrees of freedom exceeds 49.7 once in a thousand times.
    assert ((counts - expected) ** 2 / expected).sum() < 49.7


def test_the_split_and_the_order_of_epoch_0_use_different_randomness() -> None:
    assert shuffled(100, 0, stream=SPLIT_STREAM).tolist() != shuffled(100, 0, stream=ORDER_STREAM).tolist()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "0"])
def test_a_seed_that_is_no_64_bit_word_is_refused(seed: int) -> None:
    with pytest.raises(SettingError, match=r"seed is .*\[data-seed\]"):
        shuffled(3, seed, stream=SPLIT_STREAM)
