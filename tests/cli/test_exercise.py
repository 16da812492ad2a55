"""``downslope exercise``: the list with the progress, own numbers, answers with exit codes, hints, the solution."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.cli import exercise
from downslope.exercises import EXERCISES
from downslope.exercises.journal import JOURNAL

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DOWNSLOPE_PROGRESS", str(tmp_path / "exercises.jsonl"))
    monkeypatch.delenv("DOWNSLOPE_ME", raising=False)
    JOURNAL.forget()
    yield
    JOURNAL.forget()


def right(name: str, me: str = "anna") -> str:
    return str(ds.exercise(name, me).question.answer.right_styles()[0])


def test_without_a_name_all_are_listed(downslope: Call) -> None:
    result = downslope("exercise")
    assert result.code == 0
    assert all(name in result.out for name in EXERCISES)


def test_a_question_has_the_numbers_of_who_asks(downslope: Call) -> None:
    anna, bert = (downslope("exercise", "chain-rule-3", "--me", me) for me in ("anna", "bert"))
    assert anna.code == bert.code == 0
    assert anna.out != bert.out
    assert anna.out == downslope("exercise", "chain_rule_3", "--me", "Anna").out
    assert "$" not in anna.out
    assert "\\" not in anna.out


def test_the_name_may_come_from_the_environment(downslope: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNSLOPE_ME", "anna")
    assert "the numbers of anna" in downslope("exercise", "slope-1").out


def test_a_right_answer_exits_with_0_and_a_wrong_one_with_1(downslope: Call) -> None:
    good = downslope("exercise", "chain-rule-3", "--me", "anna", "--answer", right("chain-rule-3"))
    bad = downslope("exercise", "chain-rule-3", "--me", "anna", "--answer", "1e5")
    assert (good.code, bad.code) == (0, exercise.WRONG)
    assert good.out.startswith("Right.")
    assert bad.out.startswith("Not yet.")


@pytest.mark.parametrize("answer", ["maybe", "1,234", "", "w = "])
def test_what_cannot_be_read_exits_with_2_and_four_lines(answer: str, refused: Call) -> None:
    told = refused("exercise-answer", "exercise", "slope-1", "--me", "anna", "--answer", answer)
    assert "asks for one number, exactly" in told


def test_an_unknown_exercise_gets_the_nearest_one(refused: Call) -> None:
    assert "Did you mean 'slope-1'?" in refused("unknown-name", "exercise", "slop-1")


def test_progress_is_kept_from_call_to_call(downslope: Call) -> None:
    downslope("exercise", "slope-1", "--me", "anna", "--answer", right("slope-1"))
    JOURNAL.forget()
    lines = downslope("exercise", "--me", "anna").out.splitlines()
    assert lines[0].startswith(f"{len(EXERCISES)} exercises, 1 done by anna")
    assert any("slope-1" in line and "done" in line for line in lines)


def test_hints_go_on_from_call_to_call(downslope: Call) -> None:
    first = downslope("exercise", "slope-1", "--me", "anna", "--hint").out
    JOURNAL.forget()
    second = downslope("exercise", "slope-1", "--me", "anna", "--hint").out
    assert first.startswith("Hint 1 of 2")
    assert second.startswith("Hint 2 of 2")


def test_the_solution_comes_after_an_attempt(downslope: Call) -> None:
    early = downslope("exercise", "slope-1", "--me", "anna", "--solution")
    assert early.code == 2
    assert "[exercise-untried]" in early.err
    assert "--force" in early.err
    assert downslope("exercise", "slope-1", "--me", "anna", "--solution", "--force").code == 0
    tried = downslope("exercise", "slope-1", "--me", "anna", "--answer", "1e5", "--solution")
    assert tried.code == exercise.WRONG
    assert right("slope-1").removesuffix(".0") in tried.out


def test_a_function_is_taken_from_a_file(downslope: Call, write: Call) -> None:
    program = (
        "import numpy as np\ndef softmax(z):\n    e = np.exp(z - z.max(axis=1, keepdims=True))\n    return e /"
        " e.sum({})\n"
    )
    good, bad = write("good.py", program.format("axis=1, keepdims=True")), write("bad.py", program.format(""))
    assert downslope("exercise", "code-softmax", "--answer", good).code == 0
    assert downslope("exercise", "code-softmax", "--answer", f"{good}:softmax").code == 0
    result = downslope("exercise", "code-softmax", "--answer", bad)
    assert result.code == exercise.WRONG
    assert "an example of its own" in result.out


def test_a_file_without_the_function_is_told(refused: Call, write: Call) -> None:
    assert "softmax" in refused("cli-function", "exercise", "code-softmax", "--answer", write("x.py", "y = 1"))


def test_a_place_where_no_progress_can_be_kept_is_no_obstacle(
    downslope: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNSLOPE_PROGRESS", str(tmp_path))
    result = downslope("exercise", "slope-1", "--me", "anna", "--answer", right("slope-1"))
    assert result.code == 0
    assert "cannot be" in result.err


# --- a conversation ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


def talk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, *lines: str
) -> tuple[int, str]:
    terminal = Terminal("\n".join(lines) + "\n" * bool(lines))
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    code = exercise.exercise(name, "anna")
    return code, capsys.readouterr().out


def test_a_conversation_goes_on_until_the_answer_is_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = talk(
        monkeypatch, capsys, "slope-1", "solution", "hint", "", "what?", "1e5", "solution", right("slope-1"), "more"
    )
    assert code == 0
    said = ("no attempt yet", "Hint 1 of 2", "cannot be read", "Not yet.", "Term by term", "Right.")
    assert [out.index(part) for part in said] == sorted(out.index(part) for part in said)


@pytest.mark.parametrize("lines", [(), ("quit",), ("1e5", "q")])
def test_a_conversation_that_ends_without_a_right_answer_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: tuple[str, ...]
) -> None:
    assert talk(monkeypatch, capsys, "slope-1", *lines)[0] == exercise.WRONG


def test_where_finds_an_exercise(downslope: Call) -> None:
    result = downslope("where", "chain-rule-3")
    assert result.code == 0
    assert result.out.startswith("chain-rule-3: exercise")
    assert "src/downslope/exercises/questions/chain_rule.py:" in result.out
