"""The tables of a run file, and how an older file becomes one of today. docs/run-file.md explains every column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from downslope.runs.steps_view import steps_view

VERSION = 1

# One row in ``chunks`` holds so many steps: few enough to write again at every commit while it fills, many enough that
# a run of a million steps has a thousand rows.
CHUNK = 1024
SCALARS = ("loss", "grad_norm", "lr", "seconds")

# WITHOUT ROWID: one tree a table. With a second one for the key, a flipped bit there would hide rows that are sound.
SCHEMA: tuple[str, ...] = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT, digest BLOB) WITHOUT ROWID",
    "CREATE TABLE segments (number INTEGER PRIMARY KEY, first INTEGER, facts TEXT, digest BLOB)",
    "CREATE TABLE data (hash TEXT PRIMARY KEY, facts TEXT, arrays BLOB, digest BLOB) WITHOUT ROWID",
    "CREATE TABLE chunks (first INTEGER PRIMARY KEY, count INTEGER, loss BLOB, grad_norm BLOB, lr BLOB, seconds BLOB, "
    "digest BLOB)",
    "CREATE TABLE summaries (first INTEGER PRIMARY KEY, count INTEGER, summary TEXT, digest BLOB)",
    "CREATE TABLE metrics (step INTEGER, name TEXT, value REAL, digest BLOB, PRIMARY KEY (step, name)) WITHOUT ROWID",
    "CREATE TABLE snapshots (segment INTEGER, step INTEGER, hash TEXT, size INTEGER, body BLOB, digest BLOB, "
    "PRIMARY KEY (segment, step)) WITHOUT ROWID",
    "CREATE TABLE readings (question TEXT, step INTEGER, body BLOB, digest BLOB, PRIMARY KEY (question, step)) "
    "WITHOUT ROWID",
    "CREATE TABLE notes (number INTEGER PRIMARY KEY, step INTEGER, text TEXT, written TEXT, digest BLOB)",
    "CREATE TABLE forks (path TEXT PRIMARY KEY, step INTEGER, about TEXT, written TEXT, digest BLOB) WITHOUT ROWID",
)
TABLES = tuple(statement.split()[2] for statement in SCHEMA)
KEYS = {
    "meta": ("key",),
    "segments": ("number",),
    "data": ("hash",),
    "chunks": ("first",),
    "summaries": ("first",),
    "metrics": ("step", "name"),
    "snapshots": ("segment", "step"),
    "readings": ("question", "step"),
    "notes": ("number",),
    "forks": ("path",),
}
COUNTED = frozenset(TABLES) - {"readings"}  # an answer that is lost is asked for again

# The last one, and no table: for people with the sqlite3 command; Downslope itself never reads it.
SCHEMA += (steps_view(SCALARS, CHUNK),)

# From layout n to n + 1, on an open RunFile, inside a transaction. Rows are read with ``rows`` and put anew, so that
# their digests fit and damaged ones are not given new ones.
UPGRADES: dict[int, Callable[[Any], None]] = {}
