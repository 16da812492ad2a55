"""What is shown of runs side by side, and of what there is to choose from; a part of payload.py."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from downslope.views.event import Event

Number = float | None
Numbers = tuple[Number, ...]


class RunShown(Struct, frozen=True):
    """A run as its file describes it. began: seconds since 1970. size: bytes. live: whether it is training now.

    state: "finished", "not finished", "stopped", "failed" (numbers that are not finite) or "damaged"; why: in words.
    loss: its first and its last one. course: the loss over all steps, in a few points. metric: the held-out one.
    parent, parent_step: what it is a fork of; about: what the fork changed.
    """

    name: str
    state: str
    why: str
    live: bool
    data: str
    model: str
    optimizer: str
    steps: int
    until: int
    first_loss: Number
    last_loss: Number
    course: Numbers
    metric: str
    value: Number
    size: int
    began: float
    parent: str | None
    parent_step: int | None
    about: str


class RunsView(Struct, frozen=True, tag="runs"):
    """The runs of a folder, the newest first. total: how many there are, where not all of them are listed."""

    title: str
    folder: str
    runs: tuple[RunShown, ...]
    total: int
    events: tuple[Event, ...]


class Difference(Struct, frozen=True):
    """A setting that is not the same in two runs."""

    name: str
    here: str
    there: str


class CompareView(Struct, frozen=True, tag="compare"):
    """Two runs side by side. first: the first step at which they differ, None if all shared steps are the same.

    steps: where the parameters were compared. distance: between them; relative: that over the first run's norm. both
    losses at these steps. metric: held out at the end of each; "" if nothing was held out.
    """

    title: str
    here: str
    there: str
    steps_here: int
    steps_there: int
    first: int | None
    settings: tuple[Difference, ...]
    steps: tuple[int, ...]
    distance: Numbers
    relative: Numbers
    loss_here: Numbers
    loss_there: Numbers
    metric: str
    metric_here: Number
    metric_there: Number
    not_finite: int
    events: tuple[Event, ...]


class SettingShown(Struct, frozen=True):
    """A setting of an entry. kind: what it takes. default: None where it has none and must be given, or is optional.

    choices: of a word. needed: whether it must be given.
    """

    name: str
    kind: Literal["number", "whole", "switch", "word", "list"]
    default: Any
    choices: tuple[str, ...]
    needed: bool


class EntryShown(Struct, frozen=True):
    """An entry of a table: its word everywhere, other words for it, what it is, and its settings in their order.

    formula: as text; latex: the same as LaTeX; each "" where it has none. kind: what sets it apart in its table, such
    as "classification" of a data set. cost, blind: of an instrument, what an answer takes and what it cannot see.
    """

    id: str
    aliases: tuple[str, ...]
    kind: str
    sentence: str
    formula: str
    latex: str
    settings: tuple[SettingShown, ...]
    cost: str = ""
    blind: str = ""


class TableShown(Struct, frozen=True):
    """All entries of one kind: name is "optimizers", "data sets" ..."""

    name: str
    entries: tuple[EntryShown, ...]


class CatalogueView(Struct, frozen=True, tag="catalogue"):
    """Everything that can be chosen, by table. limits: the greatest numbers that are taken, by what they limit."""

    title: str
    tables: tuple[TableShown, ...]
    limits: dict[str, int]
    events: tuple[Event, ...]


class PresetShown(Struct, frozen=True):
    """Settings that show one thing. page: where. good: whether to imitate them. reason: why it happens; look: at what.

    settings: of page "network" those of a training; of page "surface" the args of the query "descent". play: how many
    steps show it. beside: the id of a preset that shows the opposite, "" if there is none. view: what to open first,
    with its args.
    """

    id: str
    title: str
    page: Literal["surface", "network"]
    good: bool
    reason: str
    look: str
    settings: dict[str, Any]
    play: int
    beside: str
    view: str
    view_args: dict[str, Any]


class PresetsView(Struct, frozen=True, tag="presets"):
    """The gallery of good and bad settings."""

    title: str
    presets: tuple[PresetShown, ...]
    events: tuple[Event, ...]


class WhereView(Struct, frozen=True, tag="where"):
    """What an id is and where: formula, source, file and line, code; the same as `downslope where ID` prints.

    call: how it is called from Python. settings: (name, what it means). differs: from other libraries. page: of the
    documentation.
    """

    title: str
    id: str
    kind: str
    sentence: str
    call: str
    formula: tuple[str, ...]
    latex: str
    settings: tuple[tuple[str, str], ...]
    facts: dict[str, str]
    source: str
    differs: tuple[str, ...]
    file: str
    line: int
    code: str
    tests: tuple[str, ...]
    page: str
    events: tuple[Event, ...]


class TextView(Struct, frozen=True, tag="text"):
    """Another view in words and characters, for screen readers and for copying. view: whose text it is.

    settings: of the view "summary" those with which the lab would train the same, what is usual left out; None where
    its fields cannot show them.
    """

    title: str
    view: str
    text: str
    events: tuple[Event, ...]
    settings: dict[str, Any] | None = None
