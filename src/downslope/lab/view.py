"""What a view is: a question with an answer, and one table of all of them.

An entry has what the view takes (args.py), the function that makes its payload, and one sentence. The entries stand in
answer.py. A source is where runs come from: the lab has a folder of them, a widget has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from downslope.errors import DownslopeError, SettingError, nearest
from downslope.lab import args
from downslope.lab.protocol import Failure, Query, bug, failure
from downslope.lab.source import Source
from downslope.runs import Run
from downslope.runs.replayed import ReplayedStep
from downslope.views.payload import Payload


@dataclass(frozen=True)
class View:
    """A view. args: what it takes. make: ``(source, query, args) -> Payload``. of_run: whether it is about a run."""

    id: str
    args: type[args.Args]
    make: Callable[[Source, Query, Any], Payload]
    sentence: str
    of_run: bool


VIEWS: dict[str, View] = {}
"""Id -> view: everything that can be asked."""


def answer(source: Source, query: Query) -> Payload:
    """The payload of a question. Errors: SettingError ``lab-view``, ``lab-args``, and those of what is asked."""
    view = VIEWS.get(query.view)
    if view is None:
        raise SettingError(
            "lab-view",
            f"there is no view {query.view!r}",
            where="a query",
            why="a view is one of those in the catalogue",
            do=nearest(query.view, VIEWS),
        )
    try:
        found = msgspec.convert(query.args, view.args, strict=True)
    except msgspec.ValidationError as error:
        raise SettingError(
            "lab-args",
            f"the args of {view.id} cannot be read: {error}",
            where=f"a query of the view {view.id}",
            why="each view takes a few settings of its own, each in its range",
            do=f"it takes {', '.join(view.args.__struct_fields__) or 'none'}",
        ) from None
    return view.make(source, query, found)


def reply(source: Source, query: Query) -> Payload | Failure:
    """The same, with errors as messages: those of the house, and any other as a bug of it."""
    try:
        return answer(source, query)
    except DownslopeError as error:
        return failure(error)
    except Exception as error:
        return bug(error, f"the view {query.view}")


Make = Callable[..., Payload]


def view(id: str, takes: type[args.Args], sentence: str) -> Callable[[Make], Make]:
    """Decorator: enter ``(source, query, args) -> Payload``."""

    def enter(make: Make) -> Make:
        VIEWS[id] = View(id, takes, make, sentence, False)
        return make

    return enter


def view_of_run(id: str, takes: type[args.Args], sentence: str) -> Callable[[Make], Make]:
    """Decorator: enter ``(run, query, args) -> Payload``, which has the run to itself meanwhile."""

    def enter(make: Make) -> Make:
        def asked(source: Source, query: Query, found: Any) -> Payload:
            with source.run(query.run) as run:
                return make(run, query, found)

        VIEWS[id] = View(id, takes, asked, sentence, True)
        return make

    return enter


def step_of(run: Run, query: Query) -> ReplayedStep:
    """The step that is looked at: the last one if none is named, the one to come of a run that has taken none."""
    return run.at(query.step if query.step is not None else run.steps or 1)
