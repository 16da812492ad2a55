"""Ctrl-C as a wish: a run ends between two steps, with what was learned so far."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

_heard: ContextVar[Callable[[], bool]] = ContextVar("heard", default=lambda: False)


@contextlib.contextmanager
def heed(asked: Callable[[], bool]) -> Iterator[None]:
    """Inside, in a thread of its own, runs end early when ``asked()`` says so."""
    before = _heard.set(asked)
    try:
        yield
    finally:
        _heard.reset(before)


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Inside, the first Ctrl-C only makes the yielded function return True; a second one ends the program at once.

    Only the main thread hears signals; elsewhere the function is that of ``heed``, or stays False.
    """
    if threading.current_thread() is not threading.main_thread():
        yield _heard.get()
        return
    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: Any) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
