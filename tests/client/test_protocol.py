"""What a server says that is no answer, and the sentences for failures below HTTP."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from starlette.responses import PlainTextResponse

from hikari_serve.client import AsyncClient, Client
from hikari_serve.errors import Unavailable
from tests.client.conftest import Answering


def ask(kind: str, url: str) -> None:
    async def later() -> None:
        async with AsyncClient(url, patience=0) as client:
            await client.diagnose(b"x")

    if kind == "async":
        asyncio.run(later())
    else:
        with Client(url, patience=0) as client:
            client.diagnose(b"x")


@contextmanager
def hanging_up(linger: tuple[int, int]) -> Iterator[str]:
    """A server that reads a request, and closes its connection with SO_LINGER like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                next(line for line in lines if line.endswith(b"--\r\n"))
                option = struct.pack("ii", *linger)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("kind", "linger", "why"),
    [
        ("sync", (0, 0), "Server disconnected without sending a response."),
        ("async", (0, 0), "Server disconnected without sending a response."),
        ("sync", (1, 0), f"[Errno {errno.ECONNRESET}] {os.strerror(errno.ECONNRESET)}"),
        ("async", (1, 0), "the connection was closed"),
    ],
    ids=["sync-closed", "async-closed", "sync-reset", "async-reset"],
)
def test_a_connection_that_breaks_says_why(kind: str, linger: tuple[int, int], why: str) -> None:
    with hanging_up(linger) as url, pytest.raises(Unavailable) as broken:
        ask(kind, url)
    assert broken.value.message == f"{url} broke off: {why}"


@pytest.mark.parametrize(
    "said",
    ["9" * 400, "soon", "", "-5", f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT"],
    ids=["infinite", "no-number", "empty", "negative", "infinite-date"],
)
def test_a_wait_that_is_none_is_nobodys_word(answering: Answering, said: str) -> None:
    url = answering(PlainTextResponse("a proxy's", 503, {"retry-after": said}))
    with Client(url) as client, pytest.raises(Unavailable, match="answered 503") as refused:
        client.diagnose(b"x")
    assert refused.value.retry_after is None
