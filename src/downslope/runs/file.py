"""The run file as a whole: how it begins, how others read it while a training writes it, and what is left at the end.

A run that is trained begins in memory, and its first commit writes all of it at once: making a file, sharing it with
others and taking the log away again takes longer than a thousand small steps, and a short training commits once. If it
goes on, the file is in write-ahead-log mode: others read it meanwhile, and what was committed survives ``kill -9``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from downslope.errors import RunFileError
from downslope.runs import connect, layout
from downslope.runs.rows import Rows

MEMORY = ":memory:"
AT_ONCE = 2**20  # bytes: a run that begins with more is not kept in memory until its first commit


class RunFile(Rows):
    """An open run file: one SQLite database a run.

    unsaved: for a file in memory, why it is not where it was to be; "" otherwise.
    """

    def __init__(self, connection: sqlite3.Connection, path: str, *, read_only: bool) -> None:
        super().__init__(connection, path)
        self.read_only, self.unsaved = read_only, ""
        self._place: Path | None = None  # where its rows will be, which are in memory until the next transaction
        self._fresh = False  # they have just come there, and nothing was written since
        self._goes_on = False  # a training writes, and not for the last time
        self._held: int | None = None  # the right to record

    @classmethod
    def create(
        cls, path: str | os.PathLike[str] | None, begin: Callable[[RunFile], None] = lambda file: None
    ) -> RunFile:
        """A new file, or one in memory for None; begin writes what it begins with, and it has that or is not there.

        Errors: RunFileError ``run-file-exists``, ``run-file-write``.
        """
        if path is None:
            file = cls(connect.in_memory(), MEMORY, read_only=False)
        else:
            file = cls(connect.begun(Path(path)), str(path), read_only=False)
        with file._made():
            with file.writing():
                begin(file)
            if path is not None:
                file.close()
                file.connection = connect.named(Path(path))
                file._set("synchronous = OFF", "journal_mode = WAL", "synchronous = NORMAL")
        return file

    @classmethod
    def to_come(cls, path: str | os.PathLike[str], begin: Callable[[RunFile], None]) -> RunFile:
        """A new file whose name is taken now, and which is there for others from its next transaction on.

        Until then its rows are in memory, if they are not very many. Errors as for :meth:`create`.
        """
        place = Path(os.path.abspath(path))
        connect.take(place)
        file = cls(connect.in_memory(), str(path), read_only=False)
        with file._made():
            with file.writing():
                begin(file)
            file._place = place
            size = 4096 * file.select("PRAGMA page_count")[0][0]
            connect.require_room(place, size)
            if size > AT_ONCE:
                file._come(place)
        return file

    @contextlib.contextmanager
    def _made(self) -> Iterator[None]:
        """What fails inside leaves no file behind."""
        try:
            yield
        except BaseException as error:
            self.close()
            if not self.in_memory:
                connect.discard(Path(self.path))
            if isinstance(error, OSError | sqlite3.Error):
                raise connect.unwritable(self.path, error) from error
            raise

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFile:
        """A file that is there; read-only where it, or its directory, cannot be written to.

        Errors: RunFileError ``run-file-missing``, ``run-file-foreign``, ``run-file-empty``, ``run-file-newer``,
        ``run-file-older``.
        """
        connection, read_only, version = connect.existing(Path(path))
        file = cls(connection, str(path), read_only=read_only)
        try:
            if version < layout.VERSION:
                file._upgrade(version)
        except BaseException:
            file.close()
            raise
        return file

    def _upgrade(self, version: int) -> None:
        """To today's layout, in one transaction."""
        if self.read_only:
            raise connect.older(self.path, version)
        with self.writing():
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]  # somebody may have been faster
            for step in range(version, layout.VERSION):
                layout.UPGRADES[step](self)
            self._tell_lost(self)
            self.connection.execute(f"PRAGMA user_version = {layout.VERSION}")

    @property
    def in_memory(self) -> bool:
        """Whether it ends with the process."""
        return self.path == MEMORY

    def copy(self, path: str | os.PathLike[str] | None, more: Callable[[RunFile], None] = lambda file: None) -> RunFile:
        """A new file with the rows that are sound, and with what ``more`` puts. Errors as for :meth:`create`."""

        def fill(made: RunFile) -> None:
            with self.reading():
                self.check()
                for table in layout.TABLES:
                    for row in self.rows(table):
                        if (table, row[0]) != ("meta", "rows"):
                            made.put(table, *row)
            self._tell_lost(made)
            more(made)

        return RunFile.create(path, fill)

    def _tell_lost(self, made: RunFile) -> None:
        """A file made from this one lacks what is damaged here, and says so."""
        if self.damage:
            made.set_meta("lost", [[damage.table, damage.row, damage.why] for damage in self.damage])

    def close(self) -> None:
        """No more reading or writing."""
        with self._lock:
            self.connection.close()

    # --- writing while others read -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Inside, a training writes and others can read meanwhile; afterwards it is settled.

        Errors: RunFileError ``run-file-write`` where it may not be written to, ``run-written-twice`` where another
        training is recording in it.
        """
        if self.read_only:
            raise connect.unwritable(self.path, "it, or its directory, is read-only; run.save(path) writes a copy")
        if not self.in_memory and self._place is None:
            self._share()
        self._goes_on = True
        try:
            yield
        finally:
            self._goes_on = False
            if self._held is not None:
                os.close(self._held)
                self._held = None
            self.settle()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all that is put inside is there afterwards, or nothing of it.

        Errors: RunFileError ``run-file-write``.
        """
        with self._lock:
            if self._fresh and not self._depth:
                self._set("synchronous = NORMAL")
                self._fresh = False
            with super().writing():
                yield
            if self._place is not None and not self._depth:
                self._come(self._place)

    def _come(self, place: Path) -> None:
        """From memory into the file, all at once; if it fails, it is tried with the next transaction.

        Errors: RunFileError ``run-file-write``.
        """
        try:
            connection = connect.named(place, self.connection.serialize())
        except (OSError, sqlite3.Error) as error:
            raise connect.unwritable(self.path, error) from error
        self.connection.close()
        self.connection, self._place, self._fresh = connection, None, True
        if self._goes_on:
            self._set("synchronous = OFF", "journal_mode = WAL")  # what is just beginning need not be on the disk
            self._share()

    def _share(self) -> None:
        """From now on others read while this one writes, and no other training does.

        Errors: RunFileError ``run-written-twice``.
        """
        self._set("synchronous = NORMAL", "journal_mode = WAL")  # without a log, readers and writer wait for each other
        self._fresh = False
        with contextlib.suppress(sqlite3.Error):
            self.count("meta")  # now the log is there
        self._held = connect.claim(self.path)

    def without_log(self) -> None:
        """Before the last commit, if nobody else is reading: one file again, without a log beside it.

        So the commit writes once what the log would have held in between. Until ``settle`` others wait, and as before a
        killed process loses no commit.
        """
        self._goes_on = False
        if self.in_memory or self._place is not None or self._fresh:  # there is none
            return
        self._set("busy_timeout = 0", "synchronous = OFF", "locking_mode = EXCLUSIVE", "journal_mode = DELETE")
        if self.select("PRAGMA journal_mode") != [("delete",)]:
            self._together()

    def _together(self) -> None:
        """As before: with others, who may hold it for a moment. (Reading the version lets go of the lock.)"""
        wait = f"busy_timeout = {int(1000 * connect.WAIT)}"
        self._set("locking_mode = NORMAL", "user_version", "synchronous = NORMAL", wait)

    def settle(self) -> None:
        """After the last write: what the log held is in the file when this returns, for whoever copies it.

        A thread of its own sees the file onto the disk, which takes its time.
        """
        if self.in_memory or self.read_only:
            return
        if self._place is not None:
            try:
                self._come(self._place)
            except (RunFileError, MemoryError):  # the training has told it
                connect.discard(self._place)
                return
        if not self._fresh:
            self.without_log()
            self._together()
        threading.Thread(target=connect.onto_disk, args=(self.path, self._lock), name="onto disk").start()

    def _set(self, *settings: str) -> None:
        """Settings of SQLite's, each where it can be had now."""
        with self._lock:
            for setting in settings:
                with contextlib.suppress(sqlite3.Error):
                    self.connection.execute(f"PRAGMA {setting}").fetchall()
