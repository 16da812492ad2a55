"""``downslope lab``: what it is opened on, and what it says where that cannot be."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from downslope.cli import lab
from downslope.errors import SettingError


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the server would have been started with."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("downslope.lab.serve.serve", lambda folder, **more: calls.append({"folder": folder, **more}))
    return calls


def test_without_a_word_it_shows_the_runs_of_this_directory(
    downslope: Any, here: Path, served: list[dict[str, Any]]
) -> None:
    assert downslope("lab", "--no-browser").code == 0
    assert (here / "runs").is_dir()
    assert (served[0]["folder"], served[0]["opened"], served[0]["browser"]) == ((here / "runs").resolve(), None, False)


def test_a_run_is_shown_first_and_a_folder_as_it_is(
    downslope: Any, here: Path, recorded: Path, served: list[dict[str, Any]]
) -> None:
    for word in ("digits-1", "runs/digits-1.run", "last", "runs", "."):
        assert downslope("lab", word, "--port", "8800").code == 0
    assert [each["opened"] for each in served] == ["digits-1", "digits-1", "digits-1", None, None]
    assert [each["folder"] for each in served] == [(here / "runs").resolve()] * 4 + [here.resolve()]
    assert {each["port"] for each in served} == {8800}


@pytest.mark.parametrize(
    ("word", "code"),
    [("nothing", "cli-run-unknown"), ("nothing/", "lab-folder"), ("a/b", "lab-folder"), ("no.run", "cli-run-unknown")],
)
def test_what_is_not_there_is_one_clear_message(downslope: Any, word: str, code: str) -> None:
    result = downslope("lab", word)
    assert result.code == 2
    assert f"[{code}]" in result.err
    assert len(result.err.strip().splitlines()) == 4


def test_a_port_in_use_ends_with_code_2(downslope: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = downslope("lab", "--port", str(other.getsockname()[1]), "--no-browser")
    assert result.code == 2
    assert "[lab-port]" in result.err


def test_a_folder_that_cannot_be_made_is_one_clear_message(here: Path) -> None:
    (here / "runs").write_text("a file")
    with pytest.raises(SettingError, match="lab-folder"):
        lab.place(None)


def test_the_help_shows_how_it_is_called(downslope: Any) -> None:
    out = downslope("lab", "--help").out
    for words in ("downslope lab experiments --port 8800", "--no-browser", "127.0.0.1", "ssh -L"):
        assert words in out


def test_a_word_is_looked_up_with_its_code() -> None:
    found = lab.look_up("dead_units")[0]
    assert found["kind"] == "instrument"
    assert "def dead_units" in found["code"]
    assert found["file"] == "src/downslope/instruments/dead_units.py"
    assert lab.look_up("nothing at all") == []
