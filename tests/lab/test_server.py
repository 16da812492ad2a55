"""Who is let in and who is not, and what a page can do: over a real server, as a browser talks to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from downslope.lab import limits, pages, protocol, server
from downslope.views.list_payload import TextView

from .conftest import Running


def refused(running: Running, **how: Any) -> None:
    """The connection is not made, or closed before a word is said."""
    with pytest.raises((InvalidStatus, ConnectionClosed)), running.connect(**how) as socket:
        socket.recv(timeout=10)


# --- who is let in ----------------------------------------------------------------------------------------------------


def test_without_the_token_nothing_is_shown(running: Running) -> None:
    with running.stranger() as stranger:
        for path in ("/", "/?token=wrong", "/?token=", "/static/downslope.js"):
            answer = stranger.get(path)
            assert answer.status_code == 403
            assert "?token=" in answer.text
            assert running.lab.token not in answer.text


def test_the_printed_address_opens_the_page_and_takes_the_token_out_of_the_address(running: Running) -> None:
    with running.stranger() as browser:
        first = browser.get(running.lab.address.replace(running.base, ""))
        assert first.status_code == 303
        assert first.headers["location"] == "/"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert browser.get("/").status_code in (200, 503)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"]
)
def test_a_foreign_host_header_is_refused(running: Running, host: str) -> None:
    with running.page(Host=host) as page:
        answer = page.get("/")
        assert answer.status_code == 421
        assert "Host" in answer.text
    refused(running, host=host)


def test_every_answer_carries_a_strict_policy(running: Running) -> None:
    with running.page() as page, running.stranger(Host="evil.example") as foreign:
        for answer in (page.get("/"), page.get("/nothing"), page.get("/static/nothing"), foreign.get("/")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe-eval" not in policy
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_is_changed_by_plain_requests(running: Running, method: str) -> None:
    with running.page() as page:
        assert page.request(method, "/", content=b"x" * 100).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/static/../server.py", "/static/..%2fserver.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/static/"],
)
def test_static_files_are_those_of_one_folder(running: Running, path: str) -> None:
    with running.page() as page:
        answer = page.get(path)
        assert answer.status_code == 404
        assert "starlette" not in answer.text


def closed(socket: ClientConnection) -> bool:
    try:
        socket.recv(timeout=10)
    except ConnectionClosed:
        return True
    return False


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": None},
        {"token": "guessed"},
        {"origin": "http://evil.example"},
        {"origin": "https://127.0.0.1"},
        {"origin": "null"},
        {"origin": None},
        {"origin": "http://127.0.0.1:1"},
    ],
)
def test_a_connection_needs_the_token_and_the_pages_own_origin(running: Running, wrong: dict[str, str | None]) -> None:
    refused(running, **wrong)


def test_more_pages_than_allowed_are_turned_away(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 1)
    with running.talk() as first:
        assert first.hear()["event"] == "hello"
        refused(running)


# --- what is said -----------------------------------------------------------------------------------------------------


def test_the_first_message_says_where_one_is(running: Running) -> None:
    with running.talk() as page:
        hello = page.hear()
        assert hello["event"] == "hello"
        assert hello["protocol"] == protocol.VERSION
        assert Path(hello["folder"]).is_dir()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"id": 5}',
        '{"id": 5, "ask": {"view": "runs"}, "do": {"type": "pause", "run": "a"}}',
        '{"id": 5, "ask": {"view": 7}}',
        '{"id": 5, "do": {"type": "shell", "command": "true"}}',
        '{"id": 5, "do": {"type": "create", "settings": {"hidden": [1,1,1,1,1,1,1,1,1]}}}',
        '{"id": 5, "do": {"type": "create", "settings": {"hidden": [513]}}}',
        '{"id": 5, "do": {"type": "create", "settings": {"steps": 99999999}}}',
        '{"id": 5, "do": {"type": "step", "run": "../../etc/passwd", "n": 1}}',
        '{"id": 5, "do": {"type": "play", "run": "a", "speed": -1}}',
        '{"id": 5, "ask": ' + '{"view":"runs","args":' * 3 + "[" * 20_000 + "]" * 20_000 + "}}}}",
    ],
)
def test_what_is_no_message_is_refused_in_words_and_the_connection_stays(running: Running, text: str) -> None:
    with running.talk() as page:
        page.hear()
        page.socket.send(text)
        answer = page.hear()
        assert answer["failure"]["code"] == "lab-message"
        assert answer["failure"]["do"]
        assert page.ask("presets")["answer"]["type"] == "presets"


def test_an_oversized_upload_is_refused_with_the_way_around_it(running: Running) -> None:
    table = "a,b,c\n" + "1.25,2.5,x\n" * 800_000
    assert len(table) > limits.MOST_UPLOAD
    with running.talk() as page:
        answer = page.do("upload", name="big.csv", text=table)
        assert answer["failure"]["code"] == "lab-upload-size"
        assert "downslope train" in answer["failure"]["do"]


def test_a_message_beyond_every_limit_ends_the_connection(running: Running) -> None:
    with running.talk() as page:
        page.hear()
        with contextlib.suppress(ConnectionClosed):
            page.socket.send(json.dumps({"id": 1, "text": "x" * (limits.MOST_MESSAGE + 1)}))
        assert closed(page.socket)
    with running.talk() as page:
        assert page.ask("presets")["answer"]["type"] == "presets"


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "open('/etc/passwd')",
        "(lambda: 1)()",
        "x if y else x",
        "x[0]",
        "exec('1')",
    ],
)
def test_a_formula_that_would_run_code_is_refused_at_the_character(running: Running, formula: str) -> None:
    with running.talk() as page:
        for view in ("surface", "quadratic"):
            failure = page.ask(view, formula=formula)["failure"]
            assert failure["code"].startswith("formula-")
        failure = page.ask("descent", formula=formula, optimizers=[{"name": "adam"}])["failure"]
        assert failure["code"].startswith("formula-")


@pytest.mark.parametrize(
    "formula", ["x" + "+x" * 5_000, "(" * 400 + "x" + ")" * 400, "x**" * 160 + "2", "9**9**9**9**9*x"]
)
def test_a_formula_made_to_hurt_is_refused_or_answered(running: Running, formula: str) -> None:
    with running.talk() as page:
        answer = page.ask("surface", formula=formula)
        assert "answer" in answer or answer["failure"]["code"] != "lab-bug"


def test_questions_are_answered_while_a_long_one_is_worked_on(running: Running) -> None:
    with running.talk() as page:
        long = {"view": "race", "args": {"surface": "ackley", "budget": 2000, "optimizers": [{"name": "shampoo"}]}}
        page.socket.send(json.dumps({"id": 1_000, "ask": long}))
        assert page.ask("presets")["answer"]["type"] == "presets"
        assert not any(event.get("id") == 1_000 for event in page.events)
        page.hear(1_000)


def test_an_answer_that_is_no_json_is_told_as_a_bug_and_nobody_waits(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.lab.session, "ask", lambda query: TextView("x", "x", object(), ()))  # type: ignore[arg-type]
    with running.talk() as page:
        assert page.ask("runs")["failure"]["code"] == "lab-bug"
        monkeypatch.undo()
        assert "answer" in page.ask("runs")


def test_a_page_that_comes_back_finds_the_training_where_it_is(running: Running) -> None:
    settings = {"data": {"name": "moons", "settings": {"n": 100}}, "hidden": [4], "dialect": "in place"}
    with running.talk() as page:
        run = page.do("create", settings=settings)["done"]["run"]
        page.do("step", run=run, n=10)
        page.do("play", run=run, speed=20)
    with running.talk() as page:
        (live,) = (each for each in page.hear()["trainings"] if each["run"] == run)
        assert live["state"] == "training"
        done = page.do("pause", run=run)["done"]
        assert done["steps"] >= 10
        assert page.ask("loss_curve", run)["answer"]["n_steps"] == done["steps"]
        page.do("close", run=run)


def test_a_fresh_checkout_says_how_to_build_the_page(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STATIC", tmp_path / "nothing")
    with running.page() as page:
        answer = page.get("/")
        assert answer.status_code == 503
        assert answer.text == pages.not_built()
        assert "make web" in answer.text
        assert page.get("/static/downslope.js").status_code == 404


class Leaving:
    """The socket of a page that goes away while it is written to: after that even reading it fails."""

    def __init__(self, sends: int) -> None:
        self.sends, self.sent = sends, list[str]()

    async def send_text(self, text: str) -> None:
        if len(self.sent) == self.sends:
            raise WebSocketDisconnect(1006)
        self.sent.append(text)

    async def receive_text(self) -> str:
        await asyncio.sleep(0)
        if len(self.sent) == self.sends:
            raise RuntimeError("WebSocket is not connected")
        return '{"id": 1, "ask": {"view": "nothing"}}'


@pytest.mark.parametrize("sends", [0, 1, 2])
def test_a_page_that_goes_away_at_any_moment_is_no_error(running: Running, sends: int) -> None:
    assert running.lab.session is not None
    socket: Any = Leaving(sends)
    asyncio.run(asyncio.wait_for(server.Page(socket, running.lab.session).serve(), 20))
    assert all("hello" in text for text in socket.sent[:1])
    assert len(socket.sent) == sends
