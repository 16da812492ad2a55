"""How a run file is opened by SQLite: a new one, one that is there, one that may only be read; and when it is not."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from downslope.errors import RunFileError
from downslope.runs import layout

try:
    import fcntl
except ImportError:  # Windows: there the recorder notices a second training at its next commit
    fcntl: Any = None  # type: ignore[no-redef]

APPLICATION = 0x444F574E  # "DOWN": what `file` and SQLite call PRAGMA application_id
WAIT = 2.0  # seconds for another process to end its transaction; a training waits no longer than that for its record
_beginning: dict[str, int] = {}  # what this process begins -> its lock
NOT_READABLE = (sqlite3.Error, UnicodeError, OverflowError, ValueError, TypeError, MemoryError)


@cache
def _tables() -> bytes:
    """A run file without a row: copying it is faster than making its tables again."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in layout.SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {layout.VERSION}")
        return connection.serialize()


def in_memory() -> sqlite3.Connection:
    """A database with all tables and no rows, that ends with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        empty.deserialize(_tables())
        empty.backup(connection)
    return _ready(connection)


def begun(path: Path) -> sqlite3.Connection:
    """A database with all tables and no rows beside the name that it will have, which is taken from now on.

    Errors: RunFileError ``run-file-exists``, ``run-file-write``.
    """
    take(path)
    try:
        part = _part(path)
        part.write_bytes(_tables())
        connection = _ready(sqlite3.connect(part, isolation_level=None, check_same_thread=False))
        connection.execute("PRAGMA journal_mode = OFF")  # if this fails, it is thrown away
        connection.execute("PRAGMA synchronous = OFF")  # what is just beginning need not survive a power failure
    except (OSError, sqlite3.Error) as error:
        discard(path)
        raise unwritable(str(path), error) from None
    return connection


def take(path: Path) -> None:
    """Take a name with an empty file beside it: nothing is there under the name until all of it is.

    Errors: RunFileError ``run-file-exists``, ``run-file-write``.
    """
    part = _part(path)
    try:
        try:
            held, is_left = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644), False
        except FileExistsError:
            held, is_left = os.open(part, os.O_RDWR), True
        if not _locked(held, part, otherwise=not is_left):  # two at once: only one gets the name
            os.close(held)
            raise FileExistsError
        _beginning[str(part.absolute())] = held
        if os.path.lexists(path):
            discard(path)
            raise FileExistsError
    except FileExistsError:
        if os.path.lexists(path):
            what, do = path, "give another name, or go on with it: ds.load(path).train(steps)"
        else:
            what, do = part, "give another name, or wait a moment and go on with it: ds.load(path).train(steps)"
        raise RunFileError(
            "run-file-exists",
            f"{what} is there already",
            where=f"record={str(path)!r}",
            why="a recorded run is never overwritten",
            do=do,
        ) from None
    except (OSError, ValueError) as error:
        raise unwritable(str(path), error) from None


def _locked(held: int, part: Path, *, otherwise: bool) -> bool:
    """Whether nobody else begins a run here: who begins one holds a lock, and a killed training has left it.

    otherwise: the answer where the file system knows no locks.
    """
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):
        return otherwise
    try:
        return os.path.samestat(os.fstat(held), os.stat(part))
    except OSError:  # it has its name by now
        return False


def _let_go(path: Path) -> None:
    held = _beginning.pop(str(_part(path).absolute()), None)
    if held is not None:
        os.close(held)


def named(path: Path, image: bytes | None = None) -> sqlite3.Connection:
    """What was begun, or the bytes of a database, under the name that was taken: for others all of it is there at once.

    Errors: OSError, SQLite's.
    """
    part = _part(path)
    if image is not None:
        part.write_bytes(image)
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.replace(part, path)
    _let_go(path)
    return _ready(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT))


def _part(path: Path) -> Path:
    return path.with_name(path.name + "-part")


def require_room(path: Path, size: int) -> None:
    """So many bytes can still be written beside this file. Errors: OSError."""
    if hasattr(os, "statvfs"):
        found = os.statvfs(path.parent)
        if found.f_blocks and found.f_bfree * found.f_frsize < size:  # some file systems know no sizes
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def onto_disk(path: str, at_rest: AbstractContextManager[Any]) -> None:
    """Wait until a file is on the disk, where a power failure finds it.

    at_rest: inside, no transaction of this process goes on; closing a file takes all locks that a process has on it.
    """
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            with at_rest:
                os.close(file)


def discard(path: Path) -> None:
    """Take away what was begun and could not be finished."""
    with contextlib.suppress(OSError):
        os.remove(_part(path))
    _let_go(path)


def existing(path: Path) -> tuple[sqlite3.Connection, bool, int]:
    """A run file that is there: the connection, whether it can only be read, and the version of its layout.

    Errors: RunFileError ``run-file-missing``, ``run-file-foreign``, ``run-file-empty``, ``run-file-newer``.
    """
    if not os.path.isfile(path):
        if os.path.isfile(_part(path)):
            raise _empty(path, _part(path))
        raise RunFileError(
            "run-file-missing",
            f"{path} is a directory" if os.path.isdir(path) else f"there is no file {path}",
            where=f"load({str(path)!r})",
            why="a run is read from the file that was recorded while it was trained",
            do="`downslope runs` lists the runs of a directory; give the path of one",
        )
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    log = os.path.exists(f"{path}-wal")
    modes = ["mode=rw"] if writable else []
    # Without a log beside it a file of a read-only directory can be read as it stands: nobody else writes there.
    modes += ["mode=ro"] if log or writable else ["mode=ro&immutable=1"]
    reasons = []
    for mode in modes:
        try:
            connection, version = _opened(path, mode)
        except NOT_READABLE as error:
            reasons.append(_short(str(error)))
        else:
            return connection, mode != "mode=rw", version
    if log and not writable:
        do = "copy it and the -wal file beside it to a directory that can be written to, and open it there"
    else:
        do = "nothing of it can be used; take a copy of it, if there is one"
    raise RunFileError(
        "run-file-foreign",
        f"{path} cannot be read as a run file: {reasons[0]}",
        where=f"load({str(path)!r})",
        why="it is something else, or its first pages, which say what is where, are damaged or not allowed to be read",
        do=do,
    )


def _short(text: str) -> str:
    """The beginning of a message that may quote a damaged statement."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:150])


