"""A training as the lab sees it: a process that is sent orders, whose reports are handed on, and that may die."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError as Late
from pathlib import Path

import msgspec

from downslope.errors import DownslopeError, SettingError
from downslope.lab import limits
from downslope.lab.commands import Done
from downslope.lab.orders import Begin, Order, Orders, Report, Stop
from downslope.lab.protocol import Live

ANSWER_SECONDS = 120.0  # a long way of steps, or a compilation of a large network
STOP_SECONDS = 15.0
Tell = Callable[["Training", Live], None]


class Training:
    """A process. ended: called once when it is gone, in a thread of its own. live: its last report, None before one."""

    def __init__(self, tell: Tell, ended: Callable[[Training], None]) -> None:
        self.run, self.live = "", None  # type: str, Live | None
        self._tell, self._ended = tell, ended
        self._waiting: dict[int, Future[Done]] = {}
        self._lock, self._count, self._stopping = threading.Lock(), 0, False
        places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "downslope.lab.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C at the terminal reaches the lab alone, which ends its trainings in order
        )
        self._thread = threading.Thread(target=self._listen, name="training", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether it is training at this moment."""
        return self.live is not None and self.live.state in ("training", "starting")

    def begin(self, order: Begin) -> Done:
        """The first order. Errors: those of making or opening the run."""
        self.run = order.run
        return self.call(order)

    def call(self, order: Orders, seconds: float = ANSWER_SECONDS) -> Done:
        """Send an order and wait until it is carried out. Errors: those of the order; ``lab-training-lost``."""
        future: Future[Done] = Future()
        with self._lock:
            self._count += 1
            id = self._count
            self._waiting[id] = future
        try:
            self._send(Order(id, order))
        except (OSError, ValueError):
            self._waiting.pop(id, None)
            raise _lost(self.run, self.how_it_ended()) from None
        try:
            return future.result(seconds)
        except Late:
            self._waiting.pop(id, None)
            raise _late(self.run, seconds) from None

    def _send(self, order: Order) -> None:
        assert self.process.stdin is not None
        line = msgspec.json.encode(order) + b"\n"
        with self._lock:
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End it in order: its file is completed. If it does not end in that time it is killed; the file stays."""
        self._stopping = True
        with contextlib.suppress(OSError, ValueError):
            self._send(Order(-1, Stop()))
        self.join(seconds)

    def join(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for the process to end, then for the thread that listens to it."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def how_it_ended(self) -> str:
        """In words."""
        code = self.process.poll()
        if code is None:
            return "it does not answer any more"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"it was ended by {signal.Signals(-code).name}"
        return f"it ended with code {code}"

    # --- listening -----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        decoder, stdout = msgspec.json.Decoder(Report), self.process.stdout
        assert stdout is not None
        for line in stdout:
            try:
                report = decoder.decode(line)
            except msgspec.DecodeError:
                continue  # half of a line, from a process that was killed while it wrote
            self._hear(report)
        self.process.wait()
        with contextlib.suppress(OSError):
            stdout.close()
        with contextlib.suppress(OSError), self._lock:
            assert self.process.stdin is not None
            self.process.stdin.close()
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(_lost(self.run, self.how_it_ended()))
        self._waiting.clear()
        if self.live is not None and not self._stopping:
            self.live = msgspec.structs.replace(self.live, state="lost", rate=0.0, why=self.how_it_ended())
            self._tell(self, self.live)
        self._ended(self)

    def _hear(self, report: Report) -> None:
        if report.live is not None:
            self.live = report.live
            self._tell(self, report.live)
            return
        future = self._waiting.pop(report.id, None)
        if future is None or future.done():
            return
        if report.failure is not None:
            future.set_exception(DownslopeError.again(report.failure))
        elif report.done is not None:
            future.set_result(report.done)


def _lost(run: str, how: str) -> DownslopeError:
    return DownslopeError(
        "lab-training-lost",
        f"the process that trained {run} is gone: {how}",
        where="the lab",
        why="each training is a process of its own, which may be killed or run out of memory",
        do="its file holds every step up to the last commit: play it to go on from there, or look at it as it is",
    )


def _late(run: str, seconds: float) -> DownslopeError:
    return DownslopeError(
        "lab-training-late",
        f"the training of {run} has not answered for {seconds:.0f} s",
        where="the lab",
        why="a step of a large network, or its compilation, may take long on a busy machine",
        do="wait and try again, or close the run: its file stays",
    )


def busy(what: str) -> SettingError:
    """The error ``lab-busy``."""
    return SettingError(
        "lab-busy",
        what,
        where="the lab",
        why=f"up to {limits.MOST_TRAININGS} runs train at the same time, each in a process of its own",
        do="pause one of them, and try again",
    )
