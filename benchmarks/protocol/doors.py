"""The doors of a server, each asked for the same whole answer with its own client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import httpx
import numpy as np
import tritonclient.grpc as grpc_parts
import tritonclient.grpc.aio as over_grpc
import tritonclient.http as http_parts
import tritonclient.http.aio as over_http

from tests.served.server import Server

TIMEOUT_SECONDS = 600.0

Ask = Callable[[bytes], Awaitable[bytes]]
"""From a picture to the JSON of its answer."""


class Door(StrEnum):
    """A way to ask."""

    DIAGNOSE = "`/diagnose`"
    HTTP = "OIP over HTTP"
    GRPC = "OIP over gRPC"


@asynccontextmanager
async def doors(server: Server, clients: int) -> AsyncIterator[dict[Door, Ask]]:
    """Opens a client of each door, with as many connections as it needs.

    Args:
        server: What to ask.
        clients: How many ask at once.
    """
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    http_address = server.url.removeprefix("http://")
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=TIMEOUT_SECONDS, limits=limits) as web,
        over_http.InferenceServerClient(
            http_address, conn_limit=clients, conn_timeout=TIMEOUT_SECONDS
        ) as by_http,
        over_grpc.InferenceServerClient(server.grpc) as by_grpc,
    ):

        async def diagnose(picture: bytes) -> bytes:
            answer = await web.post("/diagnose", files={"image": picture})
            return answer.raise_for_status().content

        yield {
            Door.DIAGNOSE: diagnose,
            Door.HTTP: _inference(by_http, http_parts),
            Door.GRPC: _inference(by_grpc, grpc_parts),
        }


def _inference(client: Any, parts: Any) -> Ask:
    async def ask(picture: bytes) -> bytes:
        image = parts.InferInput("image", [1], "BYTES")
        image.set_data_from_numpy(np.array([picture], dtype=object))
        answer = await client.infer("demo", [image], outputs=[parts.InferRequestedOutput("answer")])
        found: bytes = answer.as_numpy("answer")[0]
        return found

    return ask
