"""Asking: an instrument read at many steps of a run, from the run file's cache where it was asked before."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.errors import RunFileError, SettingError
from downslope.runs.history import History
from downslope.runs.instrument import Instrument, find
from downslope.runs.layout import SCALARS
from downslope.runs.packing import packed, unpacked
from downslope.runs.reading import Axis, Measured, Reading

Array = Any
USUAL_STEPS = 100  # how many steps are asked where nobody says which
PORTION = 64  # answers are kept in the file so many at a time
Told = Callable[[int, int], None]


def steps_asked(steps: Any, every: int | None, last: int) -> Array:
    """The step numbers that are meant: given ones (negative ones from the end), every so many, or about a hundred.

    steps: a number, a sequence, a range, or a slice over step numbers. Errors: SettingError ``ask-steps``.
    """
    if steps is not None and every is not None:
        raise _steps_error("both steps= and every= are given", "give one of them")
    if isinstance(steps, slice):
        start = 1 if steps.start is None else steps.start
        stop = last + 1 if steps.stop is None else steps.stop
        steps = range(*slice(start, min(stop, last + 1), steps.step).indices(last + 1))
    if every is not None:
        if not isinstance(every, int | np.integer) or every < 1:
            raise _steps_error(f"every={every!r}", "give a whole number of steps, for example every=50")
        steps = range(1, last + 1, int(every))
    if steps is None:
        return (
            np.unique(np.linspace(1, last, min(last, USUAL_STEPS)).round().astype(np.int64))
            if last
            else np.zeros(0, int)
        )
    wanted = np.atleast_1d(np.asarray(list(steps) if isinstance(steps, range | set) else steps))
    if wanted.size and wanted.dtype.kind not in "iu":
        raise _steps_error(f"steps={steps!r}", "give whole numbers, for example steps=range(1, 100)")
    wanted = np.where(wanted < 0, wanted + last + 1, wanted).astype(np.int64)
    outside = wanted[(wanted < 1) | (wanted > last)]
    if outside.size:
        raise _steps_error(
            f"step {outside[0]} was not taken: the run has {last} steps", f"give numbers from 1 to {last}"
        )
    return np.unique(wanted)


def _steps_error(what: str, do: str) -> SettingError:
    return SettingError(
        "ask-steps",
        what,
        where="ask(..., steps=..., every=...)",
        why="an instrument is read at steps of the run",
        do=do,
    )


def is_recorded(id: str, target: str | None, settings: Mapping[str, Any]) -> bool:
    """Whether the file holds the answer for every step."""
    return id in SCALARS and target is None and not settings


def recorded(history: History, entry: Instrument, steps: Array) -> Reading:
    """A scalar that stands in the file for every step."""
    values = history.series(entry.id, int(steps[0]), int(steps[-1]))[steps - steps[0]] if len(steps) else np.zeros(0)
    return Reading(entry.id, steps, values, unit=entry.unit, sentence=entry.sentence, healthy=entry.healthy)


def read(
    history: History, id: str, steps: Array, target: str | None, settings: Mapping[str, Any], told: Told | None = None
) -> Reading:
    """What the instrument tells at these steps. told: called with how many are done, and of how many.

    Errors: SettingError ``unknown-name``, ``instrument-setting``, ``instrument-target``, ``instrument-changes``.
    """
    entry = find(id)
    if is_recorded(id, target, settings):
        return recorded(history, entry, steps)
    entry.check(settings)
    key = _question(entry, target, settings)
    answers = _known(history, key, steps)
    missing = [int(t) for t in steps if int(t) not in answers]
    for k, t in enumerate(missing):
        with np.errstate(all="ignore"):
            answers[t] = entry.measure(history.step(t), target, settings)
        if (k + 1) % PORTION == 0 or k + 1 == len(missing):
            _keep(history, key, {t: answers[t] for t in missing[k // PORTION * PORTION : k + 1]})
        if told:
            told(k + 1, len(missing))
    return _reading(entry, steps, [answers[int(t)] for t in steps], target, settings)


def _reading(
    entry: Instrument, steps: Array, answers: Sequence[Measured], target: str | None, settings: Mapping[str, Any]
) -> Reading:
    """Answers of single steps stacked; parts that come and go (a fork with other data) are an error, not a guess."""
    first = answers[0] if answers else Measured(np.zeros(()), ())
    shapes = {(np.shape(a.values), tuple(axis.name for axis in a.axes)) for a in answers}
    if len(shapes) > 1:
        raise SettingError(
            "instrument-changes",
            f"{entry.id} gives different shapes at these steps: {', '.join(str(s[0]) for s in sorted(shapes))}",
            where=f"ask({entry.id!r})",
            why="answers are put into one array, a step a row; an epoch's last mini-batch may be smaller",
            do="ask for steps of one kind: steps=..., one at a time if need be",
        )
    values = np.array([a.values for a in answers], float) if answers else np.zeros(0)
    axes = tuple(_one_axis([a.axes[k] for a in answers]) for k in range(len(first.axes)))
    simple = len(axes) == 1 and all(isinstance(label, str) for label in axes[0].labels)
    facts = {name: np.array([a.facts[name] for a in answers]) for name in first.facts}
    return Reading(
        entry.id,
        steps,
        values,
        tuple(axes[0].labels) if simple else (),
        () if simple else axes,
        facts,
        entry.unit,
        target,
        dict(settings),
        entry.sentence,
        entry.healthy,
    )


def _one_axis(axes: Sequence[Axis]) -> Axis:
    """The axis of all steps. Where each step has labels of its own (the rows of its mini-batch), it counts places."""
    first = axes[0]
    return (
        first
        if all(axis.labels == first.labels for axis in axes)
        else replace(first, labels=tuple(range(len(first.labels))))
    )


# --- the cache ------------------------------------------------------------------------------------------------------


def _question(entry: Instrument, target: str | None, settings: Mapping[str, Any]) -> str:
    """The key of an answer: also the instrument's code, so that a changed one is asked anew."""
    try:
        source = inspect.getsource(inspect.getmodule(entry.read) or entry.read)
    except (OSError, TypeError):  # typed at a prompt
        source = repr(entry.read)
    code = hashlib.blake2b(source.encode(), digest_size=6).hexdigest()
    return json.dumps([entry.id, target, sorted(settings.items()), code], default=str)


def _known(history: History, key: str, steps: Array) -> dict[int, Measured]:
    wanted = set(steps.tolist())
    found = {}
    for question, t, body in history.file.rows("readings", "question = ?", key):
        if question == key and t in wanted:
            values, axes, facts = unpacked(body)
            found[t] = Measured(values, tuple(Axis(name, tuple(labels), unit) for name, labels, unit in axes), facts)
    return found


def _keep(history: History, key: str, answers: Mapping[int, Measured]) -> None:
    """Keep answers for the next time; a file that cannot be written to now is no reason to fail."""
    if history.file.read_only or history.live is not None:
        return
    with contextlib.suppress(sqlite3.Error, RunFileError), history.file.writing():
        for t, made in answers.items():
            axes = [[axis.name, list(axis.labels), axis.unit] for axis in made.axes]
            history.file.put("readings", key, t, packed([np.asarray(made.values), axes, dict(made.facts)]))
