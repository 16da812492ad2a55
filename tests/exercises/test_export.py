"""Exports: tables that read back, an nbgrader notebook that runs and grades, otter's tests as otter runs them."""

from __future__ import annotations

import csv
import doctest
import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import downslope as ds
from downslope.errors import SettingError
from downslope.exercises import EXERCISES
from downslope.exercises.export import Format, export, variable

CHOSEN = ["slope-1", "backpropagation-1", "shapes-1", "code-softmax"]


def some_answers() -> None:
    ex = ds.exercise("slope-1", me="anna")
    ex.check(-1e9)
    ex.hint()
    ex.check("=1+1")
    ex.check(ex.question.answer.truth)
    ds.exercise("slope-2", me="bert").check("dx = 1, dy = 2")


def test_csv_and_json_hold_every_answer_and_hint_in_order(tmp_path: Path) -> None:
    some_answers()
    with ds.exercises.export("csv", tmp_path / "new" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = json.loads(ds.exercises.export("json", tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [row["what"] for row in rows] == [one["what"] for one in found] == ["wrong", "hint", "right", "wrong"]
    assert [row["hints"] for row in rows] == ["0", "1", "1", "0"]
    assert rows[3]["answer"] == "dx = 1, dy = 2"
    assert set(found[0]) == {"exercise", "me", "what", "answer", "mistake", "hints", "at"}


def test_an_answer_is_no_formula_for_a_spreadsheet(tmp_path: Path) -> None:
    ds.exercise("code-relu", me="=cmd").check(lambda z, g: g)
    assert ",'=cmd," in ds.exercises.export("csv", tmp_path / "x.csv").read_text(encoding="utf-8")


def test_a_negative_number_stays_a_number_in_csv(tmp_path: Path) -> None:
    ds.exercise("slope-1", me="anna").check("-7.5")
    assert ",-7.5," in export("csv", tmp_path / "x.csv").read_text(encoding="utf-8")


def test_the_chosen_exercises_alone_are_exported(tmp_path: Path) -> None:
    some_answers()
    text = export("csv", tmp_path / "x.csv", ["slope_2"]).read_text(encoding="utf-8")
    assert "slope-2" in text
    assert "slope-1" not in text


@pytest.mark.parametrize("format", ["xml", "nbgraders", ""])
def test_an_unknown_format_is_refused(tmp_path: Path, format: Any) -> None:
    with pytest.raises(SettingError, match="exercise-export"):
        export(format, tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["csv", "json", "nbgrader", "otter"])
def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path, format: Format) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="exercise-export"):
        export(format, tmp_path / "file" / "x", CHOSEN)


# --- nbgrader ---------------------------------------------------------------------------------------------------------

# What nbgrader's schema of version 3 asks of a cell: these keys, and no others.
REQUIRED, KNOWN = (
    {"schema_version", "grade", "locked", "solution"},
    {"grade_id", "points", "task", "checksum", "cell_type"},
)


@pytest.fixture
def assignment(tmp_path: Path) -> dict[str, Any]:
    path = export("nbgrader", tmp_path / "assignment.ipynb", CHOSEN, points=2)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_every_cell_has_what_nbgrader_asks_for(assignment: dict[str, Any]) -> None:
    ids = []
    for cell in assignment["cells"]:
        marks = cell["metadata"]["nbgrader"]
        assert REQUIRED <= set(marks) <= REQUIRED | KNOWN
        assert marks["schema_version"] == 3
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", marks["grade_id"])
        assert ("points" in marks) == marks["grade"]
        assert not (cell["cell_type"] == "markdown" and marks["grade"] != marks["solution"])
        ids.append(marks["grade_id"])
    assert len(ids) == len(set(ids))
    assert sum(cell["metadata"]["nbgrader"].get("points", 0) for cell in assignment["cells"]) == 2 * len(CHOSEN)


def test_the_notebook_is_a_valid_notebook(assignment: dict[str, Any]) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(assignment)


def without_solutions(source: str) -> str:
    """What nbgrader hands out: the lines between its marks are taken away."""
    return re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "", source, flags=re.DOTALL)


def run(assignment: dict[str, Any], *, solved: bool) -> dict[str, bool]:
    """Runs the cells as nbgrader does: test cell -> whether it passes."""
    space: dict[str, Any] = {}
    passed = {}
    for cell in assignment["cells"]:
        source = "".join(cell["source"])
        marks = cell["metadata"]["nbgrader"]
        if cell["cell_type"] != "code":
            continue
        try:
            exec(source if solved else without_solutions(source), space)
            ok = True
        except AssertionError:
            ok = False
        if marks["grade"]:
            passed[marks["grade_id"]] = ok
    return passed


def test_the_teachers_version_passes_every_test(assignment: dict[str, Any]) -> None:
    assert run(assignment, solved=True) == {f"{variable(EXERCISES[name])}-test": True for name in CHOSEN}


def test_the_students_version_passes_none(assignment: dict[str, Any]) -> None:
    assert not any(run(assignment, solved=False).values())
    assert "force" not in without_solutions(json.dumps(assignment)).replace("\\n", "\n")


# --- otter ------------------------------------------------------------------------------------------------------------


def graded(file: Path, space: dict[str, Any]) -> list[bool]:
    """Whether each case passes, as otter-grader runs it: each is a doctest in the student's own variables."""
    found: dict[str, Any] = {}
    exec(file.read_text(encoding="utf-8"), found)
    assert found["OK_FORMAT"] is True
    test = found["test"]
    assert len(test["suites"]) == 1
    assert test["suites"][0]["type"] == "doctest"
    assert not test["suites"][0]["setup"]
    assert not test["suites"][0]["teardown"]
    results = []
    for case in test["suites"][0]["cases"]:
        examples = doctest.DocTestParser().get_doctest(dedent(case["code"]), space, test["name"], None, None)
        results.append(
            doctest.DocTestRunner(verbose=False).run(examples, out=lambda text: None, clear_globs=False).failed == 0
        )
    return results


def test_otters_tests_pass_with_the_right_answer_and_fail_with_a_wrong_one(tmp_path: Path) -> None:
    folder = export("otter", tmp_path / "tests", CHOSEN)
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        f"{variable(EXERCISES[name])}.py" for name in CHOSEN
    )
    for name in CHOSEN:
        ex, file = ds.exercise(name, me="anna"), folder / f"{variable(EXERCISES[name])}.py"
        right = {"me": "anna", variable(EXERCISES[name]): ex.solution(force=True).answer}
        assert graded(file, right) == [True]
        for wrong in (ex.question.mistakes[0].answer, None):
            assert graded(file, {"me": "anna", variable(EXERCISES[name]): wrong}) == [False]


def test_every_exercise_can_be_exported(tmp_path: Path) -> None:
    assert len(list(export("otter", tmp_path / "tests").iterdir())) == len(EXERCISES)
    cells = json.loads(export("nbgrader", tmp_path / "all.ipynb").read_text(encoding="utf-8"))["cells"]
    assert len(cells) == 3 + 3 * len(EXERCISES)
