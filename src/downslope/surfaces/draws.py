"""Random numbers that depend on (seed, stream, at) alone, so that any step's noise can be asked for again.

Philox is counter-based: step 7 needs no steps 0 to 6. Only its raw 64-bit words are used, because what ``Generator``
makes of them may change between NumPy releases (NEP 19). Source: Salmon et al., "Parallel Random Numbers: As Easy as
1, 2, 3" (2011).
"""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

from downslope.errors import SettingError
from downslope.streams import Stream


def checked_seed(seed: SupportsIndex) -> int:
    """``seed`` as an int that fits Philox's 64-bit words; SettingError ``descend-seed`` otherwise."""
    try:
        word = operator.index(seed)
    except TypeError:
        word = -1
    if 0 <= word < 2**64:
        return word
    raise SettingError(
        "descend-seed",
        f"the seed is {seed!r}",
        where="seed= or seeds=",
        why="every random number is a function of the seed and the step, which are whole numbers from 0 to 2**64 - 1",
        do="Give a whole number, for example seed=0.",
    )


def uniform_pair(seed: int, stream: int, at: int) -> NDArray[np.float64]:
    """Two numbers from 0 up to, but not including, 1, each a multiple of 2**-53."""
    key = np.array([seed, stream], dtype=np.uint64)
    counter = np.array([0, 0, 0, at], dtype=np.uint64)
    words = Philox(key=key, counter=counter).random_raw(2).astype(np.uint64, copy=False)
    return (words >> np.uint64(11)).astype(float) * 2.0**-53


def normal_pair(seed: int, at: int) -> NDArray[np.float64]:
    """Two independent numbers from the standard normal distribution, by Box and Muller (1958)."""
    first, second = uniform_pair(seed, Stream.SURFACE_NOISE, at)
    radius = np.sqrt(-2 * np.log1p(-first))
    return np.array([radius * np.cos(2 * np.pi * second), radius * np.sin(2 * np.pi * second)])
