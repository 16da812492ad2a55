"""``downslope show RUN``: what a run file holds: settings, courses, snapshots, notes, forks, answers, damage."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.cli import lazy, runs, table, which_run

if TYPE_CHECKING:
    from downslope.runs.file import RunFile
    from downslope.runs.glance import Glance
    from downslope.runs.snapshots import Mark

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope show last[/cyan]

[cyan]downslope show digits-1 --json[/cyan]

[cyan]downslope show experiments/long.run[/cyan]
"""

_COURSES = (("loss", "loss"), ("grad_norm", "grad norm"), ("lr", "lr"))
_METRICS = {"held_out_loss": "held-out loss", "accuracy": "accuracy", "rmse": "rmse", "r2": "R²"}
_LABEL = 14
_MOST = 8


def show(run: which_run.RunName, as_json: which_run.AsJson = False, debug: which_run.Debug = False) -> int:
    """Show what the file of RUN holds: how it went, how near any step is, and what of it is damaged."""
    path = which_run.find(run)
    glance = lazy.glance.glance(path)
    file = which_run.file_of(run)
    try:
        marks = lazy.glance.check(file)  # every row is read, so that the damage that is shown is all there is
        if as_json:
            print(table.as_json(_record(file, glance, marks)))
        else:
            print("\n".join(_text(file, glance, marks)))
    finally:
        file.close()
    return 0


def _text(file: RunFile, glance: Glance, marks: list[Mark]) -> Iterator[str]:
    yield f"{glance.name}: {glance.data or 'data unknown'}, {glance.model or 'model unknown'}"
    yield from _part("file", [f"{glance.path}, {table.size(glance.size)}, {runs.age(glance.began)} old"])
    yield from _settings(file)
    yield from _part("steps", [_steps(glance)])
    yield from _courses(file, glance)
    yield from _part("snapshots", [_snapshots(file, glance, marks)])
    about = file.meta("parent")
    if about:
        of = f"of {about['path'] or 'a run in memory'} at step {about['step']}: {about['about']}"
        yield from _part("fork", [of])
    rows = list(file.rows("forks", "true ORDER BY written, path"))
    yield from _part("forks", [f"{path} at step {step}: {words}" for path, step, words, _ in rows])
    yield from _part("notes", [_note(step, words) for step, words in _notes(file)])
    yield from _part("answers", [_answer(*one) for one in _answers(file)])
    yield from _part("environment", [", ".join(f"{k} {v}" for k, v in file.meta("environment", {}).items())])
    yield from _part("damage", [str(damage) for damage in file.damage] or ["none: every row has its digest"])


def _part(label: str, lines: list[str]) -> Iterator[str]:
    """Lines under a label in the first column; of many, the first few and how many more."""
    more = [f"and {len(lines) - _MOST} more, which --json lists"] if len(lines) > _MOST else []
    for line in [*filter(None, lines[:_MOST]), *more]:
        yield textwrap.fill(
            line,
            max(table.width(), 40),
            initial_indent=f"  {label:<{_LABEL}}",
            subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        label = ""


def _settings(file: RunFile) -> Iterator[str]:
    lines = []
    for number, first, text in file.rows("segments", "true ORDER BY number"):
        facts = json.loads(text)
        words = [facts["optimizer"], f"loss {facts['loss_name']}", f"batch size {facts['batch_size']}"]
        words += [f"seed {facts['seed']}", facts["dtype"], *facts["edits"]]
        lines.append((f"from step {first}: " if number else "") + ", ".join(words))
    yield from _part("settings", lines)


def _steps(glance: Glance) -> str:
    of = f" of {glance.until}" if glance.until > glance.steps else ""
    return f"{glance.steps}{of}, {glance.state}" + (
        f": {glance.why}" if glance.why and glance.state != "damaged" else ""
    )


def _courses(file: RunFile, glance: Glance) -> Iterator[str]:
    width = max(table.width() - _LABEL - 32, 20)
    drawn = [(words, lazy.glance.course(file, name, glance.steps)) for name, words in _COURSES] if glance.steps else []
    judged: dict[str, list[float]] = {}
    for _, name, value in file.rows("metrics", "true ORDER BY step"):
        judged.setdefault(name, []).append(np.nan if value is None else value)
    for words, values in [*drawn, *((_METRICS.get(name, name), values) for name, values in judged.items())]:
        ends = f"{runs.number(values[0])} → {runs.number(values[-1])}"
        yield f"  {words:<{_LABEL}}{lazy.reading.sparkline(values, width)}  {ends}"


def _snapshots(file: RunFile, glance: Glance, marks: list[Mark]) -> str:
    walk = lazy.glance.longest_walk(file, marks, glance.steps)
    held = f"{len(marks)}, {table.size(sum(mark.size for mark in marks))}"
    if walk is not None:
        return f"{held}; any step is at most {walk} steps from a snapshot"
    sound = ", ".join(str(mark.step) for mark in marks[:_MOST]) or "none"
    return f"{held}; not every step can be replayed: sound ones are those after {sound} steps"


def _notes(file: RunFile) -> list[tuple[int | None, str]]:
    return [(step, words) for _, step, words, _ in file.rows("notes", "true ORDER BY number")]


def _note(step: int | None, words: str) -> str:
    return words if step is None else f"step {step}: {words}"


def _answers(file: RunFile) -> list[tuple[str, str | None, Mapping[str, Any], int]]:
    with contextlib.suppress(sqlite3.Error, ValueError):  # a damaged table, which is listed with the damage
        return list(lazy.glance.readings(file))
    return []


def _answer(id: str, target: str | None, settings: Mapping[str, Any], count: int) -> str:
    more = "".join(f", {name}={value}" for name, value in settings.items())
    return f"{id}{f' of {target}' if target else ''}{more} at {count} step{'s' * (count != 1)}"


def _record(file: RunFile, glance: Glance, marks: list[Mark]) -> dict[str, Any]:
    return {
        **runs.record(glance),
        "segments": [{"first": first, **json.loads(text)} for _, first, text in file.rows("segments")],
        "snapshots": [{"segment": mark.segment, "step": mark.step, "size": mark.size} for mark in marks],
        "longest_walk": lazy.glance.longest_walk(file, marks, glance.steps),
        "forks": [{"path": path, "step": step, "about": words} for path, step, words, _ in file.rows("forks")],
        "notes": [{"step": step, "text": words} for step, words in _notes(file)],
        "answers": [
            {"instrument": id, "target": target, "settings": settings, "steps": count}
            for id, target, settings, count in _answers(file)
        ],
        "environment": file.meta("environment", {}),
        "damage": [str(damage) for damage in file.damage],
    }
