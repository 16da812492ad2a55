"""The real server as a process: `downslope lab`, its address, what it holds, and its end in order."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import downslope as ds


class Lab:
    """A lab that runs. base: its page, for a browser that has been at address, which holds the token."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        words = [sys.executable, "-m", "downslope", "lab", str(folder), "--no-browser"]
        words += [] if port is None else ["--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(Path(ds.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdout is not None
        line = next((line for line in self.process.stdout if "http" in line), "")
        assert line, "the lab ended before it said where it is"
        self.address = line[line.index("http") :].split()[0]
        self.base = self.address.partition("?")[0]
        self.port = int(self.base.rstrip("/").rpartition(":")[2])

    def stop(self) -> str:
        """As Ctrl-C does. What it said at its end."""
        self.process.terminate()
        said = self.process.communicate(timeout=60)[0]
        return str(said)

    def kill(self) -> None:
        """Without a word."""
        self.process.kill()
        self.process.communicate(timeout=60)

    def workers(self) -> list[int]:
        """Processes that train for it. Only where there is /proc."""
        return children(self.process.pid)

    def memory(self) -> float:
        """MiB that it holds. Only where there is /proc."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def files(self) -> int:
        """How many file handles it holds. Only where there is /proc."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@contextlib.contextmanager
def started(folder: Path, port: int | None = None) -> Iterator[Lab]:
    """A lab, ended afterwards; none of its processes is left."""
    made = Lab(folder, port)
    workers: list[int] = []
    try:
        yield made
        workers = made.workers() if has_proc() else []
    finally:
        if made.process.poll() is None:
            made.stop()
        elif made.process.stdout is not None:
            made.process.stdout.close()
    assert [each for each in workers if is_alive(each)] == []


def has_proc() -> bool:
    """Whether processes can be looked at as files, which is Linux's way."""
    return Path("/proc/self/fd").is_dir()


def children(parent: int) -> list[int]:
    """Ids of the processes that a process has started and that still live."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, ppid = place.read_text().rpartition(")")[2].split()[:2]
            if int(ppid) == parent and state != "Z":
                found.append(int(place.parent.name))
    return found


def is_alive(process: int) -> bool:
    """Whether a process is there; one that ended and waits to be asked for its code is not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds: object, seconds: float = 60.0) -> None:
    """Wait until a function says yes. It fails where that does not come."""
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
