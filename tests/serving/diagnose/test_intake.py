"""What was sent stays in memory: no file is opened for writing, with a name or without."""

import asyncio
import base64
import os
import sys
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from hikari_serve.serving.diagnose.intake import read_request

PICTURE = os.urandom(5_000_000)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Opened:
    """Notes what this process opens for writing; Python never takes an audit hook away."""

    def __init__(self) -> None:
        self.paths: list[object] = []
        self.noting = False
        sys.addaudithook(self.note)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.noting and event == "open" and (arguments[2] or 0) & WRITING:
            self.paths.append(arguments[0])


OPENED = Opened()


@pytest.fixture
def opened() -> list[object]:
    OPENED.paths.clear()
    return OPENED.paths


def asked(**body: Any) -> Request:
    """A request as it comes over the network, in pieces."""
    sent = httpx.Request("POST", "http://localhost/diagnose", **body)
    content = sent.read()
    pieces = [content[start : start + 65_536] for start in range(0, len(content), 65_536)]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(name.lower(), value) for name, value in sent.headers.raw]
    scope = {"type": "http", "method": "POST", "path": "/diagnose", "headers": headers}
    return Request({**scope, "query_string": b""}, receive)


@pytest.mark.parametrize(
    "body",
    [
        {"files": {"image": ("lesion.png", PICTURE)}, "data": {"top_k": "3"}},
        {"json": {"image": base64.b64encode(PICTURE).decode()}},
        {"content": PICTURE, "headers": {"content-type": "image/png"}},
    ],
    ids=["multipart", "json", "bare"],
)
def test_a_picture_is_never_on_a_disk(opened: list[object], body: dict[str, Any]) -> None:
    async def main() -> bytes:
        OPENED.noting = True
        try:
            return (await read_request(asked(**body), 20_000_000)).request.image
        finally:
            OPENED.noting = False

    assert asyncio.run(main()) == PICTURE
    assert opened == []


def test_starlettes_own_reader_would_write_it(opened: list[object]) -> None:
    async def main() -> None:
        OPENED.noting = True
        try:
            async with asked(files={"image": PICTURE}).form():
                pass
        finally:
            OPENED.noting = False

    asyncio.run(main())
    assert opened
