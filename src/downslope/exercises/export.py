"""Hand-outs and hand-ins: the journal as CSV or JSON, an nbgrader assignment, and otter's test files.

Formats: nbgrader's cell metadata, schema version 3 (jupyter/nbgrader, nbgraderformat/v3.json); a notebook is nbformat
4.5. otter-grader's OK format: a Python file with ``OK_FORMAT`` and a dict ``test`` with one suite of doctests.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal

from downslope.errors import SettingError, nearest
from downslope.exercises.code import Code
from downslope.exercises.journal import JOURNAL, Event
from downslope.exercises.overview import in_order
from downslope.exercises.question import EXERCISES, Exercise, by_name

Format = Literal["csv", "json", "nbgrader", "otter"]
_FORMATS = ("csv", "json", "nbgrader", "otter")


def export(format: Format, path: str | Path, exercises: Iterable[str] | None = None, *, points: float = 1) -> Path:
    """Write results or an assignment; the path that was written.

    format: "csv" and "json" write the journal of this kernel, one row for each answer, hint and solution. "nbgrader"
    writes an assignment notebook (its source version), "otter" a folder with one test file for each exercise. In both a
    student gives ``me`` and one variable an exercise, named after it (``chain_rule_3``). exercises: ids; None is all.
    points: of each exercise. Errors: SettingError ``exercise-export``, ``unknown-name``.
    """
    if format not in _FORMATS:
        raise SettingError(
            "exercise-export",
            f"there is no format {format!r}",
            where="export(format=...)",
            why="results are written as a table, assignments for a grader",
            do=nearest(str(format), _FORMATS),
        )
    chosen = in_order(EXERCISES.values()) if exercises is None else [by_name(name) for name in exercises]
    names = {each.name for each in chosen}
    events = [event for event in JOURNAL.events if event.exercise in names or exercises is None]
    target = Path(path).expanduser()
    try:
        if format == "otter":
            target.mkdir(parents=True, exist_ok=True)
            for each in chosen:
                (target / f"{variable(each)}.py").write_text(otter_test(each, points), encoding="utf-8")
            return target
        text = {
            "csv": lambda: table(events),
            "json": lambda: _json([asdict(event) for event in events]),
            "nbgrader": lambda: _json(notebook(chosen, points)),
        }[format]()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise SettingError(
            "exercise-export",
            f"nothing could be written: {error.strerror or error}",
            where=str(target),
            why="the export is a file" if format != "otter" else "the export is a folder with a file for each exercise",
            do="Give a path in a folder that can be written to.",
        ) from None
    return target


def variable(exercise: Exercise) -> str:
    """The variable that holds a student's answer: ``chain_rule_3``.

    >>> variable(by_name("chain-rule-3"))
    'chain_rule_3'
    """
    return re.sub(r"\W", "_", exercise.name)


def table(events: Iterable[Event]) -> str:
    """Events as CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(field.name for field in fields(Event))
    rows.writerows([_cell(value) for value in asdict(event).values()] for event in events)
    return out.getvalue()


def _cell(value: Any) -> Any:
    is_number = re.fullmatch(r"[+-]?[\d.,]+(e[+-]?\d+)?", str(value))
    return f"'{value}" if str(value)[:1] in "=+-@\t" and value != "" and not is_number else value


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


# --- nbgrader ---------------------------------------------------------------------------------------------------------


def notebook(exercises: Iterable[Exercise], points: float) -> dict[str, Any]:
    """An nbgrader assignment: for each exercise the question, a cell for the answer and a cell that grades it."""
    intro = "Run the cells from top to bottom. Your numbers are your own: they follow from `me`."
    cells = [
        _cell_of("markdown", "intro", f"# Exercises\n\n{intro}", locked=True),
        _cell_of("code", "setup", "import numpy as np\n\nimport downslope as ds", locked=True),
        _cell_of("code", "me", _solved('me = ""  # your student id', 'me = "teacher"'), solution=True),
    ]
    for exercise in exercises:
        cells += _cells(exercise, points)
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cells(exercise: Exercise, points: float) -> list[dict[str, Any]]:
    name, made = variable(exercise), f'ds.exercise("{exercise.name}", me=me)'
    answer = exercise.assign().answer
    start = (
        f"def {answer.signature}:\n    ...\n\n\n{name} = {answer.name}"
        if isinstance(answer, Code)
        else f"{name} = None"
    )
    worked = f"{name} = {made}.solution(force=True).answer"
    test = f"_result = {made}.check({name})\nassert _result.right, _result.message"
    return [
        _cell_of("code", f"{name}-question", made, locked=True),
        _cell_of("code", f"{name}-answer", _solved(start, worked), solution=True),
        _cell_of("code", f"{name}-test", test, locked=True, points=points),
    ]


def _solved(start: str, solution: str) -> str:
    """What students begin with, and, between nbgrader's marks, what only the teacher's version has."""
    return f"{start}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"


def _cell_of(
    kind: str, name: str, source: str, *, locked: bool = False, solution: bool = False, points: float | None = None
) -> dict[str, Any]:
    """A cell with nbgrader's metadata; with points it is graded by whether it raises."""
    graded: dict[str, Any] = {} if points is None else {"points": points}
    marks = {"schema_version": 3, "grade": points is not None, "grade_id": name, "locked": locked, "solution": solution}
    cell = {"cell_type": kind, "id": name[:64], "metadata": {"nbgrader": {**marks, "task": False, **graded}}}
    lines = source.splitlines(keepends=True)
    return {**cell, "source": lines} | ({"execution_count": None, "outputs": []} if kind == "code" else {})


# --- otter ------------------------------------------------------------------------------------------------------------


def otter_test(exercise: Exercise, points: float) -> str:
    """One test file in otter's OK format: it asks the exercise itself, with the student's ``me``."""
    name = variable(exercise)
    lines = [
        ">>> import downslope as ds",
        f'>>> _result = ds.exercise("{exercise.name}", me=me).check({name})',
        '>>> print("right" if _result.right else _result.message)',
        "right",
    ]
    case = {"code": "\n".join(lines) + "\n", "hidden": False, "locked": False, "points": points}
    suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": name, "points": points, "suites": [suite]}
    return f"OK_FORMAT = True\n\ntest = {_python(test)}\n"


def _python(value: Any, depth: int = 0) -> str:
    """A nested value as Python, one entry a line."""
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, dict):
        return "{\n" + "".join(f"{inner}{key!r}: {_python(x, depth + 1)},\n" for key, x in value.items()) + outer + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{inner}{_python(x, depth + 1)},\n" for x in value) + outer + "]"
    return repr(value)
