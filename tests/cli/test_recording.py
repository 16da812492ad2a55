"""Where the command line records: the next free number in ./runs, a path of one's own, or memory, and what it says."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import data, nn, optim
from downslope.cli import recording
from downslope.errors import RunFileError
from downslope.runs import Run, load, train

Call = Callable[..., Any]
Refused = Callable[..., str]

IRIS = ("train", "iris", "--steps", 5, "--no-baselines")


def made(place: bool | Path) -> Run:
    return train(nn.mlp([4, 3]), data.iris(), optimizer=optim.adam(0.01), steps=3, record=place)


def test_runs_are_numbered_and_the_end_says_where(downslope: Call, here: Path) -> None:
    assert "Recorded in runs/iris-1.run" in downslope(*IRIS).out
    assert "`downslope show iris-2`" in downslope(*IRIS).out
    assert sorted(path.name for path in (here / "runs").iterdir()) == ["iris-1.run", "iris-2.run"]
    a, b = (load(here / "runs" / f"iris-{n}.run") for n in (1, 2))
    np.testing.assert_array_equal(a.loss, b.loss)


def test_a_number_is_never_given_twice(here: Path) -> None:
    recording.Recording(None, off=False).made("iris", made)
    (here / "runs" / "iris-7.run").touch()
    assert recording.Recording(None, off=False).made("iris", made).path == str(Path("runs/iris-8.run"))


def test_whoever_comes_second_gets_the_next_number(here: Path) -> None:
    tried: list[Path] = []

    def late(place: bool | Path) -> Run:
        assert isinstance(place, Path)
        tried.append(place)
        if len(tried) == 1:
            made(place)  # another command takes the name between the choice of the number and the making of the file
        return made(place)

    assert recording.Recording(None, off=False).made("iris", late).path == str(tried[1])
    assert [path.name for path in tried] == ["iris-1.run", "iris-2.run"]


def test_a_name_that_is_no_file_name_becomes_one(here: Path) -> None:
    recording.Recording(None, off=False).made("../my data/x", made)
    assert [path.name for path in (here / "runs").iterdir()] == ["my-data-x-1.run"]


def test_a_path_of_ones_own_is_taken_and_never_overwritten(downslope: Call, here: Path) -> None:
    assert downslope(*IRIS, "--record", "mine.run").code == 0
    before = (here / "mine.run").read_bytes()
    again = downslope(*IRIS, "--record", "mine.run")
    assert again.code == 2
    assert "[run-file-exists]" in again.err
    assert "`downslope continue RUN --steps N`" in again.err
    assert (here / "mine.run").read_bytes() == before
    assert [path.name for path in here.iterdir()] == ["mine.run"]


def test_without_a_record_nothing_is_written(downslope: Call, here: Path) -> None:
    done = downslope(*IRIS, "--no-record")
    assert done.code == 0
    assert "Kept in memory only" in done.out
    assert list(here.iterdir()) == []


def test_two_wishes_at_once_are_refused(refused: Refused) -> None:
    refused("cli-two-records", *IRIS, "--record", "x.run", "--no-record")


def test_bad_input_leaves_no_directory_behind(refused: Refused) -> None:
    refused("loss-shape", "train", "digits", "--loss", "mse")


@pytest.mark.parametrize("way", ["a file is in the way", "no permission"])
def test_where_runs_cannot_be_made_it_is_said_in_one_line_and_trained_in_memory(
    downslope: Call, here: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "a file is in the way":
        (here / "runs").touch()
    else:

        def mkdir(path: Path, *_: Any, **__: Any) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(Path, "mkdir", mkdir)  # chmod would not stop root
    done = downslope(*IRIS, "--quiet")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("./runs cannot be written (")
    assert done.err.count("\n") == 1


def test_a_directory_that_takes_no_files_is_the_same(
    downslope: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "runs").mkdir()

    def no_room(place: bool | Path) -> Run:
        if place is not True:
            raise RunFileError("run-file-write", f"{place} cannot be written: full", where="", why="", do="")
        return made(place)

    assert recording.Recording(None, off=False).made("iris", no_room).path is None
