"""What is shown of many runs at once; a part of payload.py."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from downslope.views.event import Event

Number = float | None


class SweepPoint(Struct, frozen=True):
    """The runs at one place. x: a number, or the place of a word. values: of each run, None where it is not finite.

    mean, spread: over all of them (standard deviation, n - 1); None where one is not finite, or alone.
    """

    x: float
    values: tuple[Number, ...]
    mean: Number
    spread: Number


class SweepLine(Struct, frozen=True):
    """Runs that share all settings but the one that goes to the right, and the seed. name: those settings in words."""

    name: str
    points: tuple[SweepPoint, ...]


class SweepRun(Struct, frozen=True):
    """A run. settings: those that vary. values: its loss and metrics at the end, None where they are not finite.

    ended: why it ended early, "" if it did not. course: its loss at course_steps, None where it is not finite.
    """

    number: int
    settings: dict[str, float | str]
    values: dict[str, Number]
    steps: int
    seconds: float
    ended: str
    course_steps: tuple[int, ...]
    course: tuple[Number, ...]


class SweepView(Struct, frozen=True, tag="sweep"):
    """A setting against a result. words: at 0, 1, 2 ... of the axis, where the setting is no number.

    runs: all of them; places: of each its x, and its line. columns, varied: what y_label and x_label may be. state,
    done, meant, why: how far a sweep of the lab is. name: of its file, and names: of all that are there, the newest
    first; "" and none of a table in hand. again: the lab's settings of the sweep, with which a run of it can be trained
    by itself.
    """

    title: str
    x_label: str
    y_label: str
    words: tuple[str, ...]
    is_log: bool
    lines: tuple[SweepLine, ...]
    events: tuple[Event, ...]
    runs: tuple[SweepRun, ...]
    places: tuple[tuple[float, int], ...]
    columns: tuple[str, ...]
    varied: tuple[str, ...]
    done: int
    meant: int
    state: Literal["done", "training", "stopped", "failed", "lost"] = "done"
    why: str = ""
    name: str = ""
    names: tuple[str, ...] = ()
    again: dict[str, Any] | None = None
