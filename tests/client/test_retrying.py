"""The client asks again where the server says when, tells so in a stream, and gives up in time."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hikari_serve.client import AsyncClient, Client, Reconnect, StreamEvent
from hikari_serve.client.retrying import LEAST_WAIT_SECONDS
from hikari_serve.errors import (
    BadImage,
    EngineFailed,
    HikariError,
    Overloaded,
    QueueFull,
    Unavailable,
)
from hikari_serve.presentation.answer import Answer
from hikari_serve.serving.errors import error_response
from tests.serving.conftest import Api
from tests.serving.threaded import threaded

SHED = QueueFull("128 requests are waiting already", retry_after=0.3)
WORDS = b'event: words\ndata: {"stage": "caption", "text": "A red"}\n\n'


def stream(body: bytes) -> Response:
    return Response(body, media_type="text/event-stream")


@contextmanager
def saying(*responses: Response) -> Iterator[tuple[str, list[float]]]:
    """A server that answers with each of these in turn, and with the last one for ever."""
    asked: list[float] = []

    async def answer(request: Request) -> Response:
        await request.body()
        asked.append(time.monotonic())
        return responses[min(len(asked), len(responses)) - 1]

    route = Route("/{path:path}", answer, methods=["GET", "POST"])
    with threaded(Starlette(routes=[route])) as served:
        yield served.url, asked


def ask(kind: str, url: str, patience: float) -> Answer:
    if kind == "sync":
        with Client(url, patience=patience) as client:
            return client.diagnose(b"x")

    async def later() -> Answer:
        async with AsyncClient(url, patience=patience) as client:
            return await client.diagnose(b"x")

    return asyncio.run(later())


def listen(kind: str, url: str, patience: float) -> list[StreamEvent]:
    if kind == "sync":
        with Client(url, patience=patience) as client:
            return list(client.stream(b"x"))

    async def later() -> list[StreamEvent]:
        async with AsyncClient(url, patience=patience) as client:
            return [event async for event in client.stream(b"x")]

    return asyncio.run(later())


@pytest.fixture
def answer(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.client.post("/diagnose", files={"image": api.bench.image}).json()
    return found


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "shed",
    [
        error_response(SHED),
        error_response(Overloaded("256 MB are being read already", retry_after=0.3)),
        error_response(Unavailable("its model loads", retry_after=0.3)),
        PlainTextResponse("a proxy's", 503, {"retry-after": "0"}),
        PlainTextResponse("a proxy's", 429, {"retry-after": formatdate(1e9, usegmt=True)}),
    ],
    ids=["queue_full", "overloaded", "unavailable", "proxy", "date"],
)
def test_it_asks_again_when_the_server_says(
    answer: dict[str, Any], kind: str, shed: Response
) -> None:
    with saying(shed, shed, JSONResponse(answer)) as (url, asked):
        assert ask(kind, url, 5).id == answer["id"]
    assert len(asked) == 3
    least = 0.3 if b"retry_after" in bytes(shed.body) else LEAST_WAIT_SECONDS
    assert asked[1] - asked[0] >= least
    assert asked[2] - asked[1] >= least


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "error",
    [
        BadImage("it is torn"),
        EngineFailed("it raised"),
        Unavailable("all stages are down"),  # and nobody says for how long
    ],
    ids=lambda error: error.code,
)
def test_what_will_not_pass_is_asked_once(kind: str, error: HikariError) -> None:
    with saying(error_response(error)) as (url, asked):
        with pytest.raises(type(error), match=error.message):
            ask(kind, url, 5)
        with pytest.raises(type(error), match=error.message):
            listen(kind, url, 5)
    assert len(asked) == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_its_patience_has_an_end(kind: str) -> None:
    with saying(error_response(SHED)) as (url, asked):
        began = time.monotonic()
        with pytest.raises(QueueFull):
            ask(kind, url, 1.65)
        assert time.monotonic() - began < 5
        assert 3 <= len(asked) <= 6
    late = QueueFull("full", retry_after=60)
    with saying(error_response(late)) as (url, asked):
        began = time.monotonic()
        with pytest.raises(QueueFull) as full:
            ask(kind, url, 30)
        assert time.monotonic() - began < 5
        assert (len(asked), full.value.retry_after) == (1, 60)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stream_that_is_asked_again_says_so(answer: dict[str, Any], kind: str) -> None:
    whole = stream(WORDS + b"event: answer\ndata: " + json.dumps(answer).encode() + b"\n\n")
    torn = stream(WORDS + b"event: ans")
    failed = stream(b"event: error\ndata: " + json.dumps(SHED.payload()).encode() + b"\n\n")
    with saying(error_response(SHED), torn, failed, whole) as (url, asked):
        events = listen(kind, url, 20)
    assert len(asked) == 4
    assert [event.name for event in events] == [
        "reconnect", "words", "reconnect", "reconnect", "words", "answer",
    ]  # fmt: skip
    reasons = [event.data.reason for event in events if isinstance(event.data, Reconnect)]
    assert reasons[0] == reasons[2] == SHED.message
    assert reasons[1] == f"{url} broke off before the answer was complete"


@contextmanager
def breaking_off(body: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends a chunk with this body and hangs up, without the chunk that ends it."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stream_that_breaks_off_after_its_answer_is_whole(
    answer: dict[str, Any], kind: str
) -> None:
    body = WORDS + b"event: answer\ndata: " + json.dumps(answer).encode() + b"\n\n"
    with breaking_off(body) as (url, asked):
        events = listen(kind, url, 5)
    assert [event.name for event in events] == ["words", "answer"]
    assert len(asked) == 1


def test_a_stream_that_is_left_is_not_asked_again() -> None:
    with saying(stream(WORDS + b"event: ans")) as (url, asked):
        with Client(url) as client:
            events = client.stream(b"x")
            assert next(events).name == "words"
            events.close()
        assert len(asked) == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_page_in_the_place_of_a_stream_is_asked_for_once(kind: str) -> None:
    page = Response("<html>log in</html>", media_type="text/html")
    with saying(page) as (url, asked):
        with pytest.raises(Unavailable) as none:
            listen(kind, url, 5)
        assert none.value.message == f"{url} answered no events, but 'text/html; charset=utf-8'"
    assert len(asked) == 1
