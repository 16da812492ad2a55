"""The layout of a run file: the view that decodes its numbers in plain SQL, and the page that describes it."""

from __future__ import annotations

import hashlib
import math
import re
import shutil
import sqlite3
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from downslope import data, nn, optim
from downslope.runs import train
from downslope.runs.damage import digest
from downslope.runs.layout import CHUNK, SCALARS, SCHEMA, VERSION

PAGE = Path(__file__).resolve().parents[2] / "docs" / "run-file.md"
SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308
EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, SMALLEST, -SMALLEST, 2.225073858507201e-308, 2.2250738585072014e-308]
EDGES += [LARGEST, -LARGEST, 1.0, -1.0, 0.1, 2.0**52, 2.0**53 - 1, 2.0**-1023, 2.0**970, 2.0**971]
# every bit pattern alike, beside those that hypothesis thinks of
ANY = st.floats() | st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


def decoded(columns: dict[str, list[float]], first: int = 1) -> list[tuple[Any, ...]]:
    """What the view tells of a chunk with these numbers."""
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        connection.execute(statement)
    count = max(map(len, columns.values()))
    blobs = [struct.pack(f"<{len(columns[name])}d", *columns[name]) for name in SCALARS]
    connection.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, NULL)", (first, count, *blobs))
    return connection.execute("SELECT * FROM steps").fetchall()


def bits(value: float | None) -> bytes | None:
    """Every bit of a number; NULL stands for every NaN."""
    return None if value is None or math.isnan(value) else struct.pack("<d", value)


@settings(deadline=None)
@given(values=st.lists(ANY, min_size=2, max_size=40), constant=ANY)
def test_the_view_gives_every_double_to_its_last_bit(values: list[float], constant: float) -> None:
    rows = decoded({"loss": values, "grad_norm": values[::-1], "lr": [constant], "seconds": values}, first=1025)
    assert [row[0] for row in rows] == list(range(1025, 1025 + len(values)))
    for k, wanted in ((1, values), (2, values[::-1]), (3, [constant] * len(values)), (4, values)):
        assert [bits(row[k]) for row in rows] == [bits(value) for value in wanted]


def test_the_view_is_right_at_the_edges_of_what_a_double_can_be() -> None:
    rows = decoded(dict.fromkeys(SCALARS, EDGES))
    assert [bits(row[1]) for row in rows] == [bits(value) for value in EDGES]


def test_the_view_is_right_for_every_exponent_and_sign() -> None:
    numbers = [sign * math.ldexp(1.5, e) for e in range(-1074, 1024) for sign in (1, -1)]
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        assert [row[1] for row in decoded(dict.fromkeys(SCALARS, part))] == part


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run in a file, long enough for two rows of ``chunks``."""
    path = tmp_path_factory.mktemp("layout") / "a.run"
    return train(nn.mlp([2, 4, 2]), data.moons(), optimizer=optim.adam(0.01), steps=1100, batch_size=16, record=path)


def test_the_view_of_a_recorded_run_is_what_the_run_tells(recorded: Any) -> None:
    with sqlite3.connect(recorded.path) as connection:
        rows = np.array(connection.execute("SELECT * FROM steps").fetchall(), float)
    np.testing.assert_array_equal(rows[:, 0], np.arange(1, 1101))
    for k, name in enumerate(SCALARS):
        np.testing.assert_array_equal(rows[:, k + 1], recorded.series(name))


def blocks(language: str) -> list[str]:
    """The examples of the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="needs the sqlite3 command")
def test_the_commands_of_the_page_work_with_the_sqlite3_command(recorded: Any) -> None:
    queries = blocks("sql")
    assert len(queries) >= 4
    for query in queries:
        done = subprocess.run(["sqlite3", recorded.path, query], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), query
    found = subprocess.run(
        ["sqlite3", recorded.path, "SELECT step, loss FROM steps WHERE step BETWEEN 1023 AND 1026"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    wanted = recorded.loss[1022:1026]
    assert [line.split("|")[0] for line in found] == ["1023", "1024", "1025", "1026"]
    np.testing.assert_allclose([float(line.split("|")[1]) for line in found], wanted, rtol=1e-13)


def test_the_page_s_program_finds_a_flipped_bit_and_nothing_else(recorded: Any, tmp_path: Path) -> None:
    (program,) = (block for block in blocks("python") if "blake2b" in block)
    copy = tmp_path / "broken.run"
    shutil.copy(recorded.path, copy)
    with sqlite3.connect(copy) as connection:
        (loss,) = connection.execute("SELECT loss FROM chunks WHERE first = 1025").fetchone()
        flipped = bytes([loss[0] ^ 1]) + loss[1:]
        connection.execute("UPDATE chunks SET loss = ? WHERE first = 1025", (flipped,))
    for path, wanted in ((recorded.path, []), (copy, [("chunks", 1025)])):
        names: dict[str, Any] = {"PATH": str(path)}
        exec(compile(program.replace('"digits.run"', "PATH"), "page", "exec"), names)
        assert [(table, row[0]) for table, row in names["damaged"]] == wanted


def test_the_page_describes_every_table_and_column_and_the_version() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"user_version` is {VERSION}" in text
    for statement in SCHEMA:
        made = re.match(r"CREATE TABLE (\w+) \((.*)\)( WITHOUT ROWID)?$", statement, re.S)
        if made is None:
            continue
        section = text.partition(f"## {made[1]}\n")[2].partition("\n## ")[0]
        columns = [part.split()[0] for part in re.sub(r", PRIMARY KEY \(.*?\)", "", made[2]).split(", ")]
        for column in columns:
            if column != "digest":  # told once for all tables
                assert f"| `{column}` |" in section, f"{made[1]}.{column} is not described"


def test_a_digest_is_the_one_that_the_page_defines() -> None:
    from_page = hashlib.blake2b(b"meta", digest_size=8)
    for kind, plain in (("str", b"'until'"), ("str", b"'100'")):
        from_page.update(f"{kind} {len(plain)}:".encode() + plain)
    assert digest("meta", ("until", "100")) == from_page.digest()
