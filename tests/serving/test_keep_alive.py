"""How long a connection is kept between requests, and what becomes of those that a stop meets."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hikari_serve.serving import keep_alive
from hikari_serve.serving.connection import GuardedProtocol
from tests.serving.threaded import Threaded, threaded

Connect = Callable[[], HTTPConnection]


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def stream(request: Request) -> Response:
    async def words() -> AsyncIterator[bytes]:
        for each in (b"a", b"b"):
            yield each
            await anyio.sleep(0.5)

    return StreamingResponse(words())


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Threaded]:
    monkeypatch.setattr(GuardedProtocol, "linger", 1)
    app = Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/stream", stream)])
    with threaded(app, GuardedProtocol) as running:
        yield running


@pytest.fixture
def client(served: Threaded) -> Iterator[Connect]:
    """Makes clients that send once, and do not look before whether the server has closed."""
    parts = urlsplit(served.url)
    with ExitStack() as stack:

        def connect() -> HTTPConnection:
            opened = HTTPConnection(str(parts.hostname), parts.port, timeout=10)
            opened.connect()
            return stack.enter_context(closing(opened))

        yield connect


def ask(opened: HTTPConnection, body: bytes) -> HTTPResponse:
    opened.request("POST", "/", body)
    answer = opened.getresponse()
    assert (answer.status, answer.read()) == (200, body)
    return answer


def closed(opened: HTTPConnection, within: float) -> bool:
    assert opened.sock is not None
    opened.sock.settimeout(within)
    try:
        return opened.sock.recv(1) == b""
    except TimeoutError:
        return False


def test_an_idle_connection_outlives_a_proxys_patience(
    client: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep_alive.KEEP_ALIVE_SECONDS > 60
    monkeypatch.setattr(keep_alive, "KEEP_ALIVE_SECONDS", 1)
    opened = client()
    ask(opened, b"a")
    assert not closed(opened, 0.5)
    assert closed(opened, 2)


def test_a_crowd_waits_less(client: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_alive, "CROWD", 1)
    monkeypatch.setattr(keep_alive, "CROWDED_SECONDS", 0)
    first, second = client(), client()
    ask(first, b"a")
    assert closed(first, 2)
    ask(second, b"a")
    assert not closed(second, 0.5)


def test_who_asks_again_while_the_server_stops_is_answered_and_told(
    served: Threaded, client: Connect
) -> None:
    used, fresh, half = client(), client(), client()
    assert ask(used, b"a").getheader("connection") is None
    assert half.sock is not None
    half.sock.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-le")
    time.sleep(0.1)
    served.server.should_exit = True
    time.sleep(0.5)
    assert ask(used, b"b").getheader("connection") == "close"
    assert ask(fresh, b"c").getheader("connection") == "close"
    half.sock.sendall(b"ngth: 1\r\n\r\nd")
    answer = HTTPResponse(half.sock)
    answer.begin()
    assert (answer.getheader("connection"), answer.read()) == ("close", b"d")
    served.thread.join(5)
    assert not served.thread.is_alive()


def test_who_asks_no_more_is_let_go(served: Threaded, client: Connect) -> None:
    opened = client()
    ask(opened, b"a")
    served.server.should_exit = True
    assert not closed(opened, 0.5)
    assert closed(opened, 2)
    served.thread.join(5)
    assert not served.thread.is_alive()


def test_a_stream_that_runs_ends_and_one_more_request_is_answered(
    served: Threaded, client: Connect
) -> None:
    opened = client()
    opened.request("GET", "/stream")
    answer = opened.getresponse()
    threading.Timer(0.1, setattr, (served.server, "should_exit", True)).start()
    assert answer.read() == b"ab"
    assert ask(opened, b"c").getheader("connection") == "close"
