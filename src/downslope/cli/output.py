"""--out DIR: everything of a run is written aside and put in place at once, so that nothing half-written is left."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from downslope.errors import DataError, DownslopeError

MARK = "Downslope run of "
"""How the summary of a run begins: by it we know a directory of ours."""
OURS = (
    "loss.svg",
    "loss.png",
    "confusion.svg",
    "confusion.png",
    "residuals.svg",
    "residuals.png",
    "parameters.npz",
    "program.py",
    "summary.txt",
)
LEAST_FREE = 8_000_000


def check(folder: Path, *, force: bool) -> None:
    """Refuse before training what could not be written after it. force: write beside files that are not ours.

    Errors: DataError ``out-not-directory``, ``out-not-empty``, ``out-unwritable``, ``out-disk-full``.
    """
    try:
        _check_place(folder)
        if folder.is_dir() and not force and not _is_ours(folder) and any(folder.iterdir()):
            raise _not_empty(folder)
        probe = _nearest_there(folder) / _aside("probe")
        probe.mkdir()
        probe.rmdir()
        free = shutil.disk_usage(_nearest_there(folder)).free
    except OSError as error:
        raise _refused(folder, error) from None
    if free < LEAST_FREE:
        raise _disk_full(folder, f"{free / 1e6:.1f} MB are free")


def write(folder: Path, fill: Callable[[Path], None]) -> list[str]:
    """Let ``fill`` write files into a directory aside, then put them into ``folder``; their names.

    A new directory appears at once, by a rename. In one that exists each file is replaced at once, those of an earlier
    run that have no successor are removed, and everything else stays. Whatever goes wrong, Ctrl-C too, the directory is
    as before. Errors: DataError ``out-unwritable``, ``out-disk-full``.
    """
    made: list[Path] = []
    is_new = not folder.exists()
    aside = (folder.parent if is_new else folder) / _aside(folder.name)
    try:
        made = _make_parents(aside.parent)
        aside.mkdir()
        fill(aside)
        names = sorted(path.name for path in aside.iterdir())
        with _undisturbed():
            if is_new:
                aside.rename(folder)
            else:
                _replace(aside, folder, names)
            made = []
    except OSError as error:
        raise _refused(folder, error) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        for parent in reversed(made):
            with contextlib.suppress(OSError):  # somebody else has put something there since
                parent.rmdir()
    return names


def _replace(aside: Path, folder: Path, names: list[str]) -> None:
    for name in names:
        (aside / name).replace(folder / name)
    for name in set(OURS) - set(names):
        (folder / name).unlink(missing_ok=True)


def _make_parents(folder: Path) -> list[Path]:
    """The directories that had to be made, the outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()][::-1]
    for path in missing:
        path.mkdir(exist_ok=True)
    return missing


def _aside(name: str) -> str:
    return f".{name}.{secrets.token_hex(4)}.tmp"


def _nearest_there(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _is_ours(folder: Path) -> bool:
    try:
        with (folder / "summary.txt").open(encoding="utf-8", errors="replace") as file:
            return file.read(len(MARK)) == MARK
    except OSError:
        return False


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits until the files are in place; only the main thread hears of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []

    def hear(number: int, frame: Any) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


# --- what can be wrong with a directory -------------------------------------------------------------------------------


def _check_place(folder: Path) -> None:
    there = _nearest_there(folder)
    if there.is_dir():
        return
    raise DataError(
        "out-not-directory",
        f"'{there}' is a file, not a directory" if there == folder.absolute() else f"'{there.name}' in it is a file",
        where=f"--out {folder}",
        why="several files are written there: pictures, parameters, the program, a summary",
        do="Give another directory; it is made if it does not exist.",
    )


def _not_empty(folder: Path) -> DownslopeError:
    inside = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(inside[:3]) + (f" and {len(inside) - 3} more" if len(inside) > 3 else "")
    return DataError(
        "out-not-empty",
        f"the directory holds files that are not from an earlier run: {shown}",
        where=f"--out {folder}",
        why="files of the same names would be overwritten",
        do="Give another directory, or add --force: it replaces loss.svg, summary.txt and so on, and nothing else.",
    )


def _refused(folder: Path, error: OSError) -> DownslopeError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return _disk_full(folder, os.strerror(error.errno or 0).lower())
    return DataError(
        "out-unwritable",
        f"nothing can be written there: {(error.strerror or str(error)).lower()}",
        where=f"--out {folder}",
        why="the pictures, the parameters and the summary of the run would be lost",
        do="Give a directory that you may write to, for example --out out/run1 inside of your home directory.",
    )


def _disk_full(folder: Path, what: str) -> DownslopeError:
    return DataError(
        "out-disk-full",
        f"the disk is full: {what}",
        where=f"--out {folder}",
        why="a file that is cut off is worse than none, so nothing was left there",
        do="Make room, or give a directory on another disk.",
    )
