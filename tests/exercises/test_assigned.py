"""An exercise in a student's hands, in any notebook and in a terminal: question, answers, hints, then the solution."""

from __future__ import annotations

import builtins
import dataclasses
import sys
from typing import Any

import pytest

import downslope as ds
from downslope.errors import SettingError
from downslope.exercises import EXERCISES
from downslope.exercises.text import plain


def wrong_answers(ex: Any) -> list[Any]:
    return [mistake.answer for mistake in ex.question.mistakes]


def test_a_notebook_gets_markdown_and_a_terminal_plain_text() -> None:
    ex = ds.exercise("chain-rule-3", me="anna")
    assert "$L = (\\tanh(wx + b) - y)^2$" in ex._repr_markdown_()
    assert "L = (tanh(wx + b) - y)²" in repr(ex)
    assert str(ex) == repr(ex) == plain(ex._repr_markdown_())
    assert "anna" in repr(ex)
    assert "three significant digits" in repr(ex)


def test_no_notebook_package_and_no_other_display_is_needed() -> None:
    ex = ds.exercise("slope-1", me="anna")
    kinds = [
        name for name in dir(ex) if name.startswith("_repr_") or name in ("_mime_", "_ipython_display_", "_display_")
    ]
    assert kinds == ["_repr_markdown_"]
    assert not any(name.startswith("downslope") and hasattr(sys.modules[name], "widgets") for name in list(sys.modules))


def test_a_right_answer_is_true_and_a_wrong_one_is_not() -> None:
    ex = ds.exercise("chain-rule-3", me="anna")
    wrong, right = ex.check(wrong_answers(ex)[0]), ex.check(ex.question.answer.truth)
    assert not wrong
    assert not wrong.right
    assert wrong.outcome == "wrong"
    assert right
    assert right.right
    assert right.outcome == "right"
    assert str(right).startswith("Right.")
    assert right._repr_markdown_().startswith("**Right.**")
    with pytest.raises(dataclasses.FrozenInstanceError):
        right.outcome = "wrong"  # type: ignore[misc]


def test_a_known_mistake_is_named_with_its_hint() -> None:
    ex = ds.exercise("chain-rule-3", me="anna")
    for mistake in ex.question.mistakes:
        result = ex.check(mistake.answer)
        assert result.mistake == mistake.name
        assert plain(mistake.hint) in result.message


def test_what_cannot_be_read_is_no_attempt() -> None:
    ex = ds.exercise("slope-1", me="anna")
    result = ex.check("1,234")
    assert (result.outcome, result.attempt) == ("unread", 0)
    assert "1.234 or 1234" in result.message
    assert ex.results() == ()


def test_the_three_dots_of_a_notebook_are_answered_with_what_to_put_there() -> None:
    for name in ("slope-1", "code-softmax"):
        ex = ds.exercise(name, me="dots")
        assert ex.check(...)._repr_markdown_().startswith("**Your turn:**")
        assert ex.results() == ()


def test_hints_come_one_by_one_and_an_answer_knows_how_many_were_taken() -> None:
    ex = ds.exercise("slope-1", me="anna")
    hints = [str(ex.hint()) for _ in ex.question.hints]
    assert hints[0].startswith(f"Hint 1 of {len(hints)}.")
    assert len(set(hints)) == len(hints)
    assert "no more hints" in str(ex.hint())
    assert ex.check(ex.question.answer.truth).hint_level == len(hints)


def test_the_solution_comes_after_an_attempt() -> None:
    ex = ds.exercise("slope-1", me="anna")
    with pytest.raises(SettingError, match=r"exercise-untried"):
        ex.solution()
    ex.check(1e9)
    solution = ex.solution()
    assert "f'(x)" in str(solution)
    assert ex.check(solution.answer).right


def test_the_solution_can_be_forced() -> None:
    assert ds.exercise("slope-1", me="anna").solution(force=True).answer is not None


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_of_every_solution_is_right(name: str) -> None:
    ex = ds.exercise(name, me="somebody")
    assert ex.check(ex.solution(force=True).answer).right


def test_the_solution_of_code_shows_the_program() -> None:
    text = ds.exercise("code-softmax").solution(force=True)
    assert "def softmax(z):" in str(text)
    assert "```python" in text._repr_markdown_()
    assert "Any" not in str(text)


def test_progress_belongs_to_the_student_and_not_to_the_object() -> None:
    first = ds.exercise("slope-1", me="Anna")
    first.check(first.question.answer.truth)
    assert "done" in ds.exercise("slope-1", me="anna ")._repr_markdown_()
    assert "done" not in ds.exercise("slope-1", me="bert")._repr_markdown_()


def test_a_cell_that_runs_again_is_no_new_attempt() -> None:
    ex = ds.exercise("slope-1", me="anna")
    assert [ex.check(1e9).attempt, ex.check(1e9).attempt, ex.check(2e9).attempt] == [1, 1, 2]


def test_without_an_id_the_numbers_are_nobodys_and_it_is_said_how_to_have_own_ones() -> None:
    assert 'me="your name"' in repr(ds.exercise("slope-1"))


def test_nothing_that_is_typed_is_ever_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> Any:
        raise AssertionError("an answer was run")

    questions = [ds.exercise(name, me="anna") for name in EXERCISES]
    monkeypatch.setattr(builtins, "eval", refuse)
    monkeypatch.setattr(builtins, "exec", refuse)
    for ex in questions:
        assert not ex.check("__import__('os').system('false') or 0.5")
        assert not ex.check("1 if True else 2")


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_has_every_exercise_under_its_topic_with_the_progress() -> None:
    tried, done = ds.exercise("slope-2", me="anna"), ds.exercise("slope-1", me="anna")
    tried.check([1e9, 1e9])
    done.check(done.question.answer.truth)
    listing = ds.exercise(me="anna")
    assert str(listing).startswith(f"{len(EXERCISES)} exercises, 1 done by anna.")
    marks = {name: mark for _, name, _, mark in listing.lines}
    assert (marks["slope-1"], marks["slope-2"], marks["slope-3"]) == ("done", "tried", "")
    assert next(topic for topic, *_ in listing.lines) == "slope"
    assert "| slope | `slope-1` |" in listing._repr_markdown_()
    assert str(ds.exercise()).startswith(f"{len(EXERCISES)} exercises, 0 done.")
