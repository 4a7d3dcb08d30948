"""Every request that asks for an answer is told of once, however it ends."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from hikari_serve.errors import EngineFailed, Unavailable
from hikari_serve.observer import RequestEnd
from hikari_serve.serving import connection
from hikari_serve.serving.ending import ending, telling
from hikari_serve.serving.keys import Keys
from tests.serving.conftest import Api
from tests.serving.heard import Heard

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def observer() -> Heard:
    return Heard()


def post(api: Api, path: str = "/diagnose", **options: object) -> httpx.Response:
    headers = {"content-type": "image/png", "x-request-id": "r9", "traceparent": TRACE}
    return api.client.post(path, **{"content": api.bench.image, "headers": headers, **options})  # type: ignore[arg-type]


def test_an_answer_with_its_stages(api: Api, observer: Heard) -> None:
    api.bench.stages["group"].seconds = 0.05
    assert post(api).status_code == 200
    end = observer.one()
    assert (end.id, end.traceparent, end.door) == ("r9", TRACE, "diagnose")
    assert (end.outcome, end.cause) == ("complete", None)
    assert end.seconds >= 0.04  # a timer may be early
    assert {each.stage for each in end.stages} == set(api.bench.stages)
    group = next(each for each in end.stages if each.stage == "group")
    assert group.parts["compute"] == 0.001
    assert 0.04 <= group.seconds <= end.seconds
    assert end.first_event is None


def test_a_stream_with_its_first_word(api: Api, observer: Heard) -> None:
    assert post(api, "/diagnose/stream").status_code == 200
    end = observer.one()
    assert (end.door, end.outcome) == ("diagnose_stream", "complete")
    assert end.first_event is not None
    assert end.first_word is not None
    assert 0 < end.first_event <= end.first_word <= end.seconds


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_a_partial_answer_and_its_stages_error(api: Api, observer: Heard, path: str) -> None:
    api.bench.stages["disease"].error = EngineFailed("no")
    assert post(api, path).status_code == 200
    end = observer.one()
    assert (end.outcome, end.cause) == ("partial", None)
    errors = {each.stage: each.error for each in end.stages}
    assert errors["disease"] == "engine_failed"
    assert errors["group"] is None


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_an_error_and_its_cause(api: Api, observer: Heard, path: str) -> None:
    for stage in api.bench.stages.values():
        stage.error = Unavailable("down")
    post(api, path)
    end = observer.one()
    assert (end.outcome, end.cause) == ("error", "unavailable")


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"content": b"no picture"}, "unsupported_image"),
        ({"content": b""}, "empty_image"),
        ({"content": b"x" * 200_000}, "too_large"),
        ({"headers": {"content-type": "text/plain"}}, "unsupported_media"),
        ({"params": {"until": "x" * 99}}, "invalid_input"),
    ],
)
@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_what_is_refused(
    api: Api, observer: Heard, path: str, options: dict[str, object], cause: str
) -> None:
    post(api, path, **options)
    end = observer.one()
    assert (end.outcome, end.cause) == ("error", cause)


def test_another_method(api: Api, observer: Heard) -> None:
    assert api.client.get("/diagnose").status_code == 405
    assert (observer.one().outcome, observer.one().cause) == ("error", "method_not_allowed")


@pytest.mark.parametrize("keys", [Keys({"k": "infer"})])
def test_who_has_no_key(api: Api, observer: Heard) -> None:
    assert post(api).status_code == 401
    assert observer.one().cause == "unauthorized"


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_a_client_that_leaves(api: Api, observer: Heard, path: str) -> None:
    api.bench.stages["group"].seconds = 5
    with suppress(httpx.ReadTimeout):
        post(api, path, timeout=0.3)
    end = observer.one()
    assert (end.outcome, end.cause) == ("cancelled", None)
    assert end.seconds < 2


@contextmanager
def sent_in_part(api: Api, path: str = "/diagnose") -> Iterator[socket.socket]:
    """A connection on which the body does not come."""
    at = urlsplit(api.url)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\n"
    )
    with socket.create_connection((at.hostname, at.port), timeout=10) as opened:
        opened.sendall(head.encode())
        yield opened


def test_a_client_that_leaves_before_it_sent_all(api: Api, observer: Heard) -> None:
    with sent_in_part(api):
        time.sleep(0.2)
    assert (observer.one().outcome, observer.one().cause) == ("cancelled", None)


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream", "/diagnose/"])
def test_a_client_whose_body_is_late(
    api: Api, observer: Heard, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.2)
    with sent_in_part(api, path) as opened:
        assert opened.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert (observer.one().outcome, observer.one().cause) == ("error", "late")


def test_what_asks_for_no_answer_is_not_told(api: Api, observer: Heard) -> None:
    for path in ("/", "/docs.json", "/readyz", "/nowhere"):
        api.client.get(path)
    assert observer.ends == []


def test_a_door_of_another_protocol_tells_in_one_block() -> None:
    observer = Heard()

    async def answer() -> None:
        await asyncio.sleep(0)
        ending().answered("abstained")

    async def call() -> None:
        with telling(observer, "oip_grpc", "r1", None):
            await asyncio.create_task(answer())

    asyncio.run(call())
    assert (observer.one().door, observer.one().outcome) == ("oip_grpc", "abstained")

    def fail(error: BaseException) -> RequestEnd:
        with suppress(type(error)), telling(observer, "oip_grpc", "r1", None):
            raise error
        return observer.ends[-1]

    assert fail(Unavailable("down")).cause == "unavailable"
    assert fail(ZeroDivisionError()).cause == "internal"
    assert fail(asyncio.CancelledError()).outcome == "cancelled"


def test_outside_of_a_request_nobody_hears() -> None:
    ending().answered("complete")
    assert ending().end("api", None).outcome == "cancelled"
