"""--out DIR: all of it or nothing, and never a file of somebody else."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from downslope.cli import keep, output
from downslope.errors import DataError

Call = Callable[..., Any]
Refused = Callable[..., str]

IRIS = ("train", "iris", "--epochs", 1, "--quiet", "--no-baselines", "--out")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def two_files(folder: Path) -> None:
    (folder / "loss.svg").write_text("new", encoding="utf-8")
    (folder / "summary.txt").write_text(f"{output.MARK}new", encoding="utf-8")


def three_files(folder: Path) -> None:
    for name in ("loss.svg", "residuals.svg", "summary.txt"):
        (folder / name).write_text(f"{output.MARK}old", encoding="utf-8")


def test_a_directory_of_others_is_refused_and_force_replaces_files_of_these_names_only(
    refused: Refused, downslope: Call, tmp_path: Path
) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "thesis.txt").write_text("ten years", encoding="utf-8")
    assert "thesis.txt" in refused("out-not-empty", *IRIS, tmp_path / "o")
    assert downslope(*IRIS, tmp_path / "o", "--force").code == 0
    assert (tmp_path / "o" / "thesis.txt").read_text(encoding="utf-8") == "ten years"
    assert (tmp_path / "o" / "loss.svg").exists()


def test_an_earlier_run_is_replaced_with_all_its_files_and_notes_beside_it_stay(tmp_path: Path) -> None:
    folder = tmp_path / "o"
    output.write(folder, three_files)
    (folder / "notes.md").touch()
    output.check(folder, force=False)
    output.write(folder, two_files)
    assert sorted(path.name for path in folder.iterdir()) == ["loss.svg", "notes.md", "summary.txt"]


def test_an_empty_directory_is_used(downslope: Call, tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    assert downslope(*IRIS, tmp_path / "o").code == 0


def test_a_file_in_the_way_is_named(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "o").touch()
    refused("out-not-directory", *IRIS, tmp_path / "o")
    refused("out-not-directory", *IRIS, tmp_path / "o" / "deeper")


def test_a_place_without_permission_is_refused_before_training(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(path: Path, *_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", mkdir)  # chmod would not stop root
    assert "permission denied" in refused("out-unwritable", *IRIS, tmp_path / "o")


def test_a_disk_without_room_is_refused_before_training(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_500_000))
    assert "1.5 MB are free" in refused("out-disk-full", *IRIS, tmp_path / "o")


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), RuntimeError("planted")]
)
def test_whatever_fails_while_writing_leaves_everything_as_it_was(
    tmp_path: Path, failure: BaseException, is_new: bool
) -> None:
    folder = tmp_path / "deep" / "o"
    if not is_new:
        output.write(folder, two_files)
    before = everything(tmp_path)

    def fails(aside: Path) -> None:
        (aside / "loss.svg").write_text("half", encoding="utf-8")
        raise failure

    with pytest.raises(DataError if isinstance(failure, OSError) else type(failure)):
        output.write(folder, fails)
    assert everything(tmp_path) == before
    assert list(tmp_path.iterdir()) == ([] if is_new else [tmp_path / "deep"])
    assert is_new or list((tmp_path / "deep").iterdir()) == [folder]


def test_a_disk_that_fills_up_while_writing_costs_the_files_but_not_the_result(
    downslope: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keep, "fill", full)
    done = downslope("train", "iris", "--epochs", 1, "--no-baselines", "--out", tmp_path / "o")
    assert done.code == 2
    assert "held-out rows right" in done.out
    assert done.err.splitlines()[-4].endswith("[out-disk-full]")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_files_are_put_in_place_waits_for_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "o"
    output.write(folder, three_files)
    replace = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGINT)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        output.write(folder, two_files)
    assert (folder / "loss.svg").read_text(encoding="utf-8") == "new"
    assert (folder / "summary.txt").read_text(encoding="utf-8").endswith("new")
