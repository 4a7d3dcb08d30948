"""What a connection may send, and how long it may take."""

import asyncio
import queue
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from typing import Literal
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hikari_serve.serving import connection
from hikari_serve.serving.connection import GuardedProtocol
from hikari_serve.serving.hangup import HungUp, while_connected
from tests.serving.threaded import threaded

FEW = 20_000_000
"""Bytes that are many for headers, and few for a machine."""


async def echo(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def slow(request: Request) -> Response:
    return Response(b"x" * FEW)


LEFT: queue.Queue[bytes] = queue.Queue()
"""What the clients of `/wait` sent that left."""


async def wait(request: Request) -> Response:
    """Works for some seconds, if anybody waits for it."""
    sent = await request.body()
    seconds = float(request.query_params["seconds"])
    try:
        await while_connected(request.receive, asyncio.sleep(seconds))
    except HungUp:
        LEFT.put(sent)
    return Response("done")


@pytest.fixture
def loop() -> Literal["auto", "asyncio"]:
    """uvicorn's event loop: uvloop, unless a test says another."""
    return "auto"


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, loop: Literal["auto", "asyncio"]) -> Iterator[str]:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(connection, "WRITE_SECONDS", 0.5)
    app = Starlette(
        routes=[
            Route("/", echo, methods=["GET", "POST"]),
            Route("/much", slow),
            Route("/wait", wait, methods=["POST"]),
        ],
    )
    with threaded(app, GuardedProtocol, loop) as served:
        yield served.url


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def rest(opened: socket.socket) -> bytes:
    """What is said until the server closes the connection."""
    said = b""
    try:
        while chunk := opened.recv(65536):
            said += chunk
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: " + b"b" * FEW,
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * (FEW // 6),
        b"GET /" + b"a" * FEW,
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: " + b"b" * 65_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 11_000 + b"\r\n",
    ],
)
def test_headers_that_never_end_are_431(url: str, head: bytes) -> None:
    with connect(url) as opened:
        try:
            opened.sendall(head)
        except (BrokenPipeError, ConnectionResetError):
            return  # closed in our face, before we had sent it all
        said = rest(opened)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


def test_the_sentence_of_431_arrives(url: str) -> None:
    with connect(url) as opened:
        opened.sendall(b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"b" * 65_000)
        said = rest(opened)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"larger than 64000 bytes" in said


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nhost: x\r\n", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HT", b"HTTP/1.1 200 "),
    ],
)
def test_who_stops_half_way_is_not_waited_for(url: str, sent: bytes, says: bytes) -> None:
    with connect(url) as opened:
        opened.sendall(sent)
        assert rest(opened).startswith(says)


def test_a_byte_now_and_then_keeps_no_connection(url: str) -> None:
    for head in (b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\ncontent-length: 999\r\n\r\n"):
        with connect(url) as opened:
            opened.sendall(head)
            began = time.monotonic()
            with suppress(BrokenPipeError, ConnectionResetError):
                while time.monotonic() - began < 10:
                    opened.sendall(b"a")
                    time.sleep(0.1)
            assert time.monotonic() - began < 10


def test_who_does_not_read_its_answer_loses_it(url: str) -> None:
    with connect(url) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        opened.sendall(b"GET /much HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(2)
        assert len(rest(opened)) < FEW


def test_an_honest_client_notices_nothing(url: str) -> None:
    body = b"x" * 3_000_000
    with connect(url) as opened:
        for _ in range(3):
            head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            opened.sendall(head + b"")
            for start in range(0, len(body), 500_000):
                opened.sendall(body[start : start + 500_000])
                time.sleep(0.15)
            said = b""
            while not said.endswith(b"3000000"):
                said += opened.recv(65536)
            assert said.startswith(b"HTTP/1.1 200 ")


WAIT = b"POST /wait?seconds=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"
LOOPS = pytest.mark.parametrize("loop", ["auto", "asyncio"])


@LOOPS
def test_who_ended_only_its_own_part_is_answered(url: str) -> None:
    with connect(url) as opened:
        opened.sendall(WAIT)
        opened.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(opened)
        answer.begin()
        assert (answer.status, answer.read()) == (200, b"done")
        assert opened.recv(1) == b""


@LOOPS
def test_who_left_is_missed_at_once(url: str) -> None:
    with connect(url) as opened:
        opened.sendall(WAIT.replace(b"seconds=1", b"seconds=60").replace(b"abc", b"def"))
        time.sleep(0.1)
    assert b"def" in iter(partial(LEFT.get, timeout=10), None)


@pytest.mark.parametrize("sent", [WAIT[:-1], WAIT.replace(b"HTTP/1.1", b"HTTP/1.0")])
def test_who_ended_too_early_or_knows_no_interim_responses_has_left(url: str, sent: bytes) -> None:
    with connect(url) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        assert rest(opened) == b""
