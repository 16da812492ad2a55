"""The journal: shared by kernels through one file, whole after a power cut, and never in the way of an answer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import downslope as ds
from downslope.errors import SettingError
from downslope.exercises.journal import JOURNAL, Event, Journal, place, read

words = st.text(max_size=20)
events = st.builds(
    Event, words, words, st.sampled_from(["right", "wrong", "hint"]), words, words, st.integers(0, 9), words
)


@given(st.lists(events, max_size=5, unique=True))
def test_events_are_read_back_from_their_file(written: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal()
        file = journal.keep(Path(folder) / "new" / "events.jsonl")
        for event in written:
            journal.add(event)
        assert read(file) == written


def test_what_was_answered_before_keeping_is_kept_too_and_only_once(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    ds.exercise("slope-1", me="anna").check(1e9)
    ds.exercises.keep(file)
    ds.exercises.keep(file)
    ds.exercise("slope-1", me="anna").check(2e9)
    assert [event.answer for event in read(file)] == ["1000000000.0", "2000000000.0"]


def test_a_second_kernel_goes_on_where_the_first_one_was(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    ds.exercises.keep(file)
    ex = ds.exercise("slope-1", me="anna")
    ex.check(ex.question.answer.truth)
    JOURNAL.forget()
    assert "done" not in str(ds.exercise("slope-1", me="anna"))
    ds.exercises.keep(file)
    assert "done" in str(ds.exercise("slope-1", me="anna"))


def test_a_file_begins_with_the_first_event(tmp_path: Path) -> None:
    file = ds.exercises.keep(tmp_path / "new" / "events.jsonl")
    assert not file.parent.exists()
    ds.exercise("slope-1", me="anna").check(1e9)
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "torn",
    [
        '{"exercise": "slope-1", "me": "an',
        "[]",
        "3",
        "null",
        '{"hints": "many", "exercise": "a", "me": "", "what": ""}',
        "\x00\x00",
        "",
    ],
)
def test_a_torn_line_costs_that_line_alone(tmp_path: Path, torn: str) -> None:
    file = tmp_path / "events.jsonl"
    journal = Journal()
    journal.keep(file)
    journal.add(Event("slope-1", "anna", "right"))
    file.write_text(file.read_text() + torn, encoding="utf-8")
    assert read(file) == [Event("slope-1", "anna", "right")]


def test_a_place_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="exercise-journal"):
        Journal().keep(tmp_path / "file" / "events.jsonl")
    with pytest.raises(SettingError, match="exercise-journal"):
        Journal().keep(tmp_path)


def test_a_file_that_goes_away_costs_the_line_and_not_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ds.exercises.keep(tmp_path / "gone" / "events.jsonl")
    (tmp_path / "gone").write_text("a file where a folder was")
    assert ds.exercise("slope-1", me="anna").check(1e9).outcome == "wrong"
    assert "no longer kept" in capsys.readouterr().err
    assert ds.exercise("slope-1", me="anna").check(2e9).attempt == 2


def test_the_usual_place_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert place() == tmp_path / "progress" / "exercises.jsonl"
    monkeypatch.delenv("DOWNSLOPE_PROGRESS")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert place() == tmp_path / "state" / "downslope" / "exercises.jsonl"
