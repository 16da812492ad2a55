"""What random numbers are for, one number each: the second word of the counter-based generator's key, after the seed.

Two uses with one number would draw the same words from one seed: points that lie where dropout drops. Therefore all
numbers stand here, and ``unique`` refuses a second use of one.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Stream(IntEnum):
    """A use of random numbers. A number never changes: runs of the past are replayed with it."""

    SPLIT = 1  # which rows are held out
    ORDER = 2  # the order of the rows in an epoch
    START = 3  # start values of a network
    POINTS = 4  # where the points of a synthetic set lie
    NOISE = 5  # the noise on them: more of it moves the same points farther
    DROPOUT = 6  # what a layer drops in a step
    SURFACE_NOISE = 7  # the noise of a surface at a step
    RACE_START = 8  # where the runs of a race begin
    RACE_TUNING = 9  # where the runs begin that tune a race's rates
    INSTRUMENT = 10  # directions and signs that an instrument draws
