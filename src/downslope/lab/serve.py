"""Running the lab: a port, a token that lasts, uvicorn, the browser, and an end in order."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.concurrency import run_in_threadpool
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from downslope.errors import SettingError
from downslope.lab.limits import MOST_MESSAGE
from downslope.lab.server import HOST, Lab, lab
from downslope.lab.session import LookUp

USUAL_PORT = 8765
TRIED = 20  # ports from the usual one on
GRACE = 2  # seconds for open connections at the end


def serve(
    folder: Path,
    *,
    opened: str | None = None,
    port: int | None = None,
    browser: bool = True,
    look_up: LookUp = lambda id: [],
    say: Callable[[str], None] = print,
) -> None:
    """Run the lab until Ctrl-C. folder: of the runs, which exists. opened: the run that is shown first.

    port: the usual one, or the next that is free, if None. say: takes what is told on the terminal. Errors:
    SettingError ``lab-port``.
    """
    with contextlib.closing(bound(port)) as listening:
        number = int(listening.getsockname()[1])
        made = lab(folder, number, opened=opened, look_up=look_up, token=token_of(folder))
        server = Server(made, say, browser)
        with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again, after its end in order
            server.run(sockets=[listening])
    say(f"The lab is ended. Its runs are in {folder}.")


class Connection(WebSocketsSansIOProtocol):
    """uvicorn's, which fails at the end of the lab where a page is just closing its side."""

    def shutdown(self) -> None:
        """Close it, whoever began."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn, which tells the address as soon as it answers, and says good-bye to the pages."""

    def __init__(self, made: Lab, say: Callable[[str], None], browser: bool) -> None:
        super().__init__(
            uvicorn.Config(
                made.app,
                log_level="error",
                access_log=False,
                server_header=False,
                ws=Connection,
                ws_max_size=MOST_MESSAGE,
                ws_per_message_deflate=False,  # on one machine packing takes longer than sending
                timeout_graceful_shutdown=GRACE,
                lifespan="on",
            )
        )
        self.made, self.say, self.browser = made, say, browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say where."""
        await super().startup(sockets)
        if self.should_exit:
            return
        await run_in_threadpool(self.made.warm)  # the first page does not wait for what is loaded at its first use
        self.say(f"The lab is at {self.made.address}\nCtrl-C ends it; every run stays as its file.")
        if self.browser:
            threading.Thread(target=webbrowser.open, args=(self.made.address,), daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the pages, then end."""
        await self.made.stopping()
        await super().shutdown(sockets)


def bound(port: int | None) -> socket.socket:
    """A socket of the loopback interface. Errors: SettingError ``lab-port``."""
    wished = [port] if port is not None else [*range(USUAL_PORT, USUAL_PORT + TRIED), 0]
    for number in wished:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((HOST, number))
            made.listen(128)
        except (OSError, OverflowError) as error:
            made.close()
            if port is not None:
                raise _no_port(number, error) from None
        else:
            made.set_inheritable(False)
            return made
    raise _no_port(USUAL_PORT, OSError("no port is free"))


def _no_port(port: int, error: Exception) -> SettingError:
    used = getattr(error, "errno", None) == errno.EADDRINUSE
    return SettingError(
        "lab-port",
        f"port {port} is in use"
        if used
        else f"port {port} cannot be used: {getattr(error, 'strerror', None) or error}",
        where=f"{HOST}:{port}",
        why="the lab listens on a port of its own; another lab, or another program, may listen there already",
        do="leave --port out, which takes the next one that is free, or give another one, for example --port 8800",
    )


def token_of(folder: Path) -> str:
    """The token of the lab on this folder: the same one after a new start, so that an open page finds its way back.

    It is kept in the user's own folder for such things, readable by nobody else; a new one each time where that fails.
    """
    fresh = secrets.token_urlsafe(32)
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]
    base = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    path = (Path(base) if base else Path.home() / ".local" / "state") / "downslope" / "lab" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(fresh)
            return fresh
        found = path.stat()
        mine = os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
        kept = path.read_text(encoding="ascii").strip()
        return kept if mine and len(kept) == len(fresh) else fresh
    except (OSError, ValueError, RuntimeError):
        return fresh
