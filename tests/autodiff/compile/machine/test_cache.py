"""Object code on disk: found again, bounded, shared by processes, and never run when it is not what was kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.autodiff.compile.machine.tools import needs_machine

from downslope.autodiff import trace
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine import loop
from downslope.autodiff.compile.machine.cache import FORMAT, Cache, directory, key

NAME = key("some code")


def test_what_is_written_is_read_again_and_nothing_else_is(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "folder")
    assert cache.read(NAME) is None
    cache.write(NAME, b"code")
    assert cache.read(NAME) == b"code"
    assert cache.read(key("other code")) is None
    assert cache.trouble is None


def test_parts_of_a_name_do_not_run_into_each_other() -> None:
    assert len({key("ab", "c"), key("a", "bc"), key("abc"), key("ab", "c", ""), key("", "abc")}) == 5


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_makes_an_entry_worthless(tmp_path_factory: Any, place: int, change: int) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    cache.write(NAME, b"x" * 60)
    (path,) = cache.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(data)
    assert cache.read(NAME) is None
    cache.write(NAME, b"again")
    assert cache.read(NAME) == b"again"


@pytest.mark.parametrize("content", [b"", FORMAT, FORMAT + bytes(32), b"\x7fELF" * 100])
def test_a_foreign_or_short_file_is_no_entry(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{NAME}.code").write_bytes(content)
    assert Cache(tmp_path).read(NAME) is None


def test_an_entry_under_another_name_is_no_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write(NAME, b"code")
    other = key("other code")
    (tmp_path / f"{NAME}.code").rename(tmp_path / f"{other}.code")
    assert cache.read(other) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_a_file_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write(NAME, b"code")
    (tmp_path / f"{NAME}.code").chmod(0o666)
    assert cache.read(NAME) is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=4 * 200)
    names = [key(str(k)) for k in range(4)]
    for k, name in enumerate(names[:3]):
        cache.write(name, bytes(100))
        os.utime(tmp_path / f"{name}.code", (k + 1, k + 1))
    assert cache.read(names[0]) is not None  # used just now
    cache.limit = 3 * (100 + len(FORMAT) + 32)
    cache.write(names[3], bytes(100))
    assert [cache.read(name) is not None for name in names] == [True, False, True, True]
    assert not list(tmp_path.glob("*.part"))


def test_without_a_folder_that_can_be_written_the_reason_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "machine")
    cache.write(NAME, b"code")
    assert cache.read(NAME) is None
    assert cache.trouble is not None
    assert "file" in cache.trouble


def test_the_folder_is_the_users_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOWNSLOPE_CACHE", str(tmp_path))
    assert directory() == tmp_path / "machine"
    monkeypatch.delenv("DOWNSLOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert directory() == tmp_path / "downslope" / "machine"


PROGRAM = """
import numpy as np
from downslope.autodiff import trace
from downslope.autodiff.compile import machine
from downslope.autodiff.compile.machine import loop
graph = trace(lambda s, x: s + np.sum(np.tanh(x)), np.zeros(()), np.ones(7))
for _ in range(3):
    total = np.zeros(())
    loop(graph, {graph.inputs[0]: total}, {graph.inputs[0]: graph.outputs[0]}, []).function((np.ones((4, 7)),), ())
print(repr(float(total)))
"""


@needs_machine
def test_several_processes_share_a_folder_and_agree(tmp_path: Path) -> None:
    own = os.environ | {"DOWNSLOPE_CACHE": str(tmp_path)}
    found = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], env=own, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    told = {p.communicate()[0] for p in found}
    assert len(told) == 1
    assert float(told.pop()) == pytest.approx(28 * np.tanh(1.0))
    assert len(list((tmp_path / "machine").glob("*.code"))) == 1


@needs_machine
def test_a_spoilt_entry_is_made_anew_and_not_run(tmp_path: Path) -> None:
    own = os.environ | {"DOWNSLOPE_CACHE": str(tmp_path)}
    run = [sys.executable, "-c", PROGRAM]
    first = subprocess.run(run, env=own, capture_output=True, text=True, check=True)
    (entry,) = (tmp_path / "machine").glob("*.code")
    good = entry.read_bytes()
    entry.write_bytes(good[: len(FORMAT) + 32] + b"\xcc" * (len(good) - len(FORMAT) - 32))
    again = subprocess.run(run, env=own, capture_output=True, text=True, check=True)
    assert again.stdout == first.stdout
    assert entry.read_bytes() == good


@needs_machine
def test_nothing_but_memory_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DOWNSLOPE_CACHE", str(tmp_path / "file"))
    graph = trace(lambda s, x: s * 0.25 + np.sum(x), np.zeros(()), np.ones(3))
    total = np.zeros(())
    run: Any = loop(graph, {graph.inputs[0]: total}, {graph.inputs[0]: graph.outputs[0]}, []).function
    run((np.ones((2, 3)),), ())
    assert total == 3.75
    assert "file" in str(machine.trouble())
