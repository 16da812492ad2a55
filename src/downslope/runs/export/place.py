"""Where an export goes: a file that is there whole or not at all, and never in place of another one unasked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from downslope.errors import RunFileError


@contextlib.contextmanager
def whole(path: str | os.PathLike[str], *, force: bool, where: str) -> Iterator[BinaryIO]:
    """A file to write to, under another name until all of it is on the disk; after an error nothing of it is left.

    Errors: RunFileError ``export-exists`` unless ``force``, ``export-write``.
    """
    final = Path(path)
    if not force and os.path.lexists(final):
        raise exists(final, where)
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())  # a full disk may only be noticed here
        os.replace(part, final)
    except OSError as error:
        raise cannot(final, where, error) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def exists(path: Path, where: str) -> RunFileError:
    """RunFileError ``export-exists``."""
    return RunFileError(
        "export-exists",
        f"{path} is there already",
        where=where,
        why="an export never takes the place of another file unasked",
        do="give another name, or force=True to write it anew",
    )


def cannot(path: str | os.PathLike[str], where: str, error: Exception) -> RunFileError:
    """RunFileError ``export-write``."""
    return RunFileError(
        "export-write",
        f"{os.fspath(path)} cannot be written: {error}",
        where=where,
        why="an export is written whole or not at all: nothing of it is left behind",
        do="make room, or choose a place that exists and can be written to; the run itself is untouched",
    )
