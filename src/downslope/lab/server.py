"""The lab's web server: one page, its files, and a WebSocket, on the loopback interface and behind a token."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message as Sent, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from downslope.errors import DownslopeError
from downslope.lab import limits, pages, protocol
from downslope.lab.protocol import Answered, Did, Event, Failure, Live, Message, Refused, Stopping
from downslope.lab.session import LookUp, Session

HOST = "127.0.0.1"
STATIC = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
GOODBYE_SECONDS = 1.0
GONE = (WebSocketDisconnect, RuntimeError)  # a page that went away; the second one where another task noticed it first
AT_ONCE = 8  # questions of one page that are worked on at the same time
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Lab:
    """The lab behind one port. token: what opens it. app: the ASGI application."""

    def __init__(
        self, session: Callable[[Callable[[Event], None]], Session], port: int, token: str | None = None
    ) -> None:
        self.port, self.token = port, token or secrets.token_urlsafe(32)
        self.cookie = f"downslope-{port}"  # cookies are shared by all ports of a host
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._make, self.session = session, None  # type: Callable[[Callable[[Event], None]], Session], Session | None
        self._pages: set[Page] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        routes = [
            Route("/", self._page),
            Route("/static/{name}", self._static),
            WebSocketRoute("/ws", self._socket),
        ]
        self.app: ASGIApp = Guard(Starlette(routes=routes, lifespan=self._lifespan), self.hosts, self.port)

    @property
    def address(self) -> str:
        """What is opened in a browser."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self.session = await run_in_threadpool(self._make, self._tell)
        try:
            yield
        finally:
            self._loop = None
            await run_in_threadpool(self.session.close)

    def warm(self) -> None:
        """Answer what the first page asks, so that it is loaded when it comes. Nothing that fails here is lost."""
        if self.session is not None:
            for view in ("catalogue", "descent", "quadratic"):
                self.session.ask(protocol.Query(view))

    # --- the page ------------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None:
            if not self._is_token(given):
                return HTMLResponse(pages.refused("the token in the address is not the one of this lab"), 403)
            # Out of the address, so that it is in no history and in no picture of the screen; what follows # stays.
            rest = "&".join(f"{k}={v}" for k, v in request.query_params.multi_items() if k in ("host",))
            answer = RedirectResponse(f"/?{rest}" if rest else "/", 303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
            return answer
        if not self._is_token(request.cookies.get(self.cookie)):
            return HTMLResponse(pages.refused("the address has no token, and this browser has not been here yet"), 403)
        page = STATIC / "index.html"
        if not (page.is_file() and (STATIC / "downslope.js").is_file()):
            return HTMLResponse(pages.not_built(), 503)
        return HTMLResponse(page.read_text(encoding="utf-8"))

    async def _static(self, request: Request) -> Response:
        if not self._is_token(request.cookies.get(self.cookie)):
            return HTMLResponse(pages.refused("this browser has not opened the lab's page"), 403)
        name = request.path_params["name"]
        known = {path.name: path for path in STATIC.iterdir() if path.is_file()} if STATIC.is_dir() else {}
        if name not in known:
            return HTMLResponse(pages.missing(), 404)
        path = known[name]
        return FileResponse(path, media_type=TYPES.get(path.suffix, "application/octet-stream"))

    def _is_token(self, given: str | None) -> bool:
        return given is not None and secrets.compare_digest(given.encode(), self.token.encode())

    # --- the connection ------------------------------------------------------------------------------------------

    async def _socket(self, socket: WebSocket) -> None:
        origin = socket.headers.get("origin", "")
        known = urlsplit(origin)
        if known.scheme != "http" or known.netloc not in self.hosts or known.netloc != socket.headers.get("host"):
            await socket.close(4403, "another page's origin")
            return
        if not self._is_token(socket.cookies.get(self.cookie)):
            await socket.close(4401, "no token")
            return
        if len(self._pages) >= limits.MOST_CONNECTIONS or self.session is None:
            await socket.close(4429, "too many pages")
            return
        await socket.accept()
        page = Page(socket, self.session)
        self._pages.add(page)
        try:
            await page.serve()
        finally:
            self._pages.discard(page)

    def _tell(self, event: Event) -> None:
        """To all pages; called by the threads of the session."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it was closed meanwhile
                loop.call_soon_threadsafe(self._publish, event)

    def _publish(self, event: Event) -> None:
        for page in self._pages:
            page.tell(event)

    async def stopping(self) -> None:
        """Say good-bye to all pages, as far as they still listen."""
        words = Stopping("the lab was ended; its run files are complete")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.gather(*(page.send(words) for page in self._pages), return_exceptions=True)


class Page:
    """One open page. What is told unasked waits in ``_events``; of a training only the newest report does."""

    def __init__(self, socket: WebSocket, session: Session) -> None:
        self.socket, self.session = socket, session
        self._events: dict[str, Event] = {}
        self._wake, self._sending = asyncio.Event(), asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._encoder, self._decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Message)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Until the page goes away."""
        teller = asyncio.create_task(self._tell_all())
        try:
            await self.send(self.session.hello())
            while True:
                text = await self.socket.receive_text()
                await self._room.acquire()
                task = asyncio.create_task(self._work(text))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (*GONE, KeyError):  # KeyError: a frame of bytes
            pass
        finally:
            for task in (teller, *self._tasks):
                task.cancel()
            await asyncio.gather(teller, *self._tasks, return_exceptions=True)

    async def _work(self, text: str) -> None:
        try:
            await self._send(await run_in_threadpool(self._reply, text))
        except GONE:
            pass
        finally:
            self._room.release()

    def _reply(self, text: str) -> str:
        found = self._answer(text)
        try:
            return self._encoded(found)
        except Exception as error:  # a payload with something in it that is no JSON: nobody waits for ever
            return self._encoded(Refused(found.id, protocol.bug(error, "the lab")))

    def _answer(self, text: str) -> Any:
        try:
            message = self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return Refused(protocol.id_of(text), protocol.unreadable(error))
        if (message.ask is None) == (message.do is None):
            return Refused(message.id, protocol.unreadable("a message has either ask or do"))
        try:
            if message.ask is not None:
                found = self.session.ask(message.ask)
                return Refused(message.id, found) if isinstance(found, Failure) else Answered(message.id, found)
            assert message.do is not None
            return Did(message.id, self.session.do(message.do))
        except DownslopeError as error:
            return Refused(message.id, protocol.failure(error))
        except Exception as error:
            return Refused(message.id, protocol.bug(error, "the lab"))

    async def send(self, message: Any) -> None:
        """One text frame."""
        await self._send(self._encoded(message))

    async def _send(self, text: str) -> None:
        async with self._sending:
            await self.socket.send_text(text)

    def _encoded(self, message: Any) -> str:
        return self._encoder.encode(message).decode()

    def tell(self, event: Event) -> None:
        """Send it soon."""
        name = f"live {event.run} {event.state}" if isinstance(event, Live) else repr(event)
        self._events.pop(name, None)
        self._events[name] = event
        self._wake.set()

    async def _tell_all(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                waiting = list(self._events.values())
                self._events.clear()
                for event in waiting:
                    await self.send(event)
        except GONE:
            return


class Guard:
    """Around everything: only requests to this machine by its own names, only reading, and headers on all answers.

    A page of another site may have its own name point to 127.0.0.1; the Host header is then that name.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], port: int) -> None:
        self.app, self.hosts, self.port = app, hosts, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if host not in self.hosts:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 4403, "reason": "a foreign Host header"})
                return
            refused = HTMLResponse(pages.refused("the Host header is not that of this machine"), 421)
            await refused(scope, receive, self._headed(send, f"{HOST}:{self.port}"))
            return
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            response = HTMLResponse(pages.missing(), 405)
            await response(scope, receive, self._headed(send, host))
            return
        await self.app(scope, receive, self._headed(send, host) if scope["type"] == "http" else send)

    def _headed(self, send: Send, host: str) -> Send:
        async def sent(message: Sent) -> None:
            if message["type"] == "http.response.start":
                more = {**HEADERS, "Content-Security-Policy": POLICY.format(host=host)}
                message["headers"] = [
                    *((name, value) for name, value in message["headers"] if name.lower() != b"server"),
                    *((name.lower().encode(), value.encode()) for name, value in more.items()),
                ]
            await send(message)

        return sent


def lab(
    folder: Path, port: int, *, opened: str | None = None, look_up: LookUp = lambda id: [], token: str | None = None
) -> Lab:
    """The lab on a folder of runs."""
    return Lab(lambda tell: Session(folder, tell, opened=opened, look_up=look_up), port, token)
