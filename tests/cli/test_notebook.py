"""``downslope notebook``: the course is found, copied without overwriting answers, and opened by what is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from downslope.cli import notebook, places

MAIN = "Backpropagation_and_GradientDescent"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been started."""
    calls: list[list[str]] = []

    def call(command: list[str]) -> int:
        calls.append(command)
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(notebook, "find_spec", lambda name: name == "jupyterlab" or None)
    return calls


def test_every_notebook_of_the_repository_is_listed_the_main_one_first(downslope: Call) -> None:
    assert places.CHECKOUT
    files = {file.stem for file in (places.CHECKOUT / "notebooks").glob("*.ipynb")}
    listed = downslope("notebook", "--list").out.split()
    assert listed[0] == MAIN
    assert set(listed[1:]) == files


def test_it_is_opened_where_one_stands_from_a_copy(downslope: Call, here: Path, started: list[list[str]]) -> None:
    assert downslope("notebook", "--no-browser", "--port", 9999).code == 0
    assert started == [[sys.executable, "-m", "jupyterlab", str(Path(f"{MAIN}.ipynb")), "--no-browser", "--port=9999"]]
    assert (here / f"{MAIN}.ipynb").read_bytes().startswith(b"{")


def test_a_copy_with_answers_in_it_is_never_overwritten(downslope: Call, here: Path, started: list[list[str]]) -> None:
    (here / f"{MAIN}.ipynb").write_text("my answers")
    downslope("notebook")
    downslope("notebook", "--copy", here)
    assert (here / f"{MAIN}.ipynb").read_text() == "my answers"
    assert len(started) == 1


def test_inside_the_repository_the_notebook_itself_is_opened(
    downslope: Call, monkeypatch: pytest.MonkeyPatch, started: list[list[str]]
) -> None:
    assert places.CHECKOUT
    monkeypatch.chdir(places.CHECKOUT)
    downslope("notebook")
    assert started[0][3] == str(places.CHECKOUT / f"{MAIN}.ipynb")


def test_all_of_the_course_is_copied_into_a_folder(downslope: Call, here: Path) -> None:
    printed = downslope("notebook", "--copy", "course", "--all").out.split()
    assert sorted(here / line for line in printed) == sorted((here / "course").glob("*.ipynb"))
    assert len(printed) == len(downslope("notebook", "--list").out.split())


def test_an_unknown_chapter_is_told_with_the_nearest_name(refused: Callable[..., str]) -> None:
    assert f"Did you mean '{MAIN}'?" in refused("unknown-name", "notebook", "Backpropagation_and_GradientDecent")


def test_without_jupyter_it_says_what_to_install(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "find_spec", lambda _: None)
    said = refused("notebook-jupyter", "notebook")
    assert "pip install 'downslope[notebook]'" in said


def test_a_package_without_its_notebooks_says_so(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "CHECKOUT", None)
    monkeypatch.setattr(notebook, "PACKAGED", tmp_path)
    refused("notebook-missing", "notebook")


@pytest.mark.skipif(find_spec("jupyterlab") is None, reason="JupyterLab is not installed")
def test_the_command_that_is_built_is_one_that_jupyterlab_knows() -> None:
    done = subprocess.run([*notebook.jupyter(), "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
