"""All that a page can have done, and what is said when it is done; JSON tells the commands apart by "type"."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from downslope.lab.limits import MOST_POINTS, Name, StepNumber, Steps, Text
from downslope.lab.settings import Changes, Settings


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


Rate = Annotated[float, Meta(gt=0, le=1e6)]
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


class Sweep(Struct, frozen=True, tag="sweep", omit_defaults=True):
    """Train many runs of the same settings and compare them, in a process of their own. Its name is in the answer.

    rates: the learning rates, each with every optimizer and every seed. seeds: how many, from that of the settings on.
    optimizers: names; that of the settings alone if none is named.
    """

    settings: Settings
    rates: Annotated[tuple[Rate, ...], Meta(min_length=1, max_length=40)]
    seeds: Annotated[int, Meta(ge=1, le=32)] = 3
    optimizers: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()


class StopSweep(Struct, frozen=True, tag="stop_sweep"):
    """End a sweep; the runs that are done are kept."""

    sweep: Name


Command: TypeAlias = (
    Create
    | Play
    | Pause
    | Step
    | Goto
    | Back
    | Fork
    | Set
    | Note
    | UploadTable
    | UploadPoints
    | DeleteData
    | Close
    | Sweep
    | StopSweep
)
"""What can be done; JSON tells them apart by "type"."""


class Done(Struct, frozen=True, omit_defaults=True):
    """A command that was carried out. run: its name. steps: how many it has now. step: where the cursor is.

    data: id of the uploaded set. sweep: its name. said: what there is to know about it, in sentences.
    """

    run: str | None = None
    steps: int | None = None
    step: int | None = None
    data: str | None = None
    sweep: str | None = None
    said: tuple[str, ...] = ()
