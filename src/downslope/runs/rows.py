"""The rows of a run file: whole transactions, and rows that vouch for themselves.

SQLite does not notice a flipped bit inside a value, so every row carries a digest of what it holds; a row whose digest
does not fit is never used, and is listed in ``damage``. How many rows there are is written down too, so that one which
vanishes is missed. docs/run-file.md describes the tables.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from downslope.runs import connect, layout
from downslope.runs.connect import NOT_READABLE
from downslope.runs.damage import Damage, digest, named


class Rows:
    """An open database. Rows go in with ``put`` inside ``with rows.writing():``, and come out with ``rows``."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.connection, self.path = connection, path
        self.damage: list[Damage] = []
        self._lock = threading.RLock()  # one connection serves the threads of a process
        self._depth = 0
        self._before: dict[str, int] = {}  # rows of the tables that this transaction touches, before it did

    # --- writing -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all that is put inside is there afterwards, or nothing of it.

        Errors: RunFileError ``run-file-write``.
        """
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self.connection.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._count()
                    self.connection.execute("COMMIT")
            except BaseException as error:
                if self._depth == 1 and self.connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self.connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise connect.unwritable(self.path, error) from error
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._before.clear()

    def put(self, table: str, *values: Any) -> None:
        """A row of the table, in the order of its columns; one with the same key is replaced."""
        self.put_all(table, [values])

    def put_all(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Several rows, each as for :meth:`put`."""
        if rows:
            self._touch(table)
            marks = ", ".join("?" * (len(rows[0]) + 1))
            sealed = [(*values, digest(table, values)) for values in rows]
            self.connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", sealed)

    def remove(self, table: str, where: str, *values: Any) -> None:
        """The rows of which ``where`` is true."""
        self._touch(table)
        self.connection.execute(f"DELETE FROM {table} WHERE {where}", values)

    def _touch(self, table: str) -> None:
        if table in layout.COUNTED and table not in self._before:
            self._before[table] = self.count(table)

    def _count(self) -> None:
        """Write down how many rows came and went. What was missing before stays missing."""
        if not self._before:
            return
        self._touch("meta")
        known = self.meta("rows", {})
        after = {table: known.get(table, before) + self.count(table) - before for table, before in self._before.items()}
        after["meta"] += not known  # the row that is being written
        self.set_meta("rows", known | after)

    # --- reading -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, all that is read is of one moment, whoever writes meanwhile."""
        with self._lock:
            begin = not self.connection.in_transaction
            if begin:
                self.connection.execute("BEGIN")
            try:
                yield
            finally:
                if begin:
                    with contextlib.suppress(sqlite3.Error):
                        self.connection.execute("ROLLBACK")

    def rows(self, table: str, where: str = "", *values: Any) -> Iterator[tuple[Any, ...]]:
        """The sound rows of a table; what cannot be used is added to ``damage`` and left out.

        In a damaged file a search by key may pass over rows that are there and come by others, whose digests fit. So
        rows that nobody can compute again are looked for among all rows, and a single one with ``row``.
        """
        condition = f" WHERE {where}" if where else ""
        found, broken = [], ""
        with self._lock:
            try:
                cursor = self.connection.execute(f"SELECT * FROM {table}{condition}", values)
                while (row := cursor.fetchone()) is not None:
                    found.append(row)
            except NOT_READABLE as error:
                broken = str(error)
        for *row, seal in found:
            if digest(table, row) == seal:
                yield tuple(row)
            else:
                self.note(table, named(table, row), "its bytes are not those that were written")
        if broken:
            self.note(table, f"after {named(table, found[-1])}" if found else "(all)", broken)

    def row(self, table: str, *key: Any) -> tuple[Any, ...] | None:
        """The sound row with this key, None if there is none."""
        where = " AND ".join(f"{column} = ?" for column in layout.KEYS[table])
        return next((row for row in self.rows(table, where, *key) if row[: len(key)] == key), None)

    def select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows as they stand, without their digests: for what is checked elsewhere. Errors: those of SQLite."""
        with self._lock:
            return self.connection.execute(query, values).fetchall()

    def count(self, table: str) -> int:
        """How many rows a table has, sound or not."""
        return int(self.select(f"SELECT count(*) FROM {table}")[0][0])

    def check(self) -> None:
        """Add to ``damage`` the facts that are damaged, how many rows are missing, and what was lost earlier."""
        facts = {key: json.loads(text) for key, text in self.rows("meta")}
        for lost in facts.get("lost", ()):
            self.note(*lost)
        known = facts.get("rows")
        if known is None:
            self.note("meta", "row rows", "how many rows there were is lost")
        for table, rows in (known or {}).items():
            try:
                found = len(set(self.select(f"SELECT {', '.join(layout.KEYS[table])} FROM {table}")))
            except NOT_READABLE as error:
                self.note(table, "(some)", str(error))
                continue
            if found != rows:
                self.note(table, "(some)", f"{found} rows, where {rows} were written")

    def note(self, table: str, row: str, why: str) -> None:
        """Remember what cannot be used."""
        damage = Damage(table, row, why)
        if damage not in self.damage:
            self.damage.append(damage)

    def meta(self, key: str, default: Any = None) -> Any:
        """A fact of the run, ``default`` where there is none or it is damaged."""
        found = self.row("meta", key)
        return default if found is None else json.loads(found[1])

    def set_meta(self, key: str, value: Any) -> None:
        """Write a fact of the run."""
        self.put("meta", key, json.dumps(value))
