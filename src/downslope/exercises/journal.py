"""What was answered and which hints were taken: kept in the kernel, and in a file where somebody asks for that."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from downslope.errors import SettingError


@dataclass(frozen=True)
class Event:
    """One line of the journal.

    what: "right", "wrong", "hint" or "solution". mistake: the name of the one that a wrong answer gave away. hints:
    how many hints had been taken. at: when, in UTC.
    """

    exercise: str
    me: str
    what: str
    answer: str = ""
    mistake: str = ""
    hints: int = 0
    at: str = ""


def now() -> str:
    """The time as text, in seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def place() -> Path:
    """Where the command line keeps its journal: DOWNSLOPE_PROGRESS, or a file in the user's folder for such things."""
    if given := os.environ.get("DOWNSLOPE_PROGRESS"):
        return Path(given).expanduser()
    home = Path.home()
    base = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    usual = home / "Library/Application Support" if sys.platform == "darwin" else home / ".local/state"
    return (Path(base) if base else usual) / "downslope" / "exercises.jsonl"


class Journal:
    """Events in their order. With a path each one is also a line of that file, so that several kernels share it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.path: Path | None = None

    def keep(self, path: str | Path | None = None) -> Path:
        """Keep a file from now on, after reading what is in it. path: of the file; None is :func:`place`.

        The file begins with the first event. Errors: SettingError ``exercise-journal``.
        """
        file = place() if path is None else Path(path).expanduser()
        earlier = read(file)
        new = [event for event in self.events if event not in earlier]
        self.events, self.path = earlier, file
        for event in new:
            self.add(event)
        return file

    def add(self, event: Event) -> None:
        """Write one event down. A disk that is full costs the line and not the lesson."""
        self.events.append(event)
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(event), ensure_ascii=False) + "\n")
        except OSError as error:
            print(f"The progress is no longer kept in {self.path}: {error.strerror or error}.", file=sys.stderr)
            self.path = None

    def of(self, exercise: str, me: str) -> list[Event]:
        """The events of one exercise and one student."""
        return [event for event in self.events if event.exercise == exercise and event.me == me]

    def forget(self) -> None:
        """Begin anew, in the kernel only: a file stays as it is and is no longer written."""
        self.events, self.path = [], None


JOURNAL = Journal()
"""The one of this kernel."""


def read(file: Path) -> list[Event]:
    """The events of a file; lines that are none, as the last one after a power cut, are left out."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingError(
            "exercise-journal",
            f"the progress cannot be read: {error.strerror or error}",
            where=str(file),
            why="it says which exercises are done",
            do="Give another path, for example exercises.keep('exercises.jsonl'), or set DOWNSLOPE_PROGRESS.",
        ) from None
    return [event for line in lines if (event := _event(line)) is not None]


def _event(line: str) -> Event | None:
    try:
        found: Any = json.loads(line)
        known = {field.name: found[field.name] for field in fields(Event) if field.name in found}
        event = Event(**known)
    except (ValueError, TypeError):
        return None
    texts = (event.exercise, event.me, event.what, event.answer, event.mistake, event.at)
    return event if all(isinstance(text, str) for text in texts) and isinstance(event.hints, int) else None


def state(events: Iterable[Event]) -> str:
    """How far an exercise is: "right", "tried" or ""."""
    words = {event.what for event in events}
    return "right" if "right" in words else "tried" if "wrong" in words else ""
