"""The client against the API's own routes, and against what is no such API."""

import asyncio
import io
import json
import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hikari_serve.cascade.report import StageReport
from hikari_serve.client import AsyncClient, Client, References, StreamEvent, protocol
from hikari_serve.errors import (
    BadImage,
    DeadlineExceeded,
    HikariError,
    InvalidInput,
    QueueFull,
    Unauthorized,
    Unavailable,
)
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.events import DiseaseEvent, WordsEvent
from hikari_serve.presentation.parts import CaptionAnswer, CaseAnswer
from hikari_serve.repository.schema import AbstentionRule
from hikari_serve.serving.keys import Keys
from hikari_serve.stage import Description, ReferenceCase, Retrieval
from tests.certificates import self_signed
from tests.client.conftest import Answering
from tests.serving.conftest import Api


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with Client(api.url, patience=0) as client:
        yield client


def ask(kind: str, url: str, image: bytes = b"x", **options: int) -> Answer:
    async def later() -> Answer:
        async with AsyncClient(url) as client:
            return await client.diagnose(image, **options)  # type: ignore[arg-type]

    if kind == "async":
        return asyncio.run(later())
    with Client(url) as client:
        return client.diagnose(image, **options)  # type: ignore[arg-type]


def of_both(url: str, image: bytes, **options: int) -> list[Answer]:
    return [ask(kind, url, image, **options) for kind in ("sync", "async")]


def test_both_clients_answer_the_same(api: Api) -> None:
    for answer in of_both(api.url, api.bench.image):
        assert answer.status == "complete"
        assert answer.disease is not None
        assert answer.disease.label == "sccis"
        assert answer.references == (CaseAnswer(id="c7", similarity=0.9),)


KEY = "k" * 20


@pytest.mark.parametrize("keys", [Keys({KEY: "infer"})])
def test_a_server_with_keys_is_told_one(api: Api) -> None:
    with Client(api.url, key=KEY) as client:
        assert client.diagnose(api.bench.image).status == "complete"
        assert [name for name, _ in client.stream(api.bench.image)][-1] == "answer"
    for key in ("", "w" * 20):
        with Client(api.url, key=key) as client, pytest.raises(Unauthorized, match="a key is"):
            client.diagnose(api.bench.image)
    for key in ("two\nlines", "caf\u00e9"):
        with pytest.raises(InvalidInput, match="the key is none"):
            Client(api.url, key=key)


