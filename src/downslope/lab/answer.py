"""Questions and their answers: one table of views, which the lab, the notebook's widget and the report all ask.

A view is an entry: what it takes (args.py), the function that makes its payload, and one sentence. A source is where
runs come from: the lab has a folder of them, a widget has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from downslope import surfaces, views
from downslope.data import Data
from downslope.errors import DownslopeError, SettingError, nearest
from downslope.lab import args, build, catalogue, presets
from downslope.lab.protocol import DataChoice, Failure, Query, failure
from downslope.lab.sets import Facts
from downslope.runs import Run
from downslope.runs.replayed import ReplayedStep
from downslope.views.boundary import boundary_view
from downslope.views.compare import compare_view
from downslope.views.data import data_view
from downslope.views.graph import graph_view
from downslope.views.layers import layers_view
from downslope.views.list_payload import TextView
from downslope.views.payload import Payload
from downslope.views.program import program_view
from downslope.views.quadratic import quadratic_view
from downslope.views.rows import rows_view
from downslope.views.runs import runs_view
from downslope.views.text import text
from downslope.views.where import where_view


class Source(Protocol):
    """Where answers come from. folder: of the runs, None where there is one run in hand."""

    folder: Path | None

    def run(self, name: str | None) -> AbstractContextManager[Run]:
        """The run of this name (the only one for None), which belongs to this thread inside the ``with``."""

    def live(self) -> frozenset[str]:
        """Names of the runs that are training now."""

    def own_sets(self) -> Mapping[str, Facts]:
        """Uploaded data sets by id."""

    def own_set(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """An uploaded set, None where there is none with this id."""

    def look_up(self, id: str) -> list[dict[str, Any]]:
        """What `downslope where ID` knows, as plain values; the best first."""


class OneRun:
    """The source of a widget and of a report: a run in hand, and none beside it but those that are given by name."""

    folder: Path | None = None

    def __init__(self, run: Run, others: Mapping[str, Run] | None = None) -> None:
        self._run, self._others = run, dict(others or {})

    def run(self, name: str | None) -> AbstractContextManager[Run]:
        """The run, or another one that was given. Errors: SettingError ``lab-run``."""
        if name is None or name in (self._run.name, "run"):
            return nullcontext(self._run)
        if name in self._others:
            return nullcontext(self._others[name])
        raise SettingError(
            "lab-run",
            f"there is no run called {name[:100]!r}",
            where="a view of one run",
            why="this view knows the runs that it was made of, and no others",
            do=nearest(name, [*self._others, "run"]),
        )

    def live(self) -> frozenset[str]:
        """None: nobody trains here."""
        return frozenset()

    def own_sets(self) -> Mapping[str, Facts]:
        """None."""
        return {}

    def own_set(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """None."""
        return None

    def look_up(self, id: str) -> list[dict[str, Any]]:
        """Nothing: the tables of all words belong to the command line."""
        return []


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


def bug(error: BaseException, where: str) -> Failure:
    """What nobody foresaw, told without a traceback: what a page shows may be passed on."""
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return Failure(
        "lab-bug",
        f"this is a bug of Downslope: {type(error).__name__}: {first}",
        where,
        "the rest of the lab works on, and nothing that was recorded is lost",
        "please report it, with what you did",
    )


# --- the table --------------------------------------------------------------------------------------------------------

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


# --- runs -------------------------------------------------------------------------------------------------------------


@view("runs", args.RunsArgs, "The runs of the folder, those that are training included.")
def _runs(source: Source, query: Query, found: args.RunsArgs) -> Payload:
    if source.folder is None:
        raise _no_folder("runs")
    return runs_view(source.folder, live=source.live(), most=found.most)


@view_of_run("summary", args.Args, "What was trained, on what, for how long, how well.")
def _summary(run: Run, query: Query, found: args.Args) -> Payload:
    return TextView(f"{run.name}: {run.steps:,} steps", "summary", run.summary(), ())


@view_of_run("timeline", args.TimelineArgs, "Recorded numbers of all steps, and what happened when.")
def _timeline(run: Run, query: Query, found: args.TimelineArgs) -> Payload:
    return views.timeline_view(run, found.scalars, first=found.first, last=found.last, most=min(found.most, 2_000))


@view_of_run("loss_curve", args.LossCurveArgs, "The loss of every step, its running median, and the held-out loss.")
def _loss_curve(run: Run, query: Query, found: args.LossCurveArgs) -> Payload:
    return views.loss_curve(run, buckets=min(found.buckets, 2_000))


@view_of_run("reading", args.ReadingArgs, "Any instrument, at any steps of the past.")
def _reading(run: Run, query: Query, found: args.ReadingArgs) -> Payload:
    steps: Any = [step_of(run, query).t] if found.at else None if found.steps is None else list(found.steps)
    reading = run.ask(found.id, steps, found.every, found.target, _silent, **found.settings)
    return views.reading_view(reading)


@view_of_run("slice", args.SliceArgs, "The loss around the parameters, along random directions or where the run went.")
def _slice(run: Run, query: Query, found: args.SliceArgs) -> Payload:
    if found.directions == "trajectory":
        return views.reading_view(run.ask("trajectory_slice", progress=_silent, points=found.points))
    settings = {name: getattr(found, name) for name in ("dims", "directions", "points", "span", "seed")}
    return views.reading_view(run.ask("loss_slice", [step_of(run, query).t], progress=_silent, **settings))


@view_of_run("spectrum", args.SpectrumArgs, "The curvatures of the loss: the density of the Hessian's eigenvalues.")
def _spectrum(run: Run, query: Query, found: args.SpectrumArgs) -> Payload:
    settings = {name: getattr(found, name) for name in found.__struct_fields__}
    return views.reading_view(run.ask("spectrum", [step_of(run, query).t], progress=_silent, **settings))


@view_of_run("confusion", args.Args, "Which class was taken for which, at the end.")
def _confusion(run: Run, query: Query, found: args.Args) -> Payload:
    _need_task(run, "classification", "confusion", "residuals")
    return views.confusion(run)


@view_of_run("residuals", args.Args, "Target minus prediction, in the user's unit, at the end.")
def _residuals(run: Run, query: Query, found: args.Args) -> Payload:
    _need_task(run, "regression", "residuals", "confusion")
    return views.residuals(run)


@view("compare", args.CompareArgs, "Two runs side by side: where they part, and how far they drift.")
def _compare(source: Source, query: Query, found: args.CompareArgs) -> Payload:
    first, second = sorted((query.run or "", found.other))  # always in one order: two pages may ask crosswise
    with source.run(first or None) as a, source.run(second or None) as b:
        here, there = (a, b) if first == (query.run or "") else (b, a)
        return compare_view(here, there, found.every, names=(query.run or "run", found.other))


# --- a step -----------------------------------------------------------------------------------------------------------


@view_of_run("network", args.NetworkArgs, "The units of a step: values forward, error signals backward, the update.")
def _network(run: Run, query: Query, found: args.NetworkArgs) -> Payload:
    return views.network_view(step_of(run, query), found.row, most=found.most, units=found.units)


@view_of_run("derivation", args.DerivationArgs, "Where a number comes from: the chain rule with its numbers put in.")
def _derivation(run: Run, query: Query, found: args.DerivationArgs) -> Payload:
    explained = step_of(run, query).explain(found.words, most=found.most, depth=found.depth)
    return views.derivation_view(explained.open(*found.opened) if found.opened else explained)


@view_of_run("layers", args.LayersArgs, "Gradients, weights, updates and activations, layer by layer over the steps.")
def _layers(run: Run, query: Query, found: args.LayersArgs) -> Payload:
    steps = None if found.steps is None else list(found.steps)
    return layers_view(run, [found.of], steps, found.target)[0]


@view_of_run("graph", args.GraphArgs, "The traced graph of a step with its backward half.")
def _graph(run: Run, query: Query, found: args.GraphArgs) -> Payload:
    return graph_view(step_of(run, query), found.open, values=found.values)


@view_of_run("program", args.ProgramArgs, "The readable program of a step, with its numbers beside the lines.")
def _program(run: Run, query: Query, found: args.ProgramArgs) -> Payload:
    return program_view(step_of(run, query), values=found.values)


@view_of_run("rows", args.RowsArgs, "Which examples weigh most in a step, shown as what they are.")
def _rows(run: Run, query: Query, found: args.RowsArgs) -> Payload:
    return rows_view(run, step_of(run, query), found.most, target=found.target)


@view_of_run(
    "boundary", args.BoundaryArgs, "What a network of two inputs answers over the plane, and each of its units."
)
def _boundary(run: Run, query: Query, found: args.BoundaryArgs) -> Payload:
    return boundary_view(run, step_of(run, query), found.points, found.units)


@view("data", args.DataArgs, "The rows of a data set as points of two features.")
def _data(source: Source, query: Query, found: args.DataArgs) -> Payload:
    if found.data is not None:
        made = build.data(found.data, source.own_set)
        return data_view(made, found.first, found.second, most=found.most)
    with source.run(query.run) as run:
        return data_view(run.data, found.first, found.second, most=found.most)


# --- surfaces ---------------------------------------------------------------------------------------------------------


@view("surface", args.SurfaceArgs, "A function of two numbers as a map.")
def _surface(source: Source, query: Query, found: args.SurfaceArgs) -> Payload:
    return views.surface_view(build.surface(found.surface, found.formula, found.domain), n=found.n)


@view("quadratic", args.QuadraticArgs, "The local quadratic model of a surface, and 2/λmax.")
def _quadratic(source: Source, query: Query, found: args.QuadraticArgs) -> Payload:
    return quadratic_view(build.surface(found.surface, found.formula, found.domain), found.point)


@view("descent", args.DescentArgs, "The ways of optimizers down a surface, step by step.")
def _descent(source: Source, query: Query, found: args.DescentArgs) -> Payload:
    surface = build.surface(found.surface, found.formula, found.domain)
    rules = [build.optimizer(each, steps=found.steps) for each in found.optimizers]
    paths = [surfaces.descend(surface, rule, found.start, found.steps, found.seed) for rule in rules]
    return views.descent_view(*paths, n=found.n)


@view("race", args.RaceArgs, "Optimizers on one surface under equal conditions.")
def _race(source: Source, query: Query, found: args.RaceArgs) -> Payload:
    surface = build.surface(found.surface, found.formula, found.domain)
    rules = [build.optimizer(each, steps=found.budget) for each in found.optimizers]
    starts = None if found.start is None else [surface.start if found.start == "own" else found.start]
    made = surfaces.race(surface, rules, starts=starts, seeds=range(found.runs), budget=found.budget, tune=found.tune)
    return views.race_view(made)


# --- what there is ----------------------------------------------------------------------------------------------------


@view("catalogue", args.Args, "All that can be chosen.")
def _catalogue(source: Source, query: Query, found: args.Args) -> Payload:
    return catalogue.catalogue_view(source.own_sets(), {id: each.sentence for id, each in VIEWS.items()})


@view("presets", args.Args, "Good and bad settings, each with the reason.")
def _presets(source: Source, query: Query, found: args.Args) -> Payload:
    return presets.presets_view()


@view("text", args.TextArgs, "Any other view in words and characters.")
def _text(source: Source, query: Query, found: args.TextArgs) -> Payload:
    payload = answer(source, Query(found.view, query.run, query.step, found.args))
    if isinstance(payload, TextView):
        return payload
    return TextView(payload.title, found.view, text(payload, found.width), ())


@view("where", args.WhereArgs, "What a word stands for: formula, source, file and line, code.")
def _where(source: Source, query: Query, found: args.WhereArgs) -> Payload:
    records = source.look_up(found.id)
    if not records:
        raise SettingError(
            "unknown-name",
            f"nothing is called {found.id!r} here",
            where="the view where",
            why="a word is looked up among the tables of the house, which the lab's page has and a notebook has not",
            do=f"`downslope where {found.id}` looks it up on the command line",
        )
    return where_view(records[0])


# --- helpers ----------------------------------------------------------------------------------------------------------


def _silent(done: int, of: int) -> None:
    """A long question shows no bar on the server's terminal."""


def _need_task(run: Run, task: str, name: str, other: str) -> None:
    if run.data.task != task:
        raise SettingError(
            "lab-view-task",
            f"{run.name} is {run.data.task}",
            where=f"the view {name}",
            why=f"{name} belong to {task}",
            do=f"ask {other}",
        )


def _no_folder(name: str) -> SettingError:
    return SettingError(
        "lab-view",
        "there is one run here, and no folder of runs",
        where=f"the view {name}",
        why="a notebook and a report show a run in hand",
        do="open the lab on the folder: `downslope lab DIR`",
    )


def data_of(choice: DataChoice, source: Source) -> Data:
    """The data set of a choice. Errors: as for ``build.data``."""
    return build.data(choice, source.own_set)
