"""The gRPC door over scripted stages, in an event loop of its own, and Triton's client to it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import tritonclient.grpc as triton

from hikari_serve.serving.oip.grpc.server import GrpcServer
from tests.serving.oip.conftest import Plane


@contextmanager
def listening(plane: Plane, **options: Any) -> Iterator[str]:
    """Serves until the block ends; gives the address."""
    tls, wanted = options.pop("tls", None), options.pop("port", 0)
    options = {
        "max_image_bytes": 100_000,
        "keys": None,
        "shared": False,
        "drain_seconds": 30,
        **options,
    }
    started, ended = threading.Event(), asyncio.Event()
    port = 0
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal port
        server = GrpcServer(plane.plane, **options)
        port = await server.start("127.0.0.1", wanted, tls)
        started.set()
        await ended.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()


@pytest.fixture
def address(plane: Plane) -> Iterator[str]:
    with listening(plane) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(address) as found:
        yield found
