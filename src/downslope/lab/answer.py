"""Every view that can be asked for, one entry each: the lab, the notebook's widget and the report ask the same ones."""

from __future__ import annotations

from typing import Any

import msgspec

from downslope import surfaces, views
from downslope.errors import SettingError
from downslope.lab import args, build, catalogue, presets, sweeps
from downslope.lab.fields import settings_of
from downslope.lab.protocol import Query
from downslope.lab.source import Source
from downslope.lab.view import VIEWS, answer, reply, step_of, view, view_of_run
from downslope.runs import Run
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

__all__ = ["VIEWS", "answer", "reply"]  # from here, because the table is empty until this file was read

# --- runs -------------------------------------------------------------------------------------------------------------


@view("runs", args.RunsArgs, "The runs of the folder, those that are training included.")
def _runs(source: Source, query: Query, found: args.RunsArgs) -> Payload:
    if source.folder is None:
        raise _no_folder("runs")
    return runs_view(source.folder, live=source.live(), most=found.most)


@view("summary", args.Args, "What was trained, on what, for how long, how well; and the settings that do it again.")
def _summary(source: Source, query: Query, found: args.Args) -> Payload:
    with source.run(query.run) as run:
        settings = settings_of(run, source.own_sets())
        shown = None if settings is None else msgspec.to_builtins(settings)
        return TextView(f"{run.name}: {run.steps:,} steps", "summary", run.summary(), (), shown)


@view("sweep", args.SweepArgs, "Many runs at once: a setting, such as the learning rate, against how well they did.")
def _sweep(source: Source, query: Query, found: args.SweepArgs) -> Payload:
    if source.folder is None:
        raise _no_folder("sweep")
    return sweeps.payload(source.folder, found.name, found.result, found.along)


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
    return views.network_view(step_of(run, query), found.row, most=found.most, units=found.units, of=found.of)


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
    return graph_view(step_of(run, query), found.open, values=found.values, fold_above=found.fold_above)


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
