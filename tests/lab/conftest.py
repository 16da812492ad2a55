"""A lab in a folder of its own: as a session without a page, and as a server with one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from downslope.lab import serve
from downslope.lab.commands import Create, Step
from downslope.lab.protocol import Event, Live
from downslope.lab.server import Lab, lab
from downslope.lab.session import Session
from downslope.lab.settings import Choice, DataChoice, Settings


def settings(**changes: Any) -> Settings:
    """A small network that needs no compiler, so that a test waits for nothing but what it is about."""
    given: dict[str, Any] = {
        "data": DataChoice("moons", {"n": 120}),
        "hidden": (6,),
        "optimizer": Choice("adam", {"lr": 0.02}),
        "batch_size": 20,
        "steps": 400,
        "dialect": "in place",
    }
    return Settings(**{**given, **changes})


class Heard(list[Event]):
    """The events of a session, in their order."""

    def live(self, run: str) -> list[Live]:
        return [event for event in self if isinstance(event, Live) and event.run == run]

    def wait(self, holds: Callable[[Heard], bool], seconds: float = 60.0) -> None:
        """Until something was heard. It fails where that does not come."""
        end = time.monotonic() + seconds
        while not holds(self):
            assert time.monotonic() < end, f"never heard; the last: {self[-3:]}"
            time.sleep(0.01)


@pytest.fixture
def heard() -> Heard:
    """What the session tells."""
    return Heard()


@pytest.fixture
def session(tmp_path: Path, heard: Heard) -> Iterator[Session]:
    """A lab in an empty folder; afterwards no process of it is left."""
    made = Session(tmp_path, heard.append)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def trained(session: Session) -> str:
    """The name of a run of 40 steps."""
    name = session.do(Create(settings())).run
    assert name is not None
    session.do(Step(name, 40))
    return name


class Running:
    """A lab that listens. ``page()`` is a browser that has its cookie; ``talk()`` a connection."""

    def __init__(self, made: Lab, server: serve.Server) -> None:
        self.lab, self.server = made, server
        self.base = f"http://127.0.0.1:{made.port}"

    def page(self, **headers: str) -> httpx.Client:
        """A browser that has been at the printed address."""
        cookies = {self.lab.cookie: self.lab.token}
        return httpx.Client(base_url=self.base, cookies=cookies, headers=headers, trust_env=False)

    def stranger(self, **headers: str) -> httpx.Client:
        """One that has not."""
        return httpx.Client(base_url=self.base, headers=headers, trust_env=False)

    def connect(
        self, *, token: str | None = "", origin: str | None = "", host: str = ""
    ) -> AbstractContextManager[ClientConnection]:
        """A WebSocket as a browser opens it; "" is what is right, None leaves it out."""
        headers = {}
        if token is not None:
            headers["Cookie"] = f"{self.lab.cookie}={token or self.lab.token}"
        if host:
            headers["Host"] = host
        return connect(
            f"ws://127.0.0.1:{self.lab.port}/ws?protocol=1",
            additional_headers=headers,
            origin=None if origin is None else (origin or self.base),  # type: ignore[arg-type]  # a NewType of str
            max_size=None,
            max_queue=None,  # with events that nobody has read, a connection is not seen to end
            proxy=None,
        )

    def talk(self) -> Talk:
        """A connection that asks and waits for the answer."""
        return Talk(self.connect)


class Talk:
    """One connection. ``events``: what was told unasked."""

    socket: ClientConnection

    def __init__(self, connect: Callable[[], AbstractContextManager[ClientConnection]]) -> None:
        self.connect, self.stack = connect, ExitStack()
        self.count, self.events = 0, list[dict[str, Any]]()

    def __enter__(self) -> Talk:
        self.socket = self.stack.enter_context(self.connect())
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def ask(self, view: str, run: str | None = None, step: int | None = None, **args: Any) -> dict[str, Any]:
        return self.send(ask={"view": view, "run": run, "step": step, "args": args})

    def do(self, type: str, **command: Any) -> dict[str, Any]:
        return self.send(do={"type": type, **command})

    def send(self, **message: Any) -> dict[str, Any]:
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, **message}))
        return self.hear(self.count)

    def hear(self, id: int | None = None) -> dict[str, Any]:
        """The answer with this id, or the next message."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=60))
            if id is None or message.get("id") == id:
                return message
            self.events.append(message)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that only ask."""
    yield from started(tmp_path_factory.mktemp("lab"))


def started(folder: Path, **options: Any) -> Iterator[Running]:
    """A server in a thread, on a port that was free; ended in order afterwards."""
    with closing(serve.bound(0)) as listening:
        made = lab(folder, listening.getsockname()[1], **options)
        server = serve.Server(made, lambda text: None, browser=False)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            end = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < end
                time.sleep(0.01)
            yield Running(made, server)
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
