"""What the lab and the process of a training say to each other: one JSON object a line, by its stdin and stdout."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from downslope.lab.commands import Done, Pause, Play, Set, Step
from downslope.lab.protocol import Failure, Live
from downslope.lab.settings import Settings


class Begin(Struct, frozen=True, tag="begin", omit_defaults=True):
    """The first order. settings: of a new run in the file ``path``; None goes on with the run that is there.

    folder: of the lab, where own data sets are.
    """

    run: str
    path: str
    folder: str
    settings: Settings | None = None


class Stop(Struct, frozen=True, tag="stop"):
    """End: the file is completed first."""


class Order(Struct, frozen=True):
    """What is to be done. id: comes back with the report."""

    id: int
    do: Begin | Play | Pause | Step | Set | Stop


class Report(Struct, frozen=True, omit_defaults=True):
    """One of: an order that was carried out, one that failed, how far the training is, ready for the first order."""

    id: int = -1
    done: Done | None = None
    failure: Failure | None = None
    live: Live | None = None
    ready: bool = False


Orders: TypeAlias = Begin | Play | Pause | Step | Set | Stop
