"""What the page and the lab say to each other; TypeScript's types are generated from these records.

A view is a question with an answer: ``{"id": 7, "ask": Query}`` comes back as ``{"id": 7, "answer": Payload}`` or as
``{"id": 7, "failure": Failure}``. ``{"id": 8, "do": Command}`` comes back as ``{"id": 8, "done": Done}`` or as a
failure. Between them come messages without an id, which are tagged by "event". All of it is JSON in text frames.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from downslope.errors import DownslopeError
from downslope.lab.commands import Command, Done
from downslope.lab.limits import Name
from downslope.lab.settings import Settings
from downslope.views.payload import Payload

VERSION = 1
"""Of this protocol: the page says which one it speaks, as ``?protocol=1`` of the WebSocket's address."""

# --- asking -----------------------------------------------------------------------------------------------------------


class Query(Struct, frozen=True, omit_defaults=True):
    """A question. view: the id of an answer (`catalogue` lists them). run: the name of a run, without ".run".

    step: the step that is looked at; the run's last one if None. args: what else the view takes, by name; numbers,
    texts, and lists of them. Views that are about no run (surface, descent, race, catalogue ...) leave run out.
    """

    view: Name
    run: Annotated[str, Meta(max_length=200)] | None = None
    step: int | None = None
    args: dict[str, Any] = {}


class Failure(Struct, frozen=True):
    """What went wrong, in the four lines of an error. code: the heading of its section in docs/errors.md."""

    code: str
    what: str
    where: str
    why: str
    do: str


# --- messages ---------------------------------------------------------------------------------------------------------


class Message(Struct, frozen=True, omit_defaults=True):
    """From the page: one of ask and do. id: chosen by the page, and in the answer again."""

    id: Annotated[int, Meta(ge=0, le=2**53)]
    ask: Query | None = None
    do: Command | None = None


class Answered(Struct, frozen=True):
    """The answer to a question."""

    id: int
    answer: Payload


class Did(Struct, frozen=True):
    """The answer to a command."""

    id: int
    done: Done


class Refused(Struct, frozen=True):
    """A question or a command that failed. id: -1 where the message could not be read so far as to know it."""

    id: int
    failure: Failure


State: TypeAlias = Literal["starting", "training", "paused", "done", "failed", "lost"]


class Live(Struct, frozen=True, tag_field="event", tag="live", omit_defaults=True):
    """How far a training is; about thirty a second of each run, and one at every change of its state.

    steps: in its file, so that they can be asked for. taken: those not written yet included. until: where it ends by
    itself. rate: steps a second, of the last moments. loss: of the last mini-batch, None where it is not finite.
    metric: on the held-out part, with its name. state: "failed" is at the first number that is not finite, "lost" if
    its process died; why: in words. speed: as it was asked for, 0 as many as it can.
    """

    run: str
    steps: int
    taken: int
    until: int
    state: State
    rate: float
    speed: float = 0.0
    loss: float | None = None
    metric_name: str = ""
    metric: float | None = None
    epoch: int = 0
    why: str = ""


class Changed(Struct, frozen=True, tag_field="event", tag="changed"):
    """A list has become another one: "runs" (a file came or went) or "data". Ask for it again."""

    what: Literal["runs", "data"]


class Hello(Struct, frozen=True, tag_field="event", tag="hello"):
    """The first message of a connection. folder: where runs are kept. opened: the run that the page should show first.

    trainings: those that are going on, so that a page that lost its connection is where it was.
    """

    version: str
    protocol: int
    folder: str
    opened: str | None
    trainings: tuple[Live, ...]


class Stopping(Struct, frozen=True, tag_field="event", tag="stopping"):
    """The lab is being ended; its run files are complete."""

    why: str


Event: TypeAlias = Live | Changed | Hello | Stopping
"""What the lab tells unasked; JSON tells the kinds apart by "event"."""

SPOKEN: tuple[Any, ...] = (Message, Answered, Did, Refused, Event, Settings)
"""All of the above, for the generator of TypeScript's types."""


# --- helpers ----------------------------------------------------------------------------------------------------------


def failure(error: DownslopeError) -> Failure:
    """An error of the house as a message."""
    return Failure(error.code, error.what, error.where, error.why, error.do)


def unreadable(error: object) -> Failure:
    """A message that is none of the above."""
    return failure(
        DownslopeError(
            "lab-message",
            f"a message cannot be read: {str(error)[:300]}",
            where="the lab's WebSocket",
            why="each message is one of those in src/downslope/lab/protocol.py, with numbers and texts in their limits",
            do="reload the page: one of another version of Downslope may say other things; or give other settings",
        )
    )


def bug(error: BaseException, where: str) -> Failure:
    """What nobody foresaw, told without a traceback: what a page shows may be passed on."""
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return failure(
        DownslopeError(
            "lab-bug",
            f"this is a bug of Downslope: {type(error).__name__}: {first}",
            where=where,
            why="the rest of the lab works on, and nothing that was recorded is lost",
            do="please report it, with what you did",
        )
    )


class _OnlyId(Struct):
    id: int = -1


def id_of(text: str | bytes) -> int:
    """The id of a message that cannot be read otherwise; -1 where there is none."""
    try:
        return msgspec.json.decode(text, type=_OnlyId).id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return -1


def key(query: Query) -> str:
    """A question as canonical JSON: names in order, nothing that has its default, whole numbers without a point.

    >>> key(Query("network", run="digits-1", step=3, args={"b": 2.0, "a": [1, 0.5]}))
    '{"args":{"a":[1,0.5],"b":2},"run":"digits-1","step":3,"view":"network"}'
    """
    return msgspec.json.encode(_plain(msgspec.to_builtins(query)), order="sorted").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
