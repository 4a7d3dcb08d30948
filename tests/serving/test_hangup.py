"""A client that leaves: its work hears of it at once, the server lives on."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from hikari_serve.serving.hop.door import stage_app
from hikari_serve.serving.hop.remote import RemoteStage
from tests.scripted import Scripted
from tests.serving.conftest import Api
from tests.serving.threaded import threaded


def leave_after(url: str, path: str, body: bytes, seconds: float) -> float:
    """Sends a request, closes the connection while it runs, and says when that was."""
    parts = urlsplit(url)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\n"
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(seconds)
    return time.monotonic()


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_a_hang_up_cancels_the_stages(api: Api, path: str) -> None:
    stage = api.bench.stages["disease"]
    stage.seconds = 60
    left = leave_after(api.url, path, api.bench.image, 0.5)
    while not stage.cancelled:
        assert time.monotonic() - left < 1
        time.sleep(0.001)
    assert stage.cancelled_at - left < 0.05
    stage.seconds = 0
    assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 200


@pytest.mark.parametrize("streamed", [False, True])
def test_it_crosses_the_hop_to_a_runner(api: Api, streamed: bool) -> None:
    caption = Scripted("caption")
    caption.seconds = 60
    app = stage_app("caption")
    app.state.stage = caption
    with threaded(app) as runner:
        api.bench.stages["caption"] = RemoteStage("caption", runner.url)  # type: ignore[assignment]
        left = leave_after(
            api.url, "/diagnose/stream" if streamed else "/diagnose", api.bench.image, 0.5
        )
        while not caption.cancelled:
            assert time.monotonic() - left < 1
            time.sleep(0.001)
        assert caption.cancelled_at - left < 0.05


def test_garbage_does_not_end_the_server(api: Api) -> None:
    parts = urlsplit(api.url)
    long = b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n"
    short = b"POST /diagnose HTTP/1.1\r\ncontent-length: 99\r\n\r\nx"
    for junk in (b"", b"\0\xff\r\n\r\n", long, short):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(junk)
    assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 200
