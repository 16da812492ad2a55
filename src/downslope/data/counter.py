"""Shuffles and random numbers that depend on (seed, stream, at) alone, the same on every machine and in every NumPy.

Philox is counter-based: its output is a function of a key and a counter, so the shuffle of epoch 7 needs no epoch 0 to
6. Only its raw 64-bit words are used, because ``Generator.permutation`` may change between NumPy releases (NEP 19) and
a run file would then silently replay other batches. Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2,
3" (2011).
"""

from __future__ import annotations

import hashlib
import operator
from typing import SupportsIndex

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

from downslope.errors import SettingError


def checked_word(value: SupportsIndex, name: str) -> int:
    """``value`` as an int that fits Philox's 64-bit words; SettingError ``data-seed`` otherwise."""
    try:
        word = operator.index(value)
    except TypeError:
        word = -1
    if 0 <= word < 2**64:
        return word
    raise SettingError(
        "data-seed",
        f"{name} is {value!r}",
        where=f"the argument {name}=",
        why="every shuffle is a function of the seed and the epoch, which are whole numbers from 0 to 2**64 - 1",
        do=f"Give a whole number, for example {name}=0.",
    )


def named_stream(name: str) -> int:
    """The stream that belongs to a name: its own 64 bits of SHA-256, so that a new name needs no new number."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def random_words(n: int, seed: SupportsIndex, *, stream: int, at: SupportsIndex = 0) -> NDArray[np.uint64]:
    """The first n random 64-bit words of (seed, stream, at), shape (n,); more of them begin with the same ones."""
    key = np.array([checked_word(seed, "seed"), stream], dtype=np.uint64)
    counter = np.array([0, 0, 0, checked_word(at, "epoch")], dtype=np.uint64)
    return Philox(key=key, counter=counter).random_raw(n).astype(np.uint64, copy=False)


def uniforms(n: int, seed: SupportsIndex, *, stream: int, at: SupportsIndex = 0) -> NDArray[np.float64]:
    """n numbers in [0, 1), each a multiple of 2**-53, shape (n,): the upper 53 bits of each word."""
    return (random_words(n, seed, stream=stream, at=at) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(n: int, seed: SupportsIndex, *, stream: int, at: SupportsIndex = 0) -> NDArray[np.float64]:
    """n standard normal numbers, shape (n,), by Box and Muller (1958): sqrt(-2 ln(1 - u)) cos(2 pi v).

    The sine half is left unused, so that number i comes from words 2i and 2i + 1 whatever n is. Logarithm and cosine
    may differ in the last bit between machines: who promises equal bits must round.
    """
    u, v = uniforms(2 * n, seed, stream=stream, at=at).reshape(n, 2).T
    return np.asarray(np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * v))


def shuffled(n: int, seed: SupportsIndex, *, stream: int, at: SupportsIndex = 0) -> NDArray[np.int64]:
    """A permutation of ``range(n)``, shape (n,), from (seed, stream, at) only.

    Row i gets the i-th random word; rows are sorted by their words. The low bits of each word are replaced by i itself:
    that makes ties impossible, so any sorting algorithm gives the same answer, and plain sorting is twice as fast
    as argsort. About 44 random bits remain for 10**6 rows.
    """
    words = random_words(n, seed, stream=stream, at=at)
    low_bits = np.uint64((1 << n.bit_length()) - 1)
    words = (words & ~low_bits) | np.arange(n, dtype=np.uint64)
    words.sort()
    return (words & low_bits).astype(np.int64)
