"""Is this file a table at all? Answers before any parser is asked, so that each bad file gets one clear message."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from downslope.data.column import quoted
from downslope.data.dataset import IntArray
from downslope.errors import DataError

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PARQUET = (".parquet", ".pq")
READABLE = (*SEPARATORS, *PARQUET)


@dataclass(frozen=True, eq=False)
class Layout:
    """A text table: its header, its separator and the line on which each data row starts, shape (n,)."""

    header: tuple[str, ...]
    separator: str
    lines: IntArray


def checked_path(path: Path) -> Path:
    """``path`` if it is a file of a known kind with something in it.

    Errors: DataError ``data-file-missing``, ``data-file-directory``, ``data-file-kind``, ``data-file-unreadable``,
    ``data-empty``.
    """
    try:
        if path.is_dir():
            raise _directory(path)
        if not path.exists():
            raise _missing(path)
        if path.suffix.lower() not in READABLE:
            raise _kind(path)
        with path.open("rb") as file:
            if not file.read(1):
                raise empty(str(path), "the file has 0 bytes")
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from None
    return path


def layout(path: Path) -> Layout:
    """Walk through a text table once: header, separator, line of each row.

    polars fills short rows with nulls and renames doubled columns without a word; here both are errors that name the
    line. Errors: DataError ``data-empty``, ``data-encoding``, ``data-duplicate-columns``, ``data-ragged-rows``,
    ``data-file-unreadable``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(path, file.readline())
            file.seek(0)
            found = _walk(path, csv.reader(file, delimiter=separator, strict=True), separator)
            endings = file.newlines
    except UnicodeDecodeError:
        raise _encoding(path) from None
    except csv.Error as error:
        raise broken_quotes(path, str(error)) from None
    if endings == "\r":
        raise unreadable(path, "its lines end in a lone carriage return, as on a Macintosh before 2001")
    return found


def _separator(path: Path, first_line: str) -> str:
    # Spreadsheets in countries with a decimal comma write .csv with semicolons; a comma-separated header of one column
    # has none.
    expected = SEPARATORS[path.suffix.lower()]
    if expected not in first_line:
        for other in ";\t,":
            if other in first_line:
                return other
    return expected


def _walk(path: Path, rows: Iterator[list[str]], separator: str) -> Layout:
    header: tuple[str, ...] | None = None
    lines: list[int] = []
    ragged: list[tuple[int, int]] = []
    line = 1
    for row in rows:
        if header is None:
            if row:
                header = tuple(name.strip() for name in row)
                _check_duplicates(path, header, line)
        else:
            lines.append(line)
            if row and len(row) != len(header):
                ragged.append((line, len(row)))
        line = rows.line_num + 1  # type: ignore[attr-defined]  # the reader's type has no public name
    if header is None:
        raise empty(str(path), "the file holds blank lines only")
    if ragged:
        raise _ragged(path, ragged, len(header))
    if not lines:
        raise empty(str(path), f"the header ({quoted(header)}) is not followed by any row")
    return Layout(header, separator, np.array(lines, dtype=np.int64))


def _check_duplicates(path: Path, header: tuple[str, ...], line: int) -> None:
    doubled = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if not doubled:
        return
    raise DataError(
        "data-duplicate-columns",
        f"the column name {quoted(doubled)} occurs more than once",
        where=f"{path}, line {line}",
        why="a name must say which column is meant: as target, in drop_columns, and in every picture",
        do="Give each column its own name in the header line.",
    )


def _ragged(path: Path, ragged: list[tuple[int, int]], width: int) -> DataError:
    shown = ", ".join(f"line {line} has {cells}" for line, cells in ragged[:3])
    more = f", and {len(ragged) - 3} more lines differ" if len(ragged) > 3 else ""
    return DataError(
        "data-ragged-rows",
        f"the header has {width} cells, but {shown}{more}",
        where=f"{path}, line {ragged[0][0]}",
        why="it is unknown which column each cell of such a line belongs to",
        do="Correct those lines; a separator inside a text needs double quotes around that text.",
    )


def _encoding(path: Path) -> DataError:
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        line, what = 1, "the file is UTF-16"
    else:
        line, what = 1, "some bytes are not UTF-8"
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            what = f"byte 0x{raw[error.start]:02x} is not UTF-8 text"
    return DataError(
        "data-encoding",
        what,
        where=f"{path}, line {line}",
        why="guessing the encoding would turn names and categories into other ones",
        do="Save it as UTF-8: in a spreadsheet 'CSV UTF-8', on a terminal iconv -f latin1 -t utf-8 old.csv > new.csv.",
    )


def empty(where: str, what: str) -> DataError:
    """The error for a table without rows."""
    return DataError(
        "data-empty",
        what,
        where=where,
        why="there is nothing to train on",
        do="Check the program that wrote it: a table needs a header line and at least 10 rows.",
    )


def unreadable(path: Path, reason: str, line: int | None = None) -> DataError:
    """The error for a file that its reader refuses."""
    return DataError(
        "data-file-unreadable",
        f"the file cannot be read: {reason.strip().splitlines()[0]}",
        where=str(path) if line is None else f"{path}, line {line}",
        why="the file is damaged, is of another kind than its ending says, or may not be opened",
        do="Write it again from its source, or open it in a spreadsheet and save it as CSV (UTF-8)."
        if line is None
        else 'Put the whole cell in quotation marks and double the one inside: "5\'11""".',
    )


def broken_quotes(path: Path, reason: str) -> DataError:
    """The error for a text table whose quotation marks do not pair up, with the first line where they do not."""
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, start=1):
            if text.count('"') % 2:
                return unreadable(path, "a quotation mark has no partner", line)
    return unreadable(path, reason)


def _directory(path: Path) -> DataError:
    inside = sorted(child.name for child in path.iterdir() if child.suffix.lower() in READABLE)
    return DataError(
        "data-file-directory",
        "this is a directory, not a file",
        where=str(path),
        why="one table is read from one file",
        do=f"Name a file in it: {quoted(inside)}." if inside else f"Give the path of a {', '.join(READABLE)} file.",
    )


def _missing(path: Path) -> DataError:
    if path.parts[0] in ("http:", "https:"):
        hint = "Only files on this machine are read: download it first."
    elif not path.parent.is_dir():
        hint = f"The directory {path.parent} does not exist either; check the whole path."
    else:
        there = sorted(child.name for child in path.parent.iterdir() if child.is_file())
        # Compared without the ending too: 'house.csv' is probably meant when it is called 'house.parquet'.
        close = difflib.get_close_matches(path.name, there, n=3, cutoff=0.6) or [
            n for n in there if n.startswith(path.stem)
        ]
        tables = [name for name in there if name.endswith(READABLE)]
        hint = f"Did you mean {quoted(close)}?" if close else f"Tables in that directory: {quoted(tables) or 'none'}."
    return DataError(
        "data-file-missing",
        "there is no such file",
        where=str(path),
        why="the path is read relative to the directory the program was started in",
        do=hint,
    )


def _kind(path: Path) -> DataError:
    return DataError(
        "data-file-kind",
        f"the ending '{path.suffix}' is not one of {', '.join(READABLE)}" if path.suffix else "the file has no ending",
        where=str(path),
        why="the ending says how to read a table; guessing would misread some",
        do="Save the table as CSV (a spreadsheet can), or pass a data frame: downslope.data.table(frame, target=...).",
    )
