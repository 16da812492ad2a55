"""What a widget is about: from anything that can be shown to the views that show it and somebody who answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from downslope import surfaces, views
from downslope.errors import SettingError
from downslope.explain.records import Derivation
from downslope.lab.answer import answer
from downslope.lab.protocol import Query, key
from downslope.lab.source import OneRun
from downslope.runs import Reading, Run
from downslope.runs.facts import with_rate
from downslope.runs.many_table import Sweep
from downslope.runs.replayed import ReplayedStep
from downslope.views.list_payload import TextView
from downslope.views.payload import CourseView, HeatView, HistogramView, Payload
from downslope.views.quadratic import quadratic_view
from downslope.views.sweep import sweep_view
from downslope.views.text import text

RUN_VIEWS = ("timeline", "network", "derivation", "layers", "rows", "program", "graph")
STEP_VIEWS = ("network", "derivation", "program", "graph")
VIEW_OF = {
    "course": "reading", "bars": "reading", "heat": "reading", "curve": "reading", "histogram": "reading",
    "slice": "slice", "summary": "text",
}  # fmt: skip
"""Tag of a payload -> id of the view that draws it, where the two differ."""


@dataclass(frozen=True)
class Subject:
    """views: ids, the first one on top. still: what the static picture shows. ask: answers a question, or raises.

    run, steps: for views of a run; steps is 0 where there is no scrubber. state: the part of a link after "#" that the
    page begins with. answers: those that are at hand, by the key of their question.
    """

    views: tuple[str, ...]
    still: Payload
    ask: Callable[[Query], Payload]
    run: str | None = None
    steps: int = 0
    state: str = ""
    answers: Mapping[str, Payload] = field(default_factory=dict)


def subject(shown: Any) -> Subject:
    """What ``ds.show`` makes of its argument. Errors: SettingError ``show-what``."""
    if isinstance(shown, Run):
        return _of_run(shown)
    if isinstance(shown, ReplayedStep):
        return _of_step(shown)
    if isinstance(shown, surfaces.Path):
        return _of_path(shown)
    if isinstance(shown, Sweep):
        return _of_sweep(shown)
    payload = _payload(shown)
    if payload is None:
        raise SettingError(
            "show-what",
            f"a {type(shown).__name__} cannot be shown",
            where="ds.show(...)",
            why="there is no view of it",
            do="Give a run, a step (run.at(t)), a reading (run.ask(...)), a derivation (step.explain(...)), a descent, "
            "several of them in a list, a race, a table of many runs, or a payload of downslope.views.",
        )
    tag = payload.__struct_config__.tag
    return _of_payload(payload, VIEW_OF.get(str(tag), str(tag)))


def _payload(shown: Any) -> Payload | None:
    """The payload of what needs no run beside it."""
    if isinstance(shown, Reading):
        return views.reading_view(shown)
    if isinstance(shown, Derivation):
        return views.derivation_view(shown)
    if isinstance(shown, surfaces.Race):
        return views.race_view(shown)
    if isinstance(shown, surfaces.Surface):
        return views.surface_view(shown)
    if isinstance(shown, list | tuple) and shown and all(isinstance(each, surfaces.Path) for each in shown):
        return views.descent_view(*shown)
    return shown if hasattr(shown, "__struct_config__") and hasattr(shown, "title") else None


def _of_payload(payload: Payload, view: str) -> Subject:
    def ask(query: Query) -> Payload:
        if query.view == "text":
            return _words(payload, query)
        if query.view == view:
            return payload
        raise _alone(query)

    steps = max(payload.steps, default=0) if isinstance(payload, CourseView | HeatView | HistogramView) else 0
    return Subject(
        (view,), payload, ask, "given", steps, state="descent.given=true", answers={key(Query(view)): payload}
    )


def _of_run(run: Run) -> Subject:
    source = OneRun(run)
    still = views.timeline_view(run)
    known = {key(Query("timeline", run.name)): still}
    return Subject(RUN_VIEWS, still, lambda query: answer(source, query), run.name, run.steps, answers=known)


class _OneStep:
    """A step in the place of a run: whatever step is asked for, it is this one."""

    def __init__(self, step: ReplayedStep) -> None:
        self._step, self.steps, self.name = step, step.t, f"step {step.t}"

    def at(self, t: int) -> ReplayedStep:
        """The step."""
        return self._step


def _of_step(step: ReplayedStep) -> Subject:
    source = OneRun(_OneStep(step))  # type: ignore[arg-type]  # a run with one step, of which no more than that is asked
    still = views.network_view(step)

    def ask(query: Query) -> Payload:
        asked = str(query.args.get("view")) if query.view == "text" else query.view
        if asked not in STEP_VIEWS:
            raise _alone(query)
        return answer(source, query)

    name = f"step {step.t}"
    return Subject(
        STEP_VIEWS, still, ask, name, state=f"step={step.t}", answers={key(Query("network", name, step.t)): still}
    )


def _of_path(path: surfaces.Path) -> Subject:
    """A path can be asked anew at another rate, and its surface about any point."""
    given = views.descent_view(path)

    def ask(query: Query) -> Payload:
        if query.view == "text":
            inner = query.args.get("args") or {}
            return _words(ask(Query(str(query.args.get("view")), args=inner)), query)
        if query.view == "quadratic":
            return quadratic_view(path.surface, query.args.get("point"))
        if query.view == "descent":
            return given if "lr" not in query.args else views.descent_view(_at_rate(path, float(query.args["lr"])))
        raise _alone(query)

    return Subject(("descent",), given, ask, state="descent.given=true", answers={key(Query("descent")): given})


def _of_sweep(table: Sweep) -> Subject:
    """A table can be asked for any of its results, along any of its settings."""
    given = sweep_view(table)

    def ask(query: Query) -> Payload:
        if query.view == "text":
            inner = query.args.get("args") or {}
            return _words(ask(Query(str(query.args.get("view")), args=inner)), query)
        if query.view != "sweep":
            raise _alone(query)
        return sweep_view(table, query.args.get("result"), query.args.get("along"))

    return Subject(("sweep",), given, ask, "given", answers={key(Query("sweep")): given})


def _at_rate(path: surfaces.Path, lr: float) -> surfaces.Path:
    return surfaces.descend(path.surface, with_rate(path.optimizer, lr), path.points[0], max(path.steps, 1), path.seed)


def _words(payload: Payload, query: Query) -> Payload:
    width = query.args.get("width", 80)
    return TextView(payload.title, query.view, text(payload, int(width)), ())


def _alone(query: Query) -> SettingError:
    return SettingError(
        "show-alone",
        f"the view {query.view!r} was asked of what is shown by itself",
        where="a widget of ds.show",
        why="it was made of one object, not of the run that this comes from",
        do="Show the run: `ds.show(run)` has every view of every step.",
    )
