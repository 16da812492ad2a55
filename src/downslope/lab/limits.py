"""The limits of the lab: what is larger is refused; and the types that carry them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

MOST_LAYERS, MOST_UNITS = 8, 512
MOST_STEPS = 10_000_000
MOST_SURFACE_STEPS = 20_000
MOST_FORMULA = 500  # characters
MOST_UPLOAD = 8 * 2**20  # bytes of a table
MOST_POINTS = 5_000  # drawn by hand
MOST_MESSAGE = 4 * MOST_UPLOAD  # bytes of one message of the page; above it the connection ends without a word
MOST_SETS = 50  # data sets of one's own in a folder
MOST_TRAININGS = 4  # processes that train, or wait to, at the same time
MOST_CONNECTIONS = 32
MOST_WORDS = 20_000  # characters of any text but a table
EVENTS_A_SECOND = 33

Number: TypeAlias = float | int
Text = Annotated[str, Meta(max_length=MOST_WORDS)]
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^/\\\x00-\x1f]+$")]
"""A name without any sign that a path may have. Runs and data sets are looked up among those that are there."""
Units = Annotated[int, Meta(ge=1, le=MOST_UNITS)]
Steps = Annotated[int, Meta(ge=1, le=MOST_STEPS)]
StepNumber = Annotated[int, Meta(ge=0, le=2 * MOST_STEPS)]
