"""What happened at a step, or must be known before a picture is believed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["nan", "infinite", "failure", "stopped", "thinned", "fork", "note", "damaged"]


class Event(Struct, frozen=True):
    """Something to point at. step: where on the step axis; None if it belongs to no step. count: how many in a row."""

    kind: Kind
    text: str
    step: int | None = None
    count: int = 1
