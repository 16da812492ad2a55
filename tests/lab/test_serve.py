"""The lab as a program: it says where it is, ends in order, and a hundred openings leave nothing behind."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from downslope.errors import SettingError
from downslope.lab import serve
from downslope.lab.commands import Create, Play
from downslope.lab.session import Session
from downslope.runs import load

from .conftest import Running, settings

LINUX = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts what /proc lists")


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tokens of tests are kept in a folder of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_port_in_use_is_one_clear_message() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingError, match="lab-port") as caught:
            serve.bound(port)
    assert f"port {port} is in use" in caught.value.what
    assert "--port" in caught.value.do


def test_without_a_port_the_next_free_one_is_taken() -> None:
    with serve.bound(None) as first, serve.bound(None) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] != second.getsockname()[1]


def test_the_token_of_a_folder_lasts_and_nobody_else_can_read_it(own_state: Path, tmp_path: Path) -> None:
    one = serve.token_of(tmp_path)
    assert serve.token_of(tmp_path) == one
    assert serve.token_of(tmp_path / "other") != one
    assert len(one) >= 43
    (kept,) = (path for path in own_state.rglob("*") if path.is_file() and path.read_text() == one)
    assert kept.stat().st_mode & 0o077 == 0


def test_a_token_that_others_can_read_is_not_trusted(own_state: Path, tmp_path: Path) -> None:
    one = serve.token_of(tmp_path)
    for path in own_state.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    assert serve.token_of(tmp_path) != one


@pytest.fixture
def program(tmp_path: Path, own_state: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``downslope lab DIR --no-browser`` as a process, and the address that it printed."""
    (tmp_path / "runs").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "downslope", "lab", str(tmp_path / "runs"), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
    assert found, line + (process.stderr.read() if process.poll() is not None and process.stderr else "")
    try:
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def children(pid: int) -> list[int]:
    """Processes whose parent is this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@LINUX
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_training_is_left_and_every_file_is_whole(
    program: tuple[subprocess.Popen[str], str], tmp_path: Path, how: signal.Signals
) -> None:
    process, address = program
    port = int(address.split(":")[2].split("/")[0])
    known: Any = SimpleNamespace(port=port, token=address.partition("token=")[2], cookie=f"downslope-{port}")
    with Running(known, known).talk() as page:
        run = page.do("create", settings={"hidden": [6], "dialect": "in place", "steps": 1_000_000})["done"]["run"]
        page.do("play", run=run)
        time.sleep(0.5)
        trainings = children(process.pid)
        assert trainings
        process.send_signal(how)
        if how is signal.SIGINT:
            while (message := page.hear()).get("event") != "stopping":
                assert message.get("event") in ("live", "changed")
    process.wait(30)
    end = time.monotonic() + 20
    while any(map(alive, trainings)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, trainings))
    left = load(tmp_path / "runs" / f"{run}.run")
    assert left.steps > 0
    assert left.stopped == f"stopped after step {left.steps} of 1000000"
    if how is signal.SIGINT:
        out, err = process.communicate()
        assert process.returncode == 0
        assert "The lab is ended" in out
        assert err == ""


@LINUX
@pytest.mark.slow
def test_a_hundred_openings_leave_no_process_no_file_and_no_thread(running: Running) -> None:
    def cycle() -> None:
        with running.page() as browser, running.talk() as page:
            assert browser.get("/nothing").status_code == 404
            page.ask("runs")
            page.ask("quadratic", surface="bowl")

    def left() -> tuple[int, int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(children(os.getpid()))

    for _ in range(5):
        cycle()
    time.sleep(0.5)
    before = left()
    for _ in range(100):
        cycle()
    end = time.monotonic() + 10
    while any(after > first for after, first in zip(left(), before, strict=True)) and time.monotonic() < end:
        time.sleep(0.1)
    after = left()
    for _ in range(100):  # a file's last bytes go to the disk in a thread of their own
        if all(now <= first for now, first in zip(after, before, strict=True)):
            break
        time.sleep(0.1)
        after = left()
    assert all(now <= first for now, first in zip(after, before, strict=True)), (before, after)
    assert not running.lab._pages


@LINUX
@pytest.mark.slow
def test_many_trainings_one_after_another_leave_nothing(tmp_path: Path) -> None:
    def left() -> tuple[int, int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(children(os.getpid()))

    before = left()
    for k in range(2):
        place = tmp_path / str(k)
        place.mkdir()
        session = Session(place)
        for _ in range(2):
            name = session.do(Create(settings(steps=50))).run
            assert name is not None
            session.do(Play(name))
            with session.run(name) as run:
                assert run.steps >= 0
        session.close()
    assert all(after <= first for after, first in zip(left(), before, strict=True)), (before, left())
