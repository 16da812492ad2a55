"""What the page and the lab say to each other, and the limits of it; TypeScript's types are generated from these.

A view is a question with an answer: ``{"id": 7, "ask": Query}`` comes back as ``{"id": 7, "answer": Payload}`` or as
``{"id": 7, "failure": Failure}``. ``{"id": 8, "do": Command}`` comes back as ``{"id": 8, "done": Done}`` or as a
failure. Between them come messages without an id, which are tagged by "event". All of it is JSON in text frames.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from downslope.errors import DownslopeError
from downslope.views.payload import Payload

VERSION = 1
"""Of this protocol: the page says which one it speaks, as ``?protocol=1`` of the WebSocket's address."""

# --- limits -----------------------------------------------------------------------------------------------------------

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
EVENTS_A_SECOND = 30

Number: TypeAlias = float | int
Text = Annotated[str, Meta(max_length=MOST_WORDS)]
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^/\\\x00-\x1f]+$")]
"""A name without any sign that a path may have. Runs and data sets are looked up among those that are there."""
Units = Annotated[int, Meta(ge=1, le=MOST_UNITS)]
Steps = Annotated[int, Meta(ge=1, le=MOST_STEPS)]
StepNumber = Annotated[int, Meta(ge=0, le=2 * MOST_STEPS)]


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


# --- settings of a training -------------------------------------------------------------------------------------------


class Choice(Struct, frozen=True, omit_defaults=True):
    """An entry of a table of the catalogue, and its settings by name; those left out have their defaults."""

    name: Name
    settings: dict[Name, bool | int | float | Text | None] = {}


class DataChoice(Struct, frozen=True, omit_defaults=True):
    """What is trained on. name: an embedded or synthetic set, or the id of an uploaded one.

    settings: those of the set (n, noise, held_out, seed ...); of an uploaded table target, missing, held_out ... as
    ``ds.data.table`` has them. corruptions: faults that are put in on purpose, one after another.
    """

    name: Name
    settings: dict[Name, bool | int | float | Text | list[Text] | None] = {}
    corruptions: Annotated[tuple[Choice, ...], Meta(max_length=8)] = ()


class Settings(Struct, frozen=True, omit_defaults=True):
    """All that a training of the lab depends on: the same settings, the same run.

    hidden: units of each hidden layer. activation: of all of them. initialiser: of all weights, with its settings
    ({"std": 1} of normal); None is the one that suits the activation. normalise: a layer after each hidden product.
    dropout: the part of each hidden layer that is left out, 0 for none. loss: None is softmax cross-entropy for classes
    and mean squared error for numbers. schedule: decides the rate instead of the optimizer's lr, which becomes its
    highest rate; a length in steps that is left out is that of the whole training. clip: the greatest norm of the
    gradient. weight_decay: strength of the pull of all parameters to 0, where the optimizer knows one. batch_size: None
    is all rows in every step. steps: at which the training ends by itself. seed: of start parameters, batch order and
    dropout. dialect: of the program that trains; "machine" is compiled, and faster. name: of the run's file, made from
    the data's name if "".
    """

    data: DataChoice = DataChoice("moons")
    hidden: Annotated[tuple[Units, ...], Meta(max_length=MOST_LAYERS)] = (8, 8)
    activation: Name = "tanh"
    initialiser: Choice | None = None
    normalise: Literal["none", "batch_norm", "layer_norm"] = "none"
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    loss: Name | None = None
    optimizer: Choice = Choice("adam", {"lr": 0.01})
    schedule: Choice | None = None
    clip: Annotated[float, Meta(gt=0)] | None = None
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    batch_size: Annotated[int, Meta(ge=1)] | None = 32
    steps: Steps = 20_000
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 0
    dtype: Literal["float32", "float64"] = "float32"
    dialect: Literal["in place", "machine"] = "machine"
    name: Annotated[str, Meta(max_length=60, pattern=r"^[^/\\\x00-\x1f]*$")] = ""


