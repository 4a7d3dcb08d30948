"""What a process takes in at once is bounded, and who is refused is told when to come back."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from hikari_serve.errors import Overloaded
from hikari_serve.serving.admission import Admission
from tests.serving.conftest import Api


def test_requests_are_bounded_and_places_come_back() -> None:
    admission = Admission(2, 100)
    with admission.place(), admission.place():
        with pytest.raises(Overloaded, match="2 requests are being answered") as told:
            admission.place().__enter__()
        assert told.value.retry_after == 1
    with admission.place(), admission.place():
        pass


def test_bytes_are_bounded_whether_they_were_announced_or_not() -> None:
    admission = Admission(10, 100)

    async def body() -> dict[str, object]:
        return {"type": "http.request", "body": b"x" * 30, "more_body": True}

    async def main() -> None:
        with admission.place() as told, admission.place() as untold:
            told.announce(60)
            assert told.size == 0
            receive = told.counted(body)
            await receive()
            await receive()
            assert told.size == 60
            await untold.counted(body)()
            with pytest.raises(Overloaded, match="0 MB of pictures"):
                await untold.counted(body)()
            with admission.place() as third, pytest.raises(Overloaded):
                third.announce(20)
        with admission.place() as alone:
            alone.announce(100)
        with admission.place() as never:
            never.announce(101)  # what is too large for the server is not "too much for now"
            assert never.size == 0

    asyncio.run(main())


@contextmanager
def held(admission: Admission, count: int) -> Iterator[None]:
    """So many places at once, until the block ends."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(admission.place())
        yield


def test_when_to_come_back_follows_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    admission = Admission(8, 100)
    for _ in range(11):
        with admission.place():
            now += 2.0
    with held(admission, 8), pytest.raises(Overloaded) as told:
        admission.place().__enter__()
    assert told.value.retry_after == pytest.approx(8 / 2 * 2.0, rel=0.2)


def test_a_time_without_requests_says_nothing_of_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    admission = Admission(8, 100)
    for _ in range(20):
        with admission.place():
            now += 0.1
    now += 3600
    with held(admission, 8), pytest.raises(Overloaded) as told:
        admission.place().__enter__()
    assert told.value.retry_after == 1  # and not the 60 s that an hour for 20 requests would give


def test_who_is_refused_is_not_one_who_was_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    admission = Admission(20, 100)
    with admission.place() as full:
        full.hold(100)
        for _ in range(8):
            with admission.place():
                now += 4.0  # a quarter of a request a second
        for _ in range(100):
            with pytest.raises(Overloaded), admission.place() as place:
                place.announce(10)
        with held(admission, 9), admission.place() as place, pytest.raises(Overloaded) as told:
            place.announce(10)
        assert told.value.retry_after == pytest.approx(11 / 2 * 4.0, rel=0.2)


@pytest.fixture
def admission() -> Admission:
    """The fewest places."""
    return Admission(1, 200_000)


def test_the_door_refuses_what_is_too_much_and_lives_on(api: Api) -> None:
    for stage in api.bench.stages.values():
        stage.seconds = 0.5
    with ThreadPoolExecutor() as pool:

        def ask(_: int) -> tuple[int, str | None, str | None]:
            said = api.client.post("/diagnose", files={"image": api.bench.image})
            return said.status_code, said.headers.get("retry-after"), said.json().get("code")

        said = sorted(pool.map(ask, range(4)))
        assert said[0][:1] == (200,)
        assert said[1:] == [(429, "1", "overloaded")] * 3
        assert api.client.get("/readyz").status_code == 200
    too_much = api.client.post(
        "/diagnose", content=b"x" * 99_000, headers={"content-type": "image/png"}
    )
    assert too_much.status_code == 415
    larger = api.client.post(
        "/diagnose", content=iter([b"x" * 60_000] * 2), headers={"content-type": "image/png"}
    )
    assert (larger.status_code, larger.json()["code"]) == (413, "too_large")
    assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 200


@pytest.mark.parametrize("admission", [Admission(2, 200_000)])
def test_who_announces_and_sends_nothing_keeps_nobody_out(api: Api) -> None:
    at = urlsplit(api.url)
    head = "POST /diagnose HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\n"
    with socket.create_connection((at.hostname, at.port)) as connection:
        connection.sendall(f"{head}content-length: 199000\r\n\r\n".encode())
        time.sleep(0.2)
        assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 200


def test_the_deadline_counts_from_the_first_byte(api: Api) -> None:
    def slowly() -> object:
        yield api.bench.image[:50]
        time.sleep(0.6)
        yield api.bench.image[50:]

    said = api.client.post(
        "/diagnose?timeout_ms=500",
        content=slowly(),  # type: ignore[arg-type]
        headers={"content-type": "image/png"},
    )
    assert (said.status_code, said.json()["code"]) == (504, "deadline_exceeded")
    assert not any(stage.items for stage in api.bench.stages.values())
