"""An app on a real server, in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Threaded:
    """What serves it.

    Attributes:
        url: Its address.
        server: The server.
        thread: Ends with the server.
    """

    url: str
    server: uvicorn.Server
    thread: threading.Thread


@contextmanager
def threaded(
    app: ASGIApp,
    http: type[asyncio.Protocol] | Literal["auto"] = "auto",
    loop: Literal["auto", "asyncio", "uvloop"] = "auto",
) -> Iterator[Threaded]:
    """Serves an app on a free port until the block ends, in whichever way.

    Args:
        app: The app.
        http: How its connections are read.
        loop: What runs it.
    """
    config = uvicorn.Config(app, port=0, http=http, loop=loop, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Threaded(f"http://127.0.0.1:{port}", server, thread)
    finally:
        server.should_exit = True
        thread.join()
