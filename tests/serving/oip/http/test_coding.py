"""What a compressed body becomes is bounded as what is not compressed is."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from hikari_serve.errors import Overloaded
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.doorstep import Doorstep
from hikari_serve.serving.oip.http.coding import STEP, coding_of, read_decoded
from hikari_serve.serving.oip.http.door import oip_routes
from hikari_serve.settings import Settings
from tests.serving.oip.conftest import Plane
from tests.serving.oip.test_ending import INFER, body

WHOLE = 150_000


@pytest.fixture
def admission() -> Admission:
    return Admission(10, 200_000)


@pytest.fixture
def client(plane: Plane, admission: Admission) -> Iterator[TestClient]:
    app = Starlette(routes=oip_routes())
    app.state.settings = Settings(max_image_bytes=WHOLE)
    app.state.dataplane = plane.plane
    with TestClient(Doorstep(app, admission=admission), base_url="http://localhost") as client:
        yield client


def test_two_bodies_that_become_more_than_there_is_room_for(
    client: TestClient, plane: Plane, admission: Admission
) -> None:
    content, headers = body(plane.bench.image.ljust(WHOLE, b"\0"))
    packed = gzip.compress(content)
    assert len(packed) < 2_000
    for stage in plane.bench.stages.values():
        stage.seconds = 0.3
    headers |= {"content-encoding": "gzip"}
    with ThreadPoolExecutor() as pool:
        said = list(
            pool.map(lambda _: client.post(INFER, content=packed, headers=headers), range(2))
        )
    assert sorted(each.status_code for each in said) == [200, 429]
    refused = max(said, key=lambda each: each.status_code)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("overloaded", "1")
    assert admission.bytes == 0
    assert client.post(INFER, content=packed, headers=headers).status_code == 200


def asked(content: bytes, coding: str) -> Request:
    messages = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Message:
        return messages.pop()

    headers = [(b"content-encoding", coding.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_no_more_than_a_step_is_inflated_before_it_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admission = Admission(1, 4 * STEP)
    inflated: list[int] = []
    in_thread = asyncio.to_thread

    async def counted(inflate: Callable[..., bytes], *given: object) -> bytes:
        piece = await in_thread(inflate, *given)
        inflated.append(len(piece))
        return piece

    monkeypatch.setattr(asyncio, "to_thread", counted)

    async def main() -> None:
        with admission.place():
            await read_decoded(asked(gzip.compress(bytes(100 * STEP)), "gzip"), 100 * STEP)

    with pytest.raises(Overloaded):
        asyncio.run(main())
    assert inflated == [STEP] * 5
    assert admission.bytes == 0


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_many_steps_are_one_body(coding: str, compress: Callable[[bytes], bytes]) -> None:
    whole = bytes(range(256)) * (3 * STEP // 256) + b"end"
    assert asyncio.run(read_decoded(asked(compress(whole), coding), len(whole))) == whole


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None),
        ("br", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br, deflate, gzip", "deflate"),
        ("gzip;q=0, identity", None),
        ("gzip; q=0.000", None),
        ("gzip;q=0, deflate;q=0.5", "deflate"),
        ("gzip;q=0.001", "gzip"),
        ("identity;q=0.5, gzip; q=1", "gzip"),
    ],
)
def test_an_answer_is_coded_as_its_client_takes_it(accept: str, coding: str | None) -> None:
    assert coding_of(accept) == coding
