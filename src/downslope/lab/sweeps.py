"""Sweeps of the lab: small trainings over learning rates and seeds, each sweep a process and one file NAME.sweep.

The file holds the settings, how far it is, and of each run its result and its course; a run of it follows from its
settings, so that it can be trained again as a run of its own. Only the sweep's process writes it, and in one piece.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from downslope.errors import RunFileError, SettingError, nearest
from downslope.lab.commands import Sweep
from downslope.lab.settings import Settings
from downslope.views.sweep import drawn
from downslope.views.sweep_payload import SweepRun, SweepView

MOST_RUNS = 200
MOST_STEPS = 10_000_000  # of all runs together
STOP_SECONDS = 15.0
ENDING = ".sweep"


class SweepFile(Struct, frozen=True, omit_defaults=True):
    """What a file holds. pid: of the process that trains. done: runs that are done, more than ``runs`` has by then."""

    order: Sweep
    data: str
    pid: int
    state: Literal["done", "training", "stopped", "failed"] = "training"
    why: str = ""
    usual: str = ""
    done: int = 0
    runs: tuple[SweepRun, ...] = ()

    @property
    def meant(self) -> int:
        """How many runs it is to have."""
        return len(self.order.rates) * len(rules(self.order)) * self.order.seeds


def rules(order: Sweep) -> tuple[str, ...]:
    """Names of the optimizers; that of the settings, where no others are named."""
    return tuple(dict.fromkeys(order.optimizers)) or (order.settings.optimizer.name,)


def write(path: Path, held: SweepFile) -> None:
    """In one piece: who reads it finds the last one or this one."""
    beside = path.with_suffix(".sweep-new")
    beside.write_bytes(msgspec.json.encode(held))
    os.replace(beside, path)


def names(folder: Path) -> list[str]:
    """Those of a folder, the newest first."""
    found = [path for path in folder.glob(f"*{ENDING}") if path.is_file()]
    return [
        path.name.removesuffix(ENDING) for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    ]


def read(folder: Path, name: str) -> SweepFile:
    """Errors: SettingError ``lab-sweep``, RunFileError ``lab-sweep-file``."""
    known = names(folder)
    if name not in known:
        raise SettingError(
            "lab-sweep",
            f"there is no sweep called {name[:100]!r}",
            where=f"the folder {folder}",
            why="a sweep is the file NAME.sweep in the folder that the lab was opened on",
            do=nearest(name, known) if known else "launch one first",
        )
    try:
        return msgspec.json.decode((folder / f"{name}{ENDING}").read_bytes(), type=SweepFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise RunFileError(
            "lab-sweep-file",
            f"{name}{ENDING} cannot be read: {str(error)[:200]}",
            where=str(folder),
            why="it was written by another version of Downslope, or by something else",
            do="remove the file, and launch the sweep again",
        ) from None


def payload(folder: Path, name: str | None, result: str | None, along: str | None) -> SweepView:
    """A sweep as it is now, the newest one if None is named; a picture without runs where there is none."""
    known = names(folder)
    if name is None and not known:
        return empty()
    name = name or known[0]
    held = read(folder, name)
    is_lost = held.state == "training" and not _is_alive(held.pid)
    columns = list(dict.fromkeys(column for run in held.runs for column in run.values))
    if result is not None and columns and result not in columns:
        raise SettingError(
            "sweep-column",
            f"the sweep has no result {result!r}",
            where=f"the sweep {name}",
            why="a result is the loss, or a held-out metric",
            do=nearest(result, columns),
        )
    made = drawn(held.runs, held.data, result or held.usual or "loss", along) if held.runs else empty(held.data)
    return replace(
        made,
        done=held.done,
        meant=held.meant,
        state="lost" if is_lost else held.state,
        why="its process is gone" if is_lost else held.why,
        name=name,
        names=tuple(known),
        again=msgspec.to_builtins(held.order.settings),
    )


def empty(data: str = "") -> SweepView:
    """Of no run."""
    title = f"{data}: the first runs are being trained" if data else "no sweep yet"
    return SweepView(title, "lr", "loss", (), True, (), (), (), (), (), (), 0, 0)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


class Sweeps:
    """The processes of a lab's sweeps, one at a time. tell: called when one has ended, from a thread of its own."""

    def __init__(self, folder: Path, tell: Callable[[], None]) -> None:
        self.folder, self._tell = folder, tell
        self._lock, self._closed = threading.Lock(), False
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None

    def start(self, order: Sweep) -> str:
        """Begin one; its name. Errors: SettingError ``lab-busy``, ``lab-limit``."""
        _check(order)
        with self._lock:
            if self._running is not None and self._running[1].poll() is None:
                raise SettingError(
                    "lab-busy",
                    f"{self._running[0]} is being trained",
                    where="the lab",
                    why="a sweep takes all cores, so there is one at a time",
                    do="wait for it, or stop it; the runs that are done are kept",
                )
            name = self._free(order.settings)
            path = self.folder / f"{name}{ENDING}"
            write(path, SweepFile(order, order.settings.data.name, os.getpid()))
            places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "downslope.lab.sweeper", str(path)],
                stdin=subprocess.PIPE,  # where it ends the lab has died, and the sweep with it
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what fails stands in the file
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
                start_new_session=True,
            )
            self._running = name, process
        self._tell()
        threading.Thread(target=self._wait, args=(process,), name="sweep", daemon=True).start()
        return name

    def _free(self, settings: Settings) -> str:
        word, number = settings.data.name, 1
        while (self.folder / f"{word}-sweep-{number}{ENDING}").exists():
            number += 1
        return f"{word}-sweep-{number}"

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        if not self._closed:
            self._tell()

    def stop(self, name: str) -> None:
        """End it; the runs that are done are kept. Nothing to do where it has ended. Errors: as ``read``."""
        read(self.folder, name)
        with self._lock:
            running = self._running
        if running is None or running[0] != name:
            return
        process, end = running[1], time.monotonic() + STOP_SECONDS
        with contextlib.suppress(OSError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(end - time.monotonic())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        held = read(self.folder, name)
        if held.state == "training":  # it was not even begun, or had to be killed
            write(self.folder / f"{name}{ENDING}", replace(held, state="stopped"))

    def close(self) -> None:
        """End the one that is being trained."""
        self._closed = True
        if self._running is not None and self._running[1].poll() is None:
            self.stop(self._running[0])


def _check(order: Sweep) -> None:
    runs = len(order.rates) * len(rules(order)) * order.seeds
    for what, given, most, why in (
        ("the number of runs", runs, MOST_RUNS, "each of them is a dot and a curve in one picture"),
        (
            "the number of steps of all runs",
            runs * order.settings.steps,
            MOST_STEPS,
            "a sweep is meant to take seconds",
        ),
    ):
        if given > most:
            raise SettingError(
                "lab-limit",
                f"{what} is {given:,}",
                where="the lab",
                why=why,
                do=f"give at most {most:,}; `downslope sweep` and ds.train_many have no such limit",
            )