def test_a_picture_is_bytes_a_path_or_pixels(api: Api, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "lesion.png"
    path.write_bytes(api.bench.image)
    upright = Image.new("RGB", (40, 20), "brown")
    turned = Image.new("RGB", (20, 40), "brown")
    turned.getexif()[0x0112] = 6
    for picture in (api.bench.image, path, str(path), upright, turned):
        assert client.diagnose(picture).status == "complete"
    views = [Image.open(io.BytesIO(i.view)).size for i in api.bench.stages["group"].items]
    assert views == [(64, 64)] * 3 + [(40, 20)] * 2


def test_options_reach_the_cascade_and_none_is_the_servers_own(api: Api, client: Client) -> None:
    answer = client.diagnose(api.bench.image, until="disease", top_k=1, references=2, priority=3)
    assert answer.caption is None
    assert answer.disease is not None
    assert len(answer.disease.differential) == 1
    item = api.bench.stages["references"].items[0]
    assert (item.cases, item.priority) == (2, 3)
    assert client.diagnose(api.bench.image, until=None, timeout_ms=None).caption is not None


def test_events_come_typed(api: Api, client: Client) -> None:
    pixels = b"\xfb\xff\xfe"
    case = ReferenceCase(id="c7", similarity=0.9, image=pixels)
    api.bench.stages["references"].output = Retrieval(index="i1", cases=(case,))
    # Separators of lines to Unicode, but neither to JSON nor to an event stream.
    api.bench.stages["caption"].output = Description(
        text="Red\u2028plaque\x85.", finish_reason="stop"
    )
    events = list(client.stream(api.bench.image))
    assert [event.name for event in events[2:]] == ["disease", "words", "caption", "answer"]
    found = {event.name: event.data for event in events}
    assert found["references"] == References(cases=(case,))
    assert found["words"] == WordsEvent(stage="caption", text="Red\u2028plaque\x85.")
    assert isinstance(found["caption"], CaptionAnswer)
    assert isinstance(found["answer"], Answer)
    assert found["answer"].references[0].image == pixels

    async def collect() -> list[StreamEvent]:
        async with AsyncClient(api.url) as client:
            return [event async for event in client.stream(api.bench.image)]

    assert {event.name for event in asyncio.run(collect())} == set(found)


@pytest.mark.parametrize("rule", [{"on_caption_contradiction": True}, {}])
def test_a_disease_that_may_still_be_withheld_is_told_as_provisional(
    api: Api, rule: dict[str, bool]
) -> None:
    api.bench.cascade.settings = api.bench.cascade.settings.model_copy(
        update={"abstain": AbstentionRule(**rule)}
    )
    with Client(api.url) as client:
        found = {event.name: event.data for event in client.stream(api.bench.image)}
    assert isinstance(found["disease"], DiseaseEvent)
    assert found["disease"].provisional == bool(rule)


def test_a_disease_of_a_server_that_knows_no_provisional_is_read(answering: Answering) -> None:
    disease: dict[str, object] = {
        "label": None, "display_name": None, "probability": None, "differential": [],
        "label_mass": None, "decision": "unknown", "reason": None,
    }  # fmt: skip
    body = f"event: disease\ndata: {json.dumps(disease)}\n\n"
    with Client(answering(Response(body, media_type="text/event-stream")), patience=0) as client:
        found = next(client.stream(b"x")).data
    assert isinstance(found, DiseaseEvent)
    assert not found.provisional


def test_a_failed_stage_is_an_event(api: Api, client: Client) -> None:
    api.bench.stages["caption"].error = Unavailable("the caption runner cannot be reached")
    *_, failed, last = client.stream(api.bench.image)
    assert isinstance(failed.data, StageReport)
    assert isinstance(last.data, Answer)
    assert last.data.status == "partial"


@pytest.mark.parametrize("early", ["sync", "async"])
def test_leaving_a_stream_early_cancels_the_work(api: Api, early: str) -> None:
    stage = api.bench.stages["disease"]
    stage.seconds = 60

    async def leave() -> None:
        async with (
            AsyncClient(api.url) as client,
            aclosing(client.stream(api.bench.image)) as events,
        ):
            await anext(events)

    if early == "sync":
        with Client(api.url) as client:
            events = client.stream(api.bench.image)
            next(events)
            events.close()
    else:
        asyncio.run(leave())
    left = time.monotonic()
    while not stage.cancelled:
        assert time.monotonic() - left < 1
        time.sleep(0.001)


def test_errors_are_the_servers_own(api: Api, client: Client) -> None:
    with pytest.raises(BadImage, match="no picture"):
        client.diagnose(b"hello")
    with pytest.raises(BadImage, match="no picture"):
        list(client.stream(b"hello"))
    with pytest.raises(InvalidInput, match="top_k"):
        client.diagnose(api.bench.image, top_k=0)
    for stage in api.bench.stages.values():
        stage.error = QueueFull("128 requests are waiting already", retry_after=2.5)
    with pytest.raises(QueueFull) as full:
        client.diagnose(api.bench.image)
    assert full.value.retry_after == 2.5
    with pytest.raises(QueueFull):
        list(client.stream(api.bench.image))


def test_readiness_says_who_is_not(answering: Answering) -> None:
    with Client(answering(Response())) as client:
        client.ready()
    with (
        Client(answering(PlainTextResponse("stages not ready: caption: loading", 503))) as client,
        pytest.raises(Unavailable, match="503: stages not ready: caption: loading"),
    ):
        client.ready()


def test_an_unreachable_server_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for kind in ("sync", "async"):
        with pytest.raises(Unavailable, match=rf"{url} cannot be reached: .*; .*`make serve`$"):
            ask(kind, url)
        with pytest.raises(Unavailable, match=r"nowhere\.invalid cannot be reached: .* not known$"):
            ask(kind, "http://nowhere.invalid")


class Refusing(BaseHTTPRequestHandler):
    """Reads what it refuses: closing on unread bytes would break the connection off."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(501)


def test_a_certificate_is_trusted_by_ssl_cert_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = self_signed(tmp_path / "own")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.cert, own.key)
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        url = f"https://127.0.0.1:{server.server_port}"
        for kind in ("sync", "async"):
            with pytest.raises(Unavailable, match=r"cannot be reached: .*self-signed certificate"):
                ask(kind, url)
        monkeypatch.setenv("SSL_CERT_FILE", own.cert)
        for kind in ("sync", "async"):
            with pytest.raises(Unavailable, match="answered 501"):
                ask(kind, url)
        server.shutdown()


FULL = {"error": "128 requests are waiting", "code": "queue_full"}


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (PlainTextResponse("Not Found", 404), "answered 404: Not Found"),
        (JSONResponse({"detail": "?"}, 502), "answered 502"),
        (Response(status_code=307, headers={"location": "/"}), "answered 307$"),
        (JSONResponse({"code": 404, "message": "no pods"}, 404), 'answered 404: {"code":404'),
        (JSONResponse({"code": 429, "error": "?", "retry_after": "5"}, 429), "answered 429"),
        (JSONResponse({"code": "Throttled", "error": "slower"}, 429), "answered 429"),
        (JSONResponse({**FULL, "retry_after": "5"}, 429), "answered 429"),
        (Response(json.dumps({**FULL, "retry_after": math.nan}), 429), "answered 429"),
        (JSONResponse([1], 502), "answered 502"),
        (JSONResponse({"status": "complete"}), "cannot read what http"),
    ],
)
def test_what_is_no_such_api_is_unavailable(
    answering: Answering, response: Response, says: str
) -> None:
    url = answering(response)
    with Client(url) as client, pytest.raises(Unavailable, match=says) as refused:
        client.diagnose(b"x")
    assert refused.value.retry_after is None


@pytest.mark.parametrize("data", [b"oops", b'{"code": 500}', b"\xff"])
def test_an_error_event_of_something_else_is_unavailable(answering: Answering, data: bytes) -> None:
    body = b"event: \xff\ndata: {}\n\nevent: error\ndata: %b\n\n" % data
    with (
        Client(answering(Response(body, media_type="text/event-stream"))) as client,
        pytest.raises(Unavailable, match="tells an error that is none of our server's"),
    ):
        list(client.stream(b"x"))


def test_errors_that_http_alone_tells_are_the_servers_too(answering: Answering) -> None:
    late = JSONResponse({"error": "the body came too slowly", "code": "late"}, 408)
    with (
        Client(answering(late)) as client,
        pytest.raises(HikariError, match=r"^the body came too slowly$"),
    ):
        client.diagnose(b"x")


def test_a_stream_that_breaks_off_is_no_answer(answering: Answering) -> None:
    body = 'event: words\ndata: {"stage": "caption", "text": "A red"}\n\nevent: ans'
    response = Response(body, media_type="text/event-stream")
    with Client(answering(response), patience=0) as client:
        events = client.stream(b"x")
        assert next(events).data == WordsEvent(stage="caption", text="A red")
        with pytest.raises(Unavailable, match="broke off"):
            next(events)


def test_what_a_newer_server_tells_besides_is_dropped(api: Api, answering: Answering) -> None:
    (answer, _) = of_both(api.url, api.bench.image)
    body = answer.model_dump(mode="json")
    body["disease"]["icd"] = body["weather"] = "?"
    with Client(answering(JSONResponse(body))) as client:
        assert client.diagnose(b"x") == answer


def test_a_silent_server_is_given_up(api: Api) -> None:
    api.bench.stages["disease"].seconds = 60
    with (
        Client(api.url, timeout=0.2) as client,
        pytest.raises(DeadlineExceeded, match=r"was silent for 0\.2 s"),
    ):
        client.diagnose(api.bench.image)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_server_that_never_answers_is_given_up_after_the_deadline(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(protocol, "MARGIN_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DeadlineExceeded, match=r"was silent for 0\.3 s"):
            ask(kind, url, timeout_ms=100)
        monkeypatch.setattr(protocol, "SILENT_SECONDS", 0.4)
        with pytest.raises(DeadlineExceeded, match=r"was silent for 0\.4 s"):
            ask(kind, url)
