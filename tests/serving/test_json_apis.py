"""What stands before BentoML's own APIs."""

import asyncio
import threading

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from hikari_serve.serving.json_apis import JsonApis
from tests.serving.threaded import threaded


async def read(body: bytes) -> None:
    """Finds nothing wrong."""


def test_a_client_that_leaves_ends_the_work() -> None:
    began, ended = threading.Event(), threading.Event()

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"{}"
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with threaded(JsonApis(work, "/api/", 1000, read)) as served, httpx.Client() as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{served.url}/api/diagnose", json={}, timeout=0.5)
        assert began.is_set()
        client.close()
        assert ended.wait(2)


def test_an_app_that_listens_for_the_end_answers_all_the_same() -> None:
    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        end = asyncio.ensure_future(receive())
        await PlainTextResponse("answered")(scope, receive, send)
        end.cancel()

    with threaded(JsonApis(listening, "/api/", 1000, read)) as served:
        for _ in range(2):
            assert httpx.post(f"{served.url}/api/diagnose", json={}).text == "answered"