def _opened(path: Path, mode: str) -> tuple[sqlite3.Connection, int]:
    address = f"file:{str(path.resolve()).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?{mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=WAIT)
    try:
        _ready(connection)
        # A killed process loses no commit; after a power failure the last ones may be missing, and the rest is sound.
        connection.execute("PRAGMA synchronous = NORMAL")
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables and not ours:
            raise _empty(path, path)
        if not ours or "meta" not in tables:
            raise sqlite3.DatabaseError("it is an SQLite database of something else")
        if version > layout.VERSION:
            raise _newer(path, version)
    except BaseException:
        connection.close()
        raise
    return connection, version


def _ready(connection: sqlite3.Connection) -> sqlite3.Connection:
    # A flipped bit may make a text illegal; the row's digest finds it, and the rows after it are still read.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def claim(path: str) -> int | None:
    """Take the right to record in this file, which ends with the process, or when the number is closed.

    It is a lock on the log, where SQLite has none itself. None where the file system knows no locks. Errors:
    RunFileError ``run-written-twice``.
    """
    try:
        held = os.open(f"{path}-wal", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise written_twice(path, "another training is recording in it right now") from None
    except (OSError, AttributeError):
        os.close(held)
        return None
    return held


def written_twice(path: str, what: str) -> RunFileError:
    """Two trainings go on with the same run."""
    return RunFileError(
        "run-written-twice",
        f"{path}: {what}",
        where=path,
        why="a file holds one course of steps; two that write it would mix theirs",
        do="train a run in one place at a time, or branch off: run.fork(record=path).train(steps)",
    )


def unwritable(path: str, reason: object) -> RunFileError:
    """The file cannot be written: a full disk, no permission, a lock that nobody lets go."""
    return RunFileError(
        "run-file-write",
        f"{path} cannot be written: {reason}",
        where=path,
        why="a run is recorded while it is trained, so that nothing is lost if it is stopped",
        do="make room, or choose a directory that exists and can be written to; record=True records in memory",
    )


def _empty(path: Path, there: Path) -> RunFileError:
    return RunFileError(
        "run-file-empty",
        f"{path} holds nothing yet",
        where=f"load({str(path)!r})",
        why="its training is only just beginning, or was stopped before it had written its start",
        do=f"try again in a moment; if nobody is training it, remove {there}",
    )


def _newer(path: Path, version: int) -> RunFileError:
    return RunFileError(
        "run-file-newer",
        f"{path} has layout {version}; this Downslope reads layouts up to {layout.VERSION}",
        where=f"load({str(path)!r})",
        why="it was recorded by a newer Downslope, whose tables this one does not know",
        do="install a newer Downslope: pip install --upgrade downslope",
    )


def older(path: str, version: int) -> RunFileError:
    """A file that would have to be brought to today's layout, and may not be written to."""
    return RunFileError(
        "run-file-older",
        f"{path} has layout {version}, this Downslope reads {layout.VERSION}; it cannot be written to",
        where=f"load({path!r})",
        why="an older file is brought to today's layout when it is opened",
        do="copy it to a place that can be written to, and open the copy",
    )
