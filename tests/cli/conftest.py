"""The command line, called as a user calls it, and tables to give it."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer

from downslope import data, nn, optim
from downslope.cli import main
from downslope.runs import Run, load, train


@dataclass
class Result:
    """Exit code, what went to stdout and what to stderr."""

    code: int
    out: str
    err: str


Call = Callable[..., Result]
Write = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """The commands are read from their signatures once in a process, as they are for a user, and not for each call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the command is called: an empty one, in which ./runs may be made."""
    place = tmp_path_factory.mktemp("here")
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)  # for commands in processes of their own
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(os.path.abspath(path) for path in paths if path))
    monkeypatch.chdir(place)
    return place


@pytest.fixture(scope="session")
def digits_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 130 steps on the digits, with 8 hidden units and snapshots on its way."""
    path = tmp_path_factory.mktemp("recorded") / "digits-1.run"
    train(nn.mlp([64, 8, 10]), data.digits(), optimizer=optim.adam(0.01), steps=130, record=path)
    return path


@pytest.fixture
def recorded(here: Path, digits_file: Path) -> Path:
    """The same run as runs/digits-1.run of the directory in which the command is called."""
    (here / "runs").mkdir()
    return Path(shutil.copy(digits_file, here / "runs"))


@pytest.fixture
def run(recorded: Path) -> Run:
    """That run, opened."""
    return load(recorded)


@pytest.fixture
def downslope(capfd: pytest.CaptureFixture[str]) -> Call:
    """``downslope("train", "digits")`` in this process, through the same door as the installed command."""

    def call(*words: object) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Result(int(left.value.code or 0), out, err)

    return call


@pytest.fixture
def refused(downslope: Call, tmp_path: Path, here: Path) -> Callable[..., str]:
    """Call with bad input: four lines on stderr with this code, exit code 2, and no file that was not there before."""

    def call(code: str, *words: object) -> str:
        before = [*sorted(tmp_path.rglob("*")), *sorted(here.rglob("*"))]
        result = downslope(*words)
        assert result.code == 2, result.err
        assert result.out == ""
        lines = result.err.splitlines()
        assert re.search(r"\[([a-z-]+)\]$", lines[0]), lines
        assert lines[0].endswith(f"[{code}]"), lines
        assert [line[:9] for line in lines[1:]] == ["  where: ", "  why:   ", "  do:    "]
        assert [*sorted(tmp_path.rglob("*")), *sorted(here.rglob("*"))] == before
        return result.err

    return call


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("people.csv", text)`` gives the path of a new file with this content."""

    def to_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def houses(rows: int = 120, *, cells: dict[int, str] | None = None) -> str:
    """A CSV whose price follows from size, district and a little noise. cells: replaces the size of some rows."""
    rng = np.random.default_rng(0)
    lines = ["size,district,price"]
    for i in range(rows):
        size, district = rng.uniform(40, 200), ("north", "south", "west")[i % 3]
        price = 1500 * size + {"north": 0, "south": 40_000, "west": 90_000}[district] + rng.normal(0, 5_000)
        lines.append(f"{(cells or {}).get(i, f'{size:.1f}')},{district},{price:.0f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def house_table() -> Callable[..., str]:
    return houses