class Changes(Struct, frozen=True, omit_defaults=True):
    """What becomes different, the weights staying as they are; None leaves a setting alone.

    lr: the same optimizer at another rate, which goes on with what it remembers; another optimizer begins afresh, with
    all of its settings. schedule, clip, weight_decay: as in Settings; they belong to the optimizer, which must then be
    given too. activation: of the hidden layers. dropout: only where the model has such layers. edit: numbers to put
    into parameters, by their address: {"dense1.w[3, 2]": 0.0}.
    """

    optimizer: Choice | None = None
    lr: Annotated[float, Meta(gt=0)] | None = None
    schedule: Choice | None = None
    clip: Annotated[float, Meta(gt=0)] | None = None
    weight_decay: Annotated[float, Meta(ge=0)] | None = None
    batch_size: Annotated[int, Meta(ge=1)] | Literal["all"] | None = None
    activation: Name | None = None
    dropout: Annotated[float, Meta(ge=0, lt=1)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    data: DataChoice | None = None
    edit: Annotated[dict[Text, float], Meta(max_length=256)] = {}


# --- doing ------------------------------------------------------------------------------------------------------------


class Create(Struct, frozen=True, tag="create"):
    """Make a run that has taken no step yet; it waits. The name of its file is in the answer."""

    settings: Settings


class Play(Struct, frozen=True, tag="play", omit_defaults=True):
    """Train on. speed: steps a second, 0 as many as it can. until: a step at which it pauses by itself."""

    run: Name
    speed: Annotated[float, Meta(ge=0)] = 0.0
    until: StepNumber | None = None


class Pause(Struct, frozen=True, tag="pause"):
    """Wait after the step that is being taken; all of them are in the file when this is done."""

    run: Name


class Step(Struct, frozen=True, tag="step", omit_defaults=True):
    """Pause, and take n more steps."""

    run: Name
    n: Steps = 1


class Goto(Struct, frozen=True, tag="goto"):
    """Pause and move the cursor; the answer's step is where it is. Nothing is lost: the steps stay in the file.

    step: from 1 to one more than were taken; -1 is the last. A number beyond the end becomes the nearest that is there.
    """

    run: Name
    step: int


class Back(Struct, frozen=True, tag="back", omit_defaults=True):
    """Pause and move the cursor back by n steps. step: where it is now."""

    run: Name
    step: int
    n: Steps = 1


class Fork(Struct, frozen=True, tag="fork", omit_defaults=True):
    """A new run with the same past, in which step ``at`` is the first that may differ; it waits. Its name is answered.

    at: None is the step that would come next. changes: of its settings, and edits of its weights.
    """

    run: Name
    at: StepNumber | None = None
    changes: Changes = Changes()


class Set(Struct, frozen=True, tag="set"):
    """Change settings of a run from its next step on; the weights stay, and it goes on playing if it did."""

    run: Name
    changes: Changes


class Note(Struct, frozen=True, tag="note", omit_defaults=True):
    """Write a remark into a run's file. step: which one it is about."""

    run: Name
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]
    step: StepNumber | None = None


class UploadTable(Struct, frozen=True, tag="upload"):
    """A CSV or TSV table of one's own, as text, kept in the lab's folder. name: a file's name, or any word.

    target: the column to predict; the last one if None. Answered with the set's id in ``data``.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    text: str  # its length is judged where there are words for it
    target: Text | None = None


Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]


class UploadPoints(Struct, frozen=True, tag="draw"):
    """Points drawn by hand. x: (x1, x2) of each. y: its class. Answered with the set's id in ``data``."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    x: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Meta(max_length=MOST_POINTS)]
    y: Annotated[tuple[Annotated[int, Meta(ge=0, le=9)], ...], Meta(max_length=MOST_POINTS)]


class DeleteData(Struct, frozen=True, tag="delete_data"):
    """Remove an uploaded set from the folder. Runs that were trained on it keep their own copy."""

    data: Name


class Close(Struct, frozen=True, tag="close"):
    """End the process that trains this run. Its file stays, and playing it begins a new process."""

    run: Name


Command: TypeAlias = (
    Create | Play | Pause | Step | Goto | Back | Fork | Set | Note | UploadTable | UploadPoints | DeleteData | Close
)
"""What can be done; JSON tells them apart by "type"."""


class Done(Struct, frozen=True, omit_defaults=True):
    """A command that was carried out. run: its name. steps: how many it has now. step: where the cursor is.

    data: id of the uploaded set. said: what there is to know about it, in sentences.
    """

    run: str | None = None
    steps: int | None = None
    step: int | None = None
    data: str | None = None
    said: tuple[str, ...] = ()


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
    """How far a training is; at most thirty a second of each run, and one at every change of its state.

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
    return Failure(
        "lab-message",
        f"a message cannot be read: {str(error)[:300]}",
        "the lab's WebSocket",
        "each message is one of those in src/downslope/lab/protocol.py, with numbers and texts in their limits",
        "reload the page: one of another version of Downslope may say other things; or give other settings",
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
