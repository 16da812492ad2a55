"""The run file by itself: whole transactions, rows that vouch for themselves, a clear error or the truth if damaged."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.runs.damage import mutations

from downslope.errors import RunFileError
from downslope.runs import connect, file as file_module, layout
from downslope.runs.damage import digest
from downslope.runs.file import RunFile

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
Rows = dict[str, list[tuple[Any, ...]]]


def filled(path: Path | None) -> tuple[RunFile, Rows]:
    """A file in which every table has rows, some of them longer than a page, and what they were at any time."""
    file, rng = RunFile.create(path), random.Random(0)
    written: Rows = {table: [] for table in layout.TABLES}

    def put(table: str, *values: Any) -> None:
        file.put(table, *values)
        written[table].append(values)

    for part in range(6):
        with file.writing():
            put("meta", f"fact {part}", '"é ∂ ' + "x" * part + '"')
            put("segments", part, 10 * part + 1, '{"batch_size": 32}')
            put("data", f"{part:032x}", "{}", rng.randbytes(3000))
            for chunk in range(4):
                first = 1024 * (4 * part + chunk) + 1
                put("chunks", first, 700, *(rng.randbytes(700) for _ in layout.SCALARS))
                put("summaries", first, 700, "{}")
            for step in range(40):
                put("metrics", 40 * part + step, "accuracy", rng.random())
                put("metrics", 40 * part + step, "held_out_loss", None if step == 7 else rng.random())
            for step in range(3):
                put("snapshots", 0, 3 * part + step, f"{part:032x}", 6000, rng.randbytes(6000))
                put("readings", "dead_units", 3 * part + step, rng.randbytes(50))
            put("notes", part, None if part == 2 else part, "a remark", "2024-01-01")
            put("forks", f"/runs/{part}.run", part, "lr 0.1", "2024-01-01")
    return file, written


def read(file: RunFile) -> Rows:
    return {table: list(file.rows(table)) for table in layout.TABLES}


def require_sound(file: RunFile, written: Rows, first: int = 0) -> None:
    """What it gives was written like that; if it names no damage it gives all, or all of an earlier moment."""
    file.check()
    found = read(file)
    for table, rows in found.items():
        known = [row for row in written[table] if row[0] != "rows"]
        assert {row for row in rows if row[0] != "rows"} <= set(known), table
        for row in written[table][:: 1 + len(rows) // 20]:
            key = row[: len(layout.KEYS[table])]
            assert file.row(table, *key) in (None, *(known for known in written[table] if known[: len(key)] == key))
    if not file.damage:
        part = len(found["notes"])
        assert part >= first
        for table in layout.COUNTED - {"meta"}:
            assert len(found[table]) == part * len(written[table]) // 6, table


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Rows]:
    path = tmp_path_factory.mktemp("image") / "a.run"
    file, written = filled(path)
    file.settle()
    file.close()
    return path.read_bytes(), written


# --- rows and transactions ------------------------------------------------------------------------------------------


@given(st.lists(VALUES, max_size=5), st.lists(VALUES, max_size=5))
def test_only_the_same_values_of_the_same_types_have_the_same_digest(a: list[Any], b: list[Any]) -> None:
    same = [(type(x), repr(x)) for x in a] == [(type(x), repr(x)) for x in b]
    assert (digest("notes", a) == digest("notes", b)) == same
    assert digest("notes", a) != digest("forks", a)


@given(st.text(), st.none() | st.integers(-(2**63), 2**63 - 1), st.text(), st.text())
def test_a_row_comes_back_as_it_was_put(path: str, step: int | None, about: str, written: str) -> None:
    file = RunFile.create(None)
    encodable = "".join(c for c in path if not "\ud800" <= c <= "\udfff" and c != "\0")
    row = (encodable, step, *("".join(c for c in t if not "\ud800" <= c <= "\udfff") for t in (about, written)))
    with file.writing():
        file.put("forks", *row)
    assert list(file.rows("forks")) == [row]
    assert not file.damage


def test_all_of_a_transaction_is_there_or_nothing_of_it(tmp_path: Path) -> None:
    file, _ = filled(tmp_path / "a.run")
    before = read(file)

    def fail() -> None:
        with file.writing():
            file.put("notes", 77, None, "lost", "now")
            with file.writing():
                file.remove("chunks", "true")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert read(file) == before
    other = RunFile.open(tmp_path / "a.run")
    assert read(other) == before
    other.check()
    assert not other.damage


def test_an_error_of_the_database_while_writing_is_ours_and_undoes_the_transaction(tmp_path: Path) -> None:
    file, _ = filled(tmp_path / "a.run")
    pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
    file.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    before = read(file)
    with pytest.raises(RunFileError, match="disk is full") as caught, file.writing():
        file.put("notes", 77, None, "x" * 100_000, "now")
    assert caught.value.code == "run-file-write"
    assert read(file) == before


def test_a_file_whose_beginning_cannot_be_written_is_not_left_behind(tmp_path: Path) -> None:
    def begin(file: RunFile) -> None:
        file.put("notes", 1, None, "", "")
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(RunFileError, match="disk is full"):
        RunFile.create(tmp_path / "a.run", begin)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_take_its_name_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Any, goal: Any) -> None:
        assert [path.name for path in tmp_path.iterdir()] == ["a.run-part"]  # until it is whole, nothing of it is there
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunFileError, match="No space left") as caught:
        RunFile.create(tmp_path / "a.run", lambda file: file.put("notes", 1, None, "", ""))
    assert caught.value.code == "run-file-write"
    assert list(tmp_path.iterdir()) == []


# --- a run that begins in memory ------------------------------------------------------------------------------------


def begun(path: Path, size: int = 10) -> RunFile:
    """A file that is to come; its first row has so many bytes."""
    return RunFile.to_come(path, lambda file: file.put("data", "first", "{}", bytes(size)))


def test_a_file_that_is_to_come_is_there_with_its_next_transaction_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    file = begun(path)
    assert refused(path).code == "run-file-empty"
    assert [row[0] for row in file.rows("data")] == ["first"]
    with file.writing():
        file.put("notes", 1, None, "", "")
        with file.writing():
            file.put("notes", 2, None, "", "")
        assert refused(path).code == "run-file-empty"
    assert os.listdir(tmp_path) == ["a.run"]
    for found in (RunFile.open(path), file):
        assert [row[0] for row in found.rows("data")] == ["first"]
        assert [row[0] for row in found.rows("notes")] == [1, 2]
        found.check()
        assert not found.damage
    with file.writing():
        file.put("notes", 3, None, "", "")
    assert RunFile.open(path).count("notes") == 3


def test_a_large_file_does_not_wait_in_memory(tmp_path: Path) -> None:
    begun(tmp_path / "a.run", file_module.AT_ONCE)
    assert RunFile.open(tmp_path / "a.run").count("data") == 1


def test_a_file_that_is_to_come_takes_its_name_from_all_others(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    file = begun(path)
    for make in (begun, RunFile.create):
        with pytest.raises(RunFileError, match=r"a\.run-part is there already") as caught:
            make(path)
        assert caught.value.code == "run-file-exists"
    with file.writing():
        pass
    for make in (begun, RunFile.create):
        with pytest.raises(RunFileError, match=r"a\.run is there already") as caught:
            make(path)
        assert caught.value.code == "run-file-exists"
    assert os.listdir(tmp_path) == ["a.run"]
    assert RunFile.open(path).count("data") == 1


@pytest.mark.parametrize("make", [begun, RunFile.create])
@pytest.mark.parametrize("left", [b"", b"SQLite format 3, and no further"])
def test_what_a_killed_training_left_of_its_beginning_is_in_nobodys_way(
    tmp_path: Path, make: Callable[..., RunFile], left: bytes
) -> None:
    path = tmp_path / "a.run"
    lines = (
        "import os, pathlib",
        "from downslope.runs import connect",
        f"connect.take(pathlib.Path({str(path)!r}))",
        "os.kill(os.getpid(), 9)",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False)
    assert os.listdir(tmp_path) == ["a.run-part"]
    (tmp_path / "a.run-part").write_bytes(left)
    file = make(path)
    with file.writing():
        file.put("notes", 1, None, "", "")
    file.close()
    assert RunFile.open(path).count("notes") == 1
    assert not (tmp_path / "a.run-part").exists()


def test_of_many_that_begin_at_once_one_gets_the_name(tmp_path: Path) -> None:
    made: list[RunFile] = []
    codes: list[str] = []
    gate = threading.Barrier(8)

    def begin() -> None:
        gate.wait()
        try:
            made.append(begun(tmp_path / "a.run"))
        except RunFileError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 1
    assert codes == ["run-file-exists"] * 7


def test_a_file_that_comes_never_replaces_another_one(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    file = begun(path)
    path.write_text("of somebody else")
    with pytest.raises(RunFileError) as caught, file.writing():
        file.put("notes", 1, None, "", "")
    assert caught.value.code == "run-file-write"
    path.rename(tmp_path / "b.run")
    with file.writing():  # tried again, with what was put before
        file.put("notes", 2, None, "", "")
    assert RunFile.open(path).count("notes") == 2


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_recording_that_ends_before_its_first_commit_leaves_the_start(tmp_path: Path, goes_on: bool) -> None:
    path = tmp_path / "a.run"
    file = begun(path)

    def fail() -> None:
        with file.recording():
            if goes_on:
                with file.writing():
                    file.set_meta("more", 1)
                assert (tmp_path / "a.run-wal").exists()  # others can read it while it is written
                other = RunFile.open(path)
                with pytest.raises(RunFileError, match="another training"), other.recording():
                    pass
                other.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == ["a.run"]
    assert RunFile.open(path).count("data") == 1
    with RunFile.open(path).recording():
        pass


def test_who_changes_the_directory_meanwhile_finds_the_file_where_it_was_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = begun(Path("a.run"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with file.writing():
        pass
    assert (tmp_path / "a.run").exists()


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="this system cannot say how much room there is")
def test_without_room_for_its_start_no_file_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs(tmp_path)
    none = SimpleNamespace(f_blocks=found.f_blocks, f_bfree=0, f_frsize=found.f_frsize)
    monkeypatch.setattr(os, "statvfs", lambda path: none)
    with pytest.raises(RunFileError, match="No space left") as caught:
        begun(tmp_path / "a.run")
    assert caught.value.code == "run-file-write"
    assert os.listdir(tmp_path) == []


# --- the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watched", [False, True])
def test_the_last_commit_is_whole_for_whoever_reads_before_and_after_it(tmp_path: Path, watched: bool) -> None:
    path = tmp_path / "a.run"
    RunFile.create(path).close()
    file = RunFile.open(path)
    with file.recording():
        with file.writing():
            file.put("notes", 1, None, "first", "now")
        reader = RunFile.open(path) if watched else None
        file.without_log()
        assert (tmp_path / "a.run-wal").exists() is watched  # with a reader it stays, and nobody has to wait
        if reader:
            assert [row[2] for row in reader.rows("notes")] == ["first"]
        with file.writing():
            file.put("notes", 2, None, "last", "now")
        if reader:
            assert [row[2] for row in reader.rows("notes")] == ["first", "last"]
            reader.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.run"]
    with RunFile.open(path).writing():  # nobody holds it
        pass
    assert [row[2] for row in RunFile.open(path).rows("notes")] == ["first", "last"]


def test_what_is_read_inside_reading_is_of_one_moment(tmp_path: Path) -> None:
    writer, written = filled(tmp_path / "a.run")
    reader = RunFile.open(tmp_path / "a.run")
    with reader.reading():
        held = reader.count("notes")
        with writer.writing():
            writer.remove("notes", "true")
        assert reader.count("notes") == held == len(written["notes"])
        reader.check()
    assert reader.count("notes") == 0
    reader.check()
    assert not reader.damage


def test_threads_share_a_file_and_see_whole_transactions_only(tmp_path: Path) -> None:
    file = RunFile.create(tmp_path / "a.run")
    seen: list[int] = []
    ready = threading.Event()

    def look() -> None:
        ready.set()
        while not seen or seen[-1] < 100:
            seen.append(len(list(file.rows("notes"))))

    thread = threading.Thread(target=look)
    thread.start()
    ready.wait()
    for k in range(10):
        with file.writing():
            for j in range(10):
                file.put("notes", 10 * k + j, None, "", "")
    thread.join(20)
    assert not thread.is_alive()
    assert all(n % 10 == 0 for n in seen)
    assert not file.damage


def test_settled_it_is_one_file_and_with_a_reader_it_settles_later(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    file, _ = filled(path)
    assert {p.name for p in tmp_path.iterdir()} == {"a.run", "a.run-wal", "a.run-shm"}
    reader = RunFile.open(path)
    with reader.reading():
        held = reader.count("notes")
        file.settle()
        assert reader.count("notes") == held
    reader.close()
    file.settle()
    assert [p.name for p in tmp_path.iterdir()] == ["a.run"]
    with file.recording():
        with file.writing():
            file.set_meta("more", 1)
        reader = RunFile.open(path)
        assert reader.meta("more") == 1
        reader.close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.run"]


def test_a_copy_has_the_sound_rows_and_says_what_is_not_there(tmp_path: Path) -> None:
    file, written = filled(tmp_path / "a.run")
    file.connection.execute("UPDATE notes SET text = 'another' WHERE number = 3")
    copy = file.copy(tmp_path / "b.run")
    assert list(copy.rows("notes")) == [row for row in written["notes"] if row[0] != 3]
    assert not copy.damage
    copy.check()
    assert [(damage.table, damage.row) for damage in copy.damage] == [("notes", "row 3")]
    assert [row[:-1] for row in copy.select("SELECT * FROM snapshots")] == written["snapshots"]


# --- damage ---------------------------------------------------------------------------------------------------------


def test_every_value_that_is_changed_is_named_and_left_out() -> None:
    for table in layout.TABLES:
        file, _ = filled(None)
        columns = [row[1] for row in file.select(f"PRAGMA table_info({table})")]
        for column in columns:
            file, written = filled(None)
            rows = file.select(f"SELECT * FROM {table}")
            key = columns[0]
            victim = rows[len(rows) // 2]
            changed = b"\0" * 8 if isinstance(victim[columns.index(column)], bytes) else 987_654
            file.connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND digest = ?", (changed, victim[0], victim[-1])
            )
            found = list(file.rows(table))
            assert len(found) == len(rows) - 1, (table, column)
            assert set(found) <= {*written[table], *(row for row in found if row[0] == "rows")}
            assert [damage.table for damage in file.damage] == [table]


@pytest.mark.parametrize("table", sorted(layout.COUNTED))
def test_a_row_that_vanishes_is_missed(table: str) -> None:
    file, _ = filled(None)
    column = file.select(f"PRAGMA table_info({table})")[0][1]
    last = file.select(f"SELECT max({column}) FROM {table} WHERE {column} != 'rows'")[0][0]
    file.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (last,))
    file.check()
    assert [damage.table for damage in file.damage] == [table]
    with file.writing():  # who writes afterwards does not make it good
        file.set_meta("more", 1)
        file.remove(table, f"{column} = (SELECT min({column}) FROM {table})")
    file.damage.clear()
    file.check()
    assert [damage.table for damage in file.damage] == [table]


def test_a_text_that_is_no_text_any_more_costs_its_own_row_only() -> None:
    file, written = filled(None)
    file.connection.execute("UPDATE notes SET text = CAST(x'ff41' AS TEXT) WHERE number = 3")
    assert list(file.rows("notes")) == [row for row in written["notes"] if row[0] != 3]
    assert [str(damage) for damage in file.damage] == ["notes row 3: its bytes are not those that were written"]


def opened(path: Path, body: bytes) -> RunFile | None:
    """The file if it opens; the error must be ours."""
    path.write_bytes(body)
    try:
        return RunFile.open(path)
    except RunFileError as error:
        refusal = error
    assert refusal.code in ("run-file-foreign", "run-file-empty", "run-file-newer", "run-file-older")
    assert len(str(refusal).splitlines()) == 4
    return None


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_gives_a_clear_error_or_the_truth(image: tuple[bytes, Rows], tmp_path: Path, seed: int) -> None:
    body, written = image
    told = 0
    for mutant in mutations(body, seed, 150):
        file = opened(tmp_path / "a.run", mutant)
        if file is not None:
            require_sound(file, written, first=6)
            told += bool(file.damage)
            file.close()
    assert told > 30  # the mutations do reach rows


@pytest.mark.slow
def test_every_byte_of_the_pages_that_say_what_is_where(image: tuple[bytes, Rows], tmp_path: Path) -> None:
    body, written = image
    rng = random.Random(5)
    for at in [*range(0, 4096, 7), *(start + k for start in range(4096, len(body), 4096 * 5) for k in range(0, 64, 7))]:
        mutant = bytearray(body)
        mutant[at] ^= 1 << rng.randrange(8)
        file = opened(tmp_path / "a.run", bytes(mutant))
        if file is not None:
            require_sound(file, written, first=6)
            file.close()


def test_cut_anywhere_it_is_named_or_refused(image: tuple[bytes, Rows], tmp_path: Path) -> None:
    body, written = image
    rng = random.Random(1)
    cuts = [0, 1, 15, 16, 99, 100, 101, 511, 512, 4095, 4096, 4097, len(body) - 4096, len(body) - 1]
    for cut in cuts + [rng.randrange(len(body)) for _ in range(60)]:
        file = opened(tmp_path / "a.run", body[:cut])
        if file is not None:
            require_sound(file, written, first=6)
            assert file.damage, cut
            file.close()


def test_a_damaged_log_gives_an_earlier_moment_or_names_the_damage(tmp_path: Path) -> None:
    live, written = filled(tmp_path / "live.run")
    main, log = (tmp_path / "live.run").read_bytes(), (tmp_path / "live.run-wal").read_bytes()
    path, rng = tmp_path / "a.run", random.Random(2)
    for k in range(200):
        body = bytearray(log)
        if k % 3 == 0:
            del body[rng.randrange(len(body)) :]
        elif k % 3 == 1:
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        else:
            at = rng.randrange(len(body))
            body[at : at + 4096] = bytes(len(body[at : at + 4096]))
        Path(f"{path}-wal").write_bytes(body)
        Path(f"{path}-shm").unlink(missing_ok=True)
        file = opened(path, main)
        if file is not None:
            require_sound(file, written)
            file.close()
    live.close()


# --- what is no run file --------------------------------------------------------------------------------------------


def refused(path: Path | str) -> RunFileError:
    with pytest.raises(RunFileError) as caught:
        RunFile.open(path)
    assert len(str(caught.value).splitlines()) == 4
    return caught.value


def test_what_is_no_run_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.run").code == "run-file-missing"
    assert refused(tmp_path).code == "run-file-missing"
    assert "directory" in refused(tmp_path).what
    assert refused("a\0b").code == "run-file-missing"
    (tmp_path / "empty.run").touch()
    assert refused(tmp_path / "empty.run").code == "run-file-empty"
    for name, body in {"noise": random.Random(0).randbytes(9000), "text": b"step,loss\n1,2.3\n" * 900}.items():
        (tmp_path / name).write_bytes(body)
        assert refused(tmp_path / name).code == "run-file-foreign"
        assert (tmp_path / name).read_bytes() == body
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    other.commit()
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    assert refused(tmp_path / "other.db").code == "run-file-foreign"
    assert (tmp_path / "other.db").read_bytes() == before


def test_a_name_that_is_taken_or_cannot_be_written_is_said_before_training(tmp_path: Path) -> None:
    (tmp_path / "a.run").write_text("precious")
    for path, code in {
        tmp_path / "a.run": "run-file-exists",
        tmp_path / "no" / "such" / "a.run": "run-file-write",
        tmp_path / "a.run" / "b.run": "run-file-write",
        tmp_path / ("x" * 300): "run-file-write",
        tmp_path / "a\0b": "run-file-write",
    }.items():
        with pytest.raises(RunFileError) as caught:
            RunFile.create(path)
        assert caught.value.code == code
    assert (tmp_path / "a.run").read_text() == "precious"


def test_strange_names_are_names(tmp_path: Path) -> None:
    for name in ("a?mode=ro.run", "50%.run", "#1.run", "a b'\".run", "ü∂.run", "file:x"):
        file, written = filled(tmp_path / name)
        file.close()
        assert list(RunFile.open(tmp_path / name).rows("notes")) == written["notes"]


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_newer_file_says_what_to_install(tmp_path: Path) -> None:
    file, _ = filled(tmp_path / "a.run")
    file.connection.execute(f"PRAGMA user_version = {layout.VERSION + 1}")
    file.close()
    error = refused(tmp_path / "a.run")
    assert error.code == "run-file-newer"
    assert "upgrade" in error.do


def grow(file: RunFile) -> None:
    """A planted next layout: notes have an author."""
    rows = list(file.rows("notes"))
    file.remove("notes", "true")
    file.connection.execute("ALTER TABLE notes RENAME COLUMN digest TO author")
    file.connection.execute("ALTER TABLE notes ADD COLUMN digest BLOB")
    for row in rows:
        file.put("notes", *row, "unknown")


def test_an_older_file_is_brought_to_todays_layout_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.run"
    file, written = filled(path)
    file.connection.execute("UPDATE notes SET text = 'another' WHERE number = 3")
    file.close()
    monkeypatch.setattr(layout, "VERSION", layout.VERSION + 1)
    monkeypatch.setitem(layout.UPGRADES, layout.VERSION - 1, grow)
    upgraded = RunFile.open(path)
    expected = [(*row, "unknown") for row in written["notes"] if row[0] != 3]
    assert list(upgraded.rows("notes")) == expected
    assert [damage.row for damage in upgraded.damage] == ["row 3"]
    again = RunFile.open(path)
    assert list(again.rows("notes")) == expected
    assert list(again.rows("snapshots")) == written["snapshots"]
    again.check()
    assert [damage.table for damage in again.damage] == ["notes"]  # a damaged row is not made sound by an upgrade


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.run"
    file, written = filled(path)
    file.close()

    def fail(file: RunFile) -> None:
        grow(file)
        raise sqlite3.OperationalError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(layout, "VERSION", layout.VERSION + 1)
        patch.setitem(layout.UPGRADES, layout.VERSION - 1, fail)
        assert refused(path).code == "run-file-write"
    assert list(RunFile.open(path).rows("notes")) == written["notes"]


# --- files that can only be read ------------------------------------------------------------------------------------


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    """A directory in which nothing can be changed, also by root."""
    place = tmp_path / "frozen"
    place.mkdir()
    yield place
    subprocess.run(["chattr", "-R", "-i", str(place)], check=False, capture_output=True)
    place.chmod(0o755)


def freeze(place: Path) -> None:
    for path in (*place.iterdir(), place):
        path.chmod(0o555)
    if os.access(place, os.W_OK):  # root
        done = subprocess.run(["chattr", "-R", "+i", str(place)], check=False, capture_output=True)
        if done.returncode or os.access(place, os.W_OK):
            pytest.skip("no permission binds this user, and the file system has no immutable files")


@pytest.mark.parametrize("state", ["settled", "killed"])
def test_a_file_in_a_directory_without_write_permission_is_read(frozen: Path, tmp_path: Path, state: str) -> None:
    file, written = filled(tmp_path / "a.run")
    if state == "settled":
        file.settle()
    for name in ("a.run", "a.run-wal", "a.run-shm"):
        if (tmp_path / name).exists():
            (frozen / name).write_bytes((tmp_path / name).read_bytes())
    freeze(frozen)
    found = RunFile.open(frozen / "a.run")
    assert found.read_only
    require_sound(found, written, first=6)
    assert not found.damage
    with pytest.raises(RunFileError) as caught, found.writing():
        found.set_meta("more", 1)
    assert caught.value.code == "run-file-write"
    with pytest.raises(RunFileError, match="read-only"), found.recording():
        pass
    with pytest.raises(RunFileError) as caught:
        RunFile.create(frozen / "b.run")
    assert caught.value.code == "run-file-write"
    found.settle()
    copy = found.copy(tmp_path / "copy.run")
    assert list(copy.rows("notes")) == written["notes"]


def test_an_older_file_that_can_only_be_read_says_so(frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, _ = filled(frozen / "a.run")
    file.settle()
    file.close()
    freeze(frozen)
    monkeypatch.setattr(layout, "VERSION", layout.VERSION + 1)
    assert refused(frozen / "a.run").code == "run-file-older"


def test_a_log_that_cannot_be_read_in_where_it_lies_is_not_left_out(frozen: Path, tmp_path: Path) -> None:
    file, _ = filled(tmp_path / "a.run")
    for name in ("a.run", "a.run-wal"):  # as somebody copies them who does not know what -shm is for
        (frozen / name).write_bytes((tmp_path / name).read_bytes())
    file.close()
    freeze(frozen)
    error = refused(frozen / "a.run")
    assert error.code == "run-file-foreign"
    assert "-wal" in error.do


def test_nobody_waits_long_for_a_file_that_another_one_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "WAIT", 0.05)
    file, _ = filled(tmp_path / "a.run")
    other = RunFile.open(tmp_path / "a.run")
    with file.writing():
        file.set_meta("mine", 1)
        assert other.meta("mine") is None
        with pytest.raises(RunFileError, match="locked"), other.writing():
            other.set_meta("theirs", 1)
    assert other.meta("mine") == 1


@given(st.binary(max_size=2000))
@settings(max_examples=100)
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"downslope-any-{os.getpid()}.run"
    try:
        path.write_bytes(body)
        refused(path)
    finally:
        path.unlink()
