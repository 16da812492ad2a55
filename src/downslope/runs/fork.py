"""Forks: the same past, another future. A fork's file holds the whole past, so it needs its parent for nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.data import Data
from downslope.errors import RunFileError, SettingError, nearest
from downslope.optim import Method, Optimizer
from downslope.runs import facts, scalars, snapshots
from downslope.runs.file import RunFile
from downslope.runs.history import History
from downslope.runs.layout import SCALARS
from downslope.runs.run import Run
from downslope.runs.segment import Segment
from downslope.runs.step_program import Carried
from downslope.runs.task import Task
from downslope.runs.train import rows_in_batch
from downslope.runs.walk import quiet

Array = Any
_PLACE = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<at>[^\[\]]*)\])?\s*")


def fork(
    run: Run,
    at: int,
    *,
    optimizer: Optimizer | Method | None = None,
    lr: Any = None,
    model: Any = None,
    data: Data | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    edit: Mapping[str, Any] | None = None,
    record: bool | str | os.PathLike[str] = True,
) -> Run:
    """A new run with the steps before ``at``; step ``at`` is the first that may differ, and is not taken yet.

    optimizer: another rule. If only its learning rate is another, it goes on with what the old one remembered;
    otherwise it begins afresh, and its own steps count from 1. lr: the same rule at another rate (a number, a schedule
    or the text of one), which keeps its memory; it decides instead of a plateau from there on. model: another one with
    parameters of the same names and shapes, such as the same layers with another activation. data: other data for the
    model. batch_size: rows of a mini-batch. seed: another order of rows and other dropout from here on. With other
    data, batch size or seed a new epoch begins.
    edit: numbers to put into parameters first: ``{"dense1.w[3, 2]": 0.0, "dense2.b": np.zeros(10)}``. record: a path,
    or True for a file in memory.

    Errors: SettingError ``run-step``, ``fork-edit``, ``fork-twice``, ``fork-model``, ``batch-size``; DataError
    ``model-data-shape``.
    """
    if optimizer is not None and lr is not None:
        raise SettingError(
            "fork-twice",
            "both optimizer= and lr= are given",
            where="run.fork(optimizer=..., lr=...)",
            why="the optimizer brings its own rate",
            do="give the rate to the optimizer: optimizer=ds.optim.adam(3e-4)",
        )
    step = run.at(at)
    number = run.history.replay.number(step.t)
    old = run.segments[number]
    rule = optimizer if optimizer is not None else old.rule if lr is None else facts.with_rate(old.rule, lr)
    segment = segment_after(old, step.t, rule, model, data, batch_size, seed, edit or {})
    carried = carried_into(step.carried, old, segment, edit or {})
    about = changes(old, segment)

    def begin(file: RunFile) -> None:
        _copy_past(run, file, step.t, number)
        file.put("segments", number + 1, step.t, facts.written(segment, carried.params()))
        snapshots.write(file, snapshots.take(number + 1, step.t - 1, carried))
        if not file.in_memory:
            for each in (*run.segments[: number + 1], segment):
                facts.keep_data(file, each.task.data)
        file.set_meta("created", facts.now())
        file.set_meta("environment", run.file.meta("environment") or ({} if file.in_memory else facts.environment()))
        file.set_meta("options", {**run.file.meta("options", {}), "sparse": False})
        file.set_meta("parent", {"path": run.path, "step": step.t, "about": about})
        file.set_meta("extent", {"steps": step.t - 1})

    file = RunFile.create(None if isinstance(record, bool) else record, begin)
    file.settle()
    _tell_parent(run, file, step.t, about)
    segments = (*run.segments[: number + 1], segment)
    return Run(History(file, segments, carried.params(), step.t - 1), run)


def segment_after(
    old: Segment,
    first: int,
    rule: Optimizer | Method,
    model: Any,
    data: Data | None,
    batch_size: int | None,
    seed: int | None,
    edit: Mapping[str, Any],
) -> Segment:
    """The settings from step ``first`` on, which follow on those of ``old``."""
    task = old.task
    if data is not None or seed is not None or model is not None:
        chosen = task.seed if seed is None else seed
        network = task.model if model is None else model
        task = Task(network, data or task.data, task.loss if data is None else None, chosen, task.dtype)
    size = min(old.batch_size, len(task.x)) if batch_size is None else rows_in_batch(batch_size, len(task.x))
    same_order = data is None and seed is None and size == old.batch_size
    epoch = old.epoch_at(first - 1)[0]
    afresh = not goes_on(old.rule, rule)
    return Segment(
        first,
        task,
        rule,
        size,
        old.plateau if str(rule) == str(old.rule) else None,  # a rate that is asked for is not a plateau's
        old.origin if same_order else first - 1,
        old.epoch if same_order else epoch + 1,
        first - 1 if afresh else old.clock,
        old.threads,
        tuple(f"{place} = {value!r}" for place, value in edit.items()),
        old.takeover,
    )


def goes_on(old: Optimizer | Method, new: Optimizer | Method) -> bool:
    """Whether a rule can go on with what the other one remembered: it is the same one, but for its learning rate."""
    return str(facts.with_rate(old, 1.0)) == str(facts.with_rate(new, 1.0))


def carried_into(now: Carried, old: Segment, new: Segment, edit: Mapping[str, Any]) -> Carried:
    """What is carried into the first step of the new settings."""
    params = _edited(now.params(), edit)
    if new.task.model is not old.task.model:
        _check_same_shapes(params, new.task)
    begun = Carried.start(params, new.rule, tree.map_tree(np.array, now.memory))
    if new.clock == old.clock and goes_on(old.rule, new.rule):
        return Carried(begun.layout, begun.flat, tree.map_tree(np.array, now.state), begun.memory)
    return begun


def _check_same_shapes(params: Any, task: Task) -> None:
    """Another model goes on with these parameters only if they are its own."""
    (ours, names, _), (theirs, other_names, _) = tree.flatten(params), tree.flatten(task.start(None))
    if names == other_names and [np.shape(a) for a in ours] == [np.shape(b) for b in theirs]:
        return
    raise SettingError(
        "fork-model",
        f"the other model has other parameters: {', '.join(other_names)}",
        where="run.fork(model=...)",
        why="the weights stay, so each of them must have its place in the model that goes on with them",
        do="change what has no parameters (an activation, a dropout), or train a new run",
    )


def _edited(params: Any, edit: Mapping[str, Any]) -> Any:
    leaves, names, spec = tree.flatten(params)
    by_name = dict(zip(names, leaves, strict=True))
    for words, value in edit.items():
        found = _PLACE.fullmatch(words)
        name = found["name"] if found else words
        if found is None or name not in by_name:
            raise _edit_error(f"there is no parameter called {name!r}", words, nearest(name, by_name))
        array = by_name[name]
        try:
            at = tuple(int(word) for word in found["at"].split(",")) if found["at"] is not None else ...
            array[at] = value
        except (ValueError, IndexError, TypeError):
            what = f"{name} has shape {array.shape}: {words} cannot be set to a value of shape {np.shape(value)}"
            raise _edit_error(
                what, words, "give a number for one place, or an array of the parameter's shape"
            ) from None
    return tree.unflatten(spec, leaves)


def _edit_error(what: str, words: str, do: str) -> SettingError:
    return SettingError(
        "fork-edit",
        what,
        where=f"fork(edit={{{words!r}: ...}})",
        why="an edit names a parameter, and a place in it if only one number is meant",
        do=do,
    )


def changes(old: Segment, new: Segment) -> str:
    """What a fork changed, in words: ``lr 0.001 -> 0.0003``."""
    found = []
    if goes_on(old.rule, new.rule):
        if str(old.rule) != str(new.rule):
            found.append(f"lr {old.rule.lr!r} -> {new.rule.lr!r}")
    else:
        found.append(f"{old.rule} -> {new.rule}")
    for name, before, after in (
        ("model", repr(old.task.model), repr(new.task.model)),
        ("data", old.task.data.name, new.task.data.name),
        ("data", old.task.data.hash[:8], new.task.data.hash[:8]),
        ("batch size", old.batch_size, new.batch_size),
        ("seed", old.task.seed, new.task.seed),
    ):
        if before != after and not (name == "data" and any(text.startswith("data") for text in found)):
            found.append(f"{name} {before} -> {after}")
    return ", ".join([*found, *new.edits]) or "nothing was changed"


def _copy_past(run: Run, into: RunFile, first: int, number: int) -> None:
    """Everything before step ``first`` that is sound; what is damaged is replayed."""
    done = first - 1
    columns = {name: run.series(name, 1, done) for name in SCALARS}
    if done:
        scalars.write(into, 0, columns)
    before: dict[str, Callable[[tuple[Any, ...]], bool]] = {
        "segments": lambda row: row[0] <= number,
        "metrics": lambda row: row[0] < first,
        "readings": lambda row: row[1] < first,
        "notes": lambda row: row[1] is None or row[1] < first,
    }
    for table, kept in before.items():
        for row in filter(kept, run.file.rows(table)):
            into.put(table, *row)
    for mark in snapshots.marks(run.file):
        found = run.file.row("snapshots", mark.segment, mark.step)
        if found and mark.segment <= number and mark.step < first:
            into.put("snapshots", *found)


def _tell_parent(run: Run, file: RunFile, step: int, about: str) -> None:
    """The parent lists its forks; one that cannot be written to now is no reason to fail."""
    if file.in_memory or run.file.read_only:
        return
    with contextlib.suppress(RunFileError), run.file.writing():
        run.file.put("forks", os.path.abspath(file.path), step, about, facts.now())


def try_rates(run: Run, at: int, rates: Sequence[float]) -> Array:
    """The losses of the steps from ``at`` on, on the way that these learning rates lead, without recording anything."""
    step = run.at(at)
    walk = run.history.replay.spare(run.history.replay.number(step.t), step.carried, step.t - 1)
    given = [float(rate) for rate in rates]
    with quiet(walk.segment.threads):
        losses, _ = walk.advance(step.t - 1 + len(given), lambda a, b: given[a - step.t : b - step.t + 1])
    return losses
